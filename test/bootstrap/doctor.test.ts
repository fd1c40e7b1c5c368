import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { judgeHealth } from "../../src/bootstrap/doctor/daemon-area.ts";
import type { Finding } from "../../src/bootstrap/doctor/finding.ts";
import { examineLedger, forgetStale, repairOf } from "../../src/bootstrap/doctor/ledger-area.ts";
import { redact } from "../../src/bootstrap/doctor/redact.ts";
import type { DaemonHealth } from "../../src/control/protocol.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { HostLedger, openLedgerDatabase } from "../../src/host/ledger.ts";
import { systemClock } from "../../src/kernel/time/clock.ts";
import { LoopDelay } from "../../src/kernel/turns/loop-delay.ts";

const newLedger = () => new HostLedger(openLedgerDatabase(":memory:", systemClock), systemClock);
const healthy: DaemonHealth = {
  status: {
    pid: 7,
    version: "1",
    startedAt: 0,
    ready: true,
    progress: [],
    urls: {},
    services: ["identity"],
    warnings: [],
    memoryBytes: 1,
    loopDelay: new LoopDelay().read(),
  },
  integrity: "ok",
  databaseBytes: 1,
  operations: [],
  clockDrift: 3,
  problems: [],
};
const judged = (changes: Partial<DaemonHealth>): Finding[] => {
  const findings: Finding[] = [];
  judgeHealth({ ...healthy, ...changes }, findings);
  return findings;
};

test("what is still coming back after a start is told with how far it is, and is nothing to repair", () => {
  const progress = [
    { service: "network", what: "networks", done: 3, total: 10 },
    { service: "compute", what: "guests", done: 120, total: 4_000 },
  ];
  const [finding, ...others] = judged({ status: { ...healthy.status, progress } });
  assert.equal(finding?.key, "coming-back");
  assert.match(finding?.what ?? "", /networks 3 of 10, guests 120 of 4000/);
  assert.equal(finding?.repair, null);
  assert.deepEqual(others, []);
});

test("a healthy daemon is no finding; damage, clock jumps and stuck work are", () => {
  assert.deepEqual(judged({}), []);
  const operation = { kind: "compute.server.create", resource: "server:1", state: "running" as const };
  assert.deepEqual(judged({ operations: [{ ...operation, age: 1_000 }] }), []);
  const keys = judged({
    integrity: "row 3 missing from index",
    clockDrift: -3_600_000,
    operations: [{ ...operation, age: 3_600_000 }],
    problems: [{ key: "network-not-applied:1", message: "m", hint: "h" }],
  }).map(({ key, severity }) => `${key} ${severity}`);
  assert.deepEqual(keys, [
    "database-damaged error",
    "clock-jump warning",
    "operation-stuck:server:1 warning",
    "network-not-applied:1 warning",
  ]);
  assert.match(judged({ clockDrift: -3_600_000 })[0]?.what ?? "", /3600 s back/);
});

