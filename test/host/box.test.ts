import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import type { BoxReport } from "../../src/host/box/box.ts";
import type { RangePlan } from "../../src/host/box/ranges.ts";
import { diff, type HostSnapshot } from "../../src/host/snapshot.ts";
import type { Exec, LedgerDetails } from "../../src/host/types.ts";
import { hostParts, needsRoot, uniqueName, until } from "./support/host.ts";

const DRIVER = join(import.meta.dirname, "support/box-driver.ts");
const TOPICS = [
  "links",
  "addresses",
  "routes IPv4",
  "routes IPv6",
  "routing rules",
  "proxy neighbours",
  "iptables-nft",
  "iptables-legacy",
  "nft",
  "sysctls",
];

/** Floating addresses of the LAN that the card of the default route is on. */
const ON_LAN = {
  hostIp: "198.51.100.2",
  network: {
    publicInterface: "eth0",
    floatingRange: "198.51.100.0/24",
    publicGateway: "198.51.100.1",
    floatingAllocationPool: { start: "198.51.100.200", end: "198.51.100.203" },
  },
};

/** A pretended host with eth0 towards a pretended world, and a spare card eth1. */
async function pretendedHost(t: TestContext) {
  const parts = hostParts();
  const host = uniqueName("h");
  const world = uniqueName("w");
  const stackName = uniqueName("b");
  const { exec } = parts;
  t.after(async () => {
    for (const netns of [stackName, host, world]) await exec.run("ip", ["netns", "del", netns], { allowFailure: true });
    parts.db.exec("DELETE FROM host_ledger");
    await parts.clean();
  });
  for (const netns of [host, world]) {
    await exec.run("ip", ["netns", "add", netns]);
    await exec.run("ip", ["link", "set", "lo", "up"], { netns });
  }
  const inHost = (command: string, ...args: string[]) =>
    exec.run(command, args, { netns: host }).then(({ stdout }) => stdout);
  const inWorld = (command: string, ...args: string[]) =>
    exec.run(command, args, { netns: world }).then(({ stdout }) => stdout);
  const inBox = (command: string, ...args: string[]) =>
    exec.run(command, args, { netns: stackName }).then(({ stdout }) => stdout);
  for (const nic of ["eth0", "eth1"]) {
    await exec.run("ip", ["link", "add", nic, "type", "veth", "peer", "name", nic, "netns", world], { netns: host });
    await inWorld("ip", "link", "set", nic, "up");
    await inHost("ip", "link", "set", nic, "up");
  }
  await inHost("ip", "address", "add", "198.51.100.2/24", "dev", "eth0");
  await inWorld("ip", "address", "add", "198.51.100.1/24", "dev", "eth0");
  await inHost("ip", "route", "add", "default", "via", "198.51.100.1");
  const drive = async <T>(verb: string, overrides: object = {}): Promise<T> => {
    const settings = JSON.stringify({ stackName, dataDir: parts.dataDir, ...overrides });
    const { stdout } = await exec.run(process.execPath, [DRIVER, verb, parts.dataDir, settings], {
      netns: host,
      timeout: 600_000,
    });
    return JSON.parse(stdout) as T;
  };
  // Until links have found their carrier and IPv6 its addresses, pictures differ by themselves.
  const settle = () =>
    until(async () => {
      const links = await inHost("ip", "-o", "link", "show", "up");
      const addresses = await inHost("ip", "-o", "-6", "address", "show", "scope", "link");
      const ready = ["eth0", "eth1"].every((nic) => !links.includes(`${nic}@`) || addresses.includes(` ${nic} `));
      return ready && !/NO-CARRIER|state DOWN/.test(links) && !addresses.includes("tentative");
    }, "settling");
  const picture = async (): Promise<HostSnapshot> => {
    await settle();
    const all = await drive<HostSnapshot>("snapshot");
    return Object.fromEntries(Object.entries(all).filter(([topic]) => TOPICS.includes(topic)));
  };
  /** The program looks after the box, as the daemon does. */
  const watching = async (overrides: object = {}) => {
    const settings = JSON.stringify({ stackName, dataDir: parts.dataDir, ...overrides });
    const words = [`--net=/run/netns/${host}`, process.execPath, DRIVER, "watch", parts.dataDir, settings];
    const child = spawn("nsenter", words, { stdio: ["pipe", "pipe", "inherit"] });
    t.after(() => child.kill("SIGKILL"));
    const said: { event: string; what: unknown }[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => said.push(JSON.parse(line)));
    const ended = once(child, "exit");
    const heard = async (event: string, what: RegExp) => {
      const isIt = (one: { event: string; what: unknown }) =>
        one.event === event && what.test(JSON.stringify(one.what));
      await until(() => said.some(isIt), `${event} ${what}`).catch((error: Error) => {
        assert.fail(`${error.message}; it said ${JSON.stringify(said)}`);
      });
    };
    await heard("watching", /null/);
    const stop = async () => {
      child.stdin.end();
      await ended;
    };
    return { child, heard, stop };
  };
  const reaches = async (from: string, address: string) =>
    (await exec.run("ping", ["-c", "1", "-W", "2", address], { netns: from, allowFailure: true })).exitCode === 0;
  return { ...parts, host, world, stackName, inHost, inWorld, inBox, drive, picture, watching, reaches };
}

