import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";

const V3 = "/identity/v3";
let t: IdentityCloud;
let service: string;
let project: string;
before(async () => {
  t = await identityCloud();
  const made = await t.admin("POST", `${V3}/services`, { body: { service: { type: "toaster", name: "toaster" } } });
  service = made.body.service.id;
  project = (await t.admin("GET", `${V3}/projects?name=demo`)).body.projects[0].id;
});
after(() => t.close());

const register = (resource_name: string, more: object = {}) =>
  t.admin("POST", `${V3}/registered_limits`, {
    body: { registered_limits: [{ service_id: service, resource_name, default_limit: 5, ...more }] },
  });
const limit = (resource_name: string, more: object) =>
  t.admin("POST", `${V3}/limits`, {
    body: { limits: [{ service_id: service, resource_name, resource_limit: 3, ...more }] },
  });

test("a registered limit, a project's own in its place, and the way back", async () => {
  const made = await register("slices", { description: "per day" });
  assert.equal(made.status, 201);
  const [registered] = made.body.registered_limits;
  assert.match(registered.links.self, new RegExp(`/v3/registered_limits/${registered.id}$`));
  assert.deepEqual([registered.region_id, registered.default_limit], [null, 5]);
  assert.equal((await register("slices")).status, 409);

  const own = await limit("slices", { project_id: project });
  assert.equal(own.status, 201);
  const [mine] = own.body.limits;
  assert.deepEqual([mine.project_id, mine.domain_id, mine.resource_limit], [project, null, 3]);
  assert.equal((await limit("slices", { project_id: project })).status, 409);

  const path = `${V3}/registered_limits/${registered.id}`;
  const used = await t.admin("PATCH", path, { body: { registered_limit: { default_limit: 9 } } });
  assert.equal(used.status, 403);
  assert.match(used.body.error.message, /because there are project limits associated with it\.$/);
  const changed = await t.admin("PATCH", `${V3}/limits/${mine.id}`, { body: { limit: { resource_limit: 4 } } });
  assert.equal(changed.body.limit.resource_limit, 4);
  assert.equal((await t.admin("DELETE", `${V3}/limits/${mine.id}`)).status, 204);
  const raised = await t.admin("PATCH", path, { body: { registered_limit: { default_limit: 9 } } });
  assert.equal(raised.body.registered_limit.default_limit, 9);
  assert.equal((await t.admin("DELETE", path)).status, 204);
  assert.equal((await t.admin("GET", path)).status, 404);
});

test("what has no registered limit, service, region or owner is refused", async () => {
  const unregistered = await limit("crumbs", { project_id: project });
  assert.equal(unregistered.status, 403);
  await register("toasts");
  for (const refused of [
    await limit("toasts", {}),
    await limit("toasts", { project_id: project, domain_id: "default" }),
    await limit("toasts", { project_id: "f".repeat(32) }),
    await register("jam", { service_id: "f".repeat(32) }),
    await register("jam", { region_id: "nowhere" }),
  ]) {
    assert.equal(refused.status, 400);
  }
  const domain = await limit("toasts", { project_id: "default" });
  assert.deepEqual([domain.body.limits[0].project_id, domain.body.limits[0].domain_id], [null, "default"]);
});

test("members see their own project's limits and the model, and change nothing", async () => {
  await register("knives");
  const other = await t.admin("POST", `${V3}/projects`, { body: { project: { name: "other" } } });
  const [mine] = (await limit("knives", { project_id: project })).body.limits;
  const [theirs] = (await limit("knives", { project_id: other.body.project.id })).body.limits;
  const demo = { token: await t.login("demo", "demo") };
  const list = await t.request("GET", `${V3}/limits?resource_name=knives`, demo);
  assert.deepEqual(
    list.body.limits.map(({ id }: { id: string }) => id),
    [mine.id],
  );
  assert.equal((await t.request("GET", `${V3}/limits/${mine.id}`, demo)).status, 200);
  assert.equal((await t.request("GET", `${V3}/limits/${theirs.id}`, demo)).status, 403);
  assert.equal((await t.request("DELETE", `${V3}/limits/${mine.id}`, demo)).status, 403);
  assert.equal((await t.request("GET", `${V3}/limits/model`, demo)).body.model.name, "flat");
  await t.admin("DELETE", `${V3}/projects/${other.body.project.id}`);
  assert.equal((await t.admin("GET", `${V3}/limits/${theirs.id}`)).status, 404);
});
