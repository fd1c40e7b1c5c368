import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { Loops } from "../../../src/host/loop.ts";
import { Lvm } from "../../../src/host/lvm.ts";
import { LvmVolumeDriver } from "../../../src/services/block-storage/driver/lvm.ts";
import { hostParts, needsRoot, uniqueName } from "../../host/support/host.ts";

const MIB = 2 ** 20;
const hasDeviceMapper = / device-mapper$/m.test(readFileSync("/proc/devices", "utf8"));
const skip = needsRoot !== false ? needsRoot : hasDeviceMapper ? false : "this kernel has no device-mapper";

describe("logical volumes", { skip }, () => {
  for (const thin of [true, false]) {
    test(thin ? "thin" : "thick", async () => {
      const host = hostParts();
      try {
        const { exec, ledger, dataDir } = host;
        const group = uniqueName("vols");
        const lvm = new Lvm(exec, ledger, new Loops(exec, ledger));
        await lvm.ensureGroup(group, { file: join(dataDir, "backing"), size: 512 * MIB }, "block-storage");
        const driver = new LvmVolumeDriver({ exec, lvm, group, prefix: "volume-", thin, clear: "zero" });
        await driver.start();
        const start = async (id: string): Promise<string> => {
          const { path, kind } = await driver.connect({ id });
          assert.equal(kind, "block");
          return execFileSync("head", ["-c", "8", path]).toString();
        };
        const write = async (id: string, text: string) => {
          const { path } = await driver.connect({ id });
          execFileSync("dd", [`of=${path}`, "conv=notrunc,fsync", "status=none"], { input: text });
        };
        const sizeOf = async (id: string): Promise<number> =>
          Number(execFileSync("blockdev", ["--getsize64", (await driver.connect({ id })).path]).toString());

        await driver.create({ id: "a" }, 16 * MIB);
        await driver.create({ id: "a" }, 16 * MIB);
        assert.equal(await sizeOf("a"), 16 * MIB);
        await driver.extend({ id: "a" }, 32 * MIB);
        await driver.extend({ id: "a" }, 32 * MIB);
        assert.equal(await sizeOf("a"), 32 * MIB);

        const image = join(dataDir, "image");
        writeFileSync(image, "bootable");
        execFileSync("truncate", ["-s", String(MIB), image]);
        await driver.createFromFile({ id: "b" }, 16 * MIB, { path: image, format: "raw" });
        assert.equal(await start("b"), "bootable");
        await driver.createSnapshot({ id: "s", volumeId: "b" });
        await write("b", "changed!");
        await driver.createFromSnapshot({ id: "c" }, 32 * MIB, { id: "s", volumeId: "b" });
        assert.equal(await start("c"), "bootable");
        assert.equal(await sizeOf("c"), 32 * MIB);
        await driver.clone({ id: "d" }, 16 * MIB, { id: "b" });
        assert.equal(await start("d"), "changed!");
        await driver.revert({ id: "b" }, { id: "s", volumeId: "b" });
        assert.equal(await start("b"), "bootable");
        await write("d", "x".repeat(2 * MIB));
        await driver.reimage({ id: "d" }, 16 * MIB, { path: image, format: "raw" });
        assert.equal(await start("d"), "bootable");
        const { path } = await driver.connect({ id: "d" });
        const behind = execFileSync("dd", [`if=${path}`, "status=none", "bs=1M", "skip=1", "count=1"]);
        assert.ok(behind.equals(Buffer.alloc(MIB)), "what was behind the image's end is gone");
        const { totalBytes, freeBytes } = await driver.capacity();
        assert.ok(freeBytes > 0 && freeBytes < totalBytes);
        await driver.exportTo({ id: "b" }, join(dataDir, "out"), "raw");
        assert.equal(execFileSync("head", ["-c", "8", join(dataDir, "out")]).toString(), "bootable");

        await driver.deleteSnapshot({ id: "s", volumeId: "b" });
        for (const id of ["a", "b", "c", "d", "d"]) await driver.delete({ id });
        assert.deepEqual(
          (await lvm.volumes(group)).map(({ name }) => name).filter((name) => name.startsWith("volume-")),
          [],
        );
        await assert.rejects(driver.connect({ id: "a" }), { code: "not-found" });
      } finally {
        await host.clean();
      }
    });
  }
});
