import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { cidrsCovering, linkAddresses, planRanges } from "../../src/host/box/ranges.ts";
import { HostExec } from "../../src/host/exec.ts";
import {
  diskSpace,
  interfaceFacts,
  isInMemory,
  machineFacts,
  type NetworkFacts,
  networkFacts,
  reapsOrphans,
} from "../../src/host/facts.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { createHost } from "../../src/host/index.ts";
import { HostLedger, openLedgerDatabase } from "../../src/host/ledger.ts";
import { installMissing, missingRequirements } from "../../src/host/packages.ts";
import { diff, takeSnapshot } from "../../src/host/snapshot.ts";
import { hostStatistics } from "../../src/host/statistics.ts";
import { addressNumber } from "../../src/kernel/config/addresses.ts";
import { discard, Logger } from "../../src/kernel/log/logger.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";
import { testSettings } from "../support/settings.ts";
import { needsRoot } from "./support/host.ts";

const log = new Logger("test", { sink: discard });
const exec = new HostExec({ log, tracer: null });

const network: NetworkFacts = {
  defaultRoute: { interface: "eth0", gateway: "192.0.2.1" },
  addresses: [
    { interface: "lo", family: 4, address: "127.0.0.1", prefix: 8, scope: "host" },
    { interface: "eth0", family: 4, address: "172.24.4.1", prefix: 24, scope: "global" },
    { interface: "eth0", family: 4, address: "192.0.2.2", prefix: 24, scope: "global" },
    { interface: "eth1", family: 4, address: "198.51.100.2", prefix: 24, scope: "global" },
  ],
  routes: [
    { destination: "0.0.0.0/0", gateway: "192.0.2.1", interface: "eth0", metric: 0 },
    { destination: "192.0.2.0/24", gateway: null, interface: "eth0", metric: 0 },
    { destination: "169.254.0.0/30", gateway: null, interface: "box-up", metric: 0 },
  ],
};

test("ranges: the default route and our own link do not count, the rest does, and what moves keeps clear of the others", () => {
  const wishes = [
    { variable: "FLOATING_RANGE", range: "192.0.2.0/25", movable: false },
    { variable: "HOST_LINK_RANGE", range: "169.254.0.0/30", movable: true },
  ];
  const plan = planRanges(network, wishes, ["box-up"]);
  assert.deepEqual(
    plan.collisions.map(({ variable, movedTo }) => [variable, movedTo]),
    [["FLOATING_RANGE", null]],
  );
  const other = planRanges(network, wishes, []);
  assert.equal(other.ranges.HOST_LINK_RANGE, "169.254.0.4/30");
  const both = planRanges(
    network,
    [
      { variable: "A", range: "172.24.4.0/24", movable: true },
      { variable: "B", range: "172.24.5.0/24", movable: true },
    ],
    [],
    ["172.24.6.0/24"],
  );
  assert.deepEqual(both.ranges, { A: "172.24.7.0/24", B: "172.24.5.0/24" });
});

test("link addresses and covering blocks", () => {
  assert.deepEqual(linkAddresses("169.254.10.4/30"), { host: "169.254.10.5", box: "169.254.10.6", prefix: 30 });
  const covering = (start: string, end: string) => cidrsCovering(addressNumber(start) ?? 0n, addressNumber(end) ?? 0n);
  assert.deepEqual(covering("192.168.1.200", "192.168.1.254"), [
    "192.168.1.200/29",
    "192.168.1.208/28",
    "192.168.1.224/28",
    "192.168.1.240/29",
    "192.168.1.248/30",
    "192.168.1.252/31",
    "192.168.1.254/32",
  ]);
  assert.deepEqual(covering("10.0.0.0", "10.0.0.255"), ["10.0.0.0/24"]);
  assert.deepEqual(covering("10.0.0.1", "10.0.0.1"), ["10.0.0.1/32"]);
});

test("facts of this machine make sense", async () => {
  const machine = await machineFacts();
  assert.ok(machine.cpu.count >= 1 && machine.cpu.sockets * machine.cpu.cores * machine.cpu.threads >= 1);
  assert.ok(machine.memory.total > 256 * 1024 ** 2 && machine.memory.available <= machine.memory.total);
  assert.notEqual(machine.os.id, "");
  assert.ok(machine.cpu.model !== "" && machine.cpu.flags.length > 0);
  const interfaces = await interfaceFacts();
  assert.ok(interfaces.every(({ name, mtu }) => name !== "lo" && mtu > 0));
  assert.equal(await isInMemory("/dev/shm"), true);
  assert.equal(await isInMemory("/proc"), false);
  const facts = await networkFacts(exec);
  assert.ok(facts.addresses.some(({ address }) => address === "127.0.0.1"));
});

