import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type IdentityCloud, identityCloud } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";

let t: IdentityCloud;
before(async () => {
  t = await identityCloud();
  for (let index = 0; index < 5; index += 1) {
    for (const kind of ["domain", "project", "user", "group"]) {
      const body = { [kind]: { name: `paged-${index}`, enabled: kind === "group" ? undefined : index % 2 === 0 } };
      assert.equal((await t.admin("POST", `${V3}/${kind}s`, { body })).status, 201);
    }
  }
});
after(() => t.close());

const V3 = "/identity/v3";
const ids = (list: Json[]) => list.map(({ id }) => id).sort();

for (const kind of ["users", "groups", "projects", "domains"]) {
  test(`${kind} page to their end with limit 1, each once, by the links and by markers of one's own`, async () => {
    const all = ids((await t.admin("GET", `${V3}/${kind}`)).body[kind]);
    const walked: string[] = [];
    let next: string | null = `${V3}/${kind}?limit=1`;
    while (next !== null) {
      assert.ok(walked.length <= all.length, "it ends");
      const { status, body }: { status: number; body: Json } = await t.admin("GET", next);
      assert.equal(status, 200);
      walked.push(...body[kind].map(({ id }: Json) => id));
      next = body.links.next === null ? null : body.links.next.replace(/^https?:\/\/[^/]+/, "");
    }
    assert.deepEqual(walked, all);

    const own: string[] = [];
    for (let page = [""]; page.length > 0; own.push(...page)) {
      const marker = own.at(-1);
      const { body } = await t.admin("GET", `${V3}/${kind}?limit=2${marker === undefined ? "" : `&marker=${marker}`}`);
      page = body[kind].map(({ id }: Json) => id);
    }
    assert.deepEqual(own, all);
  });

  test(`${kind}: pages keep the filters; an unknown marker is 404, a limit that is none 400`, async () => {
    const filter = kind === "groups" ? "name__startswith=paged" : "name__startswith=paged&enabled=true";
    const fitting = ids((await t.admin("GET", `${V3}/${kind}?${filter}`)).body[kind]);
    assert.equal(fitting.length, kind === "groups" ? 5 : 3);
    const first = await t.admin("GET", `${V3}/${kind}?${filter}&limit=2`);
    assert.deepEqual(ids(first.body[kind]), fitting.slice(0, 2));
    assert.equal(first.body.truncated, true);
    const { searchParams } = new URL(first.body.links.next);
    assert.equal(searchParams.get("name__startswith"), "paged");
    assert.equal(searchParams.get("limit"), "2");
    assert.equal(searchParams.get("marker"), fitting[1]);
    const rest = await t.admin("GET", `${V3}/${kind}?${searchParams}`);
    assert.deepEqual(ids(rest.body[kind]), fitting.slice(2, 4));
    // A marker that the filter leaves out is a place in the order all the same.
    const outside = ids((await t.admin("GET", `${V3}/${kind}`)).body[kind]).find((id) => !fitting.includes(id));
    const after = await t.admin("GET", `${V3}/${kind}?${filter}&marker=${outside}`);
    assert.deepEqual(
      ids(after.body[kind]),
      fitting.filter((id) => id > (outside ?? "")),
    );
    assert.equal((await t.admin("GET", `${V3}/${kind}?marker=nosuch`)).status, 404);
    assert.equal((await t.admin("GET", `${V3}/${kind}?limit=x`)).status, 400);
    assert.equal((await t.admin("GET", `${V3}/${kind}?limit=-1`)).status, 400);
    const whole = await t.admin("GET", `${V3}/${kind}?limit=1000`);
    assert.equal(whole.body.links.next, null);
    assert.equal(whole.body.truncated, undefined);
  });
}

/** keystone/server/flask/common.py `build_driver_hints`: `flask.request.args.items()` is the first of each name. */
test("of a filter that is given twice the first counts, and all filters fit; users from elsewhere are none", async () => {
  const names = async (query: string) =>
    (await t.admin("GET", `${V3}/users?${query}`)).body.users.map(({ name }: Json) => name);
  assert.deepEqual(await names("name=paged-1&name=paged-2"), ["paged-1"]);
  assert.deepEqual(await names("name=nobody&name=paged-1"), []);
  assert.deepEqual(await names("name__startswith=paged&name__endswith=-3"), ["paged-3"]);
  assert.deepEqual(await names("enabled=false&enabled=true"), await names("enabled=false"));
  for (const filter of ["idp_id=x", "protocol_id=x", "unique_id=x"]) assert.deepEqual(await names(filter), []);
});

test("users are found by when their password ends", async () => {
  const { db } = t.cloud.kernel;
  const user = await t.user("expiring");
  const end = Date.parse("2031-01-02T03:04:05Z");
  db.prepare("UPDATE identity_passwords SET expires_at = ? WHERE user_id = ?").run(end, user);
  const group = (await t.admin("POST", `${V3}/groups`, { body: { group: { name: "expiring" } } })).body.group.id;
  await t.admin("PUT", `${V3}/groups/${group}/users/${user}`);
  for (const [filter, found] of [
    ["lt:2031-01-02T03:04:06Z", true],
    ["lt:2031-01-02T03:04:05Z", false],
    ["lte:2031-01-02T03:04:05Z", true],
    ["gt:2030-01-01T00:00:00Z", true],
    ["eq:2031-01-02T03:04:05Z", true],
    ["2031-01-02T03:04:05Z", true],
    ["neq:2031-01-02T03:04:05Z", false],
  ] as const) {
    for (const list of ["users", `groups/${group}/users`]) {
      const { body } = await t.admin("GET", `${V3}/${list}?password_expires_at=${filter}`);
      assert.deepEqual(ids(body.users), found ? [user] : [], `${list} ${filter}`);
    }
  }
  for (const wrong of ["before:2031-01-02T03:04:05Z", "lt:2031-13-45T00:00:00Z", "soon"]) {
    assert.equal((await t.admin("GET", `${V3}/users?password_expires_at=${wrong}`)).status, 400, wrong);
  }
});
