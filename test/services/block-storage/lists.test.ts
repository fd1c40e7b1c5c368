import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { pythonLiteral } from "../../../src/services/block-storage/routes/python-literal.ts";
import type { Json } from "../../support/json.ts";
import { type Storage, storage } from "./support.ts";

const admin = "admin:alpha";
const VERSION = "3.70";
const SERVER = "5e5e5e5e-0000-4000-8000-00000000000";

let s: Storage;
let snapshotId = "";
before(async () => {
  s = await storage();
  const names = ["a", "b", "c", "b"];
  for (const [index, name] of names.entries()) {
    const { id } = await s.volume({ name, metadata: { number: String(index) }, size: index < 2 ? 1 : 2 });
    const { body } = await s.request("POST", "/snapshots", {
      body: { snapshot: { volume_id: id, name, metadata: { number: String(index) } } },
    });
    snapshotId = body.snapshot.id;
    await s.request("POST", "/attachments", {
      version: VERSION,
      body: { attachment: { volume_uuid: id, instance_uuid: `${SERVER}${index}` } },
    });
    const volume_type = { name: `t${index}`, extra_specs: { vendor_name: "nobody", multiattach: "<is> True" } };
    await s.request("POST", "/types", { token: admin, body: { volume_type } });
    await s.volume({ name: "none", volume_type: `t${index}` });
  }
  await s.idle();
});
after(() => s.close());

interface Asked {
  token?: string;
  version?: string;
}
const get = (path: string, { token = "member:alpha", version = VERSION }: Asked = {}) =>
  s.request("GET", path, { token, version });
async function listed(path: string, key: string, asked: Asked = {}): Promise<Json[]> {
  const answer = await get(path, asked);
  assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
  return answer.body[key];
}
const namesOf = async (path: string, key: string, asked: Asked = {}) =>
  (await listed(path, key, asked)).map(({ name }) => name);

/** Every list that pages in cinder; attachments page without links. */
const LISTS = [
  ["/volumes", "volumes", "volumes_links"],
  ["/volumes/detail", "volumes", "volumes_links"],
  ["/snapshots", "snapshots", "snapshots_links"],
  ["/snapshots/detail", "snapshots", "snapshots_links"],
  ["/attachments", "attachments", null],
  ["/attachments/detail", "attachments", null],
  ["/types", "volume_types", "volume_type_links"],
  ["/messages", "messages", "messages_links"],
] as const;

for (const [path, key, linksKey] of LISTS) {
  test(`GET ${path} pages to its end, one by one, by markers and by links`, async () => {
    const all = (await listed(path, key)).map(({ id }) => id);
    assert.ok(all.length >= 4, "there is something to page through");
    const byMarker: string[] = [];
    for (let query = "?limit=1"; ; query = `?limit=1&marker=${byMarker.at(-1)}`) {
      const rows = await listed(path + query, key);
      if (rows.length === 0) break;
      assert.equal(rows.length, 1);
      byMarker.push(rows[0]?.id);
      assert.ok(byMarker.length <= all.length, "it goes round");
    }
    assert.deepEqual(byMarker, all);

    const byLink: string[] = [];
    for (let next: string | null = `${path}?limit=1`; next !== null && linksKey !== null; ) {
      const { body } = await get(next);
      byLink.push(...body[key].map(({ id }: Json) => id));
      const href: string | undefined = body[linksKey]?.[0]?.href;
      next = href === undefined ? null : href.slice(href.indexOf("/v3/") + 3);
      assert.ok(byLink.length <= all.length, "it goes round");
    }
    if (linksKey !== null) assert.deepEqual(byLink, all);

    assert.deepEqual(
      (await listed(`${path}?offset=1&limit=2`, key)).map(({ id }) => id),
      all.slice(1, 3),
    );
    assert.deepEqual(await listed(`${path}?limit=0`, key), []);
    assert.deepEqual(
      (await listed(`${path}?sort=id:asc`, key)).map(({ id }) => id),
      [...all].sort(),
    );
    const nobody = await get(`${path}?marker=00000000-0000-4000-8000-000000000000`);
    assert.equal(nobody.status, 404);
    assert.equal((await get(`${path}?marker=`)).status, 404);
  });

  test(`GET ${path} refuses what makes no sense`, async () => {
    const wrong: [query: string, message: string][] = [
      ["limit=x", "limit param must be an integer"],
      ["limit=-1", "limit param must be positive"],
      ["offset=x", "offset must be an integer"],
      ["offset=-1", "offset must be >= 0"],
      ["offset=3000000000", "offset must be <= 2147483647"],
      ["sort=nothing", "Invalid input received: Invalid sort key"],
      ["sort=", "Invalid input received: Invalid sort key"],
      ["sort_key=constructor", "Invalid input received: Invalid sort key"],
      ["sort=id:sideways", "Invalid input received: Unknown sort direction, must be 'desc' or 'asc'."],
      [
        "sort=id&sort_key=id",
        "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.",
      ],
      ["nonsense=1", "Invalid filters nonsense are found in query options."],
      ["limit=1&limit=2", "Invalid filters limit are found in query options."],
      ["%C3%A4=1", "Filter keys can only contain ASCII characters."],
    ];
    for (const [query, message] of wrong) {
      const { status, body } = await get(`${path}?${query}`);
      assert.deepEqual([status, body.badRequest?.message], [400, message], query);
    }
    // An administrator may ask for anything, and nothing has that.
    assert.deepEqual(await listed(`${path}?nonsense=1`, key, { token: admin }), []);
    // cinderclient says it for everybody.
    assert.ok((await listed(`${path}?all_tenants=1`, key)).length >= 4);
  });
}

