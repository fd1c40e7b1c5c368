import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { rowsRead } from "../../support/rows-read.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** Pages of ports keep what they read until it is written to. Lists without a limit keep nothing: both must say the same. */

let api: NetworkApi;
const ME = "member:alpha";
const ADMIN = "admin:ops";

before(async () => {
  api = await networkApi();
  await api.call(ADMIN, "PUT", "/quotas/alpha", { quota: { port: -1, network: -1, router: -1 } });
});
after(() => api.t.close());

const page = async () => (await api.call(ADMIN, "GET", "/ports?limit=1000")).ports;
/** A single one is never kept. */
const whole = async () => {
  const ids = api.t.cloud.kernel.db.prepare<[], string>("SELECT id FROM network_ports ORDER BY id").pluck().all();
  const shown = await Promise.all(ids.map((id) => api.call(ADMIN, "GET", `/ports/${id}`)));
  return shown.map(({ port }) => port);
};

/** Numbers that are the same at every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
}

test("whatever is changed, a page says what is there now", async () => {
  const random = numbers(7);
  const { kernel } = api.t.cloud;
  const facade = kernel.facade("network");
  const network = await api.make(ME, "network", { name: "n" });
  const subnet = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
  const groups = [
    await api.make(ME, "security_group", { name: "a" }),
    await api.make(ME, "security_group", { name: "b" }),
  ];
  const router = await api.make(ME, "router", { name: "r" });
  const made: Json[] = [];
  for (let n = 0; n < 6; n += 1) made.push(await api.make(ME, "port", { network_id: network.id }));
  const one = () => made[random(made.length)] as Json;
  const changes: (() => Promise<unknown>)[] = [
    async () => made.push(await api.make(ME, "port", { network_id: network.id, name: "more" })),
    () => api.change(ME, "port", one().id, { name: `n${random(1000)}` }),
    () => api.change(ME, "port", one().id, { security_groups: [groups[random(2)]?.id] }),
    () => api.change(ME, "port", one().id, { fixed_ips: [{ subnet_id: subnet.id }] }),
    () => api.change(ME, "port", one().id, { fixed_ips: [] }),
    () => api.call(ME, "PUT", `/ports/${one().id}/tags`, { tags: [`t${random(9)}`] }),
    async () => {
      const { id } = one();
      await facade.bindPorts([id], { deviceId: `guest-${id}` });
    },
    () => facade.plugged([one().id]),
    () => Promise.resolve(facade.unplugged([one().id])),
    () => api.answer(ME, "PUT", `/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id }),
    () => api.answer(ME, "PUT", `/routers/${router.id}/remove_router_interface`, { subnet_id: subnet.id }),
    () => api.change(ME, "router", router.id, { admin_state_up: random(2) === 0 }),
    () => api.change(ME, "port", one().id, { admin_state_up: random(2) === 0 }),
    async () => {
      if (made.length > 3) await api.call(ME, "DELETE", `/ports/${made.splice(random(made.length), 1)[0]?.id}`);
    },
    // Refused in the middle: nothing of it is told.
    () => api.answer(ME, "PUT", `/ports/${one().id}`, { port: { security_groups: ["none"], name: "refused" } }),
  ];
  for (let step = 0; step < 150; step += 1) {
    await changes[random(changes.length)]?.();
    await api.settled();
    assert.deepEqual(await page(), await whole());
    assert.deepEqual(await page(), await whole());
  }
});

/** Not only their ids. */
const ROWS = /^SELECT .*\bmac_address\b.* FROM network_ports/;

test("what was read stays read, and only what was changed is read anew", async () => {
  const { db } = api.t.cloud.kernel;
  const read = async () => (await rowsRead(db, () => page())).read.map(({ sql }) => sql);
  const ports = await page();
  const again = await read();
  assert.deepEqual(
    again.filter((sql) => sql.includes("network_port_")),
    [],
  );
  assert.deepEqual(
    again.filter((sql) => ROWS.test(sql)),
    [],
  );
  await api.change(ADMIN, "port", ports[0].id, { name: "other" });
  await api.settled();
  const { read: after } = await rowsRead(db, () => page());
  const rows = after.filter(({ sql }) => ROWS.test(sql));
  assert.deepEqual(
    rows.map(({ params }) => params),
    [[JSON.stringify([ports[0].id])]],
  );
});

test("a page without what only admins see leaves it to them", async () => {
  const own = (await api.call(ME, "GET", "/ports?limit=1000")).ports;
  assert.ok(own.every((port: Json) => !Object.hasOwn(port, "binding:host_id")));
  assert.ok((await page()).some((port: Json) => Object.hasOwn(port, "binding:host_id")));
});