test("up, up again, down: reachable in between, and the host is as before", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  const before = await lab.picture();
  const report = await lab.drive<BoxReport>("up");
  assert.deepEqual(report, { netns: lab.stackName, mode: "nat", notes: [] });
  assert.equal(await lab.drive("isUp"), true);
  const once = await lab.picture();
  await lab.drive("up");
  assert.deepEqual(diff(once, await lab.picture()), [], "a second start changes nothing");

  assert.match(await lab.inHost("ip", "route"), /172\.24\.4\.0\/24 via \S+ dev/);
  const masquerade = await lab.inHost("iptables", "-t", "nat", "-S", "POSTROUTING");
  assert.match(masquerade, new RegExp(`-s 172.24.4.0/24 -o eth0 .*--comment "tenrec ${lab.stackName}" -j MASQUERADE`));
  // The host reaches the public bridge, and what has a floating address reaches the world (which knows nothing of the range).
  assert.equal(await lab.reaches(lab.host, "172.24.4.1"), true);
  assert.equal(await lab.reaches(lab.stackName, "198.51.100.1"), true);
  assert.equal(await lab.reaches(lab.world, "172.24.4.1"), false);
  await lab.inWorld("ip", "route", "add", "172.24.4.0/24", "via", "198.51.100.2");
  assert.equal(await lab.reaches(lab.world, "172.24.4.1"), true, "a neighbour with a route reaches floating addresses");

  assert.deepEqual(await lab.drive("down"), []);
  assert.equal(await lab.reaches(lab.host, "172.24.4.1"), false);
  assert.deepEqual(diff(before, await lab.picture()), []);
});

test("settings of the administrator's own survive: rules, forwarding, a FORWARD policy of DROP as Docker sets it", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  await lab.inHost("iptables", "-P", "FORWARD", "DROP");
  await lab.inHost("iptables", "-N", "DOCKER-USER");
  await lab.inHost("iptables", "-A", "DOCKER-USER", "-j", "RETURN");
  await lab.inHost("iptables", "-A", "FORWARD", "-j", "DOCKER-USER");
  await lab.inHost("iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.9.0.0/16", "-j", "MASQUERADE");
  await lab.inHost("sysctl", "-qw", "net.ipv4.conf.all.accept_redirects=0", "net.ipv4.conf.eth1.forwarding=1");
  const before = await lab.picture();
  const report = await lab.drive<BoxReport>("up");
  assert.match(report.notes.join(), /Docker: traffic of the box is let through in DOCKER-USER/);
  await lab.drive("up");
  const rules = (await lab.inHost("iptables", "-S", "DOCKER-USER"))
    .split("\n")
    .filter((line) => line.includes("tenrec"));
  assert.equal(rules.length, 2, "each rule once");
  assert.equal(await lab.reaches(lab.stackName, "198.51.100.1"), true);
  await lab.drive("down");
  assert.deepEqual(diff(before, await lab.picture()), []);
});

