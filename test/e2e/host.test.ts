import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import Database from "better-sqlite3";
import { compare, type HostPicture, hostPicture } from "../support/host-picture.ts";
import { Lab, missingForLab, TENREC } from "../support/lab.ts";
import { until } from "../support/patience.ts";

/**
 * What stack does to a host and takes back, without guests: killed at every step, rebooted, damaged. The tests build on each
 * other, in order.
 */
const skip = missingForLab() ?? false;

interface Row {
  kind: string;
  name: string;
  details: Record<string, unknown>;
}

describe("a host that is never damaged", { skip }, () => {
  let lab: Lab;
  let untouched: HostPicture;

  before(async () => {
    lab = new Lab("bst", "LIBVIRT_TYPE=qemu\nVOLUME_BACKING_FILE_SIZE=1G\nLOGFILE=$DEST/logs/stack.sh.log");
    untouched = await hostPicture(lab);
  });
  after(async () => {
    if (lab === undefined) return;
    await lab.tenrec(["unstack"]).catch((error: unknown) => console.error("unstack failed", error));
    lab.close();
  });

  const ledger = (): Row[] => {
    const db = new Database(join(lab.dataDir, "ledger.db"), { readonly: true });
    const rows = db.prepare("SELECT kind, name, details FROM host_ledger ORDER BY id").all() as {
      kind: string;
      name: string;
      details: string;
    }[];
    db.close();
    return rows.map(({ kind, name, details }) => ({ kind, name, details: JSON.parse(details) }));
  };
  const pidIn = (file: string): number => {
    const text = readFileSync(file, "utf8").trim();
    return text.startsWith("{") ? JSON.parse(text).pid : Number(text);
  };
  const doctor = async (...options: string[]) => {
    const args = ["doctor", "-c", lab.localConf, "--json", ...options];
    const { code, stdout, stderr } = await lab.try("host", TENREC, args);
    assert.notEqual(stdout, "", stderr);
    return { code, report: JSON.parse(stdout) };
  };
  const networks = () => lab.openstack("devstack", ["network", "list"]);
  const sameAsBefore = async () => {
    assert.deepEqual(compare(untouched, await hostPicture(lab)), []);
  };

  /** Runs stack and kills it (SIGKILL) at the given event of the given step; null when the step list ended before. */
  const stackKilledAt = (event: "begin" | "end", step: number): Promise<string | null> =>
    new Promise((resolve) => {
      const args = [`--net=/run/netns/${lab.host}`, "--", TENREC, "stack", "-c", lab.localConf, "--json"];
      const child = spawn("nsenter", args, { stdio: ["ignore", "pipe", "ignore"] });
      let count = 0;
      let killed: string | null = null;
      createInterface({ input: child.stdout }).on("line", (line) => {
        const said = JSON.parse(line);
        if (killed !== null || said.event !== event || count++ < step) return;
        killed = said.step;
        child.kill("SIGKILL");
      });
      child.once("exit", () => resolve(killed));
    });

  test("where nothing is stacked, unstack and clean say so and make nothing", async () => {
    for (const command of ["unstack", "clean"]) assert.match(await lab.tenrec([command]), /nothing is stacked/);
    assert.deepEqual(readdirSync(lab.directory), ["local.conf"]);
    const rejoin = await lab.try("host", TENREC, ["rejoin", "-c", lab.localConf]);
    assert.equal(rejoin.code, 1);
    assert.match(rejoin.stderr, /there is no cloud in/);
    assert.match(await lab.tenrec(["doctor"]), /What a stack would find/);
    assert.deepEqual(readdirSync(lab.directory), ["local.conf"]);
  });

  test("a stack killed at any step leaves nothing after unstack", async () => {
    const killed: string[] = [];
    for (let step = 0; ; step += 1) {
      const name = await stackKilledAt("begin", step);
      if (name === null) break;
      killed.push(name);
      await lab.tenrec(["unstack"]);
      await sameAsBefore();
    }
    assert.ok(killed.includes("Make the box") && killed.includes("Start the daemon"), killed.join(", "));
    await lab.tenrec(["unstack"]);
    await sameAsBefore();
  });

  test("a stack killed at one step after the other gets to its end", async () => {
    for (let step = 4; (await stackKilledAt("end", step)) !== null; step += 1);
    const output = await lab.tenrec(["stack"]);
    assert.match(output, /already running/);
    assert.ok((await networks()).length >= 2);
    assert.deepEqual((await doctor()).report.findings, []);
  });

  test("stack keeps its log, with a link to the newest, and a summary", () => {
    const logs = join(lab.directory, "dest/logs");
    assert.match(readFileSync(join(logs, "stack.sh.log"), "utf8"), /# Make the box/);
    assert.match(readFileSync(join(logs, "stack.sh.log.summary"), "utf8"), /The default users are: admin and demo/);
  });

  test("two commands at once on one data directory: the second is told who is at work", async () => {
    const script = join(lab.directory, "local.sh");
    writeFileSync(
      script,
      `#!/bin/sh\ntouch ${lab.directory}/running\nwhile [ ! -e ${lab.directory}/go-on ]; do sleep 0.1; done\necho "$OS_USERNAME said hello"\n`,
    );
    chmodSync(script, 0o755);
    const first = lab.tenrec(["stack"]);
    await until("local.sh runs", 60, async () => existsSync(join(lab.directory, "running")));
    const second = await lab.try("host", TENREC, ["unstack", "-c", lab.localConf]);
    writeFileSync(join(lab.directory, "go-on"), "");
    assert.equal(second.code, 1);
    assert.match(second.stderr, /tenrec stack \(pid \d+\) is at work/);
    assert.match(await first, /Run local\.sh .*admin said hello/);
    chmodSync(script, 0o644);
  });

  test("another cloud of the same name, and another name in the same place, are refused", async () => {
    const conf = join(lab.directory, "other.conf");
    const text = readFileSync(lab.localConf, "utf8");
    writeFileSync(conf, text.replace(/^DATA_DIR=.*$/m, `DATA_DIR=${lab.directory}/other`));
    const sameName = await lab.try("host", TENREC, ["stack", "-c", conf]);
    assert.equal(sameName.code, 1);
    assert.match(sameName.stdout, /has the same STACK_NAME/);
    writeFileSync(conf, text.replace(/^STACK_NAME=.*$/m, "STACK_NAME=other"));
    const samePlace = await lab.try("host", TENREC, ["stack", "-c", conf]);
    assert.equal(samePlace.code, 1);
    assert.match(samePlace.stdout, new RegExp(`holds the cloud "${lab.stackName}", not "other"`));
  });

  test("doctor finds what died or was flushed, and mends it", async () => {
    process.kill(pidIn(join(lab.dataDir, "tenrec.pid")), "SIGKILL");
    process.kill(pidIn(join(lab.dataDir, "libvirt/libvirtd.pid")), "SIGKILL");
    const dnsmasq = ledger().find(({ kind, name }) => kind === "process" && name.startsWith("dnsmasq:"));
    process.kill(pidIn(String(dnsmasq?.details.pidFile)), "SIGKILL");
    await lab.onHost("iptables", ["-t", "nat", "-F"]);
    await lab.onHost("ip", ["route", "del", "172.24.4.0/24"]);
    await lab.onHost("ip", ["-n", lab.stackName, "link", "set", "br-ex", "down"]);
    const bridge = ledger().find(({ kind, name }) => kind === "bridge" && name.includes("/brq"))?.name ?? "";
    await lab.onHost("ip", ["-n", lab.stackName, "link", "del", bridge.split("/")[1] ?? ""]);

    const found = await doctor();
    assert.equal(found.code, 1);
    const keys: string[] = found.report.findings.map(({ key }: { key: string }) => key);
    for (const expected of [
      "daemon-down",
      "libvirtd-gone",
      `process-gone:${dnsmasq?.name}`,
      `route-gone:${lab.stackName}-up:172.24.4.0/24`,
      "box-bridge-down",
      `bridge-gone:${bridge}`,
    ])
      assert.ok(keys.includes(expected), `${expected} in ${keys.join(", ")}`);
    assert.ok(keys.some((key) => key.startsWith("iptables-rule-gone:")));

    const mended = await doctor("--fix");
    assert.deepEqual(mended.report.findings, []);
    assert.equal(mended.code, 0);
    assert.ok((await networks()).length >= 2);
    assert.equal((await doctor()).report.healthy, true);
  });

  test("what somebody takes away while the daemon runs is put back within seconds, and said", async () => {
    const inBox = (...args: string[]) => lab.onHost("ip", ["-n", lab.stackName, ...args]);
    const isBack = (what: string, check: () => Promise<boolean>) => until(`${what} is back`, 20, check);
    const prints = async (what: string, pattern: RegExp, command: string, ...args: string[]) =>
      isBack(what, async () => pattern.test((await lab.try("host", command, args)).stdout));
    const dnsmasq = ledger().find(({ kind, name }) => kind === "process" && /^dnsmasq:(?!ra-)/.test(name));
    const router = ledger().find(({ kind, name }) => kind === "namespace" && name.startsWith("qrouter-"))?.name ?? "";
    const bridge =
      ledger()
        .find(({ kind, name }) => kind === "bridge" && name.includes("/brq"))
        ?.name.split("/")[1] ?? "";

    await lab.onHost("iptables", ["-t", "nat", "-F"]);
    await prints("masquerade", /-s 172\.24\.4\.0\/24 .*-j MASQUERADE/, "iptables", "-t", "nat", "-S");
    await lab.onHost("ip", ["route", "del", "172.24.4.0/24"]);
    await prints("the route", /^172\.24\.4\.0\/24 via /m, "ip", "route");
    await lab.onHost("ip", ["link", "del", `${lab.stackName}-up`]);
    await prints("the link", / ttl=/, "ping", "-c", "1", "-W", "1", "172.24.4.1");
    await lab.onHost("ip", ["netns", "del", lab.stackName]);
    await prints("the box", new RegExp(`^${bridge} `, "m"), "ip", "-n", lab.stackName, "-br", "link");
    for (const file of [String(dnsmasq?.details.pidFile), join(lab.dataDir, "libvirt/libvirtd.pid")]) {
      const pid = pidIn(file);
      process.kill(pid, "SIGKILL");
      await isBack(file, async () => existsSync(file) && pidIn(file) !== pid);
    }
    await inBox("link", "del", bridge);
    await prints(bridge, new RegExp(` vd-.* master ${bridge} `), "ip", "-n", lab.stackName, "-o", "link");
    await lab.onHost("ip", ["netns", "del", router]);
    await prints("the router", /169\.254\.169\.254/, "ip", "-n", router, "address", "show", "dev", "lo");
    await lab.onHost("nsenter", [`--net=/run/netns/${lab.stackName}`, "nft", "flush", "ruleset"]);
    const rules = ["iptables-nft", "-S", "FORWARD"];
    await prints("guests' rules", /-j tenrec-/, "nsenter", `--net=/run/netns/${lab.stackName}`, ...rules);
    const translation = ["iptables", "-t", "nat", "-S"];
    await prints("translation", /SNAT/, "nsenter", `--net=/run/netns/${lab.stackName}`, ...translation);

    const status = JSON.parse(await lab.tenrec(["status", "--json"]));
    const keys: string[] = status.warnings.map(({ key }: { key: string }) => key);
    for (const key of ["host-mended", "host-restarted", "network-mended"])
      assert.ok(keys.includes(key), keys.join(", "));
    await until("all is well", 20, async () => (await doctor()).report.healthy === true);
    assert.ok((await networks()).length >= 2);
  });

  test("the file for bug reports holds no secret", async () => {
    const file = join(lab.directory, "report.txt");
    await lab.tenrec(["doctor", "--bundle", file]);
    const text = readFileSync(file, "utf8");
    for (const section of ["findings", "ledger", "settings", "ip route", "end of"])
      assert.ok(text.includes(section), section);
    // Of all that is generated the admin's password alone is a setting, and here it was given.
    assert.equal(existsSync(join(lab.dataDir, ".localrc.password")), false);
    assert.ok(!text.includes("$ecret"), "a password is in it");
  });

  test("after a reboot rejoin brings everything back", async () => {
    const before = await hostPicture(lab);
    process.kill(pidIn(join(lab.dataDir, "tenrec.pid")), "SIGKILL");
    for (const { kind, name, details } of ledger()) {
      if (kind === "process" && existsSync(String(details.pidFile)))
        process.kill(pidIn(String(details.pidFile)), "SIGKILL");
      if (kind === "namespace") await lab.onHost("ip", ["netns", "delete", name]);
    }
    await lab.try("host", "ip", ["link", "del", `${lab.stackName}-up`]);
    await lab.onHost("iptables", ["-t", "nat", "-F"]);
    await lab.onHost("nft", ["flush", "ruleset"]);
    await lab.onHost("sysctl", ["-qw", "net.ipv4.ip_forward=0"]);
    writeFileSync(join(lab.dataDir, "libvirt/boot-id"), "another boot");

    const output = await lab.tenrec(["rejoin"]);
    assert.match(output, /The cloud is back/);
    assert.ok((await networks()).length >= 2);
    assert.deepEqual((await doctor()).report.findings, []);
    const topics = ["routes IPv4", "iptables-nft", "namespaces", "processes"];
    const now = await hostPicture(lab);
    for (const topic of topics) assert.deepEqual(now[topic], before[topic], topic);
  });

  test("unstack gives the host back, and what is left in its directory is removed by clean", async () => {
    await lab.tenrec(["unstack"]);
    await sameAsBefore();
    await lab.tenrec(["clean"]);
    const left = readdirSync(join(lab.directory, "dest"), { recursive: true, encoding: "utf8" });
    assert.deepEqual(
      left.filter((path) => !path.startsWith("logs")),
      [],
    );
    assert.ok(readdirSync(join(lab.directory, "dest/logs")).every((name) => name.startsWith("stack.sh.log")));
  });
});
