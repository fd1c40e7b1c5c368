import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { copyRows, costlyPlans, type RowsRead, rowsRead, workPerTurn } from "../../support/rows-read.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

/** A page costs what is on it: as many rows are read of 60 images as of 2,000. */

let t: ImageCloud;
let own: string;
let open: string;
const LIMIT = 20;
/** Has few images. */
const GAMMA = "member:gamma";

before(async () => {
  t = await imageCloud();
  own = (await t.create({ name: "copied" })).id;
  open = (await t.create({ name: "open", visibility: "public" }, "admin:ops")).id;
});
after(() => t.close());

function grow(from: number, to: number): void {
  const { db } = t.cloud.kernel;
  const changes = { name: "'i' || @n", created_at: "one.created_at + @n" };
  copyRows(db, "images", own, { from, to }, changes);
  const others = { ...changes, id: "'yyyyyyyy-0000-4000-8000-' || printf('%012d', @n)" };
  copyRows(db, "images", open, { from, to }, others);
}

/** Ids that an index has found are sorted: they are few. */
const costlyOf = (seen: RowsRead): string[] =>
  costlyPlans(t.cloud.kernel.db, seen).filter((line) => !line.includes("WHERE (id IN ("));

test("a page reads as many rows of 60 images as of 2,000, along indexes", async () => {
  const { db } = t.cloud.kernel;
  const read = async () => {
    const costs = new Map<string, { statements: number; rows: number }>();
    for (const token of ["member:alpha", "admin:ops"])
      for (const path of [
        "?",
        "?name=i7&",
        "?visibility=public&",
        "?status=queued&",
        "?sort=name:asc&",
        `?marker=${own}&`,
      ]) {
        const seen = await rowsRead(db, async () => {
          const answer = await t.request("GET", `/image/v2/images${path}limit=${LIMIT}`, { token });
          assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
        });
        // There is no index for each order of names: what is sorted are keys, and those of the page are read.
        if (!path.includes("sort")) assert.deepEqual(costlyOf(seen), [], `${token} ${path}`);
        costs.set(`${token} ${path}`, { statements: seen.statements, rows: seen.rows });
      }
    return costs;
  };
  grow(1, 60);
  await read();
  const few = await read();
  grow(61, 2_000);
  assert.deepEqual(await read(), few);
  assert.ok(
    [...few.values()].every(({ rows }) => rows <= LIMIT + 5),
    JSON.stringify([...few]),
  );
});

test("a long page is read a slice a turn", async () => {
  const ids = new Set<string>();
  const work = await workPerTurn(t.cloud.kernel, async () => {
    const { body } = await t.request("GET", "/image/v2/images?limit=1000", { token: "member:alpha" });
    for (const { id } of body.images) ids.add(id);
  });
  assert.equal(ids.size, 1_000);
  assert.ok(Math.max(...work) <= 250, `${Math.max(...work)} rows in one turn`);
});

test("images are found by what few of them say without a look at the others, as a look at all finds them", async () => {
  const { db } = t.cloud.kernel;
  const special = await t.create(
    { name: "special", tags: ["seldom"], os_distro: "minix", min_disk: 77, protected: true },
    GAMMA,
  );
  const hers = await t.create({ name: "hers", tags: ["seldom"] }, "member:beta");
  const both = [hers.id, special.id];
  for (const [query, mine, all] of [
    ["tag=seldom", [special.id], both],
    ["tag=nobody", [], []],
    ["os_distro=minix", [special.id], [special.id]],
    ["os_distro=minix&tag=other", [], []],
    ["os_distro=nobody", [], []],
    ["min_disk=70", [special.id], [special.id]],
    ["protected=true", [special.id], [special.id]],
    ["status=active", [], []],
    ["status=in:active,killed", [], []],
    ["disk_format=iso", [], []],
    ["checksum=nobody", [], []],
    ["size_min=10", [], []],
    ["name=in:special,hers", [special.id], both],
    ["created_at=gt:2099-01-01T00:00:00Z", [], []],
  ] as const)
    for (const [token, expected] of [
      [GAMMA, mine],
      ["admin:ops", all],
    ] as const) {
      let ids: string[] = [];
      const seen = await rowsRead(db, async () => {
        const { body } = await t.request("GET", `/image/v2/images?${query}`, { token });
        ids = body.images.map(({ id }: { id: string }) => id);
      });
      assert.deepEqual(ids.sort(), [...expected].sort(), `${token} ${query}`);
      assert.deepEqual(costlyOf(seen), [], `${token} ${query}`);
      // No index that leads to all images, or to all that may be seen.
      for (const { sql, params } of seen.read.filter(({ sql }) => sql.includes("ORDER BY")))
        for (const { detail } of db.raw
          .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
          .all(...params))
          assert.ok(!/INDEX images_(created|owner|visibility)\b/.test(detail), `${token} ${query}: ${detail}`);
    }
});

test("what an image says changes with it, and goes with it", async () => {
  const { db } = t.cloud.kernel;
  const words = (id: string): string[] =>
    db.raw
      .prepare<[string], string>("SELECT word FROM image_words WHERE image_id = ? ORDER BY word")
      .pluck()
      .all(id) as string[];
  const { id } = await t.create(
    { name: "w", tags: ["a"], os_distro: "x", disk_format: "raw", container_format: "bare" },
    GAMMA,
  );
  assert.deepEqual(words(id), [
    "container_format=bare",
    "disk_format=raw",
    "property.os_distro=x",
    "status=queued",
    "tag=a",
  ]);
  const headers = { "content-type": "application/openstack-images-v2.1-json-patch" };
  const change = JSON.stringify([
    { op: "replace", path: "/tags", value: ["b", "c"] },
    { op: "remove", path: "/os_distro" },
  ]);
  assert.equal(
    (await t.request("PATCH", `/image/v2/images/${id}`, { token: GAMMA, body: change, headers })).status,
    200,
  );
  assert.deepEqual(words(id), ["container_format=bare", "disk_format=raw", "status=queued", "tag=b", "tag=c"]);
  assert.equal((await t.request("DELETE", `/image/v2/images/${id}`, { token: GAMMA })).status, 204);
  assert.deepEqual(words(id), []);
});

test("what projects have is counted as it changes, and amounts to what is there", async () => {
  const { db } = t.cloud.kernel;
  const sums = () =>
    db.raw
      .prepare(
        "SELECT ifnull(owner, '') AS owner, status, count(*) AS images, ifnull(sum(size), 0) AS bytes FROM images GROUP BY 1, 2 ORDER BY 1, 2",
      )
      .all();
  const counted = () => db.raw.prepare("SELECT * FROM image_use WHERE images > 0 ORDER BY owner, status").all();
  assert.deepEqual(counted(), sums());
  const { id } = await t.create({ name: "sized" }, GAMMA);
  await t.upload(id, "seven b", GAMMA);
  assert.deepEqual(counted(), sums());
  const seen = await rowsRead(db, async () => {
    const { body } = await t.request("GET", "/image/v2/info/usage", { token: "member:alpha" });
    assert.equal(body.usage.image_count_total.usage, 2_001);
  });
  assert.ok(!seen.read.some(({ sql }) => / FROM images\b/.test(sql)), JSON.stringify(seen.read));
  assert.equal((await t.request("DELETE", `/image/v2/images/${id}`, { token: GAMMA })).status, 204);
  assert.deepEqual(counted(), sums());
});