test("a firewall of nftables' own that rejects what is forwarded, as firewalld's, beside a FORWARD policy of DROP, as ufw's", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  await lab.inWorld("ip", "route", "add", "172.24.4.0/24", "via", "198.51.100.2");
  await lab.inHost("iptables", "-P", "FORWARD", "DROP");
  await lab.inHost("iptables", "-N", "ufw-before-forward");
  await lab.inHost("iptables", "-A", "FORWARD", "-j", "ufw-before-forward");
  const firewall = [
    "add table inet firewalld",
    "add chain inet firewalld filter_FORWARD { type filter hook forward priority filter + 10; policy accept; }",
    "add rule inet firewalld filter_FORWARD ct state established,related accept",
    "add rule inet firewalld filter_FORWARD reject with icmpx admin-prohibited",
  ].map((line) => ["nft", line] as const);
  for (const [command, line] of firewall) await lab.inHost(command, line);
  const before = await lab.picture();
  const report = await lab.drive<BoxReport>("up");
  assert.match(report.notes.join(), /policy is DROP.*inet firewalld filter_FORWARD/);
  const works = async () => {
    assert.equal(await lab.reaches(lab.stackName, "198.51.100.1"), true, "out");
    assert.equal(await lab.reaches(lab.world, "172.24.4.1"), true, "in");
  };
  await works();
  await lab.drive("up");
  const rules = (await lab.inHost("nft", "list", "chain", "inet", "firewalld", "filter_FORWARD")).split("\n");
  assert.equal(rules.filter((line) => line.includes("tenrec")).length, 2, "each rule once");
  // The firewall is reloaded.
  const watch = await lab.watching();
  await lab.inHost("nft", "delete table inet firewalld");
  for (const [command, line] of firewall) await lab.inHost(command, line);
  await watch.heard("mended", /nft rule inet firewalld filter_FORWARD/);
  await until(async () => (await lab.reaches(lab.world, "172.24.4.1")) === true, "in again");
  await works();
  await watch.stop();
  await lab.drive("down");
  assert.deepEqual(diff(before, await lab.picture()), []);
});

test("a spare network card goes into the public bridge and comes back as it was", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  await lab.inHost("ip", "address", "add", "203.0.113.7/24", "dev", "eth1");
  await lab.inHost("ip", "route", "add", "10.77.0.0/16", "via", "203.0.113.1");
  await lab.inWorld("ip", "address", "add", "172.24.4.254/24", "dev", "eth1");
  const before = await lab.picture();
  const settings = { network: { publicInterface: "eth1" } };
  const report = await lab.drive<BoxReport>("up", settings);
  assert.equal(report.mode, "nic");
  await lab.drive("up", settings);
  assert.match(await lab.inBox("ip", "-o", "link", "show", "dev", "eth1"), /master br-ex/);
  // No masquerade, as in DevStack.
  assert.doesNotMatch(await lab.inHost("iptables", "-t", "nat", "-S"), /MASQUERADE/);
  await lab.inBox("ip", "address", "add", "172.24.4.99/24", "dev", "br-ex");
  assert.equal(await lab.reaches(lab.world, "172.24.4.99"), true, "the bridge is on the card's wire");
  await lab.drive("down", settings);
  assert.deepEqual(diff(before, await lab.picture()), []);
});

test("the card of the default route stays: the host answers ARP for the pool", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  const before = await lab.picture();
  const report = await lab.drive<BoxReport>("up", ON_LAN);
  assert.equal(report.mode, "proxy");
  await lab.drive("up", ON_LAN);
  // A floating address, as a router would hold it, on the public bridge.
  await lab.inBox("ip", "address", "add", "198.51.100.201/32", "dev", "br-ex");
  assert.equal(await lab.reaches(lab.world, "198.51.100.201"), true);
  assert.equal(await lab.reaches(lab.host, "198.51.100.201"), true);
  assert.equal(await lab.reaches(lab.world, "198.51.100.2"), true, "the host itself is still there");
  assert.equal(await lab.reaches(lab.host, "198.51.100.1"), true);
  await lab.drive("down", ON_LAN);
  assert.deepEqual(diff(before, await lab.picture()), []);
});

