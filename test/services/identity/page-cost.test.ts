import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";
import { COPY, copyRows, costlyPlans, rowsRead, workPerTurn } from "../../support/rows-read.ts";

/** A list costs what it shows: as many rows are read of 60 users, groups and projects as of 2,000. */

let t: IdentityCloud;
let user: Json;
let group: Json;
let project: Json;
let role: Json;
const V3 = "/identity/v3";
const LIMIT = 20;

before(async () => {
  t = await identityCloud();
  const domain_id = (await make("domain", { name: "many" })).id;
  user = await make("user", { name: "copied", domain_id });
  group = await make("group", { name: "copied", domain_id });
  project = await make("project", { name: "copied", domain_id, tags: ["seldom"] });
  role = await make("role", { name: "some" });
  await make("credential", { type: "cert", blob: "{}", user_id: user.id });
  const given = [
    `projects/${project.id}/users/${user.id}`,
    `projects/${project.id}/groups/${group.id}`,
    `domains/${domain_id}/users/${user.id}`,
  ];
  for (const path of given) assert.equal((await t.admin("PUT", `${V3}/${path}/roles/${role.id}`)).status, 204);
  const inherited = `${V3}/OS-INHERIT/domains/${domain_id}/groups/${group.id}/roles/${role.id}/inherited_to_projects`;
  assert.equal((await t.admin("PUT", inherited)).status, 204);
  assert.equal((await t.admin("PUT", `${V3}/groups/${group.id}/users/${user.id}`)).status, 204);
});
after(() => t.close());

async function make(kind: string, sent: Json): Promise<Json> {
  const { status, body } = await t.admin("POST", `${V3}/${kind}s`, { body: { [kind]: sent } });
  assert.equal(status, 201, JSON.stringify(body));
  return body[kind];
}

/** So many more of everything, with a role and an access key of their own. */
function grow(from: number, to: number): void {
  const { db } = t.cloud.kernel;
  const copies = { from, to };
  copyRows(db, "identity_users", user.id, copies, { name: "'u' || @n" });
  copyRows(db, "identity_groups", group.id, copies, { name: "'g' || @n" });
  copyRows(db, "identity_projects", project.id, copies, { name: "'p' || @n", parent_id: COPY_ABOVE });
  db.raw.exec(`
    INSERT OR IGNORE INTO identity_assignments (actor_type, actor_id, target_type, target_id, role_id, inherited)
      SELECT 'user', id, 'project', id, '${role.id}', 0 FROM identity_users WHERE id LIKE 'zzz%';
    INSERT OR IGNORE INTO identity_project_tags (project_id, name)
      SELECT id, 'many' FROM identity_projects WHERE id LIKE 'zzz%';
    INSERT OR IGNORE INTO identity_credentials (id, user_id, type, blob, extra)
      SELECT id, id, 'ec2', '{}', '{}' FROM identity_users WHERE id LIKE 'zzz%';`);
}

/** Of the domain of the one that is copied, or under the copy before. */
const COPY_ABOVE = `CASE WHEN @n % 3 = 0 THEN ${COPY.replace("@n", "@n - 1")} ELSE one.parent_id END`;

const paths = () => [
  `users?limit=${LIMIT}`,
  `users?limit=${LIMIT}&enabled=true&name__icontains=U`,
  `users?limit=${LIMIT}&domain_id=${user.domain_id}`,
  `users?limit=${LIMIT}&marker=${user.id}`,
  "users?name=u7",
  `users?name=u7&domain_id=${user.domain_id}`,
  `groups?limit=${LIMIT}`,
  "groups?name=g7",
  `groups/${group.id}/users`,
  `users/${user.id}/groups`,
  `projects?limit=${LIMIT}`,
  `projects?limit=${LIMIT}&domain_id=${user.domain_id}&tags-any=many,seldom`,
  "projects?name=p7",
  "projects?tags-any=seldom",
  `domains?limit=${LIMIT}`,
  "domains?name=many",
  `credentials?user_id=${user.id}`,
  `role_assignments?user.id=${user.id}&include_names`,
  `role_assignments?scope.project.id=${project.id}`,
  `role_assignments?group.id=${group.id}`,
  `role_assignments?effective&scope.project.id=${project.id}&include_names`,
  `role_assignments?effective&user.id=${user.id}&scope.project.id=${project.id}`,
];

test("a list reads as many rows of 60 things as of 2,000, along indexes", async () => {
  const { db } = t.cloud.kernel;
  const read = async (isFirst = false) => {
    const costs = new Map<string, { statements: number; rows: number }>();
    for (const path of paths()) {
      const seen = await rowsRead(db, async () => {
        const answer = await t.admin("GET", `${V3}/${path}`);
        assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
      });
      // Roles are read whole, once.
      if (!isFirst) assert.deepEqual(costlyPlans(db, seen), [], path);
      costs.set(path, { statements: seen.statements, rows: seen.rows });
    }
    return costs;
  };
  grow(1, 60);
  await read(true);
  const few = await read();
  grow(61, 2_000);
  await read(true);
  assert.deepEqual(await read(), few);
  assert.ok(
    [...few.values()].every(({ rows }) => rows <= 3 * LIMIT),
    JSON.stringify([...few]),
  );
});

test("assignments of a whole tree amount to what each project of it has", async () => {
  const of = async (query: string) =>
    (await t.admin("GET", `${V3}/role_assignments?${query}`)).body.role_assignments.map((one: Json) =>
      [one.user.id, one.scope.project?.id ?? "", one.role.id].join(" "),
    );
  // An inherited role of a group in the domain reaches every project there is in it.
  const all = await of(`effective&user.id=${user.id}`);
  const projects = (await t.admin("GET", `${V3}/projects?domain_id=${user.domain_id}`)).body.projects;
  assert.deepEqual(
    all.filter((one: string) => !one.includes("  ")).sort(),
    projects.map(({ id }: Json) => `${user.id} ${id} ${role.id}`).sort(),
  );
  const [parent, child] = ["zzzzzzzz-0000-4000-8000-000000000002", "zzzzzzzz-0000-4000-8000-000000000003"];
  const tree = await of(`effective&include_subtree&scope.project.id=${parent}`);
  const each = [
    ...(await of(`effective&scope.project.id=${parent}`)),
    ...(await of(`effective&scope.project.id=${child}`)),
  ];
  assert.deepEqual(tree.sort(), each.sort());
  assert.equal(tree.length, 4);
});

test("a list of all is read a slice a turn", async () => {
  for (const kind of ["users", "groups", "projects", "credentials"]) {
    const ids = new Set<string>();
    const work = await workPerTurn(t.cloud.kernel, async () => {
      const { body } = await t.admin("GET", `${V3}/${kind}`);
      for (const { id } of body[kind]) ids.add(id);
    });
    assert.ok(ids.size > 1_000, `${ids.size} ${kind}`);
    assert.ok(work.length > 5, `${work.length} turns`);
    // All ids at once are cheap.
    assert.ok(Math.max(...work) <= ids.size + 650, `${kind}: ${Math.max(...work)} rows in one turn`);
  }
});
