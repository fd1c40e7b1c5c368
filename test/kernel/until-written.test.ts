import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { UntilWritten } from "../../src/kernel/db/until-written.ts";

function open(path: string) {
  const db = new Database({ path });
  db.exec("CREATE TABLE IF NOT EXISTS thing (name TEXT)");
  const answers = new UntilWritten<string[]>(db);
  let reads = 0;
  const names = () =>
    answers.get("names", () => {
      reads += 1;
      return db.prepare<[], string>("SELECT name FROM thing").pluck().all();
    });
  const insert = (name: string) => {
    answers.forget();
    db.prepare("INSERT INTO thing VALUES (?)").run(name);
  };
  return { db, names, insert, reads: () => reads };
}

test("an answer is kept until something is written, and then read again", () => {
  const { names, insert, reads, db } = open(":memory:");
  assert.deepEqual(names(), []);
  assert.equal(names(), names());
  assert.equal(reads(), 1);
  insert("one");
  assert.deepEqual(names(), ["one"]);
  assert.equal(reads(), 2);
  db.close();
});

test("what is rolled back was never an answer", () => {
  const { names, insert, db } = open(":memory:");
  names();
  assert.throws(() =>
    db.transaction(() => {
      insert("one");
      assert.deepEqual(names(), ["one"], "a transaction sees what it wrote");
      throw new Error("no");
    }),
  );
  assert.deepEqual(names(), []);
  db.close();
});

test("what another program writes is seen by the next piece of work", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-db-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const [mine, other] = [open(join(directory, "a.db")), open(join(directory, "a.db"))];
  assert.deepEqual(mine.names(), []);
  other.insert("one");
  await null;
  assert.deepEqual(mine.names(), ["one"]);
  mine.db.close();
  other.db.close();
});
