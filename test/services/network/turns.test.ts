import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Desired } from "../../../src/services/network/desired/collect.ts";
import { NetworkStore } from "../../../src/services/network/store/store.ts";
import type { Json } from "../../support/json.ts";
import { COPY, copyRows, rowsRead, workPerTurn } from "../../support/rows-read.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** Nobody waits for another's bulk: no turn works on more than a slice of it, which is counted in rows and statements. */

let api: NetworkApi;
let network: Json;
let port: Json;
const ME = "member:alpha";
const ADMIN = "admin:ops";
const MANY = 2_000;

before(async () => {
  api = await networkApi();
  network = await api.make(ME, "network", { name: "n" });
  const subnet = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.64.0.0/14" });
  port = await api.make(ME, "port", { name: "copied", network_id: network.id });
  const group = (await api.call(ME, "GET", "/security-groups")).security_groups[0];
  const unlimited = { port: -1, network: -1, subnet: -1, security_group: -1, security_group_rule: -1 };
  await api.call(ADMIN, "PUT", "/quotas/alpha", { quota: unlimited });
  const { db } = api.t.cloud.kernel;
  const copies = { from: 1, to: MANY };
  copyRows(db, "network_ports", port.id, copies, { name: "'p' || @n", mac_address: "'mac' || @n" });
  copyRows(db, "network_security_group_rules", group.security_group_rules[0].id, copies, { port_range_min: "@n" });
  copyRows(db, "network_networks", network.id, copies, { name: "'n' || @n", provider_segment: "NULL" });
  copyRows(db, "network_subnets", subnet.id, copies, { name: "'s' || @n", network_id: COPY });
  await api.settled();
});
after(() => api.t.close());

test("a list of everything is read and told in slices, and is the one that its pages are", async () => {
  for (const path of [
    "/ports",
    "/ports?sort_key=name&sort_dir=desc",
    "/networks",
    "/subnets",
    "/security-group-rules",
  ]) {
    const [plural = ""] = path.slice(1).replaceAll("-", "_").split("?");
    let all: Json[] = [];
    const work = await workPerTurn(api.t.cloud.kernel, async () => {
      all = (await api.call(ME, "GET", path))[plural];
    });
    assert.ok(all.length > MANY, `${path}: ${all.length}`);
    assert.ok(Math.max(...work) <= 1_100, `${path}: ${Math.max(...work)} rows in one turn`);
    const paged: Json[] = [];
    for (let marker = ""; ; marker = `&marker=${paged.at(-1).id}`) {
      const query = `${path}${path.includes("?") ? "&" : "?"}limit=700${marker}`;
      const page: Json[] = (await api.call(ME, "GET", query))[plural];
      paged.push(...page);
      if (page.length < 700) break;
    }
    assert.deepEqual(all, paged);
  }
});

test("a group shows thousands of rules a slice a turn, alone, in its list and when it is renamed", async () => {
  const [group] = (await api.call(ME, "GET", "/security-groups?name=default")).security_groups;
  const whole = async (method: string, path: string, body?: Json): Promise<Json> => {
    let shown: Json = null;
    const work = await workPerTurn(api.t.cloud.kernel, async () => {
      shown = await api.call(ME, method, path, body);
    });
    assert.ok(Math.max(...work) <= MANY + 400, `${path}: ${Math.max(...work)} rows in one turn`);
    assert.ok(work.length >= MANY / 200, `${path}: ${work.length} turns`);
    return shown;
  };
  const rules = (await whole("GET", `/security-groups/${group.id}`)).security_group.security_group_rules;
  assert.ok(rules.length > MANY);
  assert.deepEqual(
    rules.map(({ tags: _tags, ...rule }: Json) => rule),
    (await api.call(ME, "GET", `/security-group-rules?security_group_id=${group.id}`)).security_group_rules,
  );
  const listed = (await whole("GET", "/security-groups")).security_groups.find(({ id }: Json) => id === group.id);
  assert.deepEqual(listed.security_group_rules, rules);
  const renamed = await whole("PUT", `/security-groups/${group.id}`, { security_group: { description: "long" } });
  assert.deepEqual(renamed.security_group.security_group_rules, rules);
});

test("a look through all ports for few takes a slice a turn", async () => {
  let found = -1;
  const work = await workPerTurn(api.t.cloud.kernel, async () => {
    found = (await api.call(ME, "GET", "/ports?not-tags=none&revision_number=77&limit=5")).ports.length;
  });
  assert.equal(found, 0);
  assert.ok(Math.max(...work) <= 1_100, `${Math.max(...work)} rows in one turn`);
});

test("a firewall of thousands of ports and rules is rendered in slices, and a rule more reads itself", async () => {
  const { kernel } = api.t.cloud;
  const { db, turns } = kernel;
  const bound = { device_id: "guest", device_owner: "compute:nova", "binding:host_id": "here" };
  const first = await api.make(ADMIN, "port", { network_id: network.id, project_id: "alpha", ...bound });
  const [group] = first.security_groups;
  db.prepare(
    `INSERT OR IGNORE INTO network_port_security_groups (port_id, group_id) SELECT id, ? FROM network_ports WHERE id LIKE 'zzzz%'`,
  ).run(group);
  const desired = new Desired(new NetworkStore(db), kernel.settings.network);
  let rules = 0;
  const work = await workPerTurn(kernel, async () => {
    const { groups } = await desired.firewall(null, () => turns.background());
    rules = groups.find(({ id }) => id === group)?.rules.length ?? 0;
  });
  assert.ok(rules > MANY);
  assert.ok(work.length >= (2 * MANY) / 250, `${work.length} turns`);
  // All ids at once are cheap.
  assert.ok(Math.max(...work) <= 2 * MANY + 1_500, `${Math.max(...work)} rows in one turn`);
  const { read } = await rowsRead(db, async () => {
    const rule = {
      security_group_id: group,
      direction: "ingress",
      protocol: "udp",
      port_range_min: 7,
      port_range_max: 7,
    };
    await api.make(ME, "security_group_rule", rule);
    const again = await desired.firewall({ ports: [], groups: [group] }, () => turns.background());
    assert.equal(again.groups.find(({ id }) => id === group)?.rules.length, rules + 1);
  });
  const whole = read.filter(({ sql }) => /SELECT \*.*FROM network_security_group_rules/.test(sql));
  for (const { params } of whole) assert.ok(String(params[0]).length < 100, "more than one rule is read");
  assert.deepEqual(
    { ...(await desired.firewall(null, async () => {})) },
    { ...(await new Desired(new NetworkStore(db), kernel.settings.network).firewall(null, async () => {})) },
  );
});