test("statistics of this machine are those of the kernel; each file system is told once, with what it holds", async () => {
  const directory = mkdtempSync(join(tmpdir(), "hst-facts-"));
  try {
    const variables = {
      DATA_DIR: directory,
      NOVA_INSTANCES_PATH: join(directory, "not/there/yet"),
      LOGDIR: "/dev/shm/logs",
    };
    const settings = testSettings({}, variables);
    assert.deepEqual(
      settings.directories.map(({ variable, path }) => [variable, path]).sort(),
      Object.entries({ ...variables, SWIFT_DATA_DIR: join(directory, "swift") }).sort(),
    );
    const { memory, processors, fileSystems, uptime } = await hostStatistics(settings, { busy: true });
    const kernels = /MemTotal: +(\d+) kB/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1];
    assert.equal(memory.total, Number(kernels) * 1024);
    assert.ok(memory.available <= memory.total && memory.swapUsed <= memory.swapTotal && uptime > 0);
    assert.ok(processors.count >= 1 && processors.load.length === 3);
    assert.ok(processors.busy !== null && processors.busy >= 0 && processors.busy <= 100);
    const [data, logs] = fileSystems;
    assert.deepEqual(
      fileSystems.map(({ holds }) => holds),
      [[directory], ["/dev/shm/logs"]],
    );
    assert.equal(data?.total, (await diskSpace(directory)).total);
    assert.deepEqual([logs?.device, logs?.total], [null, (await diskSpace("/dev/shm")).total]);
    assert.equal((await hostStatistics(settings)).processors.busy, null);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("OFFLINE names the packages instead of installing", async () => {
  const fake = new FakeExec();
  const ledger = new HostLedger(openLedgerDatabase(":memory:", new ManualClock()), new ManualClock());
  const requirements = [
    { command: "no-such-command", package: "zz-package", why: "" },
    { command: "/no/such/file", package: "aa-package", why: "" },
  ];
  assert.deepEqual(
    (await missingRequirements(requirements)).map(({ package: name }) => name),
    ["zz-package", "aa-package"],
  );
  await assert.rejects(
    installMissing(fake, ledger, requirements, { offline: true }),
    /apt-get install aa-package zz-package/,
  );
  assert.deepEqual(fake.commands, []);
  assert.deepEqual(await installMissing(fake, ledger, [], { offline: true }), []);
});

test("two pictures of a host at rest are equal in what this program could change; a difference is told", async () => {
  const own = mkdtempSync(join(tmpdir(), "hst-facts-"));
  try {
    const picture = await takeSnapshot(exec, { ownDirectories: [own] });
    assert.deepEqual(picture.processes, []);
    assert.ok(
      (picture.links ?? []).length >= 1 && (picture.files ?? []).length > 10 && (picture.sysctls ?? []).length > 10,
    );
    assert.deepEqual(diff(picture, picture), []);
    assert.deepEqual(diff({ links: ["a", "b"] }, { links: ["b", "c"] }), [
      { topic: "links", change: "gone", line: "a" },
      { topic: "links", change: "left", line: "c" },
    ]);
  } finally {
    rmSync(own, { recursive: true });
  }
});

test("preflight with the fake driver needs nothing; with the real one it looks at everything", {}, async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "hst-facts-"));
  try {
    const fake = createHost({ settings: testSettings({ dataDir }), log });
    assert.deepEqual((await fake.preflight()).checks, []);
    fake.close();
    const real = createHost({ settings: testSettings({ dataDir, virtDriver: "libvirt", libvirtType: "kvm" }), log });
    const { checks } = await real.preflight({ thorough: true });
    const names = new Set(checks.map(({ name }) => name));
    for (const name of ["root", "os", "disk", "memory", "processors", "packages", "namespaces", "ports"])
      assert.ok(names.has(name), name);
    for (const check of checks) assert.equal(check.hint === "", check.severity === "ok", `${check.name} has its hint`);
    real.close();
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});

test("preflight speaks of ports that something would listen on, in words of what is lost", async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "hst-facts-"));
  const taken = createServer();
  try {
    await new Promise<void>((resolve) => void taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as AddressInfo;
    const portsOf = async (variables: Record<string, string>) => {
      const settings = testSettings({ dataDir, virtDriver: "libvirt", listenAddress: "127.0.0.1" }, variables);
      const host = createHost({ settings, log });
      const { checks } = await host.preflight();
      host.close();
      return checks.filter((check) => check.name === "ports" && check.message.includes(String(port)));
    };
    const off = { CLASSIC_PORTS: "False" };
    const console = { ...off, NOVNCPROXY_PORT: String(port) };
    const [said] = await portsOf(console);
    assert.match(`${said?.message} ${said?.hint}`, /VNC consoles\) is taken.*NOVNCPROXY_PORT/);
    assert.deepEqual(await portsOf({ ...console, NOVA_VNC_ENABLED: "False" }), []);
    assert.deepEqual(await portsOf({ ...console, ENABLED_SERVICES: "key,glance" }), []);
    assert.deepEqual(await portsOf({ ...off, GLANCE_SERVICE_PORT: String(port) }), []);
    const [image] = await portsOf({ GLANCE_SERVICE_PORT: String(port) });
    assert.match(`${image?.severity} ${image?.message}`, /^warning port \d+ \(image\) is taken/);
  } finally {
    taken.close();
    rmSync(dataDir, { recursive: true });
  }
});

test("a first process that never reaps is noticed", { skip: needsRoot }, async (t) => {
  const exec = new HostExec({ log, tracer: null });
  assert.equal(await reapsOrphans(), true, "here it does");
  const first = spawn("unshare", ["--pid", "--fork", "--mount-proc", "--kill-child", "sleep", "infinity"]);
  t.after(() => first.kill("SIGKILL"));
  const children = `/proc/${first.pid}/task/${first.pid}/children`;
  const inside = await waitFor(() => readFileSync(children, "utf8").trim());
  await waitFor(() => /^sleep/.test(readFileSync(`/proc/${inside}/cmdline`, "utf8")));
  const enter = (...command: string[]) => exec.run("nsenter", ["-t", inside, "--pid", "--mount", ...command]);
  await enter("setsid", "--fork", "true");
  const { stdout } = await enter(process.execPath, join(import.meta.dirname, "support/reaper-driver.ts"));
  assert.equal(stdout.trim(), "false");
});

/** The first value that is not empty. */
async function waitFor<T>(read: () => T): Promise<T> {
  for (;;) {
    const value = read();
    if (value) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
