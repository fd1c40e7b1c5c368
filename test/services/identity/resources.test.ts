import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud, passwordLogin } from "../../support/identity.ts";

let t: IdentityCloud;
before(async () => {
  t = await identityCloud();
});
after(() => t.close());

const V3 = "/identity/v3";
const create = async (key: string, path: string, attributes: object) => {
  const answer = await t.admin("POST", `${V3}/${path}`, { body: { [key]: attributes } });
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return answer.body[key];
};

test("discovery: 300 with a location, then v3", async () => {
  const list = await t.request("GET", "/identity/");
  assert.equal(list.status, 300);
  assert.match(list.headers.get("location") ?? "", /^http:..[^/]+.identity.v3.$/);
  const v3 = await t.request("GET", "/identity/v3/");
  assert.equal(v3.body.version.id, "v3.14");
});

test("every answer says that it depends on the token, a 401 where to get one", async () => {
  for (const answer of [await t.admin("GET", `${V3}/users`), await t.request("GET", `${V3}/users`)]) {
    assert.equal(answer.headers.get("vary"), "X-Auth-Token");
  }
  const anonymous = await t.request("GET", `${V3}/users`);
  assert.equal(anonymous.status, 401);
  assert.match(anonymous.headers.get("www-authenticate") ?? "", /^Keystone uri="http:.*\/identity\/v3"$/);
  const catalog = await t.admin("GET", `${V3}/auth/catalog`);
  assert.deepEqual(Object.keys(catalog.body.links), ["self"]);
});

test("a global role does not imply a domain's", async () => {
  const domain = await create("domain", "domains", { name: "with-roles" });
  const global = await create("role", "roles", { name: "global" });
  const own = await create("role", "roles", { name: "own", domain_id: domain.id });
  const refused = await t.admin("PUT", `${V3}/roles/${global.id}/implies/${own.id}`);
  assert.equal(refused.status, 403);
  assert.equal(refused.body.error.message, `${own.id} cannot be an implied roles.`);
});

test("a domain goes only when disabled, with all that is in it", async () => {
  const domain = await create("domain", "domains", { name: "lab" });
  const project = await create("project", "projects", { name: "p", domain_id: domain.id });
  const child = await create("project", "projects", { name: "c", parent_id: project.id });
  assert.equal(child.domain_id, domain.id);
  const user = await create("user", "users", { name: "u", domain_id: domain.id, password: "x" });
  const early = await t.admin("DELETE", `${V3}/domains/${domain.id}`);
  assert.equal(early.status, 403);
  assert.equal(early.body.error.message, "Cannot delete a domain that is enabled, please disable it first.");
  const branch = await t.admin("DELETE", `${V3}/projects/${project.id}`);
  assert.equal(branch.status, 403);
  await t.admin("PATCH", `${V3}/domains/${domain.id}`, { body: { domain: { enabled: false } } });
  assert.equal((await t.admin("DELETE", `${V3}/domains/${domain.id}`)).status, 204);
  for (const path of [`domains/${domain.id}`, `projects/${child.id}`, `users/${user.id}`]) {
    assert.equal((await t.admin("GET", `${V3}/${path}`)).status, 404);
  }
});

test("names are unique within their domain, in keystone's words", async () => {
  const first = await create("project", "projects", { name: "twice" });
  const again = await t.admin("POST", `${V3}/projects`, { body: { project: { name: "twice" } } });
  assert.equal(again.status, 409);
  assert.equal(
    again.body.error.message,
    `Conflict occurred attempting to store project - it is not permitted to have two projects with either the same name or same id in the same domain: name is twice, project id ${first.id}.`,
  );
  const user = await t.admin("POST", `${V3}/users`, { body: { user: { name: "demo" } } });
  assert.equal(user.status, 409);
  const empty = await t.admin("POST", `${V3}/projects`, { body: { project: { name: "" } } });
  assert.equal(empty.status, 400);
  assert.match(empty.body.error.message, /^Invalid input for field 'name': '' is too short/);
});

