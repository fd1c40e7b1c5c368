import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud, passwordLogin } from "../../support/identity.ts";

let t: IdentityCloud;
before(async () => {
  t = await identityCloud();
});
after(() => t.close());

const V3 = "/identity/v3";
const TOKENS = `${V3}/auth/tokens`;
const valid = (token: string) => t.cloud.kernel.authenticator.authenticate(token) !== null;
const patchUser = (id: string, user: object) => t.admin("PATCH", `${V3}/users/${id}`, { body: { user } });
const tokenOf = (answer: { headers: Headers }): string => answer.headers.get("x-subject-token") ?? "";
const rescope = (id: string, scope?: object) =>
  t.request("POST", TOKENS, {
    body: { auth: { identity: { methods: ["token"], token: { id } }, ...(scope === undefined ? {} : { scope }) } },
  });

/** A trust of a new trustor to a new trustee on a project of their own, and what was made with it. */
async function lend(name: string, impersonation: boolean) {
  const trustor = await t.user(`${name}-trustor`, `${name}-project`, "member");
  const trustee = await t.user(`${name}-trustee`);
  const project = await t.project(`${name}-project`);
  const owner = await t.login(`${name}-trustor`, `${name}-project`);
  const trust = {
    trustor_user_id: trustor,
    trustee_user_id: trustee,
    project_id: project,
    impersonation,
    roles: [{ name: "member" }],
  };
  const made = await t.request("POST", `${V3}/OS-TRUST/trusts`, { token: owner, body: { trust } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id } = made.body.trust;
  const use = async () => rescope(await t.login(`${name}-trustee`, null), { "OS-TRUST:trust": { id } });
  const token = tokenOf(await use());
  return { trustor, trustee, project, owner, id, use, token };
}

test("tokens of a deleted user, and those of members of a deleted group, are void at once", async () => {
  const gone = await t.user("gone", "demo", "member");
  const token = await t.login("gone", "demo");
  assert.ok(valid(token));
  assert.equal((await t.admin("DELETE", `${V3}/users/${gone}`)).status, 204);
  assert.ok(!valid(token));
  assert.equal((await t.admin("GET", TOKENS, { headers: { "x-subject-token": token } })).status, 404);

  const member = await t.user("grouped");
  const group = (await t.admin("POST", `${V3}/groups`, { body: { group: { name: "short" } } })).body.group.id;
  await t.admin("PUT", `${V3}/groups/${group}/users/${member}`);
  await t.admin("PUT", `${V3}/projects/${await t.project("demo")}/groups/${group}/roles/${await t.roleId("member")}`);
  const through = await t.login("grouped", "demo");
  assert.ok(valid(through));
  await t.admin("DELETE", `${V3}/groups/${group}/users/${member}`);
  assert.ok(!valid(through));
  await t.admin("PUT", `${V3}/groups/${group}/users/${member}`);
  const again = await t.login("grouped", "demo");
  await t.admin("DELETE", `${V3}/groups/${group}`);
  assert.ok(!valid(again));
});

test("a revoked token is void in every spelling, and the token it came from is not", async () => {
  const parent = await t.login("demo", null);
  const token = tokenOf(await rescope(parent, { project: { name: "demo", domain: { id: "default" } } }));
  // base64url leaves bits unused at the end: other characters there spell the same bytes.
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const spellings = [token, `${token}=`, `${token}==`, ...[...alphabet].map((last) => token.slice(0, -1) + last)];
  for (const spelling of spellings) valid(spelling);
  await t.request("DELETE", TOKENS, { token: parent, headers: { "x-subject-token": token } });
  for (const spelling of spellings) assert.ok(!valid(spelling), spelling.slice(-4));
  assert.ok(valid(parent));
});

test("tokens of a trust end with either side's password, enabling, domain or being", async () => {
  for (const side of ["trustor", "trustee"] as const) {
    for (const impersonation of [true, false]) {
      const name = `${side}-${impersonation}`;
      const lent = await lend(name, impersonation);
      assert.ok(valid(lent.token), name);
      await patchUser(lent[side], { password: "changed" });
      assert.ok(!valid(lent.token), `${name}: password`);
      await patchUser(lent[side], { password: "secret" });
      const second = tokenOf(await lent.use());
      assert.ok(valid(second));
      await patchUser(lent[side], { enabled: false });
      assert.ok(!valid(second), `${name}: disabled`);
      await patchUser(lent[side], { enabled: true });
      assert.ok(!valid(second), `${name}: enabling brings it not back`);
      const third = tokenOf(await lent.use());
      assert.ok(valid(third));
      await t.admin("DELETE", `${V3}/users/${lent[side]}`);
      assert.ok(!valid(third), `${name}: deleted`);
    }
  }
  const { domain } = (await t.admin("POST", `${V3}/domains`, { body: { domain: { name: "lenders" } } })).body;
  const foreign = { name: "foreign", password: "secret", domain_id: domain.id };
  const trustee = (await t.admin("POST", `${V3}/users`, { body: { user: foreign } })).body.user.id;
  const owner = await t.login("demo", "demo");
  const { userId, projectId } = t.cloud.kernel.authenticator.authenticate(owner) ?? {};
  const trust = { trustor_user_id: userId, trustee_user_id: trustee, project_id: projectId, impersonation: true };
  const body = { trust: { ...trust, roles: [{ name: "member" }] } };
  const { id } = (await t.request("POST", `${V3}/OS-TRUST/trusts`, { token: owner, body })).body.trust;
  const identity = { methods: ["password"], password: { user: { id: trustee, password: "secret" } } };
  const used = await t.request("POST", TOKENS, { body: { auth: { identity, scope: { "OS-TRUST:trust": { id } } } } });
  assert.ok(valid(tokenOf(used)));
  await t.admin("PATCH", `${V3}/domains/${domain.id}`, { body: { domain: { enabled: false } } });
  assert.ok(!valid(tokenOf(used)));
});

test("a trust gives what it names on its project and nothing else, whatever scope is asked beside it", async () => {
  const lent = await lend("bounded", true);
  const other = await t.project("bounded-other");
  await t.admin("PUT", `${V3}/projects/${other}/users/${lent.trustor}/roles/${await t.roleId("member")}`);
  const login = await t.login("bounded-trustee", null);
  const both = await rescope(login, { "OS-TRUST:trust": { id: lent.id }, project: { id: other } });
  assert.notEqual(both.body.token?.project.id, other);
  const old = { auth: { tenantId: other, trust_id: lent.id, token: { id: login } } };
  assert.equal((await t.request("POST", "/identity/v2.0/tokens", { body: old })).status, 401);
  const passwordCredentials = { username: "bounded-trustee", password: "secret" };
  const older = { auth: { tenantId: other, trust_id: lent.id, passwordCredentials } };
  assert.equal((await t.request("POST", "/identity/v2.0/tokens", { body: older })).status, 401);
  for (const scope of [{ project: { id: other } }, { unscoped: {} }, { system: { all: true } }, undefined]) {
    assert.equal((await rescope(lent.token, scope)).status, 403);
  }
});

test("a trust's token lends nothing on, and makes no application credential that would outlive it", async () => {
  const { token, trustor, project, owner } = await lend("chained", true);
  const stranger = await t.user("chained-stranger");
  const trust = { trustor_user_id: trustor, trustee_user_id: stranger, project_id: project, impersonation: true };
  const body = { trust: { ...trust, roles: [{ name: "member" }] } };
  assert.equal((await t.request("POST", `${V3}/OS-TRUST/trusts`, { token, body })).status, 403);
  const credentials = `${V3}/users/${trustor}/application_credentials`;
  const wish = { application_credential: { name: "kept" } };
  assert.equal((await t.request("POST", credentials, { token, body: wish })).status, 403);
  const own = await t.request("POST", credentials, { token: owner, body: wish });
  assert.equal(own.status, 201);
  const { id } = own.body.application_credential;
  for (const [method, path] of [
    ["GET", credentials],
    ["GET", `${credentials}/${id}`],
    ["DELETE", `${credentials}/${id}`],
    ["GET", `${V3}/users/${trustor}/access_rules`],
  ] as const) {
    assert.equal((await t.request(method, path, { token })).status, 403, `${method} ${path}`);
  }
});

test("an application credential has nothing to do with trusts, restricted or not, and is nobody else's", async () => {
  const { trustor, trustee, project, owner, id } = await lend("kept-apart", false);
  const credentials = `${V3}/users/${trustor}/application_credentials`;
  for (const unrestricted of [true, false]) {
    const wish = { application_credential: { name: `app-${unrestricted}`, unrestricted } };
    const made = (await t.request("POST", credentials, { token: owner, body: wish })).body.application_credential;
    // Another user named beside it changes nothing.
    const application_credential = { id: made.id, secret: made.secret, user: { id: trustee } };
    const identity = { methods: ["application_credential"], application_credential };
    const login = await t.request("POST", TOKENS, { body: { auth: { identity } } });
    assert.equal(login.body.token.user.id, trustor);
    const token = tokenOf(login);
    const trust = { trustor_user_id: trustor, trustee_user_id: trustee, project_id: project, impersonation: true };
    for (const [method, path, body] of [
      ["POST", "trusts", { trust: { ...trust, roles: [{ name: "member" }] } }],
      ["GET", `trusts?trustor_user_id=${trustor}`, undefined],
      ["GET", `trusts/${id}`, undefined],
      ["GET", `trusts/${id}/roles`, undefined],
      ["DELETE", `trusts/${id}`, undefined],
    ] as const) {
      const sent = body === undefined ? { token } : { token, body };
      assert.equal((await t.request(method, `${V3}/OS-TRUST/${path}`, sent)).status, 403, `${method} ${path}`);
    }
    for (const scope of [{ system: { all: true } }, { project: { id: project } }, { unscoped: {} }]) {
      assert.equal((await rescope(token, scope)).status, 403);
    }
  }
  assert.equal((await t.request("GET", `${V3}/OS-TRUST/trusts/${id}`, { token: owner })).status, 200);
});

test("taking a role that was never given gives none, and a group is no user", async () => {
  const user = await t.user("roleless");
  const group = (await t.admin("POST", `${V3}/groups`, { body: { group: { name: "roles" } } })).body.group.id;
  const project = await t.project("demo");
  const role = await t.roleId("admin");
  const grant = (actor: string) => `${V3}/projects/${project}/${actor}/roles/${role}`;
  assert.equal((await t.admin("DELETE", grant(`users/${user}`))).status, 404);
  assert.equal((await t.admin("HEAD", grant(`users/${user}`))).status, 404);
  await assert.rejects(t.login("roleless", "demo"));
  assert.equal((await t.admin("PUT", grant(`groups/${group}`))).status, 204);
  assert.equal((await t.admin("PUT", grant(`users/${group}`))).status, 404);
  assert.equal((await t.admin("PUT", grant(`groups/${user}`))).status, 404);
  const listed = await t.admin("GET", `${V3}/role_assignments?user.id=${group}`);
  assert.deepEqual(listed.body.role_assignments, []);
});

test("who may not give a role or change a user changes nothing by trying", async () => {
  const demo = await t.login("demo", "demo");
  const userId = t.cloud.kernel.authenticator.authenticate(demo)?.userId ?? "";
  const admins = await t.project("admin");
  const role = await t.roleId("admin");
  const before = (await t.admin("GET", `${V3}/role_assignments?user.id=${userId}`)).body.role_assignments;
  for (const [method, path, body] of [
    ["PUT", `projects/${admins}/users/${userId}/roles/${role}`, undefined],
    ["PUT", `domains/default/users/${userId}/roles/${role}`, undefined],
    ["PUT", `system/users/${userId}/roles/${role}`, undefined],
    ["PATCH", `users/${userId}`, { user: { default_project_id: admins } }],
    ["PATCH", `users/${userId}`, { user: { tenantId: admins, enabled: true } }],
    ["GET", `users/${userId}/projects?user_id=admin`, undefined],
  ] as const) {
    const sent = body === undefined ? { token: demo } : { token: demo, body };
    const { status } = await t.request(method, `${V3}/${path}`, sent);
    assert.equal(status, method === "GET" ? 200 : 403, `${method} ${path}`);
  }
  // A target named in the body or the query is not what the rule looks at.
  const victim = await t.user("victim");
  const forged = { user: { name: "renamed" }, target: { user: { id: userId, domain_id: "default" } } };
  assert.equal((await t.request("PATCH", `${V3}/users/${victim}`, { token: demo, body: forged })).status, 403);
  const asOwn = `${V3}/users/${victim}/application_credentials?user_id=${userId}`;
  assert.equal((await t.request("GET", asOwn, { token: demo })).status, 403);
  const after = (await t.admin("GET", `${V3}/role_assignments?user.id=${userId}`)).body.role_assignments;
  assert.deepEqual(after, before);
  await assert.rejects(t.login("demo", "admin"));
});

test("credentials are their owner's: nobody else lists, reads, makes, changes or removes them", async () => {
  const demo = await t.login("demo", "demo");
  const { userId, projectId } = t.cloud.kernel.authenticator.authenticate(demo) ?? {};
  const credential = { type: "totp", blob: "JBSWY3DPEHPK3PXP", project_id: projectId };
  const made = await t.request("POST", `${V3}/credentials`, { token: demo, body: { credential } });
  const { id } = made.body.credential;
  const other = await t.login("alt_demo_member", "alt_demo");
  for (const query of ["", `?user_id=${userId}`, "?type=totp"]) {
    const listed = await t.request("GET", `${V3}/credentials${query}`, { token: other });
    assert.deepEqual(listed.body.credentials, [], query);
  }
  const path = `${V3}/credentials/${id}`;
  const otherId = t.cloud.kernel.authenticator.authenticate(other)?.userId;
  assert.equal((await t.request("GET", path, { token: other })).status, 403);
  assert.equal((await t.request("DELETE", path, { token: other })).status, 403);
  const patch = (token: string, change: object) => t.request("PATCH", path, { token, body: { credential: change } });
  assert.equal((await patch(other, { blob: "x" })).status, 403);
  const forOther = { credential: { ...credential, user_id: userId } };
  assert.equal((await t.request("POST", `${V3}/credentials`, { token: other, body: forOther })).status, 403);
  assert.equal((await patch(demo, { user_id: otherId })).status, 403, "nor is one given away");
  const blob = JSON.stringify({ access: "owned", secret: "secret" });
  const key = { credential: { type: "ec2", blob, project_id: projectId } };
  const ec2 = await t.request("POST", `${V3}/credentials`, { token: demo, body: key });
  const at = `${V3}/credentials/${ec2.body.credential.id}`;
  const admin = (await t.admin("GET", `${V3}/users?name=admin`)).body.users[0].id;
  const become = { credential: { user_id: admin, project_id: await t.project("admin") } };
  assert.equal((await t.request("PATCH", at, { token: demo, body: become })).status, 403);
  assert.equal((await t.request("GET", path, { token: demo })).status, 200);
});

test("an endpoint's URL shows project and user, and nothing of the settings", async () => {
  const service = (await t.admin("POST", `${V3}/services`, { body: { service: { type: "leak" } } })).body.service.id;
  const urls = ["admin_token", "password", "connection", "__class__", "settings", "constructor"].map(
    (name) => `http://x/$(${name})s/%(${name})s`,
  );
  for (const url of [...urls, "http://fine/$(tenant_id)s"]) {
    const endpoint = { service_id: service, interface: "public", url };
    await t.admin("POST", `${V3}/endpoints`, { body: { endpoint } });
  }
  const token = await t.login("demo", "demo");
  const { projectId } = t.cloud.kernel.authenticator.authenticate(token) ?? {};
  const { catalog } = (await t.request("GET", `${V3}/auth/catalog`, { token })).body;
  const shown = catalog.find(({ type }: { type: string }) => type === "leak").endpoints;
  assert.deepEqual(
    shown.map(({ url }: { url: string }) => url),
    [`http://fine/${projectId}`],
  );
});

test("what keystone has beside this (federation, OAuth, tokens by certificate) is not there for anybody", async () => {
  for (const path of [
    ...["OS-FEDERATION/projects", "OS-FEDERATION/identity_providers", "OS-FEDERATION/saml2/metadata"],
    ...["OS-OAUTH1/request_token", "OS-OAUTH1/authorize/x", "OS-OAUTH2/token", "OS-SIMPLE-CERT/ca"],
  ]) {
    for (const method of ["GET", "POST", "PUT"]) {
      const { status } = await t.admin(method, `${V3}/${path}`, method === "GET" ? {} : { body: {} });
      assert.ok(status === 404, `${method} ${path}: ${status}`);
    }
  }
  const methods = ["saml2", "oauth1", "external", "mapped", "kerberos", "x509", "totp", "oauth2_credential"];
  for (const method of methods) {
    const identity = { methods: [method], [method]: { id: "admin", user: { name: "admin" } } };
    const headers = { "remote-user": "admin", "x-remote-user": "admin", "remote-domain": "Default" };
    assert.equal((await t.request("POST", TOKENS, { body: { auth: { identity } }, headers })).status, 401, method);
  }
});

test("the own projects are listed and no others", async () => {
  const hidden = await t.project("hidden-from-demo");
  const demo = await t.login("demo", "demo");
  const own = await t.request("GET", `${V3}/auth/projects`, { token: demo });
  assert.ok(!JSON.stringify(own.body).includes(hidden));
  assert.equal((await t.request("GET", `${V3}/projects`, { token: demo })).status, 403);
  assert.equal((await t.request("GET", `${V3}/projects/${hidden}`, { token: demo })).status, 403);
  const missing = await t.request("GET", `${V3}/projects/${"0".repeat(32)}`, { token: demo });
  assert.equal(missing.status, 403, "what is there and what is not look alike");
  assert.equal((await t.request("POST", TOKENS, { body: passwordLogin("demo", "hidden-from-demo") })).status, 401);
});
