import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";

let t: IdentityCloud;
let member: string;
const ids: Record<string, string> = {};

const V3 = "/identity/v3";
const UNKNOWN = "0123456789abcdef0123456789abcdef";

before(async () => {
  t = await identityCloud();
  member = await t.login("demo", "demo");
  const make = async (kind: string, body: Record<string, unknown>) =>
    (await t.admin("POST", `${V3}/${kind}s`, { body: { [kind]: body } })).body[kind].id as string;
  ids.domain = await make("domain", { name: "d" });
  ids.group = await make("group", { name: "g" });
  ids.role = await make("role", { name: "r" });
  ids.service = await make("service", { type: "x" });
  const url = "http://192.0.2.1/";
  ids.endpoint = await make("endpoint", { service_id: ids.service, interface: "public", url });
  ids.project = await t.project("p");
  ids.user = await t.user("u", "p", "member");
});
after(() => t.close());

/** Each path with `:kind` for an id, as keystone finds it before it asks the policy. */
const FIRST: readonly [method: string, path: string][] = [
  ["PATCH", "domains/:domain"],
  ["DELETE", "domains/:domain"],
  ["GET", "endpoints/:endpoint"],
  ["PATCH", "endpoints/:endpoint"],
  ["DELETE", "endpoints/:endpoint"],
  ["DELETE", "groups/:group"],
  ["GET", "roles/:role"],
  ["PATCH", "roles/:role"],
  ["DELETE", "roles/:role"],
  ["GET", "roles/:role/implies"],
  ["PUT", "roles/:role/implies/:role"],
  ["PUT", "projects/:project/users/:user/roles/:role"],
  ["GET", "projects/:project/groups/:group/roles"],
  ["PUT", "domains/:domain/groups/:group/roles/:role"],
  ["DELETE", "domains/:domain/users/:user/roles/:role"],
  ["GET", "system/users/:user/roles"],
  ["PUT", "system/groups/:group/roles/:role"],
];

for (const [method, path] of FIRST) {
  test(`${method} ${path}: an unknown id is 404 for everybody, also with a body that says nothing`, async () => {
    const full = path.replace(/:(\w+)/g, (_, kind) => ids[kind] ?? "");
    const send = (token: string | null, where: string) => {
      const options = method === "PATCH" ? { body: {} } : {};
      return token === null
        ? t.admin(method, `${V3}/${where}`, options)
        : t.request(method, `${V3}/${where}`, { token, ...options });
    };
    assert.equal((await send(member, full)).status, 403, "what is there is forbidden");
    for (const [, kind] of path.matchAll(/:(\w+)/g)) {
      // Who loses a role may be gone.
      if (method === "DELETE" && path.includes("/roles/") && kind === "user") continue;
      const unknown = path.replace(/:(\w+)/g, (_, name) => (name === kind ? UNKNOWN : (ids[name] ?? "")));
      for (const token of [member, null]) {
        const answer = await send(token, unknown);
        assert.equal(answer.status, 404, unknown);
        assert.match(answer.body.error.message, new RegExp(`^Could not find ${kind}: ${UNKNOWN}`));
      }
    }
  });
}

test("what keystone looks for after the policy stays forbidden: users, projects, services, regions, inherited roles", async () => {
  for (const [method, path] of [
    ["GET", `users/${UNKNOWN}`],
    ["DELETE", `users/${UNKNOWN}`],
    ["GET", `projects/${UNKNOWN}`],
    ["DELETE", `projects/${UNKNOWN}`],
    ["GET", `groups/${UNKNOWN}`],
    ["DELETE", `services/${UNKNOWN}`],
    ["DELETE", `regions/${UNKNOWN}`],
    ["PUT", `OS-INHERIT/projects/${ids.project}/users/${ids.user}/roles/${UNKNOWN}/inherited_to_projects`],
  ] as const) {
    assert.equal((await t.request(method, `${V3}/${path}`, { token: member })).status, 403, path);
    assert.equal((await t.admin(method, `${V3}/${path}`)).status, 404, path);
  }
});

test("an EC2 key that is not there is 404, whosever", async () => {
  const path = `${V3}/users/${ids.user}/credentials/OS-EC2`;
  const made = await t.admin("POST", path, { body: { tenant_id: ids.project } });
  const { access } = made.body.credential;
  assert.equal((await t.request("GET", `${path}/${access}`, { token: member })).status, 403);
  assert.equal((await t.request("GET", `${path}/${UNKNOWN}`, { token: member })).status, 404);
  assert.equal((await t.request("DELETE", `${path}/${UNKNOWN}`, { token: member })).status, 404);
});

test("a trust that is not there is 404 for everybody; one of others is forbidden, and each of its operations says so", async () => {
  const trustor = await t.login("u", "p");
  const body = { trustor_user_id: ids.user, trustee_user_id: ids.user, project_id: ids.project, impersonation: false };
  const trust = { ...body, roles: [{ name: "member" }] };
  const path = `${V3}/OS-TRUST/trusts`;
  const { id } = (await t.request("POST", path, { token: trustor, body: { trust } })).body.trust;
  const memberId = await t.roleId("member");
  for (const [method, below, policy] of [
    ["GET", "", "get_trust"],
    ["GET", "/roles", "list_roles_for_trust"],
    ["GET", `/roles/${memberId}`, "get_role_for_trust"],
    ["DELETE", "", "delete_trust"],
  ] as const) {
    for (const token of [member, trustor]) {
      const missing = await t.request(method, `${path}/${UNKNOWN}${below}`, { token });
      assert.equal(missing.status, 404, below);
      assert.equal(missing.body.error.message, `Could not find trust: ${UNKNOWN}.`);
    }
    const refused = await t.request(method, `${path}/${id}${below}`, { token: member });
    assert.equal(refused.status, 403);
    assert.match(refused.body.error.message, new RegExp(`: identity:${policy}\\.$`));
    const allowed = await t.request(method, `${path}/${id}${below}`, { token: trustor });
    assert.equal(allowed.status, method === "DELETE" ? 204 : 200, below);
  }
  const list = (query: string) => t.request("GET", `${path}?${query}`, { token: member });
  const own = t.cloud.kernel.authenticator.authenticate(member)?.userId;
  assert.equal((await list(`trustor_user_id=${own}`)).status, 200);
  for (const query of ["", `trustor_user_id=${ids.user}`, `trustor_user_id=${own}&trustee_user_id=${ids.user}`]) {
    assert.equal((await list(query)).status, 403, query);
  }
  assert.equal((await t.admin("GET", path)).status, 200);
});