test("a member may not administer, a system reader may look but not change", async () => {
  const demo = await t.login("demo", "demo");
  const refused = await t.request("POST", `${V3}/projects`, { token: demo, body: { project: { name: "mine" } } });
  assert.equal(refused.status, 403);
  assert.equal(
    refused.body.error.message,
    "You are not authorized to perform the requested action: identity:create_project.",
  );
  assert.equal((await t.request("GET", `${V3}/users`, { token: demo })).status, 403);
  const login = passwordLogin("system_reader", null);
  const body = { auth: { ...login.auth, scope: { system: { all: true } } } };
  const answer = await t.request("POST", `${V3}/auth/tokens`, { body });
  const reader = answer.headers.get("x-subject-token") ?? "";
  assert.equal((await t.request("GET", `${V3}/users`, { token: reader })).status, 200);
  const write = await t.request("POST", `${V3}/projects`, { token: reader, body: { project: { name: "no" } } });
  assert.equal(write.status, 403);
});

test("a domain manager manages the own domain only, and cannot make admins", async () => {
  const domain = await create("domain", "domains", { name: "managed" });
  const boss = await create("user", "users", { name: "boss", domain_id: domain.id, password: "x" });
  const { roles } = (await t.admin("GET", `${V3}/roles`)).body;
  const role = (name: string) => roles.find((candidate: { name: string }) => candidate.name === name).id;
  await t.admin("PUT", `${V3}/domains/${domain.id}/users/${boss.id}/roles/${role("manager")}`);
  const scope = { domain: { id: domain.id } };
  const identity = { methods: ["password"], password: { user: { id: boss.id, password: "x" } } };
  const login = await t.request("POST", `${V3}/auth/tokens`, { body: { auth: { identity, scope } } });
  const token = login.headers.get("x-subject-token") ?? "";
  const post = (body: object) => t.request("POST", `${V3}/projects`, { token, body: { project: body } });
  const own = await post({ name: "inside" });
  assert.equal(own.status, 201);
  assert.equal(own.body.project.domain_id, domain.id);
  assert.equal((await post({ name: "outside", domain_id: "default" })).status, 403);
  const grant = (name: string) => `${V3}/projects/${own.body.project.id}/users/${boss.id}/roles/${role(name)}`;
  assert.equal((await t.request("PUT", grant("member"), { token })).status, 204);
  assert.equal((await t.request("PUT", grant("admin"), { token })).status, 403);
  const users = await t.request("GET", `${V3}/users`, { token });
  assert.deepEqual(
    users.body.users.map(({ name }: { name: string }) => name),
    ["boss"],
  );
});

test("what is inherited or given to a group counts below", async () => {
  const top = await create("project", "projects", { name: "top" });
  const below = await create("project", "projects", { name: "below", parent_id: top.id });
  const user = await create("user", "users", { name: "heir", password: "secret" });
  const group = await create("group", "groups", { name: "heirs" });
  const role = (await t.admin("GET", `${V3}/roles?name=member`)).body.roles[0].id;
  await t.admin("PUT", `${V3}/groups/${group.id}/users/${user.id}`);
  const path = `${V3}/OS-INHERIT/projects/${top.id}/groups/${group.id}/roles/${role}/inherited_to_projects`;
  assert.equal((await t.admin("PUT", path)).status, 204);
  await t.login("heir", "below");
  await assert.rejects(t.login("heir", "top"));
  const listed = await t.admin(
    "GET",
    `${V3}/role_assignments?effective&include_names=true&user.id=${user.id}&scope.project.id=${below.id}`,
  );
  const shown = listed.body.role_assignments;
  assert.deepEqual(shown.map((entry: { role: { name: string } }) => entry.role.name).sort(), ["member", "reader"]);
  assert.equal(shown[0].scope["OS-INHERIT:inherited_to"], "projects");
});

