import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Database } from "../../src/kernel/db/database.ts";
import { type Change, Changes } from "../../src/kernel/events/changes.ts";

function lab() {
  const db = new Database({ path: ":memory:" });
  db.exec("CREATE TABLE things (id TEXT PRIMARY KEY, project_id TEXT NOT NULL, open INTEGER NOT NULL) STRICT");
  db.exec(
    "CREATE TABLE parts (thing TEXT NOT NULL REFERENCES things (id) ON DELETE CASCADE, name TEXT NOT NULL) STRICT",
  );
  const changes = new Changes(db, [
    { kind: "test.thing", table: "things", id: "row.id", project: "row.project_id", public: "row.open" },
    {
      kind: "test.thing",
      table: "parts",
      id: "row.thing",
      project: "(SELECT project_id FROM things WHERE id = row.thing)",
    },
  ]);
  const told: Change[][] = [];
  const insert = (id: string, project = "alpha") => db.prepare("INSERT INTO things VALUES (?, ?, 0)").run(id, project);
  return { db, changes, told, insert, watch: () => changes.watch((some) => told.push([...some])) };
}

const things = (told: readonly Change[][]) =>
  told.map((some) => some.map(({ id, projectId }) => `${id} of ${projectId}`));

test("what is committed is told, with statements that were prepared before anybody watched", async () => {
  const { db, told, insert, watch } = lab();
  insert("before");
  const stop = watch();
  insert("a");
  db.prepare("UPDATE things SET open = 1 WHERE id = 'a'").run();
  await turn();
  assert.deepEqual(things(told), [["a of alpha"]], "once, however often it was written");
  assert.equal(told[0]?.[0]?.isPublic, true);
  stop();
  insert("after");
  await turn();
  assert.equal(told.length, 1);
  watch();
  insert("again");
  await turn();
  assert.deepEqual(things(told)[1], ["again of alpha"]);
});

test("what is rolled back is not told, nor is it before the outermost transaction ends", async () => {
  const { db, told, insert, watch } = lab();
  watch();
  assert.throws(() =>
    db.transaction(() => {
      insert("gone");
      throw new Error("no");
    }),
  );
  db.transaction(() => {
    insert("kept");
    assert.throws(() =>
      db.transaction(() => {
        insert("inner");
        throw new Error("no");
      }),
    );
    assert.deepEqual(told, []);
  });
  await turn();
  assert.deepEqual(things(told), [["kept of alpha"]]);
});

test("a thing that moves, ends, or has parts is told to everybody who had it", async () => {
  const { db, told, insert, watch } = lab();
  watch();
  insert("a");
  await turn();
  db.prepare("INSERT INTO parts VALUES ('a', 'leg')").run();
  await turn();
  db.prepare("UPDATE things SET project_id = 'beta'").run();
  await turn();
  db.prepare("DELETE FROM things").run();
  await turn();
  assert.deepEqual(things(told).slice(0, 3), [["a of alpha"], ["a of alpha"], ["a of alpha", "a of beta"]]);
  assert.ok(things(told)[3]?.includes("a of beta"));
});
