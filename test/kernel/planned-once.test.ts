import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";

/** sqlite plans anew at each call where it may look at the value of a parameter; a unary plus hides that and changes nothing else. */

let db: Database;
before(() => {
  db = new Database({ path: ":memory:" });
  db.exec("CREATE TABLE things (id TEXT PRIMARY KEY, size INTEGER, name TEXT COLLATE NOCASE) STRICT");
  db.exec("CREATE INDEX things_name ON things (name, id)");
  for (const [id, size, name] of [
    ["1", 1, "One"],
    ["2", 2, null],
    ["3", 2, "Three"],
  ] as const)
    db.prepare("INSERT INTO things (id, size, name) VALUES (?, ?, ?)").run(id, size, name);
});
after(() => db.close());

const ids = (sql: string, ...params: unknown[]) =>
  db
    .prepare<unknown[], string>(sql)
    .pluck()
    .all(...params);

test("parameters behind = and IS, and of LIMIT, are not looked at when a plan is made", () => {
  const { source } = db.prepare("SELECT id FROM things WHERE size = ? AND name IS @name AND id >= ? LIMIT ?");
  assert.equal(source, "SELECT id FROM things WHERE size = +? AND name IS +@name AND id >= +? LIMIT +?");
});

test("they find what they would have found: texts in their column's collation, numbers, NULL, an index", () => {
  assert.deepEqual(ids("SELECT id FROM things WHERE name = ?", "oNE"), ["1"]);
  assert.deepEqual(ids("SELECT id FROM things WHERE name IS ?", null), ["2"]);
  assert.deepEqual(ids("SELECT id FROM things WHERE id = ?", "2"), ["2"]);
  assert.deepEqual(ids("SELECT id FROM things WHERE size = ? ORDER BY id LIMIT ?", 2, 1), ["2"]);
  assert.deepEqual(ids("SELECT id FROM things WHERE size = ? ORDER BY id", "2"), ["2", "3"]);
  db.prepare("UPDATE things SET name = @name WHERE id = @id").run({ id: "2", name: "Two" });
  assert.deepEqual(ids("SELECT name FROM things WHERE id = ?", "2"), ["Two"]);
  const plan = db.prepare<[string], { detail: string }>("EXPLAIN QUERY PLAN SELECT id FROM things WHERE name = ?");
  assert.match(plan.all("x")[0]?.detail ?? "", /USING COVERING INDEX things_name/);
});
