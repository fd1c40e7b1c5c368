import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { COPY, copyRows, costlyPlans, rowsRead } from "../../support/rows-read.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** A page costs what is on it: as many rows are read of 60 things as of 2,000. */

let api: NetworkApi;
let network: Json;
let subnet: Json;
let group: Json;
let port: Json;
const ME = "member:alpha";
const ADMIN = "admin:ops";
const LIMIT = 20;
/** Which ones, and of each its row, an address and a group; a few of the caller's. */
const MOST_ROWS = 4 * LIMIT + 5;

before(async () => {
  api = await networkApi();
  network = await api.make(ME, "network", { name: "n" });
  subnet = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.64.0.0/14" });
  port = await api.make(ME, "port", { name: "copied", network_id: network.id });
  group = (await api.call(ME, "GET", "/security-groups")).security_groups[0];
  // What is brought onto the host meanwhile reads, too.
  await api.t.cloud.kernel.facade("network").settled();
});
after(() => api.t.close());

/** So many more of everything, as if each had been made. */
function grow(from: number, to: number): void {
  const { db } = api.t.cloud.kernel;
  const [rule] = group.security_group_rules;
  const copies = { from, to };
  copyRows(db, "network_ports", port.id, copies, { name: "'p' || @n", mac_address: "'mac' || @n" });
  copyRows(db, "network_security_group_rules", rule.id, copies, { port_range_min: "@n" });
  copyRows(db, "network_networks", network.id, copies, { name: "'n' || @n", provider_segment: "NULL" });
  copyRows(db, "network_subnets", subnet.id, copies, { name: "'s' || @n", network_id: COPY });
  copyRows(db, "network_security_groups", group.id, copies, { name: "'g' || @n", is_default: "0" });
  db.exec(`
    INSERT OR IGNORE INTO network_port_ips (port_id, position, network_id, subnet_id, address)
      SELECT id, 0, network_id, '${subnet.id}', 'address of ' || name FROM network_ports;
    INSERT OR IGNORE INTO network_port_security_groups (port_id, group_id) SELECT id, '${group.id}' FROM network_ports;`);
}

const paths = () => [
  "/ports?",
  "/ports?status=DOWN&",
  "/ports?admin_state_up=true&",
  `/ports?network_id=${network.id}&`,
  "/ports?name=p17&",
  "/ports?sort_key=name&sort_dir=desc&",
  `/ports?fixed_ips=subnet_id=${subnet.id}&`,
  "/ports?fixed_ips=ip_address=address of p7&",
  `/ports?security_groups=${group.id}&`,
  "/ports?page_reverse=True&",
  `/ports?marker=${port.id}&`,
  "/security-group-rules?",
  `/security-group-rules?security_group_id=${group.id}&`,
  "/subnets?",
  "/networks?",
  // Not the one that shows all the rules there are; as a marker it is only a place.
  "/security-groups?name=g7&",
  `/security-groups?name=g7&marker=${group.id}&`,
  "/network-ip-availabilities?",
  `/network-ip-availabilities?ip_version=4&marker=${network.id}&`,
];

test("a page reads as many rows of 60 things as of 2,000, along indexes", async () => {
  const { db } = api.t.cloud.kernel;
  const read = async () => {
    const costs = new Map<string, { statements: number; rows: number }>();
    for (const token of [ME, ADMIN])
      for (const path of paths()) {
        // What the host is told meanwhile reads, too.
        await api.settled();
        const page = () => rowsRead(db, () => api.call(token, "GET", `${path}limit=${LIMIT}`));
        const first = await page();
        assert.deepEqual(costlyPlans(db, first), [], path);
        assert.ok(first.rows <= MOST_ROWS, `${path} reads ${first.rows} rows`);
        // Ports that an earlier page has read are not read again.
        const seen = await page();
        costs.set(`${token} ${path}`, { statements: seen.statements, rows: seen.rows });
      }
    return costs;
  };
  grow(1, 60);
  // What is made by the first look is there, on the host too.
  for (const token of [ME, ADMIN]) for (const path of paths()) await api.call(token, "GET", `${path}limit=${LIMIT}`);
  await api.t.cloud.kernel.facade("network").settled();
  const few = await read();
  grow(61, 2_000);
  assert.deepEqual(await read(), few);
  assert.ok(
    [...few.values()].every(({ rows }) => rows <= 6 * LIMIT),
    JSON.stringify([...few]),
  );
});

