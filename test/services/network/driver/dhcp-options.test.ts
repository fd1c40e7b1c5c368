import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { promisify } from "node:util";
import { dhcpFiles } from "../../../../src/services/network/driver/linux/dhcp-files.ts";
import { optionOf, unservedOptions } from "../../../../src/services/network/driver/linux/dhcp-options.ts";
import { network, subnet } from "./lab.ts";

const run = promisify(execFile);
const option = (name: string, value: string, ipVersion: 4 | 6 = 4) => ({ name, value, ipVersion });
const words = (name: string, value: string, ipVersion: 4 | 6 = 4) => {
  const found = optionOf(option(name, value, ipVersion));
  return "words" in found ? found.words : null;
};

test("options are written as dnsmasq reads them, by name or number, of both versions", () => {
  assert.equal(words("bootfile-name", "pxelinux.0"), "option:bootfile-name,pxelinux.0");
  assert.equal(words("NTP-Server", "10.0.0.9,10.0.0.10"), "option:NTP-Server,10.0.0.9,10.0.0.10");
  assert.equal(words("T1", "60"), "option:T1,60");
  assert.equal(words("150", "10.0.0.1"), "150,10.0.0.1");
  assert.equal(words("router", ""), "option:router");
  assert.equal(words("ntp-server", "[fd00::1]", 6), "option6:ntp-server,[fd00::1]");
  assert.equal(words("59", "tftp://[fd00::1]/x", 6), "option6:59,tftp://[fd00::1]/x");
});

test("what dnsmasq cannot serve is left out of its files and said, and the rest is served", () => {
  const odd = [
    option("no such option!", "x"),
    option("tag:other,option:router", "10.0.0.66"),
    option("255", "x"),
    option("bootfile-name", "x", 6),
    option("bootfile-name", "a\nb"),
    option("ntp-server", "time.example.org"),
  ];
  const sub = subnet("10.0.0.0/24", "10.0.0.1");
  const lease = {
    portId: randomUUID(),
    mac: "fa:16:3e:00:00:01",
    hostname: "host-10-0-0-5",
    fixedIps: [{ subnetId: sub.id, address: "10.0.0.5", prefixLength: 24 }],
    formerGuests: 0,
    options: [...odd, option("mtu", "1400")],
  };
  const net = { ...network([sub]), leases: [lease] };
  const files = dhcpFiles(net, "ns-x", { upstreamDns: [], leaseDuration: 60, isRouted: () => true });
  const own = files.options.filter((line) => line.startsWith(`tag:port-${lease.portId}`));
  assert.deepEqual(own, [`tag:port-${lease.portId},option:mtu,1400`]);
  const said = unservedOptions(net.leases);
  assert.equal(said.length, odd.length);
  assert.equal(
    said[0],
    `DHCP option "no such option!" of port ${lease.portId} is left out: dnsmasq knows no such option`,
  );
});

test("the names are those that the installed dnsmasq knows", async (t) => {
  for (const [version, help] of [
    [4, "dhcp"],
    [6, "dhcp6"],
  ] as const) {
    const found = await run("dnsmasq", ["--help", help]).catch(() => null);
    if (found === null) return t.skip("no dnsmasq here");
    const names = [...found.stdout.matchAll(/^\s*\d+ (\S+)$/gm)].map((match) => match[1] ?? "");
    assert.ok(names.length > 10);
    for (const name of names) assert.notEqual(words(name, "", version), null, `${name} of DHCPv${version}`);
  }
});
