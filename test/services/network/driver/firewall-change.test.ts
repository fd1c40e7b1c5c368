import assert from "node:assert/strict";
import { test } from "node:test";
import type { Table } from "../../../../src/host/firewall/rules.ts";
import type {
  DesiredFirewall,
  DesiredPortFirewall,
  DesiredRule,
} from "../../../../src/services/network/driver/driver.ts";
import type { Bridge } from "../../../../src/services/network/driver/linux/bridges.ts";
import { type Chains, changeOf, restoreOf } from "../../../../src/services/network/driver/linux/firewall-change.ts";

/** Chains of a host that has nothing but what `iptables-restore --noflush` made of these tables. */
class Host {
  readonly chains = new Map<string, unknown>();

  /** Names of the chains that were written. */
  restore(tables: readonly Table[]): string[] {
    for (const { chains, removed = [] } of tables) {
      for (const { name, rules } of chains) this.chains.set(name, rules);
      for (const name of removed) {
        assert.ok(this.chains.has(name), `${name} is not there`);
        this.chains.delete(name);
      }
    }
    const text = JSON.stringify([...this.chains.values()]);
    for (const [, name = ""] of text.matchAll(/"-[jg]","(tenrec-[^"]+)"/g))
      assert.ok(this.chains.has(name), `a rule leads to ${name}, which is not there`);
    return tables.flatMap(({ chains }) => chains.map(({ name }) => name));
  }
}

const bridges = new Map<string, Bridge>([["net", { name: "brq-net", external: false, zone: 1 }]]);

function apply(host: Host, known: { firewall: DesiredFirewall; chains: Chains } | null, after: DesiredFirewall) {
  const change = changeOf(known?.firewall ?? null, after);
  const { tables, chains } = restoreOf(change, after, bridges, 4, known?.chains ?? null, []);
  return { written: host.restore(tables), known: { firewall: after, chains } };
}

/** Numbers that are the same at every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state >> 8) % below;
  };
}

const idOf = (number: number): string => `${String(number).padStart(8, "0")}-0000-4000-8000-000000000000`;

const rule = (number: number): DesiredRule => ({
  id: idOf(number),
  direction: number % 2 === 0 ? "ingress" : "egress",
  ethertype: "IPv4",
  protocol: "tcp",
  portRangeMin: 1 + number,
  portRangeMax: 1 + number,
  remoteIpPrefix: null,
  remoteGroupId: null,
});

const port = (number: number, securityGroupIds: string[], portSecurityEnabled = true): DesiredPortFirewall => ({
  portId: idOf(number),
  networkId: "net",
  mac: "fa:16:3e:00:00:01",
  fixedIps: [{ subnetId: "s", address: `10.0.0.${number}`, prefixLength: 24 }],
  allowedAddressPairs: [],
  portSecurityEnabled,
  securityGroupIds,
  stateless: false,
});

test("after random changes the chains are those of a host on which everything was made at once", () => {
  const random = numbers(11);
  const host = new Host();
  let known: ReturnType<typeof apply>["known"] | null = null;
  const ports = new Map<number, DesiredPortFirewall>();
  const groups = new Map<number, DesiredFirewall["groups"][number]>();
  for (let step = 0; step < 400; step += 1) {
    const number = random(6);
    const some = () => [...new Set([idOf(100 + random(4)), idOf(100 + random(4))])];
    const kind = random(5);
    if (kind <= 1) ports.set(number, port(number * 9_100_000, some(), random(4) > 0));
    else if (kind === 2) ports.delete(number);
    else if (kind === 3) {
      const id = 100 + random(4);
      const rules = Array.from({ length: random(4) }, () => rule(random(50)));
      groups.set(id, { id: idOf(id), rules, memberAddresses: [] });
    } else groups.delete(100 + random(4));
    const firewall = { ports: [...ports.values()], groups: [...groups.values()] };
    known = apply(host, known, firewall).known;
    const fresh = new Host();
    apply(fresh, null, firewall);
    const sorted = (one: Host) => [...one.chains].sort(([a], [b]) => (a < b ? -1 : 1));
    assert.deepEqual(sorted(host), sorted(fresh), `step ${step}`);
  }
});

test("a rule writes its group's chain, a port its own two and the two that lead to it", () => {
  const ids = [idOf(100), idOf(101)];
  const groups = ids.map((id) => ({ id, rules: [rule(2)], memberAddresses: [] }));
  const spread = (index: number) => (index % 90) * 1_000_000 + index;
  const ports = Array.from({ length: 400 }, (_, index) => port(spread(index), [ids[index % 2] ?? ""]));
  const host = new Host();
  const first = apply(host, null, { ports, groups });
  assert.equal(first.written.filter((name) => /^tenrec-[oi]\d/.test(name)).length, 2 * 400);
  const [one, two] = groups;
  assert.ok(one !== undefined && two !== undefined);
  const more = [{ ...one, rules: [...one.rules, rule(4)] }, two];
  const second = apply(host, first.known, { ports, groups: more });
  assert.deepEqual(second.written, ["tenrec-gi00000100-0000-4000"]);
  const come = { ports: [...ports, port(400, [one.id])], groups: more };
  const third = apply(host, second.known, come);
  assert.deepEqual(third.written, ["tenrec-from-00", "tenrec-to-00", "tenrec-o00000400-0000", "tenrec-i00000400-0000"]);
  const rules = (name: string) => (host.chains.get(name) as unknown[]).length;
  assert.ok(rules("tenrec-from-00") < 10 && rules("tenrec-from") <= 16 && rules("tenrec-from-0") <= 16);
  const again = apply(host, third.known, third.known.firewall);
  assert.deepEqual(again.written, []);
  const gone = apply(host, third.known, { ports, groups: more });
  assert.deepEqual(gone.written, ["tenrec-from-00", "tenrec-to-00"]);
  // The only one that begins so.
  const last = apply(host, gone.known, { ports: [...ports, port(99_000_000, [one.id])], groups: more });
  assert.deepEqual(last.written.slice(0, 4), ["tenrec-from", "tenrec-from-9", "tenrec-to", "tenrec-to-9"]);
});
