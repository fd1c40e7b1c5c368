import assert from "node:assert/strict";
import { test } from "node:test";
import { lastingLeases } from "../../../src/host/dnsmasq/leases.ts";

const DUID = "duid 00:01:00:01:2f:00:00:00:fa:16:3e:00:00:02";
const v4 = "1796000000 fa:16:3e:00:00:05 10.0.0.5 host-10-0-0-5 ff:00:01";
const v6 = "1796000000 7 fd00::5 host-10-0-0-5 00:03:00:01:fa:16:3e:00:00:05";
const temporary = "1796000000 T9 fd00::6 * 00:04:aa";
const file = (...lines: string[]) => [...lines, ""].join("\n");
const host = (mac: string, address: string, tags = "set:port-1,set:guest-0") => `${mac},${tags},name,${address}`;
const [five, six] = ["fa:16:3e:00:00:05", "fa:16:3e:00:00:06"];

test("leases last while their address keeps its owner", () => {
  const all = file(v4, DUID, v6, temporary);
  const hosts = [host(five, "10.0.0.5"), host(five, "[fd00::5]"), host(six, "[fd00::6]", "set:port-2")];
  assert.equal(lastingLeases(all, hosts, hosts), null);
  assert.equal(lastingLeases("", [], hosts), null);
  const renamed = hosts.map((line) => line.replace(",name,", ",other,"));
  assert.equal(lastingLeases(all, hosts, renamed), null, "by another name it is the same");
});

test("leases end when their address is another's: by MAC, and for IPv6 by tags and without an owner, too", () => {
  const before = [host(five, "10.0.0.5"), host(five, "[fd00::5]")];
  const cases: [string, string[], string][] = [
    ["another MAC", [host(six, "10.0.0.5"), host(six, "[fd00::5]")], file(DUID)],
    ["another guest", [host(five, "[fd00::5]", "set:port-1,set:guest-1")], file(v4, DUID)],
    ["another port", [host(five, "[fd00::5]", "set:port-3,set:guest-0")], file(v4, DUID)],
    ["nobody", [], file(v4, DUID)],
  ];
  for (const [what, after, expected] of cases)
    assert.equal(lastingLeases(file(v4, DUID, v6), before, after), expected, what);
  // Nobody knows whose it was: the file of hosts is gone, or of a version that gave no tags.
  assert.equal(lastingLeases(file(v6), [], before), file());
});

test("an address is the same in each spelling", () => {
  const mapped = "1796000000 7 ::ffff:1.2.3.4 name 00:04:aa";
  const hosts = [host(five, "[::ffff:102:304]")];
  assert.equal(lastingLeases(file(mapped), hosts, hosts), null);
});