test("rows of the ledger whose things are gone are findings, each with who makes it again", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-doctor-"));
  try {
    const file = join(directory, "there");
    writeFileSync(file, "");
    const ledger = newLedger();
    const links = "1: lo: <LOOPBACK,UP>\n7: x-up@if2: <BROADCAST,UP>\n";
    const exec = new FakeExec((command, args) => {
      if (command === "ip" && args.includes("link")) return { stdout: links };
      if (command === "ip" && args.includes("route")) return { stdout: "172.24.4.0/24 via 169.254.240.2 dev x-up \n" };
      if (command === "iptables-nft") return { exitCode: 1 };
      return {};
    });
    const make = () => {};
    const route = (cidr: string) => ({
      netns: null,
      spec: [cidr, "via", "169.254.240.2", "dev", "x-up"],
      family: 4 as const,
    });
    await ledger.create({ kind: "veth", name: "x-up", details: { netns: null }, owner: "box" }, make);
    await ledger.create({ kind: "veth", name: "x-down", details: { netns: null }, owner: "box" }, make);
    await ledger.create({ kind: "route", name: "r1", details: route("172.24.4.0/24"), owner: "box" }, make);
    await ledger.create({ kind: "route", name: "r2", details: route("172.24.5.0/24"), owner: "box" }, make);
    await ledger.create(
      { kind: "file", name: file, details: { path: file, previous: null }, owner: "clouds.yaml" },
      make,
    );
    const gone = join(directory, "gone");
    await ledger.create(
      { kind: "file", name: gone, details: { path: gone, previous: null }, owner: "clouds.yaml" },
      make,
    );
    const rule = {
      netns: null,
      variant: "iptables-nft",
      family: 4,
      table: "nat",
      chain: "POSTROUTING",
      rule: ["-j", "MASQUERADE"],
    } as const;
    await ledger.create({ kind: "iptables-rule", name: "rule", details: rule, owner: "box" }, make);
    const dead = { pidFile: join(directory, "pid"), match: "dnsmasq.conf" };
    await ledger.create({ kind: "process", name: "dnsmasq:1", details: dead, owner: "network:1" }, make);
    // In a namespace that is gone: the namespace's own row tells it.
    await ledger.create(
      { kind: "bridge", name: "gone-ns/br", details: { netns: "gone-ns" }, owner: "network:1" },
      make,
    );
    await ledger.create({ kind: "namespace", name: "gone-ns", details: {}, owner: "network:1" }, make);

    const { findings } = await examineLedger(exec, ledger);
    assert.deepEqual(
      findings.map(({ key, repair }) => `${key} → ${repair}`),
      [
        "veth-gone:x-down → box",
        "route-gone:r2 → box",
        `file-gone:${gone} → client-files`,
        "iptables-rule-gone:rule → box",
        "process-gone:dnsmasq:1 → daemon",
        "namespace-gone:gone-ns → daemon",
      ],
    );
    for (const { what, why, todo } of findings) assert.ok(what !== "" && why !== "" && todo !== "");

    // A file of before us may still have to come back: its row stays.
    const struck = await forgetStale(exec, ledger);
    assert.ok(struck.includes("process dnsmasq:1") && struck.includes("namespace gone-ns"));
    assert.ok(ledger.get("file", gone) !== null);
    assert.ok(ledger.get("veth", "x-up") !== null);
    assert.equal(ledger.get("process", "dnsmasq:1"), null);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("every owner has somebody who makes its things again", () => {
  assert.equal(repairOf("router:1"), "daemon");
  assert.equal(repairOf("compute"), "daemon");
  assert.equal(repairOf("libvirtd"), "libvirtd");
  assert.equal(repairOf("block-storage"), "storage");
});

test("a bug report holds no secret: neither known values nor what looks like one", () => {
  const token = `gAAAAABl${"x".repeat(120)}==`;
  const text = [
    "ADMIN_PASSWORD='it is \"$ecret\"'",
    '{"auth":{"password":"it is \\"$ecret\\"","name":"demo"}}',
    `X-Auth-Token: ${token}`,
    `curl -H 'x-auth-token: abcdef0123456789' http://host/`,
    '{"user_data":"IyEvYmluL3NoCg=="}',
    "RABBIT_PASSWORD=otherword",
    "https://user:hunter22@example.org/x",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\n-----END RSA PRIVATE KEY-----",
    "FLOATING_RANGE=172.24.4.0/24",
  ].join("\n");
  const result = redact(text, ['it is "$ecret"', "no"]);
  for (const secret of ["ecret", token, "abcdef0123456789", "IyEvYmluL3NoCg", "otherword", "hunter22", "MIIEpAIB"])
    assert.ok(!result.includes(secret), `${secret} in ${result}`);
  assert.match(result, /FLOATING_RANGE=172\.24\.4\.0\/24/);
  assert.match(result, /"name":"demo"/);
});