test("users' unknown filters were dropped before 3.31, of types before 3.52", async () => {
  const version = "3.30";
  assert.equal((await listed("/volumes?nonsense=1", "volumes", { version })).length, 8);
  assert.equal((await listed("/snapshots?nonsense=1&availability_zone=x", "snapshots", { version })).length, 4);
  assert.equal((await listed("/attachments?nonsense=1", "attachments", { version })).length, 4);
  const types = (await listed("/types", "volume_types")).length;
  assert.equal((await listed("/types?nonsense=1", "volume_types", { version: "3.51" })).length, types);
});

test("volumes: each filter, at the versions that have it", async () => {
  const names = (query: string, asked: Asked = {}) =>
    namesOf(`/volumes?sort=created_at:asc&${query}`, "volumes", asked);
  assert.deepEqual(await names("name=b"), ["b", "b"]);
  assert.deepEqual(await names("status=error"), ["none", "none", "none", "none"]);
  assert.deepEqual(await names(`status=${encodeURIComponent("['reserved', 'in-use']")}`), ["a", "b", "c", "b"]);
  assert.deepEqual(await names(`metadata=${encodeURIComponent("{'number': '2'}")}`), ["c"]);
  assert.deepEqual(await names(`metadata=${encodeURIComponent('{"number": "2"}')}`), ["c"]);
  assert.deepEqual(await names("metadata=x"), []);
  assert.deepEqual(await names("size=2"), ["c", "b"]);
  assert.deepEqual(await names("availability_zone=nova&size=2"), ["c", "b"]);
  assert.deepEqual(await names("availability_zone=mars"), []);
  assert.deepEqual(await names("migration_status=migrating"), []);
  assert.equal((await names("migration_status=None")).length, 8);
  assert.deepEqual(await names("group_id=x"), []);
  assert.equal((await names("group_id=x", { version: "3.9" })).length, 8, "there are groups since 3.10");
  assert.equal((await names("bootable=no")).length, 8);
  assert.deepEqual(await names("bootable=maybe", { version: "3.1" }), [], "before 3.2 that meant true");
  assert.deepEqual(await names("created_at=lt:2000-01-01T00:00:00"), []);
  assert.equal((await names("created_at=lt:2000-01-01T00:00:00", { version: "3.30" })).length, 8);
  assert.equal((await names("updated_at=gt:2000-01-01T00:00:00Z,lt:2100-01-01T00:00:00")).length, 8);
  assert.equal((await names("consumes_quota=true")).length, 8);
  assert.deepEqual(await names("consumes_quota=false"), []);
  for (const query of ["bootable=maybe", "consumes_quota=x", "created_at=2020", "created_at=gt:x", "with_count=x"]) {
    assert.equal((await get(`/volumes?${query}`)).status, 400, query);
  }
  // What users may not ask for, administrators may.
  for (const query of ["name~=b", "host=box", "user_id=x", "glance_metadata={}", "project_id=x"]) {
    assert.equal((await get(`/volumes?${query}`)).status, 400, query);
  }
  const asked = { token: admin };
  assert.deepEqual(await names("name~=B", asked), ["b", "b"]);
  assert.deepEqual(await names("host=box", asked), ["a", "b", "c", "b"]);
  assert.deepEqual(await names("host=box@lvmdriver-1", asked), ["a", "b", "c", "b"]);
  assert.deepEqual(await names("host=bo", asked), []);
  assert.equal((await get("/volumes?all_tenants=perhaps", asked)).status, 400);
  assert.deepEqual(await names("name=b", { token: "admin:other" }), []);
  assert.deepEqual(await names("name=b&all_tenants=1", { token: "admin:other" }), ["b", "b"]);
  assert.deepEqual(await names("name=b&all_tenants=1&project_id=other", { token: "admin:other" }), []);
});

