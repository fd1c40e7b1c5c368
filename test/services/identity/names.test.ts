import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";

let t: IdentityCloud;
before(async () => {
  t = await identityCloud();
});
after(() => t.close());

const V3 = "/identity/v3";
const make = (kind: string, body: Json) => t.admin("POST", `${V3}/${kind}s`, { body: { [kind]: body } });

test("a login names user, domain and project in any case; the token says what they are called", async () => {
  for (const [user, domain, project] of [
    ["demo", "default", "demo"],
    ["DEMO", "DEFAULT", "Demo"],
    ["Demo", "Default", "DEMO"],
  ] as const) {
    const password = { user: { name: user, domain: { name: domain }, password: "secret" } };
    const scope = { project: { name: project, domain: { name: domain.toLowerCase() } } };
    const body = { auth: { identity: { methods: ["password"], password }, scope } };
    const answer = await t.request("POST", `${V3}/auth/tokens`, { body });
    assert.equal(answer.status, 201, user);
    assert.equal(answer.body.token.user.name, "demo");
    assert.equal(answer.body.token.user.domain.name, "Default");
    assert.equal(answer.body.token.project.name, "demo");
  }
  const password = { user: { name: "demo", domain: { id: "Default" }, password: "secret" } };
  const scope = { domain: { id: "DEFAULT" } };
  const asAdmin = { user: { ...password.user, name: "ADMIN" } };
  const answer = await t.request("POST", `${V3}/auth/tokens`, {
    body: { auth: { identity: { methods: ["password"], password: asAdmin }, scope } },
  });
  assert.equal(answer.status, 201, "an id of a domain in another case, too");
  assert.equal(answer.body.token.domain.id, "default");
  const old = { passwordCredentials: { username: "Demo", password: "secret" }, tenantName: "DEMO" };
  assert.equal((await t.request("POST", "/identity/v2.0/tokens", { body: { auth: old } })).status, 200);
  const wrong = { user: { name: "demo", domain: { name: "default" }, password: "SECRET" } };
  const refused = await t.request("POST", `${V3}/auth/tokens`, {
    body: { auth: { identity: { methods: ["password"], password: wrong } } },
  });
  assert.equal(refused.status, 401, "a password is what it is");
});

test("names that differ in case alone are the same name: 409, and nothing is made or changed", async () => {
  const domain = (await make("domain", { name: "Other" })).body.domain.id;
  for (const kind of ["domain", "project", "user", "group", "role"]) {
    const first = await make(kind, { name: "Some Name" });
    assert.equal(first.status, 201, kind);
    const second = await make(kind, { name: "sOME nAME" });
    assert.equal(second.status, 409, kind);
    const other = await make(kind, { name: "other name" });
    const path = `${V3}/${kind}s/${other.body[kind].id}`;
    assert.equal((await t.admin("PATCH", path, { body: { [kind]: { name: "SOME NAME" } } })).status, 409, kind);
    assert.equal((await t.admin("GET", path)).body[kind].name, "other name");
    // The own name may change its case.
    const renamed = await t.admin("PATCH", path, { body: { [kind]: { name: "Other Name" } } });
    assert.equal(renamed.body[kind].name, "Other Name", kind);
    // Another domain is another place.
    if (kind !== "domain") {
      assert.equal((await make(kind, { name: "some name", domain_id: domain })).status, 201, kind);
    }
  }
});

test("lists find names in any case", async () => {
  await make("domain", { name: "Listed" });
  await make("project", { name: "Listed" });
  await make("user", { name: "Listed" });
  await make("group", { name: "Listed" });
  await make("role", { name: "Listed" });
  for (const kind of ["domain", "project", "user", "group", "role"]) {
    for (const query of ["name=listed", "name=LISTED", "name=Listed"]) {
      const { body } = await t.admin("GET", `${V3}/${kind}s?${query}`);
      assert.deepEqual(
        body[`${kind}s`].map(({ name }: Json) => name),
        ["Listed"],
        `${kind} ${query}`,
      );
    }
    const exact = await t.admin("GET", `${V3}/${kind}s?name__contains=listed`);
    assert.deepEqual(exact.body[`${kind}s`], [], "a comparison that says it minds the case");
    const any = await t.admin("GET", `${V3}/${kind}s?name__icontains=LIST`);
    assert.equal(any.body[`${kind}s`].length, 1);
  }
  const tenants = await t.admin("GET", "/identity/v2.0/tenants?name=LISTED");
  assert.equal(tenants.body.tenant.name, "Listed");
});

test("roles of a trust and of an application credential are named in any case", async () => {
  const token = await t.login("demo", "demo");
  const { userId, projectId } = t.cloud.kernel.authenticator.authenticate(token) ?? {};
  const credential = await t.request("POST", `${V3}/users/${userId}/application_credentials`, {
    token,
    body: { application_credential: { name: "c", roles: [{ name: "MEMBER" }] } },
  });
  assert.equal(credential.status, 201);
  assert.equal(credential.body.application_credential.roles[0].name, "member");
  const trust = await t.request("POST", `${V3}/OS-TRUST/trusts`, {
    token,
    body: {
      trust: {
        trustor_user_id: userId,
        trustee_user_id: userId,
        impersonation: false,
        project_id: projectId,
        roles: [{ name: "Member" }],
      },
    },
  });
  assert.equal(trust.status, 201);
  assert.equal(trust.body.trust.roles[0].name, "member");
});
