import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";

let t: IdentityCloud;
let demo: string;
let demoId: string;
let projectId: string;
before(async () => {
  t = await identityCloud();
  demo = await t.login("demo", "demo");
  const identity = t.cloud.kernel.authenticator.authenticate(demo);
  demoId = identity?.userId ?? "";
  projectId = identity?.projectId ?? "";
});
after(() => t.close());

const TOKENS = "/identity/v3/auth/tokens";
const credentialLogin = (id: string, secret: string) => ({
  auth: { identity: { methods: ["application_credential"], application_credential: { id, secret } } },
});

test("an application credential logs in to its project with its roles, and not after it is gone", async () => {
  const path = `/identity/v3/users/${demoId}/application_credentials`;
  const body = { application_credential: { name: "ci", roles: [{ name: "reader" }] } };
  const created = await t.request("POST", path, { token: demo, body });
  assert.equal(created.status, 201);
  const { id, secret } = created.body.application_credential;
  const login = await t.request("POST", TOKENS, { body: credentialLogin(id, secret) });
  assert.equal(login.status, 201);
  assert.deepEqual(
    login.body.token.roles.map(({ name }: { name: string }) => name),
    ["reader"],
  );
  assert.equal(login.body.token.application_credential.restricted, true);
  assert.equal((await t.request("POST", TOKENS, { body: credentialLogin(id, "wrong") })).status, 401);
  const token = login.headers.get("x-subject-token") ?? "";
  const more = await t.request("POST", path, { token, body: { application_credential: { name: "more" } } });
  assert.equal(more.status, 403);
  const rescope = { auth: { identity: { methods: ["token"], token: { id: token } }, scope: { unscoped: {} } } };
  assert.equal((await t.request("POST", TOKENS, { body: rescope })).status, 403);
  assert.equal((await t.request("DELETE", `${path}/${id}`, { token: demo })).status, 204);
  assert.equal(t.cloud.kernel.authenticator.authenticate(token), null);
});

/** A token of a new application credential of demo's with these access rules. */
async function narrowToken(name: string, ...rules: { service: string; method: string; path: string }[]) {
  const created = await t.request("POST", `/identity/v3/users/${demoId}/application_credentials`, {
    token: demo,
    body: { application_credential: { name, access_rules: rules } },
  });
  assert.equal(created.status, 201);
  const { id, secret } = created.body.application_credential;
  const login = await t.request("POST", TOKENS, { body: credentialLogin(id, secret) });
  return login.headers.get("x-subject-token") ?? "";
}

test("access rules let through what they name and nothing else", async () => {
  const token = await narrowToken("narrow", { service: "identity", method: "GET", path: "/v3/users/*/projects" });
  assert.equal((await t.request("GET", `/identity/v3/users/${demoId}/projects`, { token })).status, 200);
  assert.equal((await t.request("GET", `/identity/v3/users/${demoId}`, { token })).status, 401);
  const prefixed = await narrowToken("prefixed", { service: "identity", method: "GET", path: "/identity/v3/users/*" });
  assert.equal((await t.request("GET", `/identity/v3/users/${demoId}`, { token: prefixed })).status, 200);
});

test("a rule is for one service: everything of another one is refused", async () => {
  const services = (await t.admin("GET", "/identity/v3/services")).body.services as { type: string }[];
  const types = [...new Set(services.map(({ type }) => type))];
  assert.ok(types.includes("identity"));
  const others = types.filter((type) => type !== "identity");
  const token = await narrowToken(
    "other-services",
    ...[...others, "keystone", "nova"].map((service) => ({ service, method: "GET", path: "/**" })),
  );
  assert.equal((await t.request("GET", "/identity/v3/auth/projects", { token })).status, 401);
});