test("snapshots and attachments: each filter", async () => {
  const names = (query: string, asked: Asked = {}) =>
    namesOf(`/snapshots?sort=created_at:asc&${query}`, "snapshots", asked);
  const { body } = await get(`/snapshots/${snapshotId}`);
  assert.deepEqual(await names("name=b&status=available"), ["b", "b"]);
  assert.deepEqual(await names(`volume_id=${body.snapshot.volume_id}`), ["b"]);
  assert.deepEqual(await names(`metadata=${encodeURIComponent("{'number': '2'}")}`), ["c"]);
  assert.equal((await names("metadata=x", { version: "3.21" })).length, 4);
  assert.deepEqual(await names("availability_zone=mars"), []);
  assert.equal((await names("availability_zone=nova&consumes_quota=yes")).length, 4);
  assert.equal((await names("host=box@lvmdriver-1", { token: admin })).length, 4);
  assert.deepEqual(await namesOf("/snapshots?sort=name:asc", "snapshots"), ["a", "b", "b", "c"]);
  assert.equal((await get("/snapshots?sort=name", { version: "3.29" })).status, 400);

  const instances = async (query: string, asked: Asked = {}) =>
    (await listed(`/attachments?sort=created_at:asc&${query}`, "attachments", asked)).map(({ instance }) => instance);
  assert.deepEqual(await instances(`instance_id=${SERVER}1`), [`${SERVER}1`]);
  assert.deepEqual(await instances(`volume_id=${body.snapshot.volume_id}`), [`${SERVER}3`]);
  assert.equal((await instances("status=reserved&attach_status=reserved")).length, 4);
  assert.deepEqual(await instances("attach_status=attached"), []);
  assert.deepEqual(await instances("", { token: "admin:other" }), []);
  assert.equal((await instances("all_tenants=1", { token: "admin:other" })).length, 4);
});

test("types: public ones, those of a project, and by extra specs", async () => {
  const names = (query: string, asked: Asked = {}) => namesOf(`/types?sort=name:asc&${query}`, "volume_types", asked);
  const hidden = { name: "hidden", "os-volume-type-access:is_public": false };
  const { body } = await s.request("POST", "/types", { token: admin, body: { volume_type: hidden } });
  const multi = `extra_specs=${encodeURIComponent("{'multiattach': '<is> True'}")}`;
  assert.deepEqual(await names(multi), ["t0", "t1", "t2", "t3"]);
  assert.deepEqual(
    await names(`extra_specs=${encodeURIComponent("{'vendor_name': 'nobody'}")}`),
    [],
    "users do not see it",
  );
  assert.equal(
    (await names(`extra_specs=${encodeURIComponent("{'vendor_name': 'nobody'}")}`, { token: admin })).length,
    4,
  );
  assert.equal((await get("/types?extra_specs=x")).status, 400);
  assert.ok(!(await names("")).includes("hidden"));
  assert.ok(!(await names("is_public=None")).includes("hidden"), "that is for administrators");
  assert.deepEqual(await names("is_public=False", { token: admin }), ["hidden"]);
  assert.ok((await names("is_public=None", { token: admin })).includes("hidden"));
  assert.equal((await get("/types?is_public=perhaps", { token: admin })).status, 400);
  const access = { addProjectAccess: { project: "alpha" } };
  await s.request("POST", `/types/${body.volume_type.id}/action`, { token: admin, body: access });
  assert.ok((await names("")).includes("hidden"));
});

