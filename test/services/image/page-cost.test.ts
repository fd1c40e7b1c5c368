import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { copyRows, costlyPlans, rowsRead, workPerTurn } from "../../support/rows-read.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

/** A page costs what is on it: as many rows are read of 60 images as of 2,000. */

let t: ImageCloud;
let own: string;
let open: string;
const LIMIT = 20;

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
        if (!path.includes("sort")) assert.deepEqual(costlyPlans(db, seen), [], `${token} ${path}`);
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