test("a service that speaks for a user is not held to the user's access rules; a user with another token is", async () => {
  const token = await narrowToken("chained", { service: "compute", method: "POST", path: "/v2.1/servers" });
  const ask = (serviceToken: string) =>
    t.request("GET", "/identity/v3/auth/projects", { token, headers: { "x-service-token": serviceToken } });
  assert.equal((await ask(await t.login("nova", "service"))).status, 200);
  assert.equal((await ask(demo)).status, 401);
  assert.equal((await ask("no-token")).status, 401);
});

test("a token with access rules is told only to who enforces them, and may always ask about itself", async () => {
  const token = await narrowToken("told", { service: "network", method: "GET", path: "/v2.0/networks" });
  const validate = (asker: string, version: string | null) =>
    t.request("GET", TOKENS, {
      token: asker,
      headers: {
        "x-subject-token": token,
        ...(version === null ? {} : { "openstack-identity-access-rules": version }),
      },
    });
  const admin = await t.login("admin", "admin");
  for (const version of [null, "", "0.9", "one"]) {
    const unknown = await validate(admin, version);
    assert.equal(unknown.status, 404, String(version));
    assert.equal(unknown.body.error.message, "Failed to validate token");
  }
  for (const version of ["1.0", "1.1", "2"]) {
    const told = await validate(admin, version);
    assert.equal(told.status, 200, version);
    assert.equal(told.body.token.application_credential.access_rules[0].service, "network");
  }
  assert.equal((await validate(token, "1.0")).status, 200);
  assert.equal((await validate(token, null)).status, 404);
  assert.equal((await t.admin("GET", `/identity/v2.0/tokens/${token}`)).status, 404);
  const headers = { "x-subject-token": token, "openstack-identity-access-rules": "1.0" };
  assert.equal((await t.request("HEAD", TOKENS, { token, headers })).status, 401, "only GET is let through");
  assert.equal((await t.admin("DELETE", TOKENS, { headers: { "x-subject-token": token } })).status, 404);
});

test("a trust lends a role until it is withdrawn", async () => {
  const trustee = await t.login("alt_demo_member", "alt_demo");
  const trusteeId = t.cloud.kernel.authenticator.authenticate(trustee)?.userId;
  const body = {
    trust: {
      trustor_user_id: demoId,
      trustee_user_id: trusteeId,
      project_id: projectId,
      impersonation: true,
      roles: [{ name: "member" }],
    },
  };
  const created = await t.request("POST", "/identity/v3/OS-TRUST/trusts", { token: demo, body });
  assert.equal(created.status, 201);
  const { id } = created.body.trust;
  const scope = { "OS-TRUST:trust": { id } };
  const through = (token: string) => ({ auth: { identity: { methods: ["token"], token: { id: token } }, scope } });
  const used = await t.request("POST", TOKENS, { body: through(trustee) });
  assert.equal(used.status, 201);
  assert.equal(used.body.token.user.id, demoId);
  assert.equal(used.body.token["OS-TRUST:trust"].trustee_user.id, trusteeId);
  const stranger = await t.login("demo_reader", "demo");
  assert.equal((await t.request("POST", TOKENS, { body: through(stranger) })).status, 403);
  assert.equal((await t.request("DELETE", `/identity/v3/OS-TRUST/trusts/${id}`, { token: demo })).status, 204);
  assert.equal(t.cloud.kernel.authenticator.authenticate(used.headers.get("x-subject-token") ?? ""), null);
});