test("some addresses of the host's own network are floating ones without a card: routers reach the LAN, the host keeps it", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  const behind = { ...ON_LAN, network: { ...ON_LAN.network, publicInterface: null } };
  await lab.inWorld("ip", "address", "add", "198.51.100.50/24", "dev", "eth0");
  const before = await lab.picture();
  assert.deepEqual((await lab.drive<RangePlan>("plan", behind)).collisions, []);
  const report = await lab.drive<BoxReport>("up", behind);
  assert.equal(report.mode, "lan");
  await lab.drive("up", behind);
  // As a router's gateway port is on the public bridge.
  const router = `${lab.stackName}-r`;
  await lab.exec.run("ip", ["netns", "add", router]);
  t.after(() => lab.exec.run("ip", ["netns", "del", router], { allowFailure: true }));
  await lab.inBox("ip", "link", "add", "qg", "master", "br-ex", "type", "veth", "peer", "name", "qg", "netns", router);
  await lab.inBox("ip", "link", "set", "qg", "up");
  const inRouter = (...args: string[]) => lab.exec.run("ip", args, { netns: router });
  await inRouter("link", "set", "qg", "up");
  await inRouter("address", "add", "198.51.100.201/24", "dev", "qg");
  await inRouter("route", "add", "default", "via", "198.51.100.1");
  const reaches = async () => {
    const wanted = [
      [lab.host, "198.51.100.201"],
      [router, "198.51.100.2"],
      [router, "198.51.100.50"],
      [lab.stackName, "198.51.100.50"],
      [lab.host, "198.51.100.50"],
      [lab.world, "198.51.100.2"],
    ] as const;
    for (const [from, to] of wanted)
      await until(async () => (await lab.reaches(from, to)) === true, `${from} reaches ${to}`);
  };
  await reaches();
  const watch = await lab.watching(behind);
  await lab.inBox("ip", "address", "flush", "dev", "br-ex");
  await watch.heard("mended", /box-gateway/);
  await lab.inHost("ip", "route", "del", "198.51.100.200/30");
  await watch.heard("mended", /route .*198\.51\.100\.200/);
  await reaches();
  await watch.stop();
  await lab.exec.run("ip", ["netns", "del", router]);
  await lab.drive("down", behind);
  assert.deepEqual(diff(before, await lab.picture()), []);
});

test("a floating range that the user wrote may be a part of the host's network, without what the host needs there", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  const explicit = ["FLOATING_RANGE"];
  const collisions = async (network: object, publicInterface: string | null = null) =>
    (await lab.drive<RangePlan>("plan", { hostIp: "198.51.100.2", explicit, network: { publicInterface, ...network } }))
      .collisions;
  const at = (floatingRange: string, publicGateway: string) => ({ floatingRange, publicGateway });
  assert.deepEqual(await collisions(at("198.51.100.224/27", "198.51.100.225")), []);
  assert.equal((await collisions(at("198.51.100.0/27", "198.51.100.3")))[0]?.route, "198.51.100.0/24");
  // The host's router is in the pool.
  const pool = { floatingAllocationPool: { start: "198.51.100.1", end: "198.51.100.1" } };
  const [found] = await collisions({ ...at("198.51.100.0/24", "198.51.100.9"), ...pool });
  assert.deepEqual(
    [found?.variable, found?.range, found?.movedTo],
    ["Q_FLOATING_ALLOCATION_POOL", "198.51.100.1/32", null],
  );
});

test("a floating range that the host uses already is moved, unless the user wrote it", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  await lab.inHost("ip", "route", "add", "172.24.0.0/16", "via", "198.51.100.1");
  const plan = await lab.drive<RangePlan>("plan");
  assert.deepEqual(plan.collisions, [
    {
      variable: "FLOATING_RANGE",
      range: "172.24.4.0/24",
      route: "172.24.0.0/16",
      interface: "eth0",
      movedTo: "172.25.0.0/24",
    },
  ]);
  assert.equal(plan.ranges.FLOATING_RANGE, "172.25.0.0/24");
  const fixed = await lab.drive<RangePlan>("plan", { explicit: ["FLOATING_RANGE"] });
  assert.equal(fixed.ranges.FLOATING_RANGE, "172.24.4.0/24");
  assert.equal(fixed.collisions[0]?.movedTo, null);
});

