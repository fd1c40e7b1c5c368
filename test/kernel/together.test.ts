import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { Together } from "../../src/kernel/db/together.ts";

function database(): { db: Database; names: () => string[]; commits: () => number; add: (name: string) => string } {
  const db = new Database({ path: ":memory:" });
  db.exec("CREATE TABLE things (name TEXT NOT NULL UNIQUE) STRICT");
  let commits = 0;
  const { transaction } = db.raw;
  // Only what begins outermost ends in a commit.
  db.raw.transaction = ((body: () => unknown) => {
    if (!db.raw.inTransaction) commits += 1;
    return transaction.call(db.raw, body as never);
  }) as never;
  return {
    db,
    commits: () => commits,
    names: () => db.prepare<[], string>("SELECT name FROM things ORDER BY rowid").pluck().all() as string[],
    add: (name) => {
      db.prepare("INSERT INTO things VALUES (?)").run(name);
      return name;
    },
  };
}

test("changes of one turn are one transaction, in the order they were asked for", async () => {
  const { db, names, commits, add } = database();
  const all = ["a", "b", "c"].map((name) => db.together(() => add(name)));
  assert.deepEqual(names(), [], "nothing runs before the turn ends");
  assert.deepEqual(await Promise.all(all), ["a", "b", "c"]);
  assert.equal(commits(), 1);
  await db.together(() => add("d"));
  assert.equal(commits(), 2);
  assert.deepEqual(names(), ["a", "b", "c", "d"]);
});

test("one that fails changes nothing and leaves the others alone", async () => {
  const { db, names, commits, add } = database();
  const called: string[] = [];
  const outcomes = await Promise.allSettled([
    db.together(() => add("a")),
    db.together(() => {
      db.afterCommit(() => called.push("of what failed"));
      add("half");
      throw new Error("refused");
    }),
    db.together(() => add("a")),
    db.together(() => {
      db.afterCommit(() => called.push("of the last"));
      return add("b");
    }),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : (outcome.reason as Error).message)),
    ["a", "refused", "UNIQUE constraint failed: things.name", "b"],
  );
  assert.deepEqual(names(), ["a", "b"]);
  assert.deepEqual(called, ["of the last"]);
  assert.equal(commits(), 1);
});

test("where the disk takes no more, all fail with that error, and nothing of them is there", async () => {
  const { db, names, add } = database();
  add("before");
  const pages = Number(db.raw.pragma("page_count", { simple: true }));
  db.raw.pragma(`max_page_count = ${pages + 3}`);
  const outcomes = await Promise.allSettled([
    db.together(() => add("small")),
    db.together(() => add("x".repeat(200_000))),
    db.together(() => add("after")),
  ]);
  assert.deepEqual(
    outcomes.map((outcome) => (outcome.status === "rejected" ? (outcome.reason as { code: string }).code : "kept")),
    ["SQLITE_FULL", "SQLITE_FULL", "SQLITE_FULL"],
  );
  assert.deepEqual(names(), ["before"]);
  assert.equal(db.raw.inTransaction, false);
  assert.equal(await db.together(() => add("small")), "small", "what there is room for goes on");
});

test("each runs as part of what asked for it", async () => {
  const { db } = database();
  const request = new AsyncLocalStorage<string>();
  const seen = await Promise.all(["a", "b"].map((id) => request.run(id, () => db.together(() => request.getStore()))));
  assert.deepEqual(seen, ["a", "b"]);
});

test("a transaction does not hold up the loop: what takes it beyond its time goes into the next one", async () => {
  let now = 0;
  const ran: number[] = [];
  const transactions: number[] = [];
  const together = new Together(
    (bodies) => {
      const before = ran.length;
      for (const body of bodies) body();
      transactions.push(ran.length - before);
    },
    () => now,
  );
  const answers = await Promise.all(
    [0, 1, 2, 3, 4].map((n) =>
      together.add(() => {
        now += 3;
        ran.push(n);
        return n;
      }),
    ),
  );
  assert.deepEqual(answers, [0, 1, 2, 3, 4]);
  assert.deepEqual(ran, [0, 1, 2, 3, 4]);
  assert.deepEqual(transactions, [2, 2, 1]);
});