test("a delegation is worth nothing once its giver has lost one of its roles, however it is asked", async () => {
  const giverId = await t.user("giver", "demo", "member", "reader");
  const giver = await t.login("giver", "demo");
  const path = `/identity/v3/users/${giverId}/application_credentials`;
  const roles = [{ name: "member" }, { name: "reader" }];
  const made = await t.request("POST", path, { token: giver, body: { application_credential: { name: "x", roles } } });
  assert.equal(made.status, 201);
  const { id, secret } = made.body.application_credential;
  const byCredential = () => t.request("POST", TOKENS, { body: credentialLogin(id, secret) });
  assert.equal((await byCredential()).status, 201);
  const trusteeToken = await t.login("alt_demo_member", "alt_demo");
  const trust = await t.request("POST", "/identity/v3/OS-TRUST/trusts", {
    token: giver,
    body: {
      trust: {
        trustor_user_id: giverId,
        trustee_user_id: t.cloud.kernel.authenticator.authenticate(trusteeToken)?.userId,
        project_id: projectId,
        impersonation: false,
        roles,
      },
    },
  });
  assert.equal(trust.status, 201);
  const scope = { "OS-TRUST:trust": { id: trust.body.trust.id } };
  const byTrust = () =>
    t.request("POST", TOKENS, {
      body: { auth: { identity: { methods: ["token"], token: { id: trusteeToken } }, scope } },
    });
  assert.equal((await byTrust()).status, 201);

  const memberId = await t.roleId("member");
  const lost = await t.admin("DELETE", `/identity/v3/projects/${projectId}/users/${giverId}/roles/${memberId}`);
  assert.equal(lost.status, 204);
  for (const login of [byCredential, byTrust]) {
    const { status } = await login();
    assert.ok([401, 403, 404].includes(status), String(status));
  }
});

test("an EC2 key is for its project; nobody else may see it", async () => {
  const path = `/identity/v3/users/${demoId}/credentials/OS-EC2`;
  const created = await t.request("POST", path, { token: demo, body: { tenant_id: projectId } });
  assert.equal(created.status, 201);
  const { access, secret } = created.body.credential;
  const other = await t.login("alt_demo", "demo").catch(() => t.login("alt_demo_member", "alt_demo"));
  assert.equal((await t.request("GET", `${path}/${access}`, { token: other })).status, 403);
  const found = t.cloud.kernel.facade("identity").authenticateWithEc2(access);
  assert.equal(found?.sign("text"), createHmac("sha1", secret).update("text").digest("base64"));
  assert.equal(JSON.stringify(found).includes(secret), false, "the secret stays in the identity service");
  assert.equal(found?.identity.userId, demoId);
});

test("v2.0: tutorials' logins still work", async () => {
  const body = { auth: { tenantName: "demo", passwordCredentials: { username: "demo", password: "secret" } } };
  const login = await t.request("POST", "/identity/v2.0/tokens", { body });
  assert.equal(login.status, 200);
  const { access } = login.body;
  assert.equal(access.token.tenant.name, "demo");
  assert.equal(access.serviceCatalog[0].endpoints[0].publicURL.endsWith("/identity"), true);
  const tenants = await t.request("GET", "/identity/v2.0/tenants", { token: access.token.id });
  assert.deepEqual(
    tenants.body.tenants.map(({ name }: { name: string }) => name),
    ["demo", "invisible_to_admin"],
  );
});

test("an application credential chooses no scope, not even an empty one; without a scope it has its project", async () => {
  const path = `/identity/v3/users/${demoId}/application_credentials`;
  const body = { application_credential: { name: "unscoped" } };
  const { id, secret } = (await t.request("POST", path, { token: demo, body })).body.application_credential;
  const { identity } = credentialLogin(id, secret).auth;
  for (const scope of [{ project: { id: projectId } }, "unscoped", { unscoped: {} }, { system: { all: true } }, {}]) {
    const refused = await t.request("POST", TOKENS, { body: { auth: { identity, scope } } });
    assert.equal(refused.status, 401, JSON.stringify(scope));
    assert.deepEqual(refused.body.error, {
      code: 401,
      identity: {},
      message: "Error authenticating with application credential: Application credentials cannot request a scope.",
      title: "Unauthorized",
    });
  }
  const login = await t.request("POST", `${TOKENS}?nocatalog`, { body: { auth: { identity } } });
  assert.equal(login.status, 201);
  assert.equal(login.body.token.project.id, projectId);
  assert.equal(login.body.token.catalog, undefined);
  assert.deepEqual(login.body.token.application_credential, { id, name: "unscoped", restricted: true });
});
