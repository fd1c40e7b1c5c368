import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Desired } from "../../../src/services/network/desired/collect.ts";
import type { DesiredFirewall, DesiredNetwork } from "../../../src/services/network/driver/driver.ts";
import { COUNTED } from "../../../src/services/network/migrations/0014-counted-use.ts";
import { NetworkStore } from "../../../src/services/network/store/store.ts";
import type { Json } from "../../support/json.ts";
import { rowsRead } from "../../support/rows-read.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** What is rendered of changes alone is what a rendering of everything makes. */

let api: NetworkApi;
const ME = "member:alpha";
const ADMIN = "admin:ops";
const UNLIMITED = { port: -1, network: -1, subnet: -1, router: -1, security_group: -1, security_group_rule: -1 };

before(async () => {
  api = await networkApi();
  for (const project of ["alpha", "beta"]) await api.call(ADMIN, "PUT", `/quotas/${project}`, { quota: UNLIMITED });
});
after(() => api.t.close());

const byText = (one: unknown, other: unknown) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1);
const inOrder = <T>(list: readonly T[]): T[] => [...list].sort(byText);

/** Its lists are sets. */
const sorted = ({ ports, groups }: DesiredFirewall) => ({
  ports: inOrder(ports),
  groups: inOrder(
    groups.map((group) => ({ ...group, rules: inOrder(group.rules), memberAddresses: inOrder(group.memberAddresses) })),
  ),
});

const withSortedLeases = (network: DesiredNetwork | null | undefined) =>
  network == null ? null : { ...network, leases: inOrder(network.leases) };

/** What triggers count is how many there are. */
function checkCounted(what: string): void {
  const { db } = api.t.cloud.kernel;
  const projects = COUNTED.map(
    (table) => `SELECT project_id, '${table}' AS kind, count(*) AS used FROM ${table} GROUP BY 1`,
  );
  const sums = db.prepare(`SELECT * FROM (${projects.join(" UNION ALL ")}) ORDER BY 1, 2`).all();
  assert.deepEqual(db.prepare("SELECT * FROM network_project_use WHERE used <> 0 ORDER BY 1, 2").all(), sums, what);
  assert.deepEqual(
    db.prepare("SELECT * FROM network_subnet_use WHERE used <> 0 ORDER BY 1").all(),
    db.prepare("SELECT subnet_id, count(*) AS used FROM network_port_ips GROUP BY 1 ORDER BY 1").all(),
    what,
  );
}

async function checkAll(what: string): Promise<void> {
  const { kernel } = api.t.cloud;
  const fresh = new Desired(new NetworkStore(kernel.db), kernel.settings.network);
  assert.deepEqual(sorted(api.driver.firewall), sorted(await fresh.firewall(null, async () => {})), what);
  checkCounted(what);
  const ids = kernel.db.prepare<[], string>("SELECT id FROM network_networks ORDER BY id").pluck().all() as string[];
  assert.deepEqual([...api.driver.networks.keys()].sort(), ids, what);
  for (const id of ids)
    assert.deepEqual(withSortedLeases(api.driver.networks.get(id)), withSortedLeases(fresh.network(id, null)), what);
}