test("the roles of somebody on something are listed, of each kind by itself", async () => {
  const project = await create("project", "projects", { name: "garden" });
  const user = await create("user", "users", { name: "gardener", password: "secret" });
  const roles = (await t.admin("GET", `${V3}/roles`)).body.roles as { id: string; name: string }[];
  const role = (name: string) => roles.find((one) => one.name === name)?.id;
  const own = `projects/${project.id}/users/${user.id}/roles`;
  const inherited = `OS-INHERIT/${own}`;
  for (const path of [
    `${own}/${role("member")}`,
    `${own}/${role("reader")}`,
    `system/users/${user.id}/roles/${role("reader")}`,
  ])
    assert.equal((await t.admin("PUT", `${V3}/${path}`)).status, 204, path);
  const given = `${V3}/${inherited}/${role("admin")}/inherited_to_projects`;
  assert.equal((await t.admin("PUT", given)).status, 204);
  const names = async (path: string) =>
    (await t.admin("GET", `${V3}/${path}`)).body.roles.map(({ name }: { name: string }) => name).sort();
  assert.deepEqual(await names(own), ["member", "reader"]);
  assert.deepEqual(await names(`${inherited}/inherited_to_projects`), ["admin"]);
  assert.deepEqual(await names(`system/users/${user.id}/roles`), ["reader"]);
});

test("the catalog is what the endpoints say", async () => {
  const service = await create("service", "services", { type: "dns", name: "designate" });
  const url = "http://dns.example/v2/$(project_id)s";
  await create("endpoint", "endpoints", { service_id: service.id, interface: "public", url, region: "Elsewhere" });
  const token = await t.login("demo", "demo");
  const { catalog } = (await t.request("GET", `${V3}/auth/catalog`, { token })).body;
  const { projectId } = t.cloud.kernel.authenticator.authenticate(token) ?? {};
  const entry = catalog.find(({ type }: { type: string }) => type === "dns");
  assert.equal(entry.endpoints[0].url, `http://dns.example/v2/${projectId}`);
  assert.equal((await t.admin("DELETE", `${V3}/regions/Elsewhere`)).status, 403);
  await t.admin("DELETE", `${V3}/services/${service.id}`);
  assert.equal((await t.admin("DELETE", `${V3}/regions/Elsewhere`)).status, 204);
});

test("a credential may change its type and project; its owner's business only", async () => {
  const token = await t.login("demo", "demo");
  const body = { credential: { type: "totp", blob: "x" } };
  const created = await t.request("POST", `${V3}/credentials`, { token, body });
  assert.equal(created.status, 201);
  const path = `${V3}/credentials/${created.body.credential.id}`;
  const project = (await t.admin("GET", `${V3}/projects?name=demo`)).body.projects[0].id;
  const changed = await t.request("PATCH", path, {
    token,
    body: { credential: { type: "cert", project_id: project } },
  });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.credential.project_id, project);
  const stranger = await t.login("alt_demo_member", "alt_demo");
  assert.equal((await t.request("GET", path, { token: stranger })).status, 403);
});

test("users change their own password with the old one", async () => {
  const user = await create("user", "users", { name: "own-password", password: "old" });
  const path = `${V3}/users/${user.id}/password`;
  const change = (original_password: string) =>
    t.request("POST", path, { body: { user: { original_password, password: "new" } } });
  assert.equal((await change("wrong")).status, 401);
  assert.equal((await change("old")).status, 204);
  const login = (password: string) =>
    t.request("POST", `${V3}/auth/tokens`, { body: passwordLogin("own-password", null, password) });
  assert.equal((await login("old")).status, 401);
  assert.equal((await login("new")).status, 201);
});

test("seeding again changes nothing that a person changed", async () => {
  const before = (await t.admin("GET", `${V3}/users`)).body.users.length;
  const demo = (await t.admin("GET", `${V3}/users?name=demo`)).body.users[0].id;
  await t.admin("PATCH", `${V3}/users/${demo}`, { body: { user: { password: "my own" } } });
  await t.cloud.seed();
  assert.equal((await t.admin("GET", `${V3}/users`)).body.users.length, before);
  const login = await t.request("POST", `${V3}/auth/tokens`, { body: passwordLogin("demo", "demo", "my own") });
  assert.equal(login.status, 201);
});
