import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { Core } from "../../../src/services/identity/manager/core.ts";
import { type IdentityCloud, identityCloud, passwordLogin } from "../../support/identity.ts";
import { testSettings } from "../../support/settings.ts";

const clock = new ManualClock();
let t: IdentityCloud;
before(async () => {
  t = await identityCloud({ clock });
});
after(() => t.close());

const V3 = "/identity/v3";
const TOKENS = `${V3}/auth/tokens`;
const login = (user: string, password = "secret", project: string | null = null, cloud = t) =>
  cloud.request("POST", TOKENS, { body: passwordLogin(user, project, password) });
const tokenOf = (answer: { headers: Headers }): string => answer.headers.get("x-subject-token") ?? "";

test("wrong passwords lock out for as long as local.conf says, and the right one is refused meanwhile", async () => {
  const { identity } = testSettings();
  assert.equal(identity.securityCompliance, true);
  await t.user("locked");
  for (let count = 0; count < identity.lockoutFailureAttempts; count += 1) {
    assert.equal((await login("locked", "wrong")).status, 401);
  }
  assert.equal((await login("locked")).status, 401);
  clock.advance((identity.lockoutDuration - 1) * 1000);
  assert.equal((await login("locked")).status, 401);
  clock.advance(1000);
  assert.equal((await login("locked")).status, 201);
  // A right one in between sets the count back.
  assert.equal((await login("locked", "wrong")).status, 401);
  assert.equal((await login("locked")).status, 201);
  assert.equal((await login("locked", "wrong")).status, 401);
  assert.equal((await login("locked")).status, 201);
});

test("the lock-out is for every way to try a password, and an administrator's new password ends it", async () => {
  const id = await t.user("tried");
  const change = (original_password: string) =>
    t.request("POST", `${V3}/users/${id}/password`, { body: { user: { original_password, password: "next" } } });
  const old = (password: string) =>
    t.request("POST", "/identity/v2.0/tokens", {
      body: { auth: { passwordCredentials: { username: "tried", password } } },
    });
  assert.equal((await change("wrong")).status, 401);
  assert.equal((await old("wrong")).status, 401);
  for (const answer of [await login("tried"), await change("secret"), await old("secret")]) {
    assert.equal(answer.status, 401);
  }
  await t.admin("PATCH", `${V3}/users/${id}`, { body: { user: { password: "fresh" } } });
  assert.equal((await login("tried", "fresh")).status, 201);
});

test("local.conf turns the lock-out off or changes it", async () => {
  for (const [variables, tries, expected] of [
    [{ KEYSTONE_SECURITY_COMPLIANCE_ENABLED: "False" }, 5, 201],
    [{ KEYSTONE_LOCKOUT_FAILURE_ATTEMPTS: "4" }, 3, 201],
    [{ LOCKOUT_FAILURE_ATTEMPTS: "4" }, 4, 401],
  ] as const) {
    const cloud = await identityCloud({ settings: testSettings({}, variables) });
    for (let count = 0; count < tries; count += 1) await login("demo", "wrong", null, cloud);
    assert.equal((await login("demo", "secret", null, cloud)).status, expected, JSON.stringify(variables));
    await cloud.close();
  }
});

test("guesses that run beside each other count one by one", async () => {
  await t.user("hurried");
  const answers = await Promise.all(Array.from({ length: 6 }, () => login("hurried", "wrong")));
  assert.ok(answers.every(({ status }) => status === 401));
  assert.equal((await login("hurried")).status, 401);
});

test("who is locked out, disabled, unknown or without a password hears the same, as slowly as anybody", async () => {
  await t.user("quick");
  assert.equal((await login("quick")).status, 201, "the password is remembered as right from here on");
  for (let count = 0; count < 2; count += 1) await login("quick", "wrong");
  const off = await t.user("switched-off");
  await t.admin("PATCH", `${V3}/users/${off}`, { body: { user: { enabled: false } } });
  await t.admin("POST", `${V3}/users`, { body: { user: { name: "no-password" } } });
  const passwords = t.cloud.kernel.db.prepare("SELECT count(*) AS count FROM identity_passwords").get();
  assert.ok(passwords !== undefined);
  const wrong = await login("demo", "wrong");
  for (const user of ["quick", "switched-off", "nobody-at-all", "no-password"]) {
    const answer = await login(user);
    assert.equal(answer.status, 401, user);
    assert.deepEqual(answer.body, wrong.body, user);
    assert.equal(answer.headers.get("www-authenticate"), wrong.headers.get("www-authenticate"));
  }
  // Time: the right password of who is locked out costs a whole hash, though it is remembered.
  const took = async (user: string, password: string) => {
    const start = performance.now();
    await login(user, password);
    return performance.now() - start;
  };
  const locked = Math.min(await took("quick", "secret"), await took("quick", "secret"));
  clock.advance(60_000);
  await login("quick");
  let remembered = Number.POSITIVE_INFINITY;
  for (let count = 0; count < 10; count += 1) remembered = Math.min(remembered, await took("quick", "secret"));
  assert.ok(locked > remembered * 2, `${locked} ms when locked out, ${remembered} ms when not`);
});

