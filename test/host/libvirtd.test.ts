import assert from "node:assert/strict";
import { chmodSync, existsSync } from "node:fs";
import { readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { runningGuests } from "../../src/host/libvirtd/guests.ts";
import { libvirtdLayout } from "../../src/host/libvirtd/layout.ts";
import { PrivateLibvirtd } from "../../src/host/libvirtd/libvirtd.ts";
import { isSameProcess, readStat } from "../../src/host/processes.ts";
import { hostParts, needsRoot, uniqueName, until } from "./support/host.ts";

const guest = (name: string, dir: string, partition: string) => `<domain type='qemu'><name>${name}</name>
  <memory unit='MiB'>32</memory><resource><partition>${partition}</partition></resource>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><serial type='file'><source path='${dir}/console.log'/></serial></devices></domain>`;

test("the socket's path stays short however long the data directory's is", () => {
  assert.equal(libvirtdLayout("/opt/stack/data").socket, "/opt/stack/data/libvirt/run/libvirt-sock");
  const long = libvirtdLayout(`/opt/${"x".repeat(100)}`);
  assert.ok(Buffer.byteLength(long.socket) <= 107, long.socket);
  assert.notEqual(libvirtdLayout(`/opt/${"y".repeat(100)}`).socket, long.socket);
});

test("a private libvirtd: starts, is found again, comes back after kill -9 with its guest, and leaves nothing", {
  skip: needsRoot,
}, async (t) => {
  const host = hostParts();
  const { exec, ledger, log, dataDir } = host;
  chmodSync(dataDir, 0o755);
  const netns = uniqueName("lv");
  const libvirtd = new PrivateLibvirtd({ dataDir, netns, exec, ledger, log });
  const virsh = async (...args: string[]) =>
    (await exec.run("virsh", ["-c", `qemu:///system?socket=${libvirtd.socketPath}`, ...args], { timeout: 600_000 }))
      .stdout;
  try {
    const runLibvirt = await stat("/run/libvirt").catch(() => null);
    await ledger.create({ kind: "namespace", name: netns, details: {}, owner: "test" }, () =>
      exec.run("ip", ["netns", "add", netns]),
    );
    await exec.run("ip", ["link", "set", "lo", "up"], { netns });
    await libvirtd.start();
    assert.equal(await libvirtd.isHealthy(), true);
    assert.match(await virsh("list", "--all"), /Id +Name +State/);
    const first = await libvirtd.processes();
    assert.ok(first.libvirtd !== null && first.virtlogd !== null);
    t.diagnostic(`guests run as ${JSON.stringify(libvirtd.guestUser)}`);

    // In the box's network namespace, and in a mount namespace of its own.
    const wanted = (await stat(`/run/netns/${netns}`)).ino;
    assert.equal((await stat(`/proc/${first.libvirtd.pid}/ns/net`)).ino, wanted);
    assert.notEqual(await readlink(`/proc/${first.libvirtd.pid}/ns/mnt`), await readlink("/proc/self/ns/mnt"));
    assert.deepEqual(
      (await stat("/run/libvirt").catch(() => null))?.ino,
      runLibvirt?.ino,
      "the host's /run is untouched",
    );

    // Each emulator that it knows of is started before the first guest is.
    const emulators = (await virsh("capabilities")).matchAll(/<emulator>(.+)<\/emulator>/g);
    assert.deepEqual([...new Set([...emulators].map(([, path]) => path))], ["/usr/bin/qemu-system-x86_64"]);

    await exec.run("tee", [join(dataDir, "guest.xml")], {
      input: guest("instance-00000001", join(dataDir, "libvirt/state"), (await libvirtd.ensurePartition()) ?? ""),
    });
    await virsh("create", join(dataDir, "guest.xml"));
    const [running] = await runningGuests(exec, libvirtd.layout.run);
    assert.ok(running !== undefined);
    assert.equal((await stat(`/proc/${running.process.pid}`)).uid, libvirtd.guestUser.uid);
    // Guest number 1 of every cloud is the first of its libvirtd: their groups are told apart by what they are in.
    const groups = (await readFile(`/proc/${running.process.pid}/cgroup`, "utf8")).split("\n");
    const inPartition = groups.filter((line) => line.includes(`:/tenrec-${netns}.partition/qemu-1-instance-00000001.`));
    assert.ok(inPartition.length > 0, groups.join("\n"));
    assert.deepEqual(
      groups.filter((line) => /qemu-1-/.test(line) && !inPartition.includes(line)),
      [],
    );
    // Control groups work: statistics of the guest can be read.
    assert.match(await virsh("cpu-stats", "instance-00000001", "--total"), /cpu_time/);

    // Another instance of this program (after a kill -9 of the daemon) takes over what runs.
    const second = new PrivateLibvirtd({ dataDir, netns, exec, ledger, log });
    await second.start();
    assert.deepEqual(await second.processes(), first);

    // libvirtd and virtlogd die: watched, they come back, and know the guest that went on running.
    const restarts: string[] = [];
    second.watch((what) => restarts.push(what));
    process.kill(first.libvirtd.pid, "SIGKILL");
    process.kill(first.virtlogd.pid, "SIGKILL");
    await until(() => restarts.length > 0, "restart");
    assert.deepEqual(restarts, ["libvirtd and virtlogd"]);
    assert.notEqual((await second.processes()).libvirtd?.pid, first.libvirtd.pid);
    await until(async () => /instance-00000001 +running/.test(await virsh("list")), "the guest is known again");
    assert.equal(await isSameProcess(running.process), true);

    await second.stop({ guests: false });
    assert.equal(await isSameProcess(running.process), true, "guests outlive libvirtd");
    await second.start();
    const last = await second.processes();
    await second.stop({ guests: true });
    assert.equal(await isSameProcess(running.process), false);
    for (const one of [last.libvirtd, last.virtlogd]) assert.ok(one !== null && !(await isSameProcess(one)));
    assert.deepEqual(
      ledger.list().filter(({ kind }) => kind !== "namespace" && kind !== "cgroup"),
      [],
    );
    assert.equal((await readStat(last.libvirtd?.pid ?? 0))?.state === "S", false);
    const rows = ledger.list({ kind: "cgroup" });
    assert.ok(rows.length > 0);
    for (const { kind, name } of rows) await ledger.remove(kind, name);
    for (const { name } of rows) assert.equal(existsSync(name), false, name);
  } finally {
    libvirtd.unwatch();
    await libvirtd.stop({ guests: true });
    await host.clean();
  }
});

test("guests run as root, with the reason said, where their user cannot reach the data directory", {
  skip: needsRoot,
}, async () => {
  const { chooseGuestUser } = await import("../../src/host/libvirtd/guest-user.ts");
  const host = hostParts();
  try {
    chmodSync(host.dataDir, 0o700);
    const user = await chooseGuestUser(host.exec, host.dataDir);
    assert.equal(user.uid, 0);
    assert.match(user.reason ?? "", /may not enter|there is no user/);
  } finally {
    await host.clean();
  }
});
