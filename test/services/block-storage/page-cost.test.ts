import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { COPY, copyRows, costlyPlans, rowsRead, workPerTurn } from "../../support/rows-read.ts";
import { type Storage, storage } from "./support.ts";

/** A page costs what is on it: as many rows are read of 60 volumes and snapshots as of 2,000. */

let s: Storage;
let volume: Json;
let snapshot: Json;
const LIMIT = 20;
const TOKENS = ["member:alpha", "admin:alpha"];

before(async () => {
  s = await storage();
  volume = await s.volume({ name: "copied" });
  const made = await s.request("POST", "/snapshots", { body: { snapshot: { volume_id: volume.id, name: "copied" } } });
  snapshot = made.body.snapshot;
  await s.idle();
});
after(() => s.close());

/** So many more of everything, as if each had been made after the one before it. */
function grow(from: number, to: number): void {
  const { db } = s.t.cloud.kernel;
  const copies = { from, to };
  copyRows(db, "block_storage_volumes", volume.id, copies, { name: "'v' || @n", created_at: "one.created_at + @n" });
  const changes = { name: "'s' || @n", volume_id: COPY, created_at: "one.created_at + @n" };
  copyRows(db, "block_storage_snapshots", snapshot.id, copies, changes);
}

const PATHS = [
  "/volumes?",
  "/volumes/detail?",
  "/volumes/detail?all_tenants=1&",
  "/volumes/detail?name=v7&",
  "/volumes/detail?status=available&",
  "/volumes/detail?sort=name:asc&",
  "/volumes/detail?offset=10&",
  "/snapshots/detail?",
  "/snapshots/detail?all_tenants=1&",
  "/snapshots/detail?name=s7&",
];

test("a page reads as many rows of 60 things as of 2,000, along indexes", async () => {
  const { db } = s.t.cloud.kernel;
  const read = async () => {
    const costs = new Map<string, { statements: number; rows: number }>();
    for (const token of TOKENS)
      for (const path of [...PATHS, `/volumes/detail?marker=${volume.id}&`]) {
        const seen = await rowsRead(db, async () => {
          const answer = await s.request("GET", `${path}limit=${LIMIT}`, { token, version: "3.70" });
          assert.equal(answer.status, 200, `${path}: ${JSON.stringify(answer.body)}`);
        });
        assert.deepEqual(costlyPlans(db, seen), [], path);
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
    [...few.values()].every(({ rows }) => rows <= 3 * LIMIT),
    JSON.stringify([...few]),
  );
});

test("limits of a type follow its name", async () => {
  const token = "admin:alpha";
  const { body } = await s.request("POST", "/types", { token, body: { volume_type: { name: "before" } } });
  const sent = { quota_set: { volumes_before: 7 } };
  assert.equal((await s.request("PUT", "/os-quota-sets/alpha", { token, body: sent })).status, 200);
  const renamed = { volume_type: { name: "after" } };
  const answer = await s.request("PUT", `/types/${body.volume_type.id}`, { token, body: renamed });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const shown = await s.request("GET", "/os-quota-sets/alpha", { token });
  assert.equal(shown.body.quota_set.volumes_after, 7);
  assert.equal(shown.body.quota_set.volumes_before, undefined);
});

test("a long page is read and shown a slice a turn", async () => {
  for (const [path, key] of [
    ["/volumes/detail?limit=1000", "volumes"],
    ["/volumes/detail?limit=700&offset=250", "volumes"],
    ["/snapshots/detail?limit=1000", "snapshots"],
  ] as const) {
    const ids = new Set<string>();
    const work = await workPerTurn(s.t.cloud.kernel, async () => {
      const { body } = await s.request("GET", path, { version: "3.70" });
      for (const { id } of body[key]) ids.add(id);
    });
    assert.equal(ids.size, Number(/limit=(\d+)/.exec(path)?.[1]), path);
    assert.ok(Math.max(...work) <= 450, `${path}: ${Math.max(...work)} rows in one turn`);
  }
});