/** Numbers that are the same at every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return (state >> 8) % below;
  };
}

for (const seed of [1, 2, 3, 4])
  test(`after random changes the host is told what a rendering of everything says (${seed})`, async () => {
    const random = numbers(seed);
    const facade = api.t.cloud.kernel.facade("network");
    const network = await api.make(ME, "network", { name: "n" });
    const subnet = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
    const router = await api.make(ME, "router", { name: "r" });
    const groups: Json[] = [];
    const ports: Json[] = [];
    const rules: string[] = [];
    const addressGroups: Json[] = [];
    const of = <T>(list: readonly T[]): T => list[random(list.length)] as T;
    const group = async () => groups.push(await api.make(ME, "security_group", { name: `g${groups.length}` }));
    const port = async () => {
      const own = random(2) === 0 ? {} : { security_groups: [...new Set([of(groups).id, of(groups).id])] };
      ports.push(await api.make(ME, "port", { network_id: network.id, ...own }));
    };
    const addressGroup = async () => {
      const made = await api.make(ME, "address_group", { name: "a", addresses: [`192.0.2.${random(200)}/32`] });
      addressGroups.push(made);
    };
    await group();
    await group();
    await addressGroup();
    for (let n = 0; n < 4; n += 1) await port();
    const rule = async () => {
      const remotes = [
        {},
        { remote_group_id: of(groups).id },
        { remote_address_group_id: of(addressGroups).id },
        { remote_ip_prefix: "10.1.0.0/16" },
      ];
      const number = random(60_000) + 1;
      const wanted = { direction: "ingress", protocol: "tcp", port_range_min: number, port_range_max: number };
      const { status, body } = await api.answer(ME, "POST", "/security-group-rules", {
        security_group_rule: { ...wanted, security_group_id: of(groups).id, ...of(remotes) },
      });
      if (status === 201) rules.push(body.security_group_rule.id);
    };
    const quietly = (method: string, path: string, body?: unknown) => () => api.answer(ME, method, path, body);
    const changes: (() => Promise<unknown>)[] = [
      port,
      rule,
      rule,
      group,
      addressGroup,
      async () => facade.bindPorts([of(ports).id], { deviceId: "guest" }).catch(() => {}),
      async () => facade.bindPorts([of(ports).id], { deviceId: "guest" }).catch(() => {}),
      async () => facade.unbindPort(of(ports).id),
      async () => facade.anotherGuest([of(ports).id]),
      async () => quietly("PUT", `/ports/${of(ports).id}`, { port: { security_groups: [of(groups).id] } })(),
      async () => quietly("PUT", `/ports/${of(ports).id}`, { port: { security_groups: [] } })(),
      async () => quietly("PUT", `/ports/${of(ports).id}`, { port: { fixed_ips: [{ subnet_id: subnet.id }] } })(),
      async () => quietly("PUT", `/ports/${of(ports).id}`, { port: { name: "other", dns_name: `d${random(9)}` } })(),
      async () =>
        quietly("PUT", `/ports/${of(ports).id}`, {
          port: { allowed_address_pairs: random(2) === 0 ? [] : [{ ip_address: `10.9.0.${random(9)}/32` }] },
        })(),
      async () => quietly("PUT", `/ports/${of(ports).id}`, { port: { port_security_enabled: random(2) === 0 } })(),
      async () =>
        quietly("PUT", `/ports/${of(ports).id}`, { port: { device_owner: of(["", "network:x", "compute:n"]) } })(),
      async () => {
        if (ports.length > 3) await api.answer(ME, "DELETE", `/ports/${ports.splice(random(ports.length), 1)[0]?.id}`);
      },
      async () => {
        if (rules.length > 0) await api.answer(ME, "DELETE", `/security-group-rules/${rules.pop()}`);
      },
      async () => {
        const one = of(groups);
        const { status } = await api.answer(ME, "DELETE", `/security-groups/${one.id}`);
        if (status === 204) groups.splice(groups.indexOf(one), 1);
        if (groups.length === 0) await group();
      },
      async () =>
        quietly("PUT", `/address-groups/${of(addressGroups).id}/${of(["add_addresses", "remove_addresses"])}`, {
          addresses: [`192.0.2.${random(200)}/32`],
        })(),
      async () => {
        const v6 = { network_id: network.id, ip_version: 6, cidr: "fd00::/64", ipv6_address_mode: "slaac" };
        const { status, body } = await api.answer(ME, "POST", "/subnets", { subnet: { ...v6, ipv6_ra_mode: "slaac" } });
        if (status === 201 && random(2) === 0) await api.answer(ME, "DELETE", `/subnets/${body.subnet.id}`);
      },
      quietly("PUT", `/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id }),
      quietly("PUT", `/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id }),
      async () => {
        const other = await api.make(ME, "network", { name: "passing" });
        await api.make(ME, "subnet", { network_id: other.id, ip_version: 4, cidr: "10.5.0.0/24" });
        await api.make(ME, "port", { network_id: other.id, device_owner: "network:dhcp" });
        await api.answer(ME, "DELETE", `/networks/${other.id}`);
      },
    ];
    for (let step = 0; step < 120; step += 1) {
      const index = random(changes.length);
      await changes[index]?.();
      // Now and then several changes are one picture.
      if (random(3) === 0) continue;
      await api.settled();
      await checkAll(`step ${step}, change ${index}`);
    }
  });

test("what is not touched is the same object in the next picture", async () => {
  const network = await api.make("member:beta", "network", { name: "n" });
  await api.make("member:beta", "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
  const bound = { device_id: "guest", device_owner: "compute:nova", "binding:host_id": "here" };
  const make = () => api.make("admin:beta", "port", { network_id: network.id, ...bound });
  const first = await make();
  await api.settled();
  const before = api.driver.firewall;
  const leases = api.driver.networks.get(network.id)?.leases ?? [];
  const second = await make();
  await api.settled();
  const after = api.driver.firewall;
  const portsOf = (firewall: DesiredFirewall) => new Map(firewall.ports.map((port) => [port.portId, port]));
  assert.ok(portsOf(after).has(second.id));
  for (const [id, port] of portsOf(before)) assert.equal(portsOf(after).get(id), port);
  const group = (firewall: DesiredFirewall) => firewall.groups.find(({ id }) => id === first.security_groups[0]);
  assert.equal(group(after)?.rules, group(before)?.rules);
  assert.deepEqual(api.driver.networks.get(network.id)?.leases.slice(0, leases.length), leases);
  for (const [index, lease] of leases.entries())
    assert.equal(api.driver.networks.get(network.id)?.leases[index], lease);
});

test("a port and a rule cost as many rows beside 400 ports as beside 10", async () => {
  const { db } = api.t.cloud.kernel;
  const network = await api.make("member:beta", "network", { name: "wide" });
  await api.make("member:beta", "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/16" });
  const bound = { device_id: "guest", device_owner: "compute:nova", "binding:host_id": "here" };
  const port = { network_id: network.id, ...bound };
  const fill = async (count: number) => {
    await api.call("admin:beta", "POST", "/ports", { ports: Array.from({ length: count }, () => port) });
    await api.settled();
  };
  let number = 100;
  const costs = async () => {
    await api.settled();
    const ofPort = await rowsRead(db, async () => {
      await api.make("admin:beta", "port", port);
      await api.settled();
    });
    const [group] = (await api.call("member:beta", "GET", "/security-groups")).security_groups;
    number += 1;
    const range = { port_range_min: number, port_range_max: number };
    const ofRule = await rowsRead(db, async () => {
      const rule = { security_group_id: group.id, direction: "ingress", protocol: "tcp", ...range };
      await api.make("member:beta", "security_group_rule", rule);
      await api.settled();
    });
    return { port: ofPort.rows, rule: ofRule.rows };
  };
  await fill(10);
  await costs();
  const few = await costs();
  await fill(400);
  const many = await costs();
  assert.ok(few.port > 10, `${few.port} rows are seen`);
  assert.ok(many.port <= few.port + 3, `a port: ${few.port} rows beside 10, ${many.port} beside 400`);
  assert.ok(many.rule <= few.rule + 3, `a rule: ${few.rule} rows beside 10, ${many.rule} beside 400`);
});