test("an empty password logs nobody in, not even a user without one", async () => {
  await t.admin("POST", `${V3}/users`, { body: { user: { name: "passwordless" } } });
  const emptied = await t.user("emptied");
  await t.admin("PATCH", `${V3}/users/${emptied}`, { body: { user: { password: null } } });
  for (const user of ["admin", "demo", "passwordless", "emptied"]) {
    assert.equal((await login(user, "")).status, 401, user);
  }
  assert.equal((await login("emptied")).status, 401);
  clock.advance(60_000);
});

test("a password longer than 4096 characters is refused before anything is hashed", async () => {
  const long = "x".repeat(4097);
  const start = performance.now();
  for (const answer of [
    await login("demo", long),
    await t.request("POST", "/identity/v2.0/tokens", {
      body: { auth: { passwordCredentials: { username: "demo", password: long } } },
    }),
    await t.admin("POST", `${V3}/users`, { body: { user: { name: "long", password: long } } }),
    await t.request("POST", `${V3}/users/x/password`, { body: { user: { original_password: long, password: "x" } } }),
    await t.request("POST", TOKENS, {
      body: {
        auth: { identity: { methods: ["application_credential"], application_credential: { id: "x", secret: long } } },
      },
    }),
  ]) {
    assert.equal(answer.status, 400);
    assert.ok(!JSON.stringify(answer.body).includes("x".repeat(500)), "and not sent back");
  }
  assert.ok(performance.now() - start < 1000);
  const most = "y".repeat(4096);
  await t.admin("POST", `${V3}/users`, { body: { user: { name: "longest", password: most } } });
  assert.equal((await login("longest", most)).status, 201);
  assert.equal((await login("longest", `${most.slice(0, -1)}z`)).status, 401, "every character counts");
});

test("a method that is named a thousand times is checked once", async () => {
  const { auth } = passwordLogin("demo", "demo");
  const methods = Array.from({ length: 1000 }, () => "password");
  const start = performance.now();
  const many = await t.request("POST", TOKENS, {
    body: { auth: { ...auth, identity: { ...auth.identity, methods } } },
  });
  assert.equal(many.status, 201);
  assert.deepEqual(many.body.token.methods, ["password"]);
  const context = new Core(t.cloud.kernel);
  const verify = context.passwords.verify.bind(context.passwords);
  let checked = 0;
  context.passwords.verify = (...args) => {
    checked += 1;
    return verify(...args);
  };
  await context.login.login({ identity: { ...auth.identity, methods } });
  assert.equal(checked, 1);
  const wrong = passwordLogin("longest", null, "wrong");
  await t.request("POST", TOKENS, { body: { auth: { ...wrong.auth, identity: { ...wrong.auth.identity, methods } } } });
  assert.ok(performance.now() - start < 2000);
});

test("two methods must speak of the same user, and the token ends with the sooner proof", async () => {
  const demo = tokenOf(await login("demo"));
  const two = (user: string) =>
    t.request("POST", TOKENS, {
      body: {
        auth: {
          identity: { ...passwordLogin(user, null).auth.identity, methods: ["password", "token"], token: { id: demo } },
        },
      },
    });
  assert.equal((await two("alt_demo")).status, 401);
  clock.advance(600_000);
  const both = await two("demo");
  assert.equal(both.status, 201);
  const first = await t.admin("GET", TOKENS, { headers: { "x-subject-token": demo } });
  assert.equal(both.body.token.expires_at, first.body.token.expires_at);
});