test("messages: filters, and nothing is heard before 3.5", async () => {
  const [message] = await listed("/messages", "messages");
  assert.equal((await listed(`/messages?resource_uuid=${message?.resource_uuid}`, "messages")).length, 1);
  assert.equal((await listed("/messages?event_id=VOLUME_VOLUME_001_003", "messages")).length, 4);
  assert.deepEqual(await listed("/messages?message_level=INFO", "messages"), []);
  assert.equal((await listed("/messages?limit=1", "messages", { version: "3.4" })).length, 4);
  assert.deepEqual(await listed("/messages", "messages", { token: "member:other" }), []);
  assert.equal((await listed("/messages", "messages", { token: "admin:other" })).length, 4);
});

test("a count is of all, and its pages have a link to the end, as in cinder", async () => {
  for (const path of ["/volumes", "/volumes/detail"]) {
    const { body } = await get(`${path}?with_count=true&limit=2&name=b`);
    assert.deepEqual([body.volumes.length, body.count], [2, 2]);
  }
  const { body } = await get("/snapshots?with_count=True&limit=1");
  assert.deepEqual([body.snapshots.length, body.count], [1, 4]);
  assert.equal((await get("/volumes?with_count=true", { version: "3.44" })).status, 400, "since 3.45");
  const uncounted = await get("/volumes?with_count=false&limit=1");
  assert.ok(!("count" in uncounted.body));
});

test("a marker that has left the list keeps its place; a stranger's is none", async () => {
  const path = "/volumes?status=reserved&sort=created_at:asc";
  const rows = await listed(path, "volumes");
  const [first, ...others] = rows.map(({ id }) => id);
  await s.action(first, { "os-reset_status": { status: "error" } }, { token: admin });
  assert.deepEqual(
    (await listed(`${path}&marker=${first}`, "volumes")).map(({ id }) => id),
    others,
  );
  assert.equal((await get(`${path}&marker=${first}`, { token: "member:other" })).status, 404);
  await s.action(first, { "os-reset_status": { status: "reserved" } }, { token: admin });
});

test("equals are sorted by age in the direction of the first key", async () => {
  const ids = (rows: Json[]) => rows.map(({ id }) => id);
  const byAge = ids(await listed("/volumes?name=b&sort=created_at:asc", "volumes"));
  assert.deepEqual(ids(await listed("/volumes?name=b&sort=name:asc", "volumes")), byAge);
  assert.deepEqual(ids(await listed("/volumes?name=b&sort=name", "volumes")), [...byAge].reverse());
});

test("a list takes as many values and sort keys as a URL holds", async () => {
  const many = (text: string) => Array.from({ length: 2_500 }, () => text).join(",");
  const literal = encodeURIComponent(`[${many("1")}]`);
  const once = await listed("/volumes?size=1&sort=size:asc", "volumes");
  assert.ok(once.length >= 2);
  assert.deepEqual(await listed(`/volumes?size=${literal}&sort=${many("size:asc")}`, "volumes"), once);
});

test("Python's literals are read as Python reads them", () => {
  const cases: [text: string, value: unknown][] = [
    ["1", 1],
    [" -2.5 ", -2.5],
    ["None", null],
    ["True", true],
    ["'a\\'b'", "a'b"],
    ['u"x"', "x"],
    ["['a', 1,]", ["a", 1]],
    ["()", []],
    ["{'a': {'b': 'c'}}", new Map([["a", new Map([["b", "c"]])]])],
    ["available", undefined],
    ["1x", undefined],
    ["1.2.3", undefined],
    ["['a'", undefined],
    ["{'a'}", undefined],
    ["true", undefined],
    ["", undefined],
    ["[".repeat(10_000), undefined],
  ];
  for (const [text, value] of cases) assert.deepEqual(pythonLiteral(text), value, text.slice(0, 40));
});
