import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { type ComputeLab, computeLab } from "./support.ts";

const clock = new ManualClock();
let t: ComputeLab;
before(async () => {
  t = await computeLab({ settings: { clock, settings: { compute: { reclaimInstanceInterval: 100 } } } });
});
after(() => t.close());

const show = async (id: string) => (await t.api("GET", `/servers/${id}`, { token: "admin:alpha" })).body.server;
const listed = async (query = "") =>
  (await t.api("GET", `/servers${query}`, { token: "admin:alpha" })).body.servers.map(({ id }: { id: string }) => id);

test("a deleted server can be restored for a while, and is gone after it", async () => {
  const id = await t.boot();
  assert.equal((await t.api("POST", `/servers/${id}/action`, { body: { restore: null } })).status, 409);
  assert.equal((await t.api("DELETE", `/servers/${id}`)).status, 204);
  await t.idle();
  assert.equal((await show(id)).status, "SOFT_DELETED");
  assert.equal((await show(id))["OS-EXT-STS:power_state"], 4);
  assert.deepEqual(await listed(), []);
  assert.deepEqual(await listed("?soft_deleted=true"), [id]);
  assert.equal((await t.api("POST", `/servers/${id}/action`, { body: { restore: null } })).status, 202);
  await t.idle();
  assert.equal((await show(id)).status, "ACTIVE");

  await t.api("DELETE", `/servers/${id}`);
  await t.idle();
  clock.advance(60_000);
  await t.idle();
  assert.equal((await show(id)).status, "SOFT_DELETED");
  clock.advance(61_000);
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${id}`)).status, 404);
  assert.equal(t.driver.guests.has(id), false);
});

test("restoring goes by the quota: what was deleted did not count", async () => {
  const [first, second] = [await t.boot(), await t.boot()];
  await t.api("DELETE", `/servers/${first}`);
  await t.idle();
  const limits = (await t.api("GET", "/limits")).body.limits.absolute;
  const quota = { quota_set: { instances: limits.totalInstancesUsed } };
  assert.equal((await t.api("PUT", "/os-quota-sets/alpha", { token: "admin:alpha", body: quota })).status, 200);
  const refused = await t.api("POST", `/servers/${first}/action`, { body: { restore: null } });
  assert.equal(refused.status, 403);
  assert.match(refused.body.forbidden.message, /^Quota exceeded for instances: Requested 1, /);
  assert.equal((await show(first)).status, "SOFT_DELETED");
  quota.quota_set.instances += 1;
  await t.api("PUT", "/os-quota-sets/alpha", { token: "admin:alpha", body: quota });
  assert.equal((await t.api("POST", `/servers/${first}/action`, { body: { restore: null } })).status, 202);
  await t.idle();
  for (const id of [first, second]) assert.equal((await show(id)).status, "ACTIVE");
  await t.api("DELETE", "/os-quota-sets/alpha", { token: "admin:alpha" });
});

test("forceDelete does not wait", async () => {
  const id = await t.boot();
  await t.api("DELETE", `/servers/${id}`);
  assert.equal((await t.api("POST", `/servers/${id}/action`, { body: { forceDelete: null } })).status, 202);
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${id}`)).status, 404);
});