test("what somebody takes away is put back at once, in the box too, and a firewall that comes later is reckoned with", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  await lab.drive("up");
  const watch = await lab.watching();
  const works = async () => {
    assert.equal(await lab.reaches(lab.host, "172.24.4.1"), true);
    assert.equal(await lab.reaches(lab.stackName, "198.51.100.1"), true);
  };
  await lab.inHost("iptables", "-t", "nat", "-F");
  await watch.heard("mended", /rule iptables-nft -t nat -A POSTROUTING .*iptables/);
  await lab.inHost("nft", "flush", "ruleset");
  await watch.heard("mended", /POSTROUTING .*process \d+ \(nft\)/);
  await lab.inHost("ip", "route", "del", "172.24.4.0/24");
  await watch.heard("mended", /route .*172\.24\.4\.0/);
  await lab.inHost("sysctl", "-qw", "net.ipv4.ip_forward=0");
  await watch.heard("mended", /kernel setting net\/ipv4\/ip_forward/);
  await works();
  await lab.inHost("ip", "link", "del", `${lab.stackName}-up`);
  await watch.heard("mended", /link .*-up was gone/);
  await works();
  await lab.inBox("ip", "link", "set", "br-ex", "down");
  await watch.heard("mended", /box-bridge-down/);
  await lab.inBox("ip", "address", "flush", "dev", "br-ex");
  await watch.heard("mended", /box-gateway/);
  await works();
  // The namespace's name is gone, what is in it lives on: here in the watch's own listener.
  await lab.inBox("ip", "link", "add", "mine", "type", "bridge");
  await lab.exec.run("ip", ["netns", "del", lab.stackName]);
  await watch.heard("mended", /namespace .* was gone/);
  assert.match(await lab.inBox("ip", "-br", "link"), /^mine /m);
  await works();
  // Docker is installed and started.
  const docker = ["-N DOCKER-USER", "-A DOCKER-USER -j RETURN", "-A FORWARD -j DOCKER-USER", "-P FORWARD DROP"];
  for (const words of docker) await lab.inHost("iptables", ...words.split(" "));
  await until(
    async () => /-o .*-up .*-j ACCEPT/.test(await lab.inHost("iptables", "-S", "DOCKER-USER")),
    "the box is let through in Docker's chain",
  );
  await works();
  await watch.stop();
  assert.deepEqual(lab.ledger.list({ kind: "process" }), []);
});

test("the watch mends what the kernel does not tell of, and ends with its program, however that ends", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  await lab.drive("up", ON_LAN);
  const watch = await lab.watching(ON_LAN);
  await lab.inHost("ip", "neigh", "del", "proxy", "198.51.100.201", "dev", "eth0");
  await watch.heard("mended", /proxy ARP entry eth0:198\.51\.100\.201/);
  const monitors = async () =>
    (await Promise.all(lab.ledger.list({ kind: "process" }).map(({ details }) => pidOf(lab.exec, details)))).filter(
      (found) => found !== null,
    );
  assert.equal((await monitors()).length, 4);
  watch.child.kill("SIGKILL");
  await until(async () => (await monitors()).length === 0, "the listeners end");
  // The next one is not in the way of what a killed one left in the ledger.
  const next = await lab.watching(ON_LAN);
  assert.equal((await monitors()).length, 4);
  await next.stop();
  assert.deepEqual(lab.ledger.list({ kind: "process" }), []);
  await lab.drive("down", ON_LAN);
});

const pidOf = (exec: Exec, details: unknown) => {
  const { pidFile, match } = details as LedgerDetails["process"];
  return exec.readPidFile(pidFile, match);
};

test("on a LAN that has the guests' default range, guests get another", {
  skip: needsRoot,
}, async (t) => {
  const lab = await pretendedHost(t);
  await lab.inHost("ip", "address", "add", "10.0.2.15/24", "dev", "eth0");
  const plan = await lab.drive<RangePlan>("plan", { hostIp: "10.0.2.15" });
  assert.equal(plan.ranges.IPV4_ADDRS_SAFE_TO_USE, "10.0.4.0/22");
  const elsewhere = await lab.drive<RangePlan>("plan");
  assert.deepEqual(elsewhere.collisions, [], "a network that the host only knows of is none of the guests' business");
});