test("an expired token is refused, also one that was seen before, and one of an application credential with it", async () => {
  const user = await t.user("brief", "demo", "member");
  const answer = await login("brief", "secret", "demo");
  const token = tokenOf(answer);
  const path = `${V3}/users/${user}/application_credentials`;
  const expires_at = new Date(clock.now() + 60_000).toISOString().slice(0, 19);
  const made = await t.request("POST", path, {
    token,
    body: { application_credential: { name: "minute", expires_at } },
  });
  const { id, secret } = made.body.application_credential;
  const application_credential = { id, secret };
  // With another token first, which lives longer than the credential does.
  const identity = { methods: ["application_credential", "token"], application_credential, token: { id: token } };
  const through = await t.request("POST", TOKENS, { body: { auth: { identity } } });
  assert.equal(through.status, 201);
  assert.equal(Date.parse(through.body.token.expires_at), clock.now() + 60_000);
  const { authenticator } = t.cloud.kernel;
  assert.notEqual(authenticator.authenticate(tokenOf(through)), null);
  clock.advance(60_000);
  assert.equal(authenticator.authenticate(tokenOf(through)), null);
  const late = { methods: ["application_credential"], application_credential };
  assert.equal((await t.request("POST", TOKENS, { body: { auth: { identity: late } } })).status, 401);
  assert.notEqual(authenticator.authenticate(token), null);
  clock.advance(Date.parse(answer.body.token.expires_at) - clock.now());
  assert.equal(authenticator.authenticate(token), null);
  assert.equal((await t.request("GET", `${V3}/auth/projects`, { token })).status, 401);
});

test("a service may ask for a token two days past its end, and not when it was taken back", async () => {
  await t.user("worker", "demo", "member");
  const [ended, revoked] = [await login("worker", "secret", "demo"), await login("worker", "secret", "demo")];
  const ask = (answer: typeof ended, query: string) =>
    t.admin("GET", `${TOKENS}${query}`, { headers: { "x-subject-token": tokenOf(answer) } });
  await t.admin("DELETE", TOKENS, { headers: { "x-subject-token": tokenOf(revoked) } });
  clock.advance(Date.parse(ended.body.token.expires_at) - clock.now());
  assert.equal((await ask(ended, "")).status, 404);
  assert.equal((await ask(ended, "?allow_expired=0")).status, 404);
  const late = await ask(ended, "?allow_expired=1");
  assert.equal(late.status, 200);
  assert.equal(late.body.token.expires_at, ended.body.token.expires_at);
  assert.equal((await ask(revoked, "?allow_expired=1")).status, 404);
  clock.advance(172_800_000);
  assert.equal((await ask(ended, "?allow_expired=1")).status, 404);
});

test("a chain of tokens, however long, ends when the first one does, and can be followed to it", async () => {
  const first = await login("demo");
  let token = tokenOf(first);
  for (let link = 0; link < 5; link += 1) {
    clock.advance(60_000);
    const identity = { methods: ["token"], token: { id: token } };
    const scope = link % 2 === 0 ? { project: { name: "demo", domain: { id: "default" } } } : { unscoped: {} };
    const next = await t.request("POST", TOKENS, { body: { auth: { identity, scope } } });
    assert.equal(next.status, 201);
    assert.equal(next.body.token.expires_at, first.body.token.expires_at);
    assert.equal(next.body.token.audit_ids.length, 2);
    assert.equal(next.body.token.audit_ids[1], first.body.token.audit_ids[0]);
    token = tokenOf(next);
  }
  clock.advance(Date.parse(first.body.token.expires_at) - clock.now());
  const identity = { methods: ["token"], token: { id: token } };
  assert.equal((await t.request("POST", TOKENS, { body: { auth: { identity } } })).status, 404);
});

test("failed logins and invalid tokens leave nothing behind: no log line, no row", async () => {
  const { db, tracer } = t.cloud.kernel;
  const rows = () => {
    const tables = db.prepare<[], string>("SELECT name FROM sqlite_master WHERE type = 'table'").pluck().all();
    return tables
      .filter((name) => name !== "trace_spans")
      .map((name) => [name, db.prepare(`SELECT count(*) FROM "${name}"`).pluck().get()]);
  };
  const [lines, before] = [t.logs.length, rows()];
  for (let count = 0; count < 50; count += 1) {
    await t.request("GET", `${V3}/auth/projects`, { token: `gAAAAA${"x".repeat(count * 200)}` });
    await t.request("POST", TOKENS, { body: { auth: { identity: { methods: ["token"], token: { id: "x" } } } } });
    await t.request("POST", TOKENS, { body: "{" });
  }
  await login("nobody-at-all", "wrong");
  assert.equal(t.logs.length, lines);
  assert.deepEqual(rows(), before);
  // Traces, which every write leaves, are kept up to a number and no more.
  tracer.prune(10);
  const spans = () => Number(db.prepare("SELECT count(*) FROM trace_spans").pluck().get());
  assert.ok(spans() <= 10);
});

