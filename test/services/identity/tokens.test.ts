import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { dashboardMigrations } from "../../../src/dashboard/server/index.ts";
import { type IdentityCloud, identityCloud, passwordLogin } from "../../support/identity.ts";

let t: IdentityCloud;
before(async () => {
  t = await identityCloud();
});
after(() => t.close());

const TOKENS = "/identity/v3/auth/tokens";
const names = (list: { name: string }[]) => list.map(({ name }) => name).sort();

test("a password buys a project token with roles, implied ones too, and the catalog", async () => {
  const answer = await t.request("POST", TOKENS, { body: passwordLogin("demo", "demo") });
  assert.equal(answer.status, 201);
  assert.match(answer.headers.get("x-subject-token") ?? "", /^gAAAA/);
  const { token } = answer.body;
  assert.deepEqual(token.methods, ["password"]);
  assert.deepEqual(token.user.domain, { id: "default", name: "Default" });
  assert.equal(token.project.name, "demo");
  assert.equal(token.is_domain, false);
  assert.deepEqual(names(token.roles), ["anotherrole", "member", "reader"]);
  assert.match(token.expires_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/);
  const [entry] = token.catalog;
  assert.equal(entry.type, "identity");
  assert.equal(entry.endpoints.length, 3);
  assert.equal(entry.endpoints[0].url, `${t.cloud.kernel.settings.api.baseUrl}/identity`);
});

test("admin gets every implied role; system and domain scope work; ?nocatalog leaves it out", async () => {
  const scoped = async (scope: unknown) => {
    const body = passwordLogin("admin", null);
    return t.request("POST", `${TOKENS}?nocatalog`, { body: { auth: { ...body.auth, scope } } });
  };
  const project = await scoped({ project: { name: "admin", domain: { id: "default" } } });
  assert.deepEqual(names(project.body.token.roles), ["admin", "manager", "member", "reader"]);
  assert.equal(project.body.token.catalog, undefined);
  const system = await scoped({ system: { all: true } });
  assert.deepEqual(system.body.token.system, { all: true });
  const domain = await scoped({ domain: { name: "Default" } });
  assert.deepEqual(domain.body.token.domain, { id: "default", name: "Default" });
});

test("every failed login is the same 401", async () => {
  const bodies = [
    passwordLogin("demo", "demo", "wrong"),
    passwordLogin("nobody", "demo"),
    passwordLogin("demo", "service"),
    passwordLogin("demo", "no-such-project"),
  ];
  for (const body of bodies) {
    const answer = await t.request("POST", TOKENS, { body });
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.body, {
      error: { code: 401, message: "The request you have made requires authentication.", title: "Unauthorized" },
    });
  }
});

test("a token can be traded for another scope and keeps its end and its chain", async () => {
  const first = await t.request("POST", TOKENS, { body: passwordLogin("demo", null) });
  assert.equal(first.body.token.project, undefined);
  assert.equal(first.body.token.catalog, undefined);
  const id = first.headers.get("x-subject-token");
  const body = (scope: unknown) => ({ auth: { identity: { methods: ["token"], token: { id } }, scope } });
  const second = await t.request("POST", TOKENS, {
    body: body({ project: { name: "invisible_to_admin", domain: { id: "default" } } }),
  });
  assert.equal(second.status, 201);
  assert.deepEqual(second.body.token.methods, ["password", "token"]);
  assert.equal(second.body.token.expires_at, first.body.token.expires_at);
  assert.equal(second.body.token.audit_ids[1], first.body.token.audit_ids[0]);
});

test("validate, check and revoke: a revoked token is void at once", async () => {
  const token = await t.login("demo", "demo");
  const headers = { "x-subject-token": token };
  const shown = await t.request("GET", TOKENS, { token, headers });
  assert.equal(shown.status, 200);
  assert.equal(shown.headers.get("x-subject-token"), token);
  assert.equal((await t.request("HEAD", TOKENS, { token, headers })).status, 200);
  assert.equal((await t.request("DELETE", TOKENS, { token, headers })).status, 204);
  assert.equal((await t.request("GET", TOKENS, { token, headers })).status, 401);
  const gone = await t.admin("GET", TOKENS, { headers });
  assert.equal(gone.status, 404);
  assert.equal(gone.body.error.message, "Failed to validate token");
  assert.equal(t.cloud.kernel.authenticator.authenticate(token), null);
});

test("another user's token is nobody's business, except an admin's", async () => {
  const demo = await t.login("demo", "demo");
  const alt = await t.login("alt_demo_member", "alt_demo");
  const refused = await t.request("GET", TOKENS, { token: alt, headers: { "x-subject-token": demo } });
  assert.equal(refused.status, 403);
  assert.equal((await t.admin("GET", TOKENS, { headers: { "x-subject-token": demo } })).status, 200);
});

test("a forged or damaged token is worth nothing", async () => {
  const token = await t.login("demo", "demo");
  const damaged = `${token.slice(0, -3)}${token.endsWith("AAA") ? "BBB" : "AAA"}`;
  for (const bad of [damaged, token.slice(0, 40), "gAAAAABhello", "", "x".repeat(5000)]) {
    assert.equal(t.cloud.kernel.authenticator.authenticate(bad), null);
  }
});

