import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type Domain, isLibvirtError, type Libvirt, LibvirtConnectionError } from "../../src/libvirt/index.ts";
import { echoBootSector, guestXml, PrivateLibvirtd, whyNoLibvirtd } from "./private-libvirtd.ts";

const skip = whyNoLibvirtd();
const quick = { timeoutMs: 20_000 };

async function until<T>(what: string, look: () => Promise<T>, good: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await look();
    if (good(value)) return value;
    if (Date.now() > deadline) throw new Error(`still not: ${what}`);
    await sleep(20);
  }
}

describe("with a real libvirtd", { skip }, () => {
  let daemon: PrivateLibvirtd;
  before(async () => {
    daemon = await PrivateLibvirtd.create();
  });
  after(() => daemon?.remove());

  describe("and its test driver", () => {
    let libvirt: Libvirt;
    before(async () => {
      libvirt = await connect({ socketPath: daemon.socketPath, uri: "test:///default" });
    });
    after(() => libvirt?.close());

    it("tells about the host", async () => {
      assert.equal(await libvirt.host.uri(), "test:///default");
      assert.match((await libvirt.host.libvirtVersion()).text, /^\d+\.\d+\.\d+$/);
      assert.ok((await libvirt.host.hostname()).length > 0);
      const info = await libvirt.host.nodeInfo();
      assert.deepEqual([info.model, info.cpus], ["i686", 16]);
      assert.match(await libvirt.host.capabilities(), /^<capabilities>/);
    });

    it("takes a guest through its life, with the events in order", async () => {
      const events: string[] = [];
      const stop = libvirt.on("lifecycle", ({ domain, event, detail }) => {
        if (domain.name === "lvt-life") events.push(`${event} ${detail}`);
      });
      const uuid = "6f1d9b0a-0000-4000-8000-00000000abcd";
      const xml = `<domain type='test'><name>lvt-life</name><uuid>${uuid}</uuid><memory unit='KiB'>8192</memory><os><type>hvm</type></os></domain>`;
      const vm = await libvirt.domains.define(xml);
      assert.deepEqual([vm.name, vm.uuid, vm.id], ["lvt-life", uuid, -1]);
      assert.deepEqual(await vm.state(), { state: "shut-off", reason: "unknown" });
      await vm.start();
      assert.ok((await libvirt.domains.lookupByName("lvt-life")).id > 0);
      await vm.suspend();
      assert.equal((await vm.state()).state, "paused");
      await vm.resume();
      const { memoryKiB, maxMemoryKiB, vcpus, cpuTimeNs } = await vm.info();
      assert.deepEqual([memoryKiB, maxMemoryKiB, vcpus, typeof cpuTimeNs], [8192, 8192, 1, "bigint"]);
      const names = async (filter: { active?: boolean; inactive?: boolean }): Promise<string[]> =>
        (await libvirt.domains.list(filter)).map(({ name }) => name).sort();
      assert.deepEqual(await names({ active: true }), ["lvt-life", "test"]);
      assert.deepEqual(await names({ inactive: true }), []);
      await vm.setAutostart(true);
      assert.equal(await vm.autostart(), true);
      await vm.setMetadata("urn:lvt", "lvt", "<owner>me &amp; you</owner>");
      assert.equal(await vm.metadata("urn:lvt"), "<owner>me &amp; you</owner>");
      await vm.setMetadata("urn:lvt", "lvt", null);
      await assert.rejects(vm.metadata("urn:lvt"), { codeName: "no-metadata" });
      await vm.managedSave();
      assert.equal(await vm.hasManagedSave(), true);
      await vm.managedSaveRemove();
      await vm.start();
      await vm.destroy();
      await assert.rejects(vm.destroy(), { codeName: "operation-invalid" });
      await vm.undefine();
      assert.equal(await libvirt.domains.findByUuid(uuid), null);
      await until(
        "the last event",
        async () => events.at(-1),
        (event) => event === "undefined removed",
      );
      stop();
      assert.deepEqual(
        events.filter((event) => !event.startsWith("shutdown")),
        [
          "defined added",
          "started booted",
          "suspended paused",
          "resumed unpaused",
          "stopped saved",
          "started booted",
          "stopped destroyed",
          "undefined removed",
        ],
      );
    });

    it("keeps and drops snapshots", async () => {
      const vm = await libvirt.domains.lookupByName("test");
      const snapshot = await vm.snapshots.create("<domainsnapshot><name>s1</name></domainsnapshot>");
      assert.equal(snapshot.name, "s1");
      assert.match(await snapshot.xml(), /<name>s1<\/name>/);
      assert.deepEqual(
        (await vm.snapshots.list()).map(({ name }) => name),
        ["s1"],
      );
      await (await vm.snapshots.lookup("s1")).revert();
      await snapshot.delete();
      await assert.rejects(vm.snapshots.lookup("s1"), { codeName: "no-snapshot" });
    });

    it("says in words what is wrong", async () => {
      await assert.rejects(libvirt.domains.lookupByName("nobody"), {
        codeName: "no-domain",
        procedure: "lookupByName",
      });
      await assert.rejects(libvirt.domains.define("<domain"), { name: "LibvirtError" });
      await assert.rejects(connect({ socketPath: daemon.socketPath, uri: "nonsense:///x" }), (error) =>
        isLibvirtError(error),
      );
    });
  });

  describe("and an emulated guest", () => {
    let libvirt: Libvirt;
    let vm: Domain;
    before(async () => {
      libvirt = await connect({ socketPath: daemon.socketPath, uri: "qemu:///session" });
      const disk = await daemon.file("boot.raw", echoBootSector());
      daemon.qemuImg("convert", "-f", "raw", "-O", "qcow2", disk, daemon.path("boot.qcow2"));
      vm = await libvirt.domains.define(guestXml("lvt-guest", daemon.path("boot.qcow2"), "qcow2"));
    });
    after(async () => {
      await vm?.destroy().catch(() => {});
      await vm?.undefine({ managedSave: true, snapshotsMetadata: true }).catch(() => {});
      await libvirt?.close();
    });

    it("reads and writes its serial line", async () => {
      await vm.start({ paused: true });
      const console = await vm.openConsole();
      const seen: string[] = [];
      console.setEncoding("utf8").on("data", (text: string) => void seen.push(text));
      await vm.resume();
      await until(
        "the guest's greeting",
        async () => seen.join(""),
        (text) => text.includes("READY"),
      );
      console.write("hello guest");
      await until(
        "the echo",
        async () => seen.join(""),
        (text) => text.includes("hello guest"),
      );
      // FORCE: a second viewer takes the line over, and the first is told.
      const lost = new Promise((resolve) => console.once("close", resolve));
      const second = await vm.openConsole();
      await lost;
      second.destroy();
      const third = await vm.openConsole();
      third.resume().end();
      await new Promise((resolve) => third.once("close", resolve));
    });

    it("shows its screen, counters and monitor", async () => {
      const { mime, data } = await vm.screenshot();
      assert.match(mime, /^image\//);
      assert.ok(data.length > 100);
      const stats = await vm.stats(["state", "cpu", "block"]);
      assert.deepEqual([stats["state.state"], stats["block.0.name"]], [1, "vda"]);
      const all = await libvirt.domains.stats([], { active: true });
      assert.deepEqual(
        all.map(({ domain }) => domain.uuid),
        [vm.uuid],
      );
      assert.deepEqual(await vm.guest.monitorCommand("query-name"), { name: "lvt-guest" });
      assert.match(await vm.guest.humanMonitorCommand("info status"), /running/);
      await assert.rejects(vm.guest.monitorCommand("no-such-command"), {
        name: "LibvirtError",
        message: /no-such-command/,
      });
      await assert.rejects(vm.guest.agentCommand("guest-ping"), { name: "LibvirtError", message: /agent/ });
      await vm.sendKeys([28]);
    });

    it("gets and loses a disk", async () => {
      daemon.qemuImg("create", "-q", "-f", "qcow2", daemon.path("extra.qcow2"), "8M");
      const xml = `<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='${daemon.path("extra.qcow2")}'/><target dev='vdb' bus='virtio'/><alias name='ua-extra'/></disk>`;
      const added = libvirt.waitFor("device-added", (event) => vm.concerns(event), quick).catch(() => null);
      await vm.attachDevice(xml, "live");
      await vm.block.resize("vdb", 16 * 1024 * 1024);
      assert.equal((await vm.block.info("vdb")).capacity, 16 * 1024 * 1024);
      await vm.block.setIoTune("vdb", { total_iops_sec: 500 }, "live");
      assert.equal((await vm.block.ioTune("vdb", "live")).total_iops_sec, 500);
      assert.notEqual(await added, null);
      // No system in the guest that would answer the request: resets let QEMU take the device away.
      let gone: boolean | undefined;
      const detached = vm.detachDeviceAndWait("ua-extra", quick).then((result) => {
        gone = result;
      });
      const resetAndLook = async (): Promise<boolean | undefined> => {
        if (gone === undefined) await vm.reset();
        return gone;
      };
      await until("the disk is gone", resetAndLook, (result) => result !== undefined);
      await detached;
      assert.equal(gone, true);
      assert.doesNotMatch(await vm.xml(), /ua-extra/);
      await assert.rejects(vm.detachDevice(xml, "live"), { codeName: "device-missing" });
      // libvirt 9 has no better code for this one.
      await assert.rejects(vm.detachDeviceAlias("ua-extra", "live"), {
        message: /no device found with alias ua-extra/,
      });
    });

    it("changes files under a running disk: snapshot, copy, commit", async () => {
      await vm.snapshots.create(
        `<domainsnapshot><disks><disk name='vda' snapshot='external'><source file='${daemon.path("top.qcow2")}'/></disk></disks></domainsnapshot>`,
        { diskOnly: true, noMetadata: true, atomic: true },
      );
      assert.match(await vm.xml(), /top\.qcow2/);
      const ready = libvirt.waitFor(
        "block-job",
        (event) => vm.concerns(event) && event.disk === "vda" && event.status === "ready",
        quick,
      );
      await vm.block.commit("vda", { shallow: true, active: true });
      assert.equal((await ready).type, "active-commit");
      const job = await vm.block.job("vda");
      assert.equal(job?.type, "active-commit");
      await vm.block.jobAbort("vda", { pivot: true });
      assert.doesNotMatch(await vm.xml(), /top\.qcow2/);
      assert.equal(await vm.block.job("vda"), null);

      const mirrored = libvirt.waitFor("block-job", (e) => e.type === "copy" && e.status === "ready", quick);
      const copy = `<disk type='file'><driver type='qcow2'/><source file='${daemon.path("copy.qcow2")}'/></disk>`;
      await vm.block.copy("vda", copy, { transientJob: true });
      await mirrored;
      await vm.block.jobAbort("vda");
      assert.match(await vm.xml(), /boot\.qcow2/);
    });

    it("is saved and comes back", async () => {
      await vm.managedSave();
      assert.deepEqual([(await vm.state()).reason, await vm.hasManagedSave()], ["saved", true]);
      const restored = libvirt.waitFor("lifecycle", (e) => vm.concerns(e) && e.event === "started", quick);
      await vm.start();
      assert.equal((await restored).detail, "restored");
      assert.equal((await vm.state()).state, "running");
    });

    it("outlives the daemon, and so does the connection", async () => {
      const states: string[] = [];
      const stop = libvirt.onConnectionChange(({ state }) => void states.push(state));
      const line = await vm.openConsole();
      const broken = new Promise((resolve) => line.once("close", resolve));
      await daemon.stop("SIGKILL");
      await broken;
      assert.ok(line.errored instanceof LibvirtConnectionError);
      await until(
        "the loss is noticed",
        async () => libvirt.state,
        (state) => state === "reconnecting",
      );
      await assert.rejects(vm.state(), LibvirtConnectionError);
      await daemon.start();
      await libvirt.whenConnected(30_000);
      assert.deepEqual(states, ["reconnecting", "connected"]);
      stop();
      await until(
        "the guest is found again",
        async () => (await vm.state()).state,
        (state) => state === "running",
      );
      const suspended = libvirt.waitFor("lifecycle", (e) => vm.concerns(e) && e.event === "suspended", quick);
      await vm.suspend();
      await suspended;
      await vm.resume();
    });

    it("is pinged: a daemon that hangs is noticed", async () => {
      const watchful = await connect({
        socketPath: daemon.socketPath,
        uri: "qemu:///session",
        keepalive: { intervalMs: 200, count: 3 },
        reconnect: false,
      });
      daemon.pause();
      try {
        await assert.rejects(watchful.host.hostname(), { name: "LibvirtConnectionError", message: /keepalive/ });
      } finally {
        daemon.unpause();
        await watchful.close();
      }
    });

    it("stops, and tells how", async () => {
      const stopped = libvirt.waitFor("lifecycle", (e) => vm.concerns(e) && e.event === "stopped", quick);
      await vm.destroy();
      assert.equal((await stopped).detail, "destroyed");
      assert.deepEqual(await vm.state(), { state: "shut-off", reason: "destroyed" });
    });
  });
});
