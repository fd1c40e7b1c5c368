import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HostExec } from "../../../src/host/exec.ts";
import { discard, Logger } from "../../../src/kernel/log/logger.ts";
import { FileVolumeDriver } from "../../../src/services/block-storage/driver/files.ts";
import { testInSmallVm, whyNoSmallVm } from "../../support/small-vm.ts";
import { momentOf, StampWriter } from "../../support/stamps.ts";

/**
 * Volumes in files on file systems that share blocks, which this machine's kernel may not know: under Debian's own. Nobody stops who
 * writes, and there is no hypervisor to ask.
 */
const MIB = 2 ** 20;
const isInside = process.env.IN_SMALL_VM === "1";
const MAKERS = { btrfs: ["mkfs.btrfs", "-q", "-m", "single"], xfs: ["mkfs.xfs", "-q"] } as const;

test("on file systems that share blocks", { skip: isInside || (whyNoSmallVm() ?? false) }, async () => {
  await testInSmallVm(import.meta.filename, { passing: 2, memoryMiB: 1536 });
});

for (const [kind, [command, ...args]] of Object.entries(MAKERS)) {
  test(`${kind}: a copy of a volume that is written to is a point in time`, {
    skip: isInside ? false : "needs a kernel that has it",
  }, async () => {
    const place = mkdtempSync(join(tmpdir(), "shared-"));
    const [image, directory] = [join(place, "image"), join(place, "mounted")];
    writeFileSync(image, "");
    truncateSync(image, 512 * MIB);
    execFileSync(command, [...args, image]);
    mkdirSync(directory);
    execFileSync("mount", ["-o", "loop", image, directory]);
    const size = 64 * MIB;
    try {
      const exec = new HostExec({ log: new Logger("test", { sink: discard }), tracer: null });
      const noHypervisor = () => Promise.reject(new Error("nobody was to be asked"));
      const driver = new FileVolumeDriver({
        exec,
        directory,
        prefix: "volume-",
        clear: "none",
        copyLive: noHypervisor,
      });
      await driver.start();
      await driver.create({ id: "v" }, size);
      const { path } = await driver.connect({ id: "v" });
      writeFileSync(path, Buffer.alloc(size, 0));
      const writer = new StampWriter(path, size);
      try {
        await writer.writes(1);
        for (let n = 0; n < 5; n += 1) {
          const { synced } = writer;
          await driver.createSnapshot({ id: String(n), volumeId: "v" });
          const { end } = momentOf(join(directory, `snapshots/snapshot-${n}`), size);
          assert.ok(end >= synced, `${end} holds ${synced}`);
          await writer.writes(1);
        }
      } finally {
        await writer.kill();
      }
    } finally {
      execFileSync("umount", [directory]);
      rmSync(place, { recursive: true });
    }
  });
}
