import assert from "node:assert/strict";
import { chmodSync, existsSync } from "node:fs";
import { readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { runningGuests } from "../../src/host/libvirtd/guests.ts";
import { libvirtdLayout } from "../../src/host/libvirtd/layout.ts";
import { PrivateLibvirtd } from "../../src/host/libvirtd/libvirtd.ts";
import { isSameProcess, readStat } from "../../src/host/processes.ts";
import type { ProcessIdentity } from "../../src/host/types.ts";
import { inOrder } from "../support/in-order.ts";
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

describe("a private libvirtd", { skip: needsRoot }, () => {
  const step = inOrder();
  const netns = uniqueName("lv");
  let host: ReturnType<typeof hostParts>;
  let libvirtd: PrivateLibvirtd;
  let first: Awaited<ReturnType<PrivateLibvirtd["processes"]>>;
  let guestProcess: ProcessIdentity;
  let hostsRun: number | undefined;
  const another = () => new PrivateLibvirtd({ ...host, netns });
  const virsh = async (...args: string[]) => {
    const socket = `qemu:///system?socket=${libvirtd.socketPath}`;
    return (await host.exec.run("virsh", ["-c", socket, ...args], { timeout: 600_000 })).stdout;
  };
  const runOfHost = async () => (await stat("/run/libvirt").catch(() => null))?.ino;

  before(async () => {
    host = hostParts();
    chmodSync(host.dataDir, 0o755);
    hostsRun = await runOfHost();
    await host.ledger.create({ kind: "namespace", name: netns, details: {}, owner: "test" }, () =>
      host.exec.run("ip", ["netns", "add", netns]),
    );
    await host.exec.run("ip", ["link", "set", "lo", "up"], { netns });
    libvirtd = another();
  });
  after(async () => {
    libvirtd.unwatch();
    await libvirtd.stop({ guests: true });
    await host.clean();
  });

  step("starts and answers", async (t) => {
    await libvirtd.start();
    assert.equal(await libvirtd.isHealthy(), true);
    assert.match(await virsh("list", "--all"), /Id +Name +State/);
    first = await libvirtd.processes();
    assert.ok(first.libvirtd !== null && first.virtlogd !== null);
    t.diagnostic(`guests run as ${JSON.stringify(libvirtd.guestUser)}`);
  });

  step("is in the box's network namespace, and in a mount namespace of its own", async () => {
    const pid = first.libvirtd?.pid;
    assert.equal((await stat(`/proc/${pid}/ns/net`)).ino, (await stat(`/run/netns/${netns}`)).ino);
    assert.notEqual(await readlink(`/proc/${pid}/ns/mnt`), await readlink("/proc/self/ns/mnt"));
    assert.equal(await runOfHost(), hostsRun, "the host's /run is untouched");
  });

  step("knows of one emulator: each that it knows of is started before the first guest is", async () => {
    const emulators = (await virsh("capabilities")).matchAll(/<emulator>(.+)<\/emulator>/g);
    assert.deepEqual([...new Set([...emulators].map(([, path]) => path))], ["/usr/bin/qemu-system-x86_64"]);
  });

  step("runs a guest as its user and in its control group", async () => {
    const { dataDir, exec } = host;
    const file = join(dataDir, "guest.xml");
    const partition = (await libvirtd.ensurePartition()) ?? "";
    await exec.run("tee", [file], { input: guest("instance-00000001", join(dataDir, "libvirt/state"), partition) });
    await virsh("create", file);
    const [running] = await runningGuests(exec, libvirtd.layout.run);
    assert.ok(running !== undefined);
    guestProcess = running.process;
    assert.equal((await stat(`/proc/${guestProcess.pid}`)).uid, libvirtd.guestUser.uid);
    // Guest number 1 of every cloud is the first of its libvirtd: their groups are told apart by what they are in.
    const groups = (await readFile(`/proc/${guestProcess.pid}/cgroup`, "utf8")).split("\n");
    const inPartition = groups.filter((line) => line.includes(`:/tenrec-${netns}.partition/qemu-1-instance-00000001.`));
    assert.ok(inPartition.length > 0, groups.join("\n"));
    assert.deepEqual(
      groups.filter((line) => /qemu-1-/.test(line) && !inPartition.includes(line)),
      [],
    );
    // Control groups work: statistics of the guest can be read.
    assert.match(await virsh("cpu-stats", "instance-00000001", "--total"), /cpu_time/);
  });

  step("is found again by another instance of this program, as after a kill -9 of the daemon", async () => {
    libvirtd = another();
    await libvirtd.start();
    assert.deepEqual(await libvirtd.processes(), first);
  });

  step("killed with its virtlogd it comes back, and knows the guest that went on running", async () => {
    const restarts: string[] = [];
    libvirtd.watch((what) => restarts.push(what));
    assert.ok(first.libvirtd !== null && first.virtlogd !== null);
    process.kill(first.libvirtd.pid, "SIGKILL");
    process.kill(first.virtlogd.pid, "SIGKILL");
    await until(() => restarts.length > 0, "restart");
    assert.deepEqual(restarts, ["libvirtd and virtlogd"]);
    assert.notEqual((await libvirtd.processes()).libvirtd?.pid, first.libvirtd.pid);
    await until(async () => /instance-00000001 +running/.test(await virsh("list")), "the guest is known again");
    assert.equal(await isSameProcess(guestProcess), true);
  });

  step("stops with or without its guests, and leaves nothing", async () => {
    await libvirtd.stop({ guests: false });
    assert.equal(await isSameProcess(guestProcess), true, "guests outlive libvirtd");
    await libvirtd.start();
    const last = await libvirtd.processes();
    await libvirtd.stop({ guests: true });
    assert.equal(await isSameProcess(guestProcess), false);
    for (const one of [last.libvirtd, last.virtlogd]) assert.ok(one !== null && !(await isSameProcess(one)));
    assert.equal((await readStat(last.libvirtd?.pid ?? 0))?.state === "S", false);
    const { ledger } = host;
    assert.deepEqual(
      ledger.list().filter(({ kind }) => kind !== "namespace" && kind !== "cgroup"),
      [],
    );
    const rows = ledger.list({ kind: "cgroup" });
    assert.ok(rows.length > 0);
    for (const { kind, name } of rows) await ledger.remove(kind, name);
    for (const { name } of rows) assert.equal(existsSync(name), false, name);
  });
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
