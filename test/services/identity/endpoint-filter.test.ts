import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";

const V3 = "/identity/v3";
const FILTER = `${V3}/OS-EP-FILTER`;
let t: IdentityCloud;
let project: string;
let service: string;
let endpoints: Record<"public" | "internal", string>;
before(async () => {
  t = await identityCloud();
  project = (await t.admin("GET", `${V3}/projects?name=demo`)).body.projects[0].id;
  service = (await t.admin("POST", `${V3}/services`, { body: { service: { type: "toaster" } } })).body.service.id;
  const made = async (kind: string) => {
    const endpoint = { service_id: service, interface: kind, url: `http://${kind}.example` };
    return (await t.admin("POST", `${V3}/endpoints`, { body: { endpoint } })).body.endpoint.id;
  };
  endpoints = { public: await made("public"), internal: await made("internal") };
});
after(() => t.close());

/** Ids of the endpoints in the catalog of a new token. */
const catalog = async (): Promise<string[]> => {
  const token = await t.login("demo", "demo");
  const answer = await t.request("GET", `${V3}/auth/catalog`, { token });
  return answer.body.catalog.flatMap((entry: { endpoints: { id: string }[] }) => entry.endpoints.map(({ id }) => id));
};

test("a project associated with an endpoint sees that one only, and all again afterwards", async () => {
  const all = await catalog();
  assert.ok(all.length > 2);
  const path = `${FILTER}/projects/${project}/endpoints/${endpoints.public}`;
  assert.equal((await t.admin("GET", path)).status, 404);
  assert.equal((await t.admin("PUT", path)).status, 204);
  assert.equal((await t.admin("PUT", path)).status, 409);
  assert.equal((await t.admin("HEAD", path)).status, 204);
  assert.deepEqual(await catalog(), [endpoints.public]);
  const listed = await t.admin("GET", `${FILTER}/projects/${project}/endpoints`);
  assert.deepEqual(
    listed.body.endpoints.map(({ id }: { id: string }) => id),
    [endpoints.public],
  );
  const projects = await t.admin("GET", `${FILTER}/endpoints/${endpoints.public}/projects`);
  assert.equal(projects.body.projects[0].id, project);
  assert.equal((await t.admin("DELETE", path)).status, 204);
  assert.equal((await t.admin("DELETE", path)).status, 404);
  assert.deepEqual(await catalog(), all);
});

test("the same through a group of endpoints, whose filters say which", async () => {
  const all = await catalog();
  const group = { name: "inside", filters: { interface: "internal", service_id: service } };
  const made = await t.admin("POST", `${FILTER}/endpoint_groups`, { body: { endpoint_group: group } });
  const { id } = made.body.endpoint_group;
  const path = `${FILTER}/endpoint_groups/${id}/projects/${project}`;
  assert.equal((await t.admin("PUT", path)).status, 204);
  assert.deepEqual(await catalog(), [endpoints.internal]);
  const shown = await t.admin("GET", path);
  assert.deepEqual(
    [shown.body.project_endpoint_group.endpoint_group_id, shown.body.project_endpoint_group.project_id],
    [id, project],
  );
  const inGroup = await t.admin("GET", `${FILTER}/endpoint_groups/${id}/endpoints`);
  assert.equal(inGroup.body.endpoints[0].id, endpoints.internal);
  const groups = await t.admin("GET", `${FILTER}/projects/${project}/endpoint_groups`);
  assert.equal(groups.body.endpoint_groups[0].name, "inside");
  assert.equal((await t.admin("DELETE", `${FILTER}/endpoint_groups/${id}`)).status, 204);
  assert.deepEqual(await catalog(), all);
});

test("refused: filters that endpoints have not, what is not there, and members", async () => {
  const group = { name: "odd", filters: { colour: "red" } };
  assert.equal((await t.admin("POST", `${FILTER}/endpoint_groups`, { body: { endpoint_group: group } })).status, 400);
  assert.equal((await t.admin("PUT", `${FILTER}/projects/${project}/endpoints/${"f".repeat(32)}`)).status, 404);
  assert.equal((await t.admin("PUT", `${FILTER}/projects/nobody/endpoints/${endpoints.public}`)).status, 404);
  const token = await t.login("demo", "demo");
  const path = `${FILTER}/projects/${project}/endpoints/${endpoints.public}`;
  assert.equal((await t.request("PUT", path, { token })).status, 403);
});