test("no body is read as XML: a bomb of entities is no login", async () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "&x;&x;">]><auth>&y;</auth>`;
  for (const type of ["application/xml", "application/json", "text/xml"]) {
    const answer = await t.request("POST", TOKENS, { body: bomb, headers: { "content-type": type } });
    assert.equal(answer.status, 400, type);
    assert.ok(!JSON.stringify(answer.body).includes("root:"));
  }
});

test("headers that name a user, a project or roles mean nothing without a token, and add nothing to one", async () => {
  const forged = {
    "x-user-id": "admin",
    "x-user-name": "admin",
    "x-project-id": "admin",
    "x-roles": "admin,service",
    "x-role": "admin",
    "x-is-admin-project": "True",
    "x-identity-status": "Confirmed",
    "x-service-roles": "service",
    "openstack-system-scope": "all",
    "x-admin-token": "ADMIN",
  };
  assert.equal((await t.request("GET", `${V3}/users`, { headers: forged })).status, 401);
  const token = tokenOf(await login("demo", "secret", "demo"));
  assert.equal((await t.request("GET", `${V3}/users`, { token, headers: forged })).status, 403);
  assert.equal((await t.request("GET", `${V3}/services`, { token, headers: forged })).status, 403);
  const own = await t.request("GET", `${V3}/auth/projects`, { token, headers: forged });
  assert.deepEqual(own.body.projects.map(({ name }: { name: string }) => name).sort(), ["demo", "invisible_to_admin"]);
});

test("requests beside each other keep to their own token", async () => {
  const users = ["demo", "alt_demo", "demo_reader"];
  const tokens = await Promise.all(users.map(async (user) => tokenOf(await login(user))));
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, index) => {
      const token = tokens[index % users.length] ?? "";
      return t.request("GET", TOKENS, { token, headers: { "x-subject-token": token } });
    }),
  );
  for (const [index, { body }] of answers.entries()) assert.equal(body.token.user.name, users[index % users.length]);
});

test("enabled is a boolean: words for it are refused, and a disabled user stays out", async () => {
  const id = await t.user("worded");
  const patch = (enabled: unknown) => t.admin("PATCH", `${V3}/users/${id}`, { body: { user: { enabled } } });
  for (const word of ["False", "false", "no", "", 0, 1, null])
    assert.equal((await patch(word)).status, 400, String(word));
  assert.equal((await login("worded")).status, 201);
  assert.equal((await patch(false)).status, 200);
  assert.equal((await login("worded")).status, 401);
  assert.equal((await t.admin("GET", `${V3}/users?enabled=false&name=worded`)).body.users.length, 1);
});

test("nobody logs in to a disabled project or through a disabled domain", async () => {
  const { domain } = (await t.admin("POST", `${V3}/domains`, { body: { domain: { name: "closing" } } })).body;
  const make = async (kind: string, body: object) =>
    (await t.admin("POST", `${V3}/${kind}s`, { body: { [kind]: { domain_id: domain.id, ...body } } })).body[kind].id;
  const project = await make("project", { name: "inside" });
  const user = await make("user", { name: "insider", password: "secret" });
  const role = await t.roleId("member");
  for (const target of [`projects/${project}`, `domains/${domain.id}`]) {
    await t.admin("PUT", `${V3}/${target}/users/${user}/roles/${role}`);
  }
  const scopes = [{ project: { id: project } }, { domain: { id: domain.id } }, { unscoped: {} }];
  const enter = async (scope: object) => {
    const identity = { methods: ["password"], password: { user: { id: user, password: "secret" } } };
    return t.request("POST", TOKENS, { body: { auth: { identity, scope } } });
  };
  const tokens: string[] = [];
  for (const scope of scopes) {
    const answer = await enter(scope);
    assert.equal(answer.status, 201);
    tokens.push(tokenOf(answer));
  }
  const { authenticator } = t.cloud.kernel;
  await t.admin("PATCH", `${V3}/projects/${project}`, { body: { project: { enabled: false } } });
  assert.equal((await enter({ project: { id: project } })).status, 401);
  assert.equal(authenticator.authenticate(tokens[0] ?? ""), null);
  await t.admin("PATCH", `${V3}/projects/${project}`, { body: { project: { enabled: true } } });
  tokens[0] = tokenOf(await enter({ project: { id: project } }));
  await t.admin("PATCH", `${V3}/domains/${domain.id}`, { body: { domain: { enabled: false } } });
  for (const scope of scopes) assert.equal((await enter(scope)).status, 401);
  for (const token of tokens) assert.equal(authenticator.authenticate(token), null);
  await t.admin("PATCH", `${V3}/domains/${domain.id}`, { body: { domain: { enabled: true } } });
  for (const token of tokens) assert.equal(authenticator.authenticate(token), null, "enabling brings none back");
  assert.equal((await enter({ domain: { id: domain.id } })).status, 201);
});