test("that a rule is there already is known without reading the others of its group", async () => {
  const { db } = api.t.cloud.kernel;
  const rule = {
    security_group_id: group.id,
    direction: "ingress",
    protocol: "tcp",
    port_range_min: 80,
    port_range_max: 81,
  };
  await api.call(ADMIN, "PUT", "/quotas/alpha", { quota: { security_group_rule: -1 } });
  const { id } = await api.make(ME, "security_group_rule", { ...rule, remote_ip_prefix: "0.0.0.0/0" });
  await api.settled();
  for (const other of [rule, { ...rule, protocol: "6" }]) {
    const seen = await rowsRead(db, async () => {
      const said = await api.refused(ME, "POST", "/security-group-rules", { security_group_rule: other }, 409);
      assert.equal(said.message, `Security group rule already exists. Rule id is ${id}.`);
    });
    assert.deepEqual(costlyPlans(db, seen), []);
    assert.ok(seen.rows <= 12, `${seen.rows} rows`);
  }
});

test("which networks an agent serves is asked once, however many there are", async () => {
  const { agents } = await api.call(ADMIN, "GET", "/agents?binary=neutron-dhcp-agent");
  const { statements, read } = await rowsRead(api.t.cloud.kernel.db, async () => {
    const { networks } = await api.call(ADMIN, "GET", `/agents/${agents[0].id}/dhcp-networks`);
    assert.ok(networks.length > 2_000);
  });
  assert.ok(statements <= 12, read.map(({ sql }) => sql).join("\n"));
});

test("quotas and addresses are counted without a look at what is there", async () => {
  const { db } = api.t.cloud.kernel;
  await api.call(ADMIN, "PUT", "/quotas/alpha", { quota: { port: 100_000 } });
  const asked = [
    () => api.call(ADMIN, "GET", "/quotas/alpha/details"),
    () => api.call(ADMIN, "GET", `/network-ip-availabilities/${network.id}`),
    () => api.make(ME, "port", { network_id: network.id }),
  ];
  for (const one of asked) {
    await api.settled();
    const { read } = await rowsRead(db, one);
    assert.ok(read.length > 0);
    assert.deepEqual(
      read.filter(({ sql }) => sql.includes("count(*)")),
      [],
    );
  }
  const { quota } = await api.call(ADMIN, "GET", "/quotas/alpha/details");
  assert.equal(quota.port.used, (await api.call(ME, "GET", "/ports?fields=id&project_id=alpha")).ports.length);
  const { network_ip_availability: addresses } = await api.call(
    ADMIN,
    "GET",
    `/network-ip-availabilities/${network.id}`,
  );
  const taken = db.prepare("SELECT count(*) FROM network_port_ips WHERE subnet_id = ?").pluck().get(subnet.id);
  assert.equal(addresses.used_ips, taken);
});

test("ports are found by a part of an address without reading the other ports", async () => {
  const { db } = api.t.cloud.kernel;
  await api.settled();
  let found: Json[] = [];
  const seen = await rowsRead(db, async () => {
    found = (await api.call(ADMIN, "GET", "/ports?fixed_ips=ip_address_substr=of p1777")).ports;
  });
  assert.deepEqual(
    found.map(({ name }) => name),
    ["p1777"],
  );
  assert.ok(seen.rows <= 15, `${seen.rows} rows`);
});

test("what few things say is found without a look at the others, and finds what a look at all does", async () => {
  const { db } = api.t.cloud.kernel;
  await api.call(ME, "PUT", `/ports/${port.id}/tags/seldom`);
  await api.call(ME, "PUT", `/networks/${network.id}/tags/seldom`);
  await api.call(ME, "PUT", `/networks/${network.id}/tags/rare`);
  await api.call(ME, "PUT", `/ports/${port.id}`, { port: { description: "the only one" } });
  await api.settled();
  for (const [path, key, found] of [
    ["/ports?tags=seldom", "ports", [port.id]],
    ["/ports?tags=seldom,rare", "ports", []],
    ["/ports?tags-any=seldom,rare", "ports", [port.id]],
    ["/ports?description=the only one", "ports", [port.id]],
    ["/ports?description=nobody", "ports", []],
    ["/ports?revision_number=777", "ports", []],
    ["/networks?tags=seldom,rare", "networks", [network.id]],
    ["/networks?provider:network_type=gre", "networks", []],
    ["/networks?provider:segmentation_id=99999", "networks", []],
    ["/security-groups?tags=seldom", "security_groups", []],
    ["/subnets?tags-any=seldom", "subnets", []],
  ] as const)
    for (const token of [ME, ADMIN]) {
      let ids: string[] = [];
      const seen = await rowsRead(db, async () => {
        ids = (await api.call(token, "GET", path))[key].map(({ id }: Json) => id);
      });
      assert.deepEqual(ids, found, `${token} ${path}`);
      assert.ok(seen.rows <= 12, `${token} ${path}: ${seen.rows} rows`);
    }
  const not = (await api.call(ME, "GET", "/ports?not-tags=seldom&fields=id")).ports.length;
  assert.equal(not, (await api.call(ME, "GET", "/ports?fields=id")).ports.length - 1);
  assert.equal((await api.call(ME, "GET", "/ports?not-tags-any=seldom,x&fields=id")).ports.length, not);
});
