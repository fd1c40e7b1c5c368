import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createApps } from "../../../src/app.ts";
import { dashboardMigrations } from "../../../src/dashboard/server/index.ts";
import { createCloud } from "../../../src/kernel/kernel.ts";
import { FakeNetworkDriver } from "../../../src/services/network/driver/fake.ts";
import { network as networkService } from "../../../src/services/network/index.ts";
import { identityStub } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";
import { workPerTurn } from "../../support/rows-read.ts";
import { testSettings } from "../../support/settings.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** What one request makes many of is made in slices, is there as a whole or not at all, and nobody waits for it. */

let api: NetworkApi;
let network: Json;
const ME = "member:alpha";
const ADMIN = "admin:ops";

before(async () => {
  api = await networkApi();
  const unlimited = { port: -1, network: -1, subnet: -1, security_group: -1, security_group_rule: -1, router: -1 };
  await api.call(ADMIN, "PUT", "/quotas/alpha", { quota: unlimited });
  network = await api.make(ME, "network", { name: "n" });
  await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.64.0.0/16" });
});
after(() => api.t.close());

const many = <T>(count: number, one: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => one(index));
const ports = (count: number) => ({ ports: many(count, (n) => ({ network_id: network.id, name: `bulk-${n}` })) });
const count = async (path: string, plural: string): Promise<number> => (await api.call(ME, "GET", path))[plural].length;
const unfinished = () => api.t.cloud.kernel.db.prepare("SELECT * FROM network_unfinished").all();

test("300 of each are made in the order asked for, no more than 25 of them in one turn", async () => {
  const groups = await api.call(ME, "POST", "/security-groups", { security_group: { name: "g" } });
  const rule = { security_group_id: groups.security_group.id, direction: "ingress", protocol: "tcp" };
  const bodies: [string, string, Json[]][] = [
    ["/ports", "ports", ports(300).ports],
    ["/networks", "networks", many(300, (n) => ({ name: `bulk-${n}` }))],
    ["/routers", "routers", many(300, (n) => ({ name: `bulk-${n}` }))],
    [
      "/security-group-rules",
      "security_group_rules",
      many(300, (n) => ({ ...rule, port_range_min: n + 1, port_range_max: n + 1, description: `bulk-${n}` })),
    ],
    [
      "/subnets",
      "subnets",
      many(300, (n) => ({ network_id: "", ip_version: 4, cidr: "10.1.0.0/24", name: `bulk-${n}` })),
    ],
  ];
  for (const [path, plural, wanted] of bodies) {
    let made: Json[] = [];
    const work = await workPerTurn(api.t.cloud.kernel, async () => {
      made = (await api.call(ME, "POST", path, { [plural]: wanted }))[plural];
    });
    const nameOf = (one: Json) => (plural === "security_group_rules" ? one.description : one.name);
    assert.deepEqual(
      made.map(nameOf),
      many(300, (n) => `bulk-${n}`),
    );
    assert.ok(work.length >= 300 / 25, `${path}: ${work.length} turns`);
    if (plural === "networks")
      for (const [n, subnet] of (bodies.at(-1)?.[2] ?? []).entries()) subnet.network_id = made[n].id;
    assert.ok(Math.max(...work) <= 1_300, `${path}: ${Math.max(...work)} rows and statements in one turn`);
    assert.deepEqual(unfinished(), []);
    const ids = new Set(made.map(({ id }) => id));
    const shown: Json[] = (await api.call(ME, "GET", path))[plural];
    assert.equal(shown.filter(({ id }) => ids.has(id)).length, 300);
  }
});

test("one that cannot be made takes all the others along", async () => {
  const there = await count("/ports", "ports");
  const wanted = ports(120).ports as Json[];
  wanted[110].fixed_ips = [{ ip_address: "192.168.9.9" }];
  await api.refused(ME, "POST", "/ports", { ports: wanted }, 400, "InvalidIpForNetwork");
  assert.equal(await count("/ports", "ports"), there);
  assert.deepEqual(unfinished(), []);
  await api.call(ADMIN, "PUT", "/quotas/alpha", { quota: { port: there + 100 } });
  const work = await workPerTurn(api.t.cloud.kernel, () =>
    api.refused(ME, "POST", "/ports", ports(101), 409, "OverQuota"),
  );
  assert.ok(Math.max(...work) < 100, "refused before any is made");
  assert.equal((await api.call(ME, "POST", "/ports", ports(100))).ports.length, 100);
  await api.call(ADMIN, "PUT", "/quotas/alpha", { quota: { port: -1 } });
});

test("nobody sees, takes or counts on what is half made", async () => {
  const { turns } = api.t.cloud.kernel;
  const there = await count("/ports", "ports");
  const mine = turns.mine;
  let seen = 0;
  let met: string | null = null;
  turns.mine = async (client) => {
    const rows = unfinished() as { id: string }[];
    const [row] = rows;
    if (row !== undefined && rows.length >= 50 && met === null) {
      met = row.id;
      turns.mine = mine;
      seen = await count("/ports", "ports");
      await api.refused(ME, "GET", `/ports/${row.id}`, undefined, 404);
      await api.refused(ME, "DELETE", `/ports/${row.id}`, undefined, 404);
      await api.refused(ME, "PUT", `/ports/${row.id}`, { port: { name: "x" } }, 404);
    }
    return mine.call(turns, client);
  };
  await api.call(ME, "POST", "/ports", ports(100));
  assert.notEqual(met, null);
  assert.equal(seen, there);
  assert.equal((await api.call(ME, "GET", `/ports/${met}`)).port.id, met);
});

test("what a crash leaves half made is gone when the API opens again", async () => {
  const { db, turns } = api.t.cloud.kernel;
  const there = await count("/ports", "ports");
  const networks = await count("/networks", "networks");
  // From then on nobody has a turn, whatever is taken away behind the back of those who wait for one.
  let hasCrashed = false;
  turns.mine = (client) => {
    hasCrashed ||= unfinished().length >= 50;
    return hasCrashed ? new Promise(() => {}) : Object.getPrototypeOf(turns).mine.call(turns, client);
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  void api.answer(ME, "POST", "/ports", ports(100));
  const made = many(100, (n) => ({ name: `crash-${n}` }));
  void api.answer(ME, "POST", "/networks", { networks: made });
  while (!hasCrashed) await turn();
  // Who had its turn already has taken it.
  for (let left = -1; left !== unfinished().length; ) {
    left = unfinished().length;
    for (let n = 0; n < 20; n += 1) await turn();
  }
  const driver = new FakeNetworkDriver();
  const services = [identityStub(), networkService({ driver })];
  const second = createCloud({
    settings: testSettings(),
    db,
    services,
    migrations: dashboardMigrations,
    sink: () => {},
  });
  await second.start();
  assert.deepEqual(unfinished(), []);
  const { all } = createApps(second);
  const listed = async (path: string): Promise<Json> =>
    (await all.request(`/networking/v2.0${path}`, { headers: { "x-auth-token": ME } })).json();
  assert.equal((await listed("/ports")).ports.length, there);
  assert.equal((await listed("/networks")).networks.length, networks);
  await second.stop();
});
