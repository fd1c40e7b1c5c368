import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";

let t: IdentityCloud;
/** Ids of what is in the second domain: the domain itself, a project, users, groups. */
const there: Record<string, string> = {};
/** The same of the default domain. */
const here: Record<string, string> = {};
/** Tokens of the second domain: its admin's, and that of one who may only look. */
const tokens: Record<string, string> = {};

const V3 = "/identity/v3";

before(async () => {
  t = await identityCloud();
  const make = async (kind: string, body: Json): Promise<string> => {
    const answer = await t.admin("POST", `${V3}/${kind}s`, { body: { [kind]: body } });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body[kind].id;
  };
  there.domain = await make("domain", { name: "there" });
  here.domain = "default";
  for (const [ids, name] of [
    [there, "there"],
    [here, "here"],
  ] as const) {
    const domain_id = ids.domain;
    ids.project = await make("project", { name: `${name}-project`, domain_id });
    ids.child = await make("project", { name: `${name}-child`, domain_id, parent_id: ids.project });
    ids.user = await make("user", { name: `${name}-user`, domain_id });
    ids.group = await make("group", { name: `${name}-group`, domain_id });
  }
  // People and groups of both domains mix, as an admin of the cloud may have them.
  for (const group of [here.group, there.group]) {
    for (const user of [here.user, there.user]) await t.admin("PUT", `${V3}/groups/${group}/users/${user}`);
  }
  const member = await t.roleId("member");
  for (const project of [here.project, here.child, there.project]) {
    for (const user of [here.user, there.user]) {
      await t.admin("PUT", `${V3}/projects/${project}/users/${user}/roles/${member}`);
    }
  }
  for (const role of ["admin", "reader"]) {
    const id = await make("user", { name: `domain-${role}`, password: "secret", domain_id: there.domain });
    await t.admin("PUT", `${V3}/domains/${there.domain}/users/${id}/roles/${await t.roleId(role)}`);
    const user = { id, password: "secret" };
    const login = await t.request("POST", `${V3}/auth/tokens`, {
      body: {
        auth: { identity: { methods: ["password"], password: { user } }, scope: { domain: { id: there.domain } } },
      },
    });
    tokens[role] = login.headers.get("x-subject-token") ?? "";
    there[role] = id;
  }
});
after(() => t.close());

const ids = (list: Json[]) => list.map(({ id }) => id).sort();

for (const role of ["admin", "reader"]) {
  test(`a domain's ${role} lists what is in the own domain and nothing else`, async () => {
    const list = async (path: string, kind: string) => {
      const answer = await t.request("GET", `${V3}/${path}`, { token: tokens[role] });
      assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
      return answer.body[kind] as Json[];
    };
    const users = [there.user, there.admin, there.reader].sort();
    assert.deepEqual(ids(await list("users", "users")), users);
    assert.deepEqual(ids(await list(`users?domain_id=${there.domain}`, "users")), users);
    assert.deepEqual(ids(await list("groups", "groups")), [there.group]);
    assert.deepEqual(ids(await list("projects", "projects")), [there.project, there.child].sort());
    assert.deepEqual(ids(await list("domains", "domains")), [there.domain]);
    assert.deepEqual(ids(await list(`users/${there.user}/groups`, "groups")), [there.group]);
    assert.deepEqual(ids(await list(`groups/${there.group}/users`, "users")), [there.user]);
    // Asking for another domain finds nothing in it.
    for (const [path, kind] of [
      ["users?domain_id=default", "users"],
      ["groups?domain_id=default", "groups"],
      ["projects?domain_id=default", "projects"],
      ["projects?is_domain=1", "projects"],
      ["users?name=demo", "users"],
      ["domains?name=Default", "domains"],
    ] as const) {
      assert.deepEqual(await list(path, kind), [], path);
    }
  });

  test(`a domain's ${role} sees the assignments in the own domain, also as what they amount to`, async () => {
    for (const query of ["", "?effective", "?include_names", "?effective&include_names"]) {
      const answer = await t.request("GET", `${V3}/role_assignments${query}`, { token: tokens[role] });
      assert.equal(answer.status, 200);
      const places = new Set(
        answer.body.role_assignments.map(({ scope }: Json) => scope.project?.id ?? scope.domain?.id ?? "system"),
      );
      assert.deepEqual([...places].sort(), [there.domain, there.project].sort(), query);
    }
    const of = async (filter: string) =>
      (await t.request("GET", `${V3}/role_assignments?${filter}`, { token: tokens[role] })).body.role_assignments;
    assert.deepEqual(await of(`scope.project.id=${here.project}`), []);
    assert.deepEqual(await of("scope.system=all"), []);
    assert.equal((await of(`scope.project.id=${there.project}`)).length, 2);
    assert.equal((await of(`scope.project.id=${there.project}&include_subtree`)).length, 2);
  });
}

test("a domain's reader does not look into another domain's tree of projects; an unknown one is 404", async () => {
  const tree = (id: string | undefined) =>
    t.request("GET", `${V3}/role_assignments?include_subtree&scope.project.id=${id}`, { token: tokens.reader });
  assert.equal((await tree(here.project)).status, 403);
  assert.equal((await tree("nosuch")).status, 404);
});

test("old clients' list of tenants shows a domain's admin none of the default domain", async () => {
  const answer = await t.request("GET", "/identity/v2.0/tenants", { token: tokens.admin });
  assert.deepEqual(answer.body.tenants, []);
});

test("the cloud's own admin still lists everything", async () => {
  const all = async (path: string, kind: string) => ids((await t.admin("GET", `${V3}/${path}`)).body[kind]);
  assert.ok([here.user, there.user].every((id) => id !== undefined));
  const users = await all("users", "users");
  assert.ok(users.includes(here.user) && users.includes(there.user));
  assert.deepEqual(await all(`groups/${there.group}/users`, "users"), [here.user, there.user].sort());
  assert.deepEqual(await all(`users?domain_id=${there.domain}&name=there-user`, "users"), [there.user]);
});
