import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Storage, storage } from "./support.ts";

// Parameters of queries outside the lists (lists.test.ts): each is honoured from the version on that has it, and before it as if it
// were not there; what makes no sense is refused.

const admin = "admin:alpha";
let s: Storage;
before(async () => {
  s = await storage();
  const volume_type = { name: "elsewhere", extra_specs: { volume_backend_name: "elsewhere" } };
  await s.request("POST", "/types", { token: admin, body: { volume_type } });
  await s.request("PUT", "/os-quota-sets/beta", { token: admin, body: { quota_set: { volumes: 77 } } });
});
after(() => s.close());

const get = (path: string, version = "3.70", token = admin) => s.request("GET", path, { token, version });
const POOL = "box@lvmdriver-1#lvmdriver-1";
const pools = async (query: string, version = "3.70"): Promise<{ name: string; capabilities?: object }[]> =>
  (await get(`/scheduler-stats/get_pools${query}`, version)).body.pools;

test("pools: in detail, by name, by what they tell, by a type", async () => {
  assert.deepEqual(await pools(""), [{ name: POOL }]);
  assert.deepEqual(await pools("?detail=false"), [{ name: POOL }]);
  assert.ok("capabilities" in ((await pools("?detail=True"))[0] ?? {}));
  assert.equal((await pools(`?name=${encodeURIComponent(POOL)}`)).length, 1);
  assert.equal((await pools("?name=other")).length, 0);
  assert.equal((await pools("?name=other", "3.27")).length, 1, "since 3.28");
  assert.equal((await pools("?storage_protocol=fake&multiattach=true", "3.28")).length, 1);
  assert.equal((await pools("?storage_protocol=lvm", "3.30")).length, 0);
  assert.equal((await pools("?volume_type=lvmdriver-1")).length, 1);
  assert.equal((await pools("?volume_type=elsewhere")).length, 0);
  assert.equal((await pools("?volume_type=elsewhere", "3.34")).length, 1, "since 3.35");
  const refusals: [query: string, status: number][] = [
    ["?storage_protocol=fake", 400],
    ["?detail=perhaps", 400],
    ["?volume_type=unknown", 404],
  ];
  for (const [query, status] of refusals) {
    assert.equal((await get(`/scheduler-stats/get_pools${query}`)).status, status, query);
  }
});

test("limits: of another project, for administrators, since 3.39", async () => {
  const volumes = async (query: string, version: string, token: string) =>
    (await get(`/limits${query}`, version, token)).body.limits.absolute.maxTotalVolumes;
  assert.equal(await volumes("?project_id=beta", "3.39", admin), 77);
  assert.equal(await volumes("?tenant_id=beta", "3.39", admin), 77);
  assert.equal(await volumes("?project_id=beta", "3.38", admin), 10);
  assert.equal(await volumes("?project_id=beta", "3.70", "member:alpha"), 10);
});

test("quotas with their usage; services by host and binary; filters of one resource", async () => {
  const quota = (query: string) => get(`/os-quota-sets/beta${query}`);
  assert.equal((await quota("")).body.quota_set.volumes, 77);
  assert.equal((await quota("?usage=False")).body.quota_set.volumes, 77);
  assert.deepEqual((await quota("?usage=1")).body.quota_set.volumes, { limit: 77, in_use: 0, reserved: 0 });
  assert.equal((await quota("?usage=perhaps")).status, 400);

  const services = async (query: string) => (await get(`/os-services${query}`)).body.services.length;
  assert.equal(await services(""), 2);
  assert.equal(await services("?binary=cinder-volume"), 1);
  assert.equal(await services("?host=box"), 2);
  assert.equal(await services("?host=box@lvmdriver-1&binary=cinder-scheduler"), 0);

  const { body } = await get("/resource_filters?resource=message");
  assert.deepEqual(body.resource_filters, [
    { resource: "message", filters: ["resource_uuid", "resource_type", "event_id", "request_id", "message_level"] },
  ]);
  assert.deepEqual((await get("/resource_filters?resource=nothing")).body.resource_filters, []);
  assert.ok((await get("/resource_filters", "3.33")).body.resource_filters.length > 4);
  assert.equal((await get("/resource_filters", "3.32")).status, 404);
});

