import assert from "node:assert/strict";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { connect, type Domain, LibvirtTimeoutError } from "../../../../../src/libvirt/index.ts";
import { type DeviceRef, DriverError } from "../../../../../src/services/compute/driver/driver.ts";
import { nicAlias, volumeAlias } from "../../../../../src/services/compute/driver/libvirt/xml/aliases.ts";
import { until } from "../../../../support/patience.ts";
import { makeVolume, openLab, SerialShell, whyNoGuests } from "./lab.ts";

const skip = whyNoGuests() ?? false;

/** What the driver asks of the agent in a real guest; the steps share it, because each boot takes seconds of emulation. */
test("the guest's agent", { skip }, async (t) => {
  const lab = await openLab();
  const { driver } = lab;
  const libvirt = await connect({ socketPath: lab.libvirtd.socketPath, uri: "qemu:///system" });
  const spec = lab.spec({ cpu: { mode: "maximum", model: "" }, imageProperties: { hw_qemu_guest_agent: "yes" } });
  const never = new AbortController().signal;
  try {
    await driver.spawn(spec, () => {}, never);
    await until("login on the console", 60, async () => /login:/.test(await driver.consoleLog(spec, null)));
    let shell = new SerialShell(spec.paths.serialSocket);
    await shell.login();
    const domain = (await libvirt.domains.findByUuid(spec.uuid)) as Domain;
    await until("the agent", 60, () =>
      domain.guest.agentCommand("guest-ping").then(
        () => true,
        () => false,
      ),
    );
    const status = () => domain.guest.agentCommand("guest-fsfreeze-status");
    /** The agent hears nothing while it is stopped; what it was asked meanwhile it does afterwards. */
    const agent = async (signal: "STOP" | "CONT") =>
      assert.match(await shell.run(`sudo killall -${signal} qemu-ga && echo ${signal} sent`), /sent/);

    await t.test("on request its processor is all that emulation can do", async () => {
      const flags = (await shell.run("grep -m1 ^flags /proc/cpuinfo")).split(/\s+/);
      for (const flag of ["avx2", "bmi2", "fma", "movbe"]) assert.ok(flags.includes(flag), flag);
    });

    await t.test("freezes, and thaws however often it is asked to", async () => {
      await driver.freeze(spec, never);
      assert.equal(await status(), "frozen");
      await assert.rejects(
        driver.freeze(spec, never),
        (error) => error instanceof DriverError && error.code === "agent",
        "a second time it refuses",
      );
      await driver.thaw(spec);
      assert.equal(await status(), "thawed");
      await driver.thaw(spec);
      assert.equal(await status(), "thawed");
    });

    await t.test("an image is taken of a frozen guest, which goes on thawed", async () => {
      const path = join(lab.instancesPath, "frozen.qcow2");
      let during: unknown;
      const around = async (cut: () => Promise<void>): Promise<void> => {
        await driver.freeze(spec, never);
        await cut();
        during = await status();
        await driver.thaw(spec);
      };
      await driver.snapshot(spec, { path, format: "qcow2", around }, never);
      assert.equal(during, "frozen");
      assert.equal(await status(), "thawed");
      assert.doesNotMatch(await fileSystemCheck(path), /journal recovery/);
      await driver.snapshot(spec, { path, format: "qcow2" }, never);
      assert.match(await fileSystemCheck(path), /skipping journal recovery/, "as after a power cut");
    });

    await t.test("who is no longer waited for does not stay frozen", async () => {
      await agent("STOP");
      const stop = new AbortController();
      const freezing = driver.freeze(spec, stop.signal);
      assert.equal(await Promise.race([freezing, shell.run("echo still waiting")]), "still waiting");
      stop.abort();
      await assert.rejects(freezing, (error) => error === stop.signal.reason);
      const thawing = driver.thaw(spec);
      await agent("CONT");
      await thawing;
      assert.equal(await status(), "thawed");
    });
    await t.test("the clock is set when it goes on after a pause, and after a suspend", async () => {
      const behind = async () => (Date.now() - Number(await domain.guest.agentCommand("guest-get-time")) / 1e6) / 1000;
      await shell.run("sudo date -s @1700000000");
      assert.ok((await behind()) > 1e6);
      await driver.pause(spec);
      await driver.unpause(spec);
      assert.ok(Math.abs(await behind()) < 2, `${await behind()} s behind after unpause`);
      await shell.run("sudo date -s @1700000000");
      shell.close();
      await driver.suspend(spec);
      await driver.resume({ ...spec, configDrive: "keep" });
      assert.ok(Math.abs(await behind()) < 2, `${await behind()} s behind after resume`);
      shell = new SerialShell(spec.paths.serialSocket);
      // What goes on already after a crash is not started again, and its clock is set all the same.
      await domain.guest.setTime(1_700_000_000_000);
      await driver.resume({ ...spec, configDrive: "keep" });
      assert.ok(Math.abs(await behind()) < 2, `${await behind()} s behind when asked again`);
    });

    await t.test("a frozen guest is frozen when it comes back from the disk, and thaws", async () => {
      await driver.freeze(spec, never);
      shell.close();
      await driver.suspend(spec);
      await driver.resume({ ...spec, configDrive: "keep" });
      shell = new SerialShell(spec.paths.serialSocket);
      await until("the agent's word", 60, async () => (await status()) === "frozen");
      await driver.thaw(spec);
      assert.equal(await status(), "thawed");
    });

    await t.test(
      "a disk in use is let go of, too; its serial number is the volume's id as far as virtio has room",
      async () => {
        const volume = await makeVolume(lab, 16);
        await driver.attachVolume(spec, volume);
        await until("the disk", 60, async () => /vdb/.test(await shell.run("ls /sys/block")));
        assert.equal(await shell.run("cat /sys/block/vdb/serial"), volume.volumeId.slice(0, 20));
        const use =
          "sudo mkfs.ext4 -q /dev/vdb && sudo mount /dev/vdb /mnt && sudo sh -c 'sleep 600 > /mnt/open &' && echo used";
        assert.match(await shell.run(use), /used/);
        await driver.detachVolume(spec, volume);
        assert.doesNotMatch(await shell.run("ls /sys/block"), /vdb/);
      },
    );

    await t.test("no agent keeps no guest from going on", async () => {
      await agent("STOP");
      const before = performance.now();
      await driver.pause(spec);
      await driver.unpause(spec);
      assert.equal(await driver.powerState(spec), "running");
      const took = performance.now() - before;
      assert.ok(took > 4_000 && took < 30_000, `whom nobody hears is not waited for long: ${took} ms`);
      await agent("CONT");
    });
    shell.close();

    await t.test("what it does not let go of in time goes at its next reset, and that is heard", async () => {
      const [nic, volume] = [lab.nic(2), await makeVolume(lab, 16)];
      await driver.attachInterface(spec, nic);
      await driver.attachVolume(spec, volume);
      const devices: DeviceRef[] = [
        { kind: "volume", id: volume.volumeId },
        { kind: "interface", id: nic.portId },
      ];
      const plugged = () => Promise.all(devices.map((device) => driver.isPlugged(spec, device)));
      const gone: DeviceRef[] = [];
      driver.onDeviceGone(({ uuid, device }) => {
        if (uuid === spec.uuid) gone.push(device);
      });
      // Nobody in it hears the request.
      await driver.pause(spec);
      for (const alias of [volumeAlias(volume.volumeId), nicAlias(nic.portId)])
        await assert.rejects(domain.detachDeviceAndWait(alias, { timeoutMs: 100 }), LibvirtTimeoutError);
      assert.deepEqual(await plugged(), [true, true]);
      assert.deepEqual(gone, []);
      await domain.reset();
      await until("both are gone", 60, () => gone.length === devices.length);
      assert.deepEqual(
        new Set(gone.map(({ kind, id }) => `${kind} ${id}`)),
        new Set(devices.map(({ kind, id }) => `${kind} ${id}`)),
      );
      assert.deepEqual(await plugged(), [false, false]);
      await driver.detachVolume(spec, volume);
      await driver.detachInterface(spec, nic);
      assert.ok(!(await domain.xml({ inactive: true })).includes(volume.volumeId), "nor is it started with it again");
      await driver.stop(spec, 0);
      assert.deepEqual(await plugged(), [false, false]);
      await driver.attachVolume(spec, volume);
      assert.deepEqual(await plugged(), [true, false], "of one that is off, what it will have");
    });
  } finally {
    await libvirt.close();
    await lab.close();
  }

  /** The root file system in the image, looked at without changing it. */
  async function fileSystemCheck(image: string): Promise<string> {
    const raw = join(lab.instancesPath, "frozen.raw");
    await lab.exec.run("qemu-img", ["convert", "-f", "qcow2", "-O", "raw", image, raw], { timeout: 60_000 });
    // The second entry of its partition table is the root: entries have 16 bytes, their first sector is at 8.
    const file = await open(raw);
    const { buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
    await file.close();
    const offset = buffer.readUInt32LE(446 + 16 + 8) * 512;
    const result = await lab.exec.run("e2fsck", ["-fn", `${raw}?offset=${offset}`], { allowFailure: true });
    return result.stdout + result.stderr;
  }
});
