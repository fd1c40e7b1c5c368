import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { runningGuests } from "../../../../../src/host/libvirtd/guests.ts";
import { discard, Logger } from "../../../../../src/kernel/log/logger.ts";
import { connect as connectLibvirt } from "../../../../../src/libvirt/index.ts";
import { listen } from "../../../../../src/listen.ts";
import { consoleProxy } from "../../../../../src/services/compute/consoles/proxy.ts";
import type { ComputeDriver, InstanceSpec, LifecycleEvent } from "../../../../../src/services/compute/driver/driver.ts";
import { DriverError } from "../../../../../src/services/compute/driver/driver.ts";
import { diskParts } from "../../../../../src/services/compute/driver/libvirt/disks.ts";
import { domainXml } from "../../../../../src/services/compute/driver/libvirt/xml/domain.ts";
import { GUEST_IMAGE } from "../../../../support/guest-image.ts";
import { inOrder } from "../../../../support/in-order.ts";
import { until } from "../../../../support/patience.ts";
import { type Lab, makeVolume, openLab, plainVolume, SerialShell, whyNoGuests } from "./lab.ts";

const skip = whyNoGuests() ?? false;

/** One real guest goes through its life; the steps share it, because each boot takes seconds of emulation. */
describe("a guest's life", { skip }, () => {
  let lab: Lab;
  let driver: ComputeDriver;
  let spec: InstanceSpec;
  const events: LifecycleEvent[] = [];
  const never = new AbortController().signal;
  const booted = () =>
    until("login on the console", 60, async () => /login:/.test(await driver.consoleLog(spec, null)));
  const step = inOrder();

  before(async () => {
    lab = await openLab();
    driver = lab.driver;
    driver.onLifecycle((event) => events.push(event));
    spec = lab.spec();
  });
  after(() => lab?.close());

  step("libvirt's own schema takes the definition of every kind of guest", async () => {
    const kinds: Record<string, Partial<InstanceSpec>> = {
      plain: {},
      kvm: { virtType: "kvm", cpu: { mode: "host-model", model: "" }, vcpus: 4 },
      q35: { imageProperties: { hw_machine_type: "q35", hw_disk_bus: "scsi", hw_pointer_model: "usbtablet" } },
      limits: {
        extraSpecs: {
          "quota:cpu_shares": "512",
          "quota:disk_read_iops_sec": "100",
          "quota:vif_inbound_average": "1000",
        },
      },
      properties: {
        imageProperties: {
          hw_video_model: "virtio",
          hw_video_ram: "16",
          hw_watchdog_action: "reset",
          hw_boot_menu: "yes",
          hw_vif_multiqueue_enabled: "true",
          img_hide_hypervisor_id: "true",
          os_type: "windows",
        },
        extraSpecs: { "hw_video:ram_max_mb": "16" },
        vcpus: 2,
      },
      kernel: { kernelPath: "/i/kernel", ramdiskPath: "/i/ramdisk" },
      volumes: {
        volumes: [
          plainVolume({ bootIndex: 0, device: "vda" }),
          plainVolume({ deviceType: "cdrom", volumeId: "x", device: "hdc" }),
        ],
      },
    };
    const libvirt = await connectLibvirt({ socketPath: lab.libvirtd.socketPath, uri: "qemu:///system" });
    try {
      for (const [kind, changes] of Object.entries(kinds)) {
        const of = lab.spec(changes);
        const options = { stackName: "schema", partition: "/tenrec-schema.partition", limits: true, now: new Date() };
        const domain = await libvirt.domains
          .define(domainXml(of, { ...options, disks: diskParts(of) }), { validate: true })
          .catch((error: Error) => assert.fail(`${kind}: ${error.message}`));
        await domain.undefine();
      }
    } finally {
      await libvirt.close();
    }
  });

  step("spawn: boots to a login, known as ours", async (t) => {
    const start = performance.now();
    await driver.spawn(spec, () => {}, never);
    t.diagnostic(`spawn took ${Math.round(performance.now() - start)} ms`);
    assert.equal(await driver.powerState(spec), "running");
    assert.deepEqual(await driver.listInstances(), [{ uuid: spec.uuid, name: spec.name, powerState: "running" }]);
    await booted();
    assert.ok(events.some(({ kind, uuid }) => kind === "started" && uuid === spec.uuid));
    const last = await driver.consoleLog(spec, 3);
    assert.equal(last.split("\n").length, 3);
  });

  step("the guest sees its config drive, the disk's size, the cloud's name and a processor of today", async () => {
    const shell = await shellOf(spec);
    assert.match(await shell.run("hostname"), /guest-of-test/);
    assert.match(await shell.run("cat /sys/block/vda/size"), /^2097152$/m);
    assert.match(await shell.run("cat /sys/class/dmi/id/product_name"), /OpenStack Nova/);
    const flags = (await shell.run("grep -m1 ^flags /proc/cpuinfo")).split(/\s+/);
    // What glibc calls x86-64-v2: RHEL 9 and its kin start on nothing less.
    for (const flag of ["cx16", "lahf_lm", "popcnt", "pni", "ssse3", "sse4_1", "sse4_2"])
      assert.ok(flags.includes(flag), `${flag} in ${flags.join(" ")}`);
    await shell.run("sudo sh -c 'echo kept > /root/mark; sync'");
    shell.close();
  });

  step("screen and serial line answer through their web sockets", async () => {
    const said = async (type: "novnc" | "serial", typed: string, expected: RegExp): Promise<void> => {
      const endpoint = await (type === "novnc" ? driver.vncEndpoint(spec) : driver.serialEndpoint(spec));
      const log = new Logger("test", { sink: discard });
      const proxy = consoleProxy({
        type,
        log,
        resolve: async () => ({ serverId: spec.uuid, serverName: "vm1", type, endpoint }),
      });
      const listener = await listen(proxy.app, { host: "127.0.0.1", port: 0, upgrade: proxy.upgrade });
      const browser = new WebSocket(`ws://127.0.0.1:${listener.port}/?token=${spec.uuid}`, ["binary"]);
      let text = "";
      browser.addEventListener("open", () => browser.send(typed));
      browser.binaryType = "arraybuffer";
      browser.addEventListener("message", ({ data }) => {
        text += Buffer.from(data as ArrayBuffer).toString("latin1");
      });
      await until(`${type} says ${expected}`, 20, () => expected.test(text));
      browser.close();
      proxy.close();
      await listener.close();
    };
    await said("novnc", "", /^RFB 003\.008/);
    await said("serial", "\r", /\S/);
  });

  step("plugs in a NIC and a volume, twice the same, and out again", async () => {
    const nic = lab.nic(2);
    const volume = await makeVolume(lab, 64);
    for (let again = 0; again < 2; again += 1) {
      await driver.attachInterface(spec, nic);
      await driver.attachVolume(spec, volume);
    }
    const shell = await shellOf(spec);
    await until("both are there", 20, async () =>
      /vdb[\s\S]*eth1/.test(await shell.run("ls /sys/class/net /sys/block")),
    );
    assert.match(await shell.run("cat /sys/class/net/eth1/address"), new RegExp(nic.mac));
    assert.match(await shell.run("cat /sys/block/vdb/size"), /^131072$/m);
    await lab.exec.run("truncate", ["-s", "128M", volume.source.path]);
    await driver.extendVolume(spec, volume, 128 * 1024 ** 2);
    await until("the guest sees it grow", 30, async () => /^262144$/m.test(await shell.run("cat /sys/block/vdb/size")));
    for (let again = 0; again < 2; again += 1) {
      await driver.detachVolume(spec, volume);
      await driver.detachInterface(spec, nic);
    }
    assert.doesNotMatch(await shell.run("ls /sys/class/net /sys/block"), /eth1|vdb/);
    shell.close();
  });

  step("diagnostics, of the guest and of the host", async () => {
    const found = await driver.diagnostics(spec);
    assert.equal(found.state, "running");
    assert.equal(found.cpus.length, 1);
    assert.equal(found.nics[0]?.mac, spec.nics[0]?.mac);
    assert.ok((found.disks.find(({ device }) => device === "vda")?.readBytes ?? 0) > 1_000_000);
    assert.equal(found.configDrive, true);
    const info = await driver.hostInfo();
    assert.equal(info.hypervisorType, "QEMU");
    assert.ok(info.hypervisorVersion >= 7_000_000 && info.memoryMb > 1000 && info.diskGb > 0 && info.vcpus > 0);
    assert.match(info.uptime, /^ \d\d:\d\d:\d\d up .*load average: \d/);
  });

  step("pauses and goes on, twice the same", async () => {
    await driver.pause(spec);
    await driver.pause(spec);
    assert.equal(await driver.powerState(spec), "paused");
    await driver.unpause(spec);
    await driver.unpause(spec);
    assert.equal(await driver.powerState(spec), "running");
  });

  step("an image of the running guest holds its disk as it is, on its own", async (t) => {
    const path = join(lab.instancesPath, "snapshot.qcow2");
    const start = performance.now();
    const result = await driver.snapshot(spec, { path, format: "qcow2" }, never);
    t.diagnostic(`snapshot took ${Math.round(performance.now() - start)} ms`);
    assert.equal(result.virtualSizeBytes, 1024 ** 3);
    const { stdout } = await lab.exec.run("qemu-img", ["info", "-f", "qcow2", "--output=json", path]);
    assert.equal((JSON.parse(stdout) as Record<string, unknown>)["backing-filename"], undefined);
    assert.equal(await driver.powerState(spec), "running");
    const left = await readdir(spec.paths.directory);
    assert.deepEqual(
      left.filter((name) => name.includes("delta")),
      [],
    );
  });

  step("suspends to disk and resumes where it was", async () => {
    const shell = await shellOf(spec);
    await shell.run("echo here > /tmp/memory");
    shell.close();
    await driver.suspend(spec);
    await driver.suspend(spec);
    assert.equal(await driver.powerState(spec), "shutdown");
    await driver.resume({ ...spec, configDrive: "keep" });
    assert.equal(await driver.powerState(spec), "running");
    const again = new SerialShell(spec.paths.serialSocket);
    // Still logged in: the line says so when asked.
    assert.match(await again.run("cat /tmp/memory"), /here/);
    again.close();
  });

  step("libvirtd is killed: the driver finds its way back, and the guest goes on", async () => {
    const { libvirtd: process_ } = await lab.libvirtd.processes();
    assert.ok(process_ !== null);
    process.kill(process_.pid, "SIGKILL");
    await until("it is dead", 30, async () => !(await lab.exec.isAlive(process_)));
    await lab.libvirtd.start();
    assert.equal(await driver.powerState(spec), "running");
  });

  step("stops by ACPI, and starts with its disk as it was", async (t) => {
    const start = performance.now();
    await driver.stop(spec, 30);
    t.diagnostic(`stop took ${Math.round(performance.now() - start)} ms`);
    assert.equal(await driver.powerState(spec), "shutdown");
    await until("told", 30, () => events.some(({ kind }) => kind === "stopped"));
    await assert.rejects(
      driver.vncEndpoint(spec),
      (error) => error instanceof DriverError && error.code === "not-running",
    );
  });

  step("resize makes disk and memory larger; revert takes it back", async () => {
    const larger = {
      ...spec,
      configDrive: "keep" as const,
      memoryMb: 160,
      root: spec.root === null ? null : { ...spec.root, sizeGb: 2 },
      swapMb: 16,
    };
    const sizeOf = async () =>
      JSON.parse(
        (await lab.exec.run("qemu-img", ["info", "--output=json", "-f", "qcow2", join(spec.paths.directory, "disk")]))
          .stdout,
      )["virtual-size"] as number;
    await driver.resize(larger);
    await driver.resize(larger);
    assert.equal(await sizeOf(), 2 * 1024 ** 3);
    await driver.revertResize({ ...spec, configDrive: "keep" });
    assert.equal(await sizeOf(), 1024 ** 3);
    await driver.resize(larger);
    await driver.confirmResize(spec);
    await driver.start(larger);
    await booted();
    const shell = await shellOf(spec);
    assert.match(await shell.run("cat /sys/block/vda/size"), /^4194304$/m);
    assert.match(await shell.run("sudo cat /root/mark"), /kept/);
    assert.match(await shell.run("cat /sys/block/vdb/size"), /^32768$/m);
    shell.close();
    await assert.rejects(driver.resize(spec), (error) => error instanceof DriverError && error.code === "unsupported");
  });

  step("reboots softly: off and on by itself", async () => {
    const before = events.length;
    assert.equal(await driver.rebootSoft(spec, 30), true);
    assert.equal(await driver.powerState(spec), "running");
    await until("both told", 30, () => {
      const kinds = events.slice(before).map(({ kind }) => kind);
      return kinds.includes("stopped") && kinds.includes("started");
    });
  });

  step("rescue boots another disk with the root disk beside it; unrescue goes back", async () => {
    const plain = { ...spec, configDrive: "keep" as const };
    const image = {
      imageId: "rescue-image",
      imagePath: join(lab.instancesPath, "snapshot.qcow2"),
      imageFormat: "qcow2",
    };
    const files = { "openstack/latest/meta_data.json": JSON.stringify({ uuid: spec.uuid, hostname: "in-rescue" }) };
    await driver.rescue(plain, { ...image, configDrive: files });
    await booted();
    const shell = await shellOf(spec);
    assert.match(await shell.run("cat /sys/block/vda/size /sys/block/vdb/size"), /2097152\s+4194304/);
    // The rescue image is the snapshot: what the guest had written is in it.
    assert.match(await shell.run("sudo cat /root/mark"), /kept/);
    shell.close();
    await driver.unrescue(plain);
    assert.deepEqual(
      (await readdir(spec.paths.directory)).filter((name) => name.includes("rescue")),
      [],
    );
    assert.equal(await driver.powerState(spec), "running");
  });

  step("what happens while libvirtd is down is told afterwards", async () => {
    const { libvirtd: daemon } = await lab.libvirtd.processes();
    const [guest] = await runningGuests(lab.exec, lab.libvirtd.layout.run);
    assert.ok(daemon !== null && guest !== undefined);
    process.kill(daemon.pid, "SIGKILL");
    await until("it is dead", 30, async () => !(await lab.exec.isAlive(daemon)));
    process.kill(guest.process.pid, "SIGKILL");
    await until("the guest as well", 30, async () => !(await lab.exec.isAlive(guest.process)));
    const toldAfterStart = async (): Promise<void> => {
      const before = events.length;
      await lab.libvirtd.start();
      await until("told", 60, () =>
        events.slice(before).some(({ uuid, kind }) => uuid === spec.uuid && /stopped|crashed/.test(kind)),
      ).catch((error: Error) => {
        const log = lab.records.slice(-20).map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`);
        assert.fail([error.message, JSON.stringify(events.slice(-5)), ...log].join("\n"));
      });
    };
    await toldAfterStart();
    assert.equal(await driver.powerState(spec), "shutdown");
    // libvirtd may die before it tells what it did: then the last event heard is as old as this one.
    const { libvirtd: next } = await lab.libvirtd.processes();
    assert.ok(next !== null);
    process.kill(next.pid, "SIGKILL");
    await until("it is dead again", 30, async () => !(await lab.exec.isAlive(next)));
    await toldAfterStart();
  });

  step("what fails on the way leaves nothing", async () => {
    const { root, nics } = spec;
    assert.ok(root !== null && nics[0] !== undefined);
    const notAnImage = join(lab.instancesPath, "not-an-image");
    await writeFile(notAnImage, Buffer.alloc(4096, 1));
    const uefi = { imageProperties: { hw_firmware_type: "uefi" } };
    const failing: [string, Partial<InstanceSpec>][] = [
      ["image", { root: { ...root, imagePath: notAnImage } }],
      ["image", { root: { ...root, imagePath: notAnImage, imageFormat: "vmdk" } }],
      // Only where it really is missing.
      ...(existsSync("/usr/share/OVMF") ? [] : [["unsupported", uefi] as [string, Partial<InstanceSpec>]]),
      ["failed", { nics: [{ ...nics[0], tap: "tap9", bridge: "no-such-bridge" }] }],
    ];
    for (const [code, changes] of failing) {
      const broken = lab.spec(changes);
      await assert.rejects(
        driver.spawn(broken, () => {}, never),
        (error) => {
          assert.ok(error instanceof DriverError, String(error));
          assert.equal(error.code, code);
          assert.doesNotMatch(error.message, /\/var\//);
          return true;
        },
      );
      assert.equal(existsSync(broken.paths.directory), false);
      assert.equal(lab.ledger.get("domain", broken.uuid), null);
    }
    const aborted = lab.spec();
    const stop = new AbortController();
    await assert.rejects(
      driver.spawn(aborted, () => stop.abort(), stop.signal),
      (error) => error instanceof Error && error.name === "AbortError",
    );
    assert.equal(existsSync(aborted.paths.directory), false);
  });

  step(
    "an image of another format is converted once; ephemeral disk and swap; image of a guest that is off",
    async () => {
      assert.ok(spec.root !== null);
      const imagePath = join(lab.instancesPath, "image.vmdk");
      const options = ["-O", "vmdk", "-o", "subformat=streamOptimized"];
      await lab.exec.run("qemu-img", ["convert", "-f", "qcow2", ...options, GUEST_IMAGE, imagePath], {
        timeout: 600_000,
      });
      const nic = { ...lab.nic(7) };
      const other = lab.spec({
        root: { imageId: "a-vmdk", imagePath, imageFormat: "vmdk", sizeGb: 0 },
        nics: [nic],
        ephemerals: [{ index: 0, sizeMb: 32, format: "ext4" }],
        swapMb: 16,
      });
      await driver.spawn(other, () => {}, never);
      const dir = other.paths.directory;
      assert.match(
        (await lab.exec.run("blkid", ["-p", join(dir, "disk.eph0")])).stdout,
        /LABEL="ephemeral0".*TYPE="ext4"/,
      );
      assert.match((await lab.exec.run("blkid", ["-p", join(dir, "disk.swap")])).stdout, /TYPE="swap"/);
      await driver.stop(other, 0);
      const path = join(lab.instancesPath, "off.raw");
      const { sizeBytes, virtualSizeBytes } = await driver.snapshot(other, { path, format: "raw" }, never);
      assert.equal(sizeBytes, virtualSizeBytes);
      await driver.rebuild(other, { keepEphemeral: true });
      assert.equal(await driver.powerState(other), "shutdown");
      await driver.start({ ...other, configDrive: "keep" });
      await driver.destroy(other, { keepDisks: false });
      assert.deepEqual(await readdir(join(lab.instancesPath, "_base")), ["a-vmdk.converted"]);
    },
  );

  step("destroy leaves nothing, and may be done again", async () => {
    await driver.destroy(spec, { keepDisks: false });
    await driver.destroy(spec, { keepDisks: false });
    assert.equal(existsSync(spec.paths.directory), false);
    assert.deepEqual(lab.ledger.list({ owner: "compute" }), []);
    assert.deepEqual(await driver.listInstances(), []);
    assert.equal(await driver.powerState(spec), "nostate");
    const links = await lab.exec.run("ip", ["-br", "link", "show", "type", "tun"], { netns: lab.netns });
    assert.equal(links.stdout, "");
    const warnings = lab.records.filter(({ level }) => level === "error");
    assert.deepEqual(warnings, []);
  });
});

async function shellOf(spec: InstanceSpec): Promise<SerialShell> {
  const shell = new SerialShell(spec.paths.serialSocket);
  await shell.login();
  return shell;
}
