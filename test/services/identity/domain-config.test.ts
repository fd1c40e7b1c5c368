import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";

let t: IdentityCloud;
let domain: string;
before(async () => {
  t = await identityCloud();
  const created = await t.admin("POST", "/identity/v3/domains", { body: { domain: { name: "ldap" } } });
  domain = `/identity/v3/domains/${created.body.domain.id}`;
});
after(() => t.close());

const put = (config: unknown) => t.admin("PUT", `${domain}/config`, { body: { config } });
const patch = (path: string, config: unknown) => t.admin("PATCH", `${domain}/config${path}`, { body: { config } });
const reason = (text: string) => `Invalid domain specific configuration: ${text}.`;

test("a domain's options are set, shown by group and option, changed and removed", async () => {
  const none = await t.admin("GET", `${domain}/config`);
  assert.equal(none.status, 404);
  assert.match(
    none.body.error.message,
    /^Could not find any options in domain configuration for domain [0-9a-f]{32}\.$/,
  );

  const config = { identity: { driver: "ldap" }, ldap: { url: "ldap://one", password: "hidden" } };
  const first = await put(config);
  assert.equal(first.status, 201);
  const visible = { identity: { driver: "ldap" }, ldap: { url: "ldap://one" } };
  assert.deepEqual(first.body, { config: visible });
  assert.equal((await put(config)).status, 200);

  assert.deepEqual((await t.admin("GET", `${domain}/config/ldap`)).body, { config: { ldap: { url: "ldap://one" } } });
  assert.deepEqual((await t.admin("GET", `${domain}/config/ldap/url`)).body, { config: { url: "ldap://one" } });
  assert.equal((await t.admin("GET", `${domain}/config/ldap/password`)).status, 404);

  const group = await patch("/identity", { identity: { driver: "sql", list_limit: 5 } });
  assert.deepEqual(group.body, { config: { ...visible, identity: { driver: "sql", list_limit: 5 } } });
  const option = await patch("/ldap/url", { url: "ldap://two" });
  assert.equal(option.body.config.ldap.url, "ldap://two");

  assert.equal((await t.admin("DELETE", `${domain}/config/identity/driver`)).status, 204);
  const gone = await t.admin("GET", `${domain}/config/identity/driver`);
  assert.equal(gone.status, 404);
  assert.match(gone.body.error.message, /^Could not find option driver in group identity in domain configuration/);
  assert.deepEqual((await t.admin("GET", `${domain}/config/identity`)).body, {
    config: { identity: { list_limit: 5 } },
  });
  assert.equal((await t.admin("DELETE", `${domain}/config`)).status, 204);
  assert.equal((await t.admin("DELETE", `${domain}/config/ldap`)).status, 404);
});

test("what does not fit is refused in keystone's words", async () => {
  await put({ ldap: { url: "ldap://one" } });
  for (const [answer, words] of [
    [await put({}), "No options specified"],
    [await put(undefined), "No options specified"],
    [await put({ ldap: "x" }), "The value of group ldap specified in the config should be a dictionary of options"],
    [await put({ other: { a: 1 } }), "Group other is not supported for domain specific configurations"],
    [
      await put({ ldap: { toString: 1 } }),
      "Option toString in group ldap is not supported for domain specific configurations",
    ],
    [
      await patch("/ldap", { identity: { driver: "sql" } }),
      "request to update group ldap, but config provided contains group identity instead",
    ],
    [
      await patch("/ldap/url", { user: "x" }),
      "Trying to update option url in group ldap, but config provided contains option user instead",
    ],
  ] as const) {
    assert.equal(answer.status, 403);
    assert.equal(answer.body.error.message, reason(words));
  }
  const unset = await patch("/identity", { identity: { driver: "sql" } });
  assert.equal(unset.status, 404);
});

test("defaults and rules for passwords; members may read only the latter", async () => {
  const demo = await t.login("demo", "demo");
  const defaults = await t.admin("GET", "/identity/v3/domains/config/default");
  assert.equal(defaults.body.config.identity.driver, "sql");
  assert.equal(defaults.body.config.ldap.pool_retry_delay, 0.1);
  assert.deepEqual((await t.admin("GET", "/identity/v3/domains/config/ldap/url/default")).body, {
    config: { url: "ldap://localhost" },
  });
  const secret = await t.admin("GET", "/identity/v3/domains/config/ldap/password/default");
  assert.equal(secret.status, 403);
  assert.equal((await t.request("GET", "/identity/v3/domains/config/default", { token: demo })).status, 403);
  const path = "/identity/v3/domains/default/config/security_compliance";
  assert.deepEqual((await t.request("GET", path, { token: demo })).body, {
    config: { security_compliance: { password_regex: null, password_regex_description: null } },
  });
  assert.deepEqual((await t.request("GET", `${path}/password_regex`, { token: demo })).body, {
    config: { password_regex: null },
  });
});