test("the summary of volumes: one's own, or everybody's for administrators", async () => {
  await s.volume({ metadata: { a: "1" } });
  await s.volume({ size: 2 }, "member:beta");
  const summary = async (query: string, token: string, version = "3.36") =>
    (await get(`/volumes/summary${query}`, version, token)).body["volume-summary"];
  assert.deepEqual(await summary("", "member:alpha"), { total_count: 1, total_size: 1, metadata: { a: ["1"] } });
  assert.equal((await summary("?all_tenants=1", admin)).total_size, 3);
  assert.equal((await summary("?all_tenants=1", "member:alpha")).total_size, 1);
  assert.deepEqual(await summary("", "member:alpha", "3.35"), { total_count: 1, total_size: 1 });
  assert.equal((await get("/volumes/summary?all_tenants=x", "3.36")).status, 400);
});

test("deletion: with snapshots, and by force since 3.23 for administrators", async () => {
  const made = async () => {
    const { id } = await s.volume();
    await s.request("POST", "/snapshots", { body: { snapshot: { volume_id: id } } });
    await s.idle();
    return id as string;
  };
  const remove = (id: string, query: string, version = "3.70", token = "member:alpha") =>
    s.request("DELETE", `/volumes/${id}${query}`, { version, token });
  const id = await made();
  assert.equal((await remove(id, "")).status, 400);
  assert.equal((await remove(id, "?cascade=false")).status, 400);
  assert.equal((await remove(id, "?cascade=perhaps")).status, 400);
  assert.equal((await remove(id, "?force=perhaps")).status, 400);
  assert.equal((await remove(id, "?force=true")).status, 403);
  s.t.cloud.kernel.db.prepare("UPDATE block_storage_volumes SET status = 'uploading' WHERE id = ?").run(id);
  assert.equal((await remove(id, "?cascade=true&force=true", "3.22", admin)).status, 400, "force is since 3.23");
  assert.equal((await remove(id, "?cascade=true&force=true", "3.23", admin)).status, 202);
  await s.idle();
  const other = await made();
  assert.equal((await remove(other, "?cascade=True")).status, 202);
  await s.idle();
});

test("there are no clusters, and nothing to clean up", async () => {
  assert.deepEqual((await get("/clusters", "3.7")).body, { clusters: [] });
  assert.deepEqual((await get("/clusters/detail?is_up=true&frozen=false")).body, { clusters: [] });
  const frozen = await get("/clusters?frozen=true", "3.25");
  assert.equal(frozen.body.badRequest.message, "Invalid input received: Invalid filter keys: frozen");
  assert.equal((await get("/clusters?disabled=perhaps")).status, 400);
  assert.equal((await get("/clusters/one")).body.itemNotFound.message, "Cluster one could not be found.");
  const enable = await s.request("PUT", "/clusters/enable", { token: admin, version: "3.7", body: { name: "one" } });
  assert.equal(enable.status, 404);
  assert.equal((await get("/clusters", "3.6")).status, 404);
  assert.equal((await get("/clusters", "3.7", "member:alpha")).status, 403);
  const clean = (body: unknown) => s.request("POST", "/workers/cleanup", { token: admin, version: "3.24", body });
  const cleaned = await clean({ host: "box@lvmdriver-1", is_up: "false" });
  assert.deepEqual([cleaned.status, cleaned.body], [202, { cleaning: [], unavailable: [] }]);
  assert.equal((await clean({ resource_id: "00000000-0000-4000-8000-000000000000" })).status, 400);
  assert.equal((await clean({ binary: "nova-compute" })).status, 400);
});
