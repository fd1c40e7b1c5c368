import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";
import { rowsRead } from "../../support/rows-read.ts";

/** What a service gets that checks signatures by itself: asked for at each request, so it is remembered, and never longer than it holds. */
const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
let t: IdentityCloud;
let domain = "";
let project = "";
let user = "";
let key = "";
const V3 = "/identity/v3";

const ok = async (method: string, path: string, body?: unknown) => {
  const answer = await t.admin(method, `${V3}/${path}`, body === undefined ? {} : { body });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const found = (access = key) => t.cloud.kernel.facade("identity").authenticateWithEc2(access);
const roles = (access = key) => [...(found(access)?.identity.roles ?? [])].sort();
const makeKey = async () =>
  (await ok("POST", `users/${user}/credentials/OS-EC2`, { tenant_id: project })).credential.access;

before(async () => {
  t = await identityCloud({ clock });
  domain = (await ok("POST", "domains", { domain: { name: "signing" } })).domain.id;
  project = (await ok("POST", "projects", { project: { name: "signed", domain_id: domain } })).project.id;
  const body = { user: { name: "signer", domain_id: domain, password: "secret" } };
  user = (await ok("POST", "users", body)).user.id;
  await ok("PUT", `projects/${project}/users/${user}/roles/${await t.roleId("member")}`);
  key = await makeKey();
});
after(() => t.close());

test("while nothing changes, it is told without a look at the database, and signs without being made anew", async () => {
  const first = found();
  assert.deepEqual(roles(), ["member", "reader"]);
  const read = await rowsRead(t.cloud.kernel.db, async () => {
    const again = found();
    assert.equal(again, first);
    assert.equal(
      again?.signingKey("20260102", "r", "s3"),
      first?.signingKey("20260102", "r", "s3"),
      "one key per day, region and service",
    );
  });
  assert.equal(read.statements, 0);
  const hex = (date: string, region: string) => first?.signingKey(date, region, "s3").export().toString("hex");
  assert.equal(new Set([hex("20260102", "r"), hex("20260103", "r"), hex("20260102", "s")]).size, 3);
});

test("a user, project or domain that is disabled is refused from the next request on, and taken again when enabled", async () => {
  for (const [path, kind] of [
    [`users/${user}`, "user"],
    [`projects/${project}`, "project"],
    [`domains/${domain}`, "domain"],
  ] as const) {
    assert.notEqual(found(), null);
    await ok("PATCH", path, { [kind]: { enabled: false } });
    assert.equal(found(), null, `${kind} disabled`);
    await ok("PATCH", path, { [kind]: { enabled: true } });
    assert.notEqual(found(), null, `${kind} enabled`);
  }
});

test("roles that are given or taken away count from the next request on, by whatever way they came", async () => {
  const at = async (role: string, who = `users/${user}`) => `projects/${project}/${who}/roles/${await t.roleId(role)}`;
  assert.deepEqual(roles(), ["member", "reader"]);
  await ok("PUT", await at("admin"));
  assert.ok(roles().includes("admin"));
  assert.equal(found()?.identity.isAdmin, true);
  await ok("DELETE", await at("admin"));
  assert.deepEqual(roles(), ["member", "reader"]);
  assert.equal(found()?.identity.isAdmin, false);

  const group = (await ok("POST", "groups", { group: { name: "signers", domain_id: domain } })).group.id;
  await ok("PUT", await at("manager", `groups/${group}`));
  await ok("PUT", `groups/${group}/users/${user}`);
  assert.ok(roles().includes("manager"));
  await ok("DELETE", `groups/${group}/users/${user}`);
  assert.deepEqual(roles(), ["member", "reader"]);
  await ok("PUT", `groups/${group}/users/${user}`);
  await ok("DELETE", `groups/${group}`);
  assert.deepEqual(roles(), ["member", "reader"]);

  await ok("DELETE", await at("member"));
  assert.equal(found(), null, "its last role is gone");
  await ok("PUT", await at("member"));
  assert.deepEqual(roles(), ["member", "reader"]);
});

test("a password that is changed leaves access keys as they are, as keystone does", async () => {
  assert.notEqual(found(), null);
  await ok("PATCH", `users/${user}`, { user: { password: "another" } });
  assert.equal(found()?.identity.userId, user);
});

test("a key that is deleted, or whose secret or project is another, is so from the next request on", async () => {
  const access = await makeKey();
  const before = found(access)?.sign("text");
  const { credentials } = await ok("GET", `credentials?user_id=${user}&type=ec2`);
  const { id } = credentials.find(({ blob }: { blob: string }) => blob.includes(access));
  await ok("PATCH", `credentials/${id}`, { credential: { blob: JSON.stringify({ access, secret: "changed" }) } });
  assert.notEqual(found(access)?.sign("text"), before);
  const elsewhere = (await ok("POST", "projects", { project: { name: "elsewhere", domain_id: domain } })).project.id;
  await ok("PATCH", `credentials/${id}`, { credential: { project_id: elsewhere } });
  assert.equal(found(access), null, "no role there");
  await ok("PATCH", `credentials/${id}`, { credential: { project_id: project } });
  assert.notEqual(found(access), null);
  await ok("DELETE", `users/${user}/credentials/OS-EC2/${access}`);
  assert.equal(found(access), null);
  assert.notEqual(found(), null, "the other key stays");
});

test("a key ends with the delegation that it was made through, by time as by deletion", async () => {
  const demo = await t.login("demo", "demo");
  const demoId = t.cloud.kernel.authenticator.authenticate(demo)?.userId ?? "";
  const tenant = t.cloud.kernel.authenticator.authenticate(demo)?.projectId;
  const path = `${V3}/users/${demoId}/application_credentials`;
  const through = async (name: string, more: object = {}) => {
    const body = { application_credential: { name, unrestricted: true, ...more } };
    const made = (await t.request("POST", path, { token: demo, body })).body.application_credential;
    const identity = {
      methods: ["application_credential"],
      application_credential: { id: made.id, secret: made.secret },
    };
    const login = await t.request("POST", `${V3}/auth/tokens`, { body: { auth: { identity } } });
    const token = login.headers.get("x-subject-token") ?? "";
    const keys = `${V3}/users/${demoId}/credentials/OS-EC2`;
    const { access } = (await t.request("POST", keys, { token, body: { tenant_id: tenant } })).body.credential;
    return { id: made.id, access };
  };
  const deleted = await through("deleted");
  assert.notEqual(found(deleted.access), null);
  assert.equal((await t.request("DELETE", `${path}/${deleted.id}`, { token: demo })).status, 204);
  assert.equal(found(deleted.access), null);

  const expires_at = new Date(clock.now() + 600_000).toISOString().slice(0, 19);
  const ending = await through("ending", { expires_at });
  assert.notEqual(found(ending.access), null);
  clock.advance(599_000);
  assert.notEqual(found(ending.access), null);
  clock.advance(2_000);
  assert.equal(found(ending.access), null);
});

test("a key speaks for whom it does for longer than a token would live", async () => {
  assert.notEqual(found(), null);
  clock.advance(40 * 86_400_000);
  const later = found();
  assert.equal(later?.identity.userId, user);
  assert.ok((later?.identity.expiresAt ?? 0) > clock.now());
});

test("a user who is deleted takes the keys along", async () => {
  assert.notEqual(found(), null);
  await ok("DELETE", `users/${user}`);
  assert.equal(found(), null);
});