test("tokens survive a restart; revocations do too", async () => {
  const { identity } = await import("../../../src/services/identity/index.ts");
  const { createCloud } = await import("../../../src/kernel/kernel.ts");
  const kept = await t.login("demo", "demo");
  const lost = await t.login("demo", "demo");
  await t.request("DELETE", TOKENS, { token: lost, headers: { "x-subject-token": lost } });
  const { kernel } = t.cloud;
  const { settings, db } = kernel;
  const migrations = dashboardMigrations;
  const again = createCloud({ settings, db, services: [identity()], migrations, sink: () => {} });
  assert.equal(again.kernel.authenticator.authenticate(kept)?.userName, "demo");
  assert.equal(again.kernel.authenticator.authenticate(lost), null);
});

test("what a user loses, living tokens lose at once", async () => {
  const project = await t.admin("POST", "/identity/v3/projects", { body: { project: { name: "short-lived" } } });
  const user = await t.admin("POST", "/identity/v3/users", { body: { user: { name: "guest", password: "secret" } } });
  const role = (await t.admin("GET", "/identity/v3/roles?name=member")).body.roles[0];
  const grant = `/identity/v3/projects/${project.body.project.id}/users/${user.body.user.id}/roles/${role.id}`;
  assert.equal((await t.admin("PUT", grant)).status, 204);
  assert.equal((await t.admin("HEAD", grant)).status, 204);
  const { authenticator } = t.cloud.kernel;

  let token = await t.login("guest", "short-lived");
  assert.deepEqual([...(authenticator.authenticate(token)?.roles ?? [])].sort(), ["member", "reader"]);
  assert.equal((await t.admin("DELETE", grant)).status, 204);
  assert.equal(authenticator.authenticate(token), null);
  assert.equal((await t.admin("DELETE", grant)).status, 404);

  await t.admin("PUT", grant);
  token = await t.login("guest", "short-lived");
  const patchUser = (body: unknown) =>
    t.admin("PATCH", `/identity/v3/users/${user.body.user.id}`, { body: { user: body } });
  await patchUser({ enabled: false });
  assert.equal(authenticator.authenticate(token), null);
  await patchUser({ enabled: true });
  assert.equal(authenticator.authenticate(token), null, "enabling does not bring old tokens back");

  token = await t.login("guest", "short-lived");
  await patchUser({ password: "better" });
  assert.equal(authenticator.authenticate(token), null);
  const relogin = await t.request("POST", TOKENS, { body: passwordLogin("guest", "short-lived", "better") });
  assert.equal(relogin.status, 201);
  token = relogin.headers.get("x-subject-token") ?? "";
  await t.admin("PATCH", `/identity/v3/projects/${project.body.project.id}`, { body: { project: { enabled: false } } });
  assert.equal(authenticator.authenticate(token), null);
});

test("a token is checked from memory: over 8,000 in a second", async () => {
  const token = await t.login("demo", "demo");
  const { authenticator } = t.cloud.kernel;
  const start = performance.now();
  for (let count = 0; count < 8000; count += 1) assert.notEqual(authenticator.authenticate(token), null);
  assert.ok(performance.now() - start < 1000);
});

test("what never was a token is told from one that is no longer good", async () => {
  const revoke = (token: string) =>
    t.admin("DELETE", "/identity/v3/auth/tokens", { headers: { "x-subject-token": token } });
  const dummy = await revoke("dummy");
  assert.equal(dummy.status, 404);
  assert.equal(dummy.body.error.message, "Could not recognize Fernet token");
  const token = await t.login("demo", "demo");
  assert.equal((await revoke(token)).status, 204);
  assert.equal((await revoke(token)).body.error.message, "Failed to validate token");
});

test("a token that is no longer good, or never was one, is not found; it is no failed login", async () => {
  const trade = (id: string) =>
    t.request("POST", TOKENS, { body: { auth: { identity: { methods: ["token"], token: { id } } } } });
  const token = await t.login("demo", "demo");
  assert.equal((await trade(token)).status, 201);
  await t.request("DELETE", TOKENS, { token, headers: { "x-subject-token": token } });
  const revoked = await trade(token);
  assert.equal(revoked.status, 404);
  assert.equal(revoked.body.error.message, "Failed to validate token");
  const nonsense = await trade("gAAAAABhello");
  assert.equal(nonsense.status, 404);
  assert.equal(nonsense.body.error.message, "Could not recognize Fernet token");
  const old = await t.request("POST", "/identity/v2.0/tokens", { body: { auth: { token: { id: token } } } });
  assert.equal(old.status, 404);
});

test("a system's token buys none of a project or domain", async () => {
  const user = { name: "admin", domain: { id: "default" }, password: "secret" };
  const login = { methods: ["password"], password: { user } };
  const body = { auth: { identity: login, scope: { system: { all: true } } } };
  const id = (await t.request("POST", TOKENS, { body })).headers.get("x-subject-token");
  const trade = (scope: unknown) =>
    t.request("POST", TOKENS, { body: { auth: { identity: { methods: ["token"], token: { id } }, scope } } });
  assert.equal((await trade({ project: { name: "admin", domain: { id: "default" } } })).status, 403);
  assert.equal((await trade({ domain: { id: "default" } })).status, 403);
  assert.equal((await trade({ system: { all: true } })).status, 201);
});

test("a method that is not there is named with those that are", async () => {
  const identity = { methods: ["saml2"], saml2: {} };
  const answer = await t.request("POST", TOKENS, { body: { auth: { identity } } });
  assert.equal(answer.status, 401);
  assert.deepEqual(answer.body.error, {
    code: 401,
    identity: { methods: ["password", "token", "application_credential"] },
    message: "Attempted to authenticate with an unsupported method.",
    title: "Unauthorized",
  });
});
