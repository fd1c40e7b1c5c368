import assert from "node:assert/strict";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DriverError, type InstanceSpec } from "../../../../../src/services/compute/driver/driver.ts";
import { createLibvirtComputeDriver } from "../../../../../src/services/compute/driver/libvirt/driver.ts";
import { smallDisk, whyNoSmallDisk } from "../../../../support/small-disk.ts";
import { openLab, whyNoGuests } from "./lab.ts";

const isNoSpace = (error: unknown) =>
  error instanceof DriverError &&
  error.code === "no-space" &&
  error.message === "The compute host has no disk space left.";

test("a boot for which the disk has no room says so and leaves nothing, at the base image and at the overlay", {
  skip: whyNoGuests() ?? whyNoSmallDisk() ?? false,
}, async () => {
  const lab = await openLab();
  const disk = smallDisk(40);
  try {
    const instancesPath = join(disk.outside, "i");
    mkdirSync(instancesPath);
    const driver = createLibvirtComputeDriver({
      socketPath: lab.libvirtd.socketPath,
      uri: "qemu:///system",
      exec: lab.exec,
      ledger: lab.ledger,
      log: lab.log,
      tracer: null,
      stackName: lab.netns,
      partition: () => lab.libvirtd.ensurePartition(),
      hostname: "node1",
      hostIp: "192.0.2.1",
      instancesPath,
      qemuUser: null,
    });
    await driver.connect();
    const specHere = (): InstanceSpec => {
      const spec = lab.spec({ nics: [] });
      return {
        ...spec,
        paths: {
          ...spec.paths,
          directory: join(instancesPath, spec.uuid),
          consoleLog: join(instancesPath, spec.uuid, "console.log"),
        },
      };
    };
    const spawn = (spec: InstanceSpec) => driver.spawn(spec, () => {}, new AbortController().signal);
    const guests = () => readdirSync(instancesPath).filter((name) => /^[0-9a-f-]{36}$/.test(name));
    const nothingIsLeft = (spec: InstanceSpec) => {
      assert.deepEqual(guests(), []);
      assert.deepEqual(
        lab.ledger.list().filter(({ name }) => name.includes(spec.uuid)),
        [],
      );
    };
    disk.fill();
    const first = specHere();
    await assert.rejects(spawn(first), isNoSpace);
    nothingIsLeft(first);
    const kept = readdirSync(instancesPath, { recursive: true });
    assert.ok(!kept.some((name) => String(name).endsWith(".part")), `a half copied base image: ${kept.join()}`);

    // With room the base image is kept, whatever becomes of this guest (QEMU's user may not see this disk).
    disk.free();
    await spawn(first).catch((error: unknown) => assert.ok(!isNoSpace(error), String(error)));
    await driver.destroy(first, { keepDisks: false });
    nothingIsLeft(first);
    disk.fill();
    const second = specHere();
    await assert.rejects(spawn(second), isNoSpace);
    nothingIsLeft(second);
    await driver.close();
  } finally {
    disk.close();
    await lab.close();
  }
});
