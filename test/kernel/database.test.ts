import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Checkpointer, LONGEST } from "../../src/kernel/db/checkpointer.ts";
import { joined } from "../../src/kernel/db/conditions.ts";
import { Database } from "../../src/kernel/db/database.ts";
import { migrate } from "../../src/kernel/db/migrations.ts";
import { addonFile } from "../../src/kernel/program/addon.ts";
import { until } from "../support/patience.ts";

const directory = mkdtempSync(join(tmpdir(), "tenrec-db-"));
after(() => rmSync(directory, { recursive: true }));

test("a nested transaction that fails leaves the outer one whole; callbacks run after the outermost commit only", () => {
  const db = new Database({ path: ":memory:" });
  db.exec("CREATE TABLE t (n INTEGER)");
  const ran: string[] = [];
  db.transaction(() => {
    db.prepare("INSERT INTO t VALUES (1)").run();
    db.afterCommit(() => ran.push("outer"));
    assert.throws(() =>
      db.transaction(() => {
        db.prepare("INSERT INTO t VALUES (2)").run();
        db.afterCommit(() => ran.push("inner"));
        throw new Error("inner fails");
      }),
    );
    assert.deepEqual(ran, []);
  });
  assert.deepEqual(ran, ["outer"]);
  assert.deepEqual(db.prepare("SELECT n FROM t").pluck().all(), [1]);
  db.close();
});

test("a migration that fails leaves nothing and is tried again; a newer database is refused", () => {
  const db = new Database({ path: ":memory:" });
  const good = { id: "x/0001-one", up: "CREATE TABLE one (n INTEGER)" };
  const bad = { id: "x/0002-two", up: "CREATE TABLE two (n INTEGER); SELECT no_such_function()" };
  assert.throws(() => migrate(db, [good, bad], 0), /no_such_function/);
  assert.deepEqual(migrate(db, [good, { ...bad, up: "CREATE TABLE two (n INTEGER)" }], 0), ["x/0002-two"]);
  assert.deepEqual(migrate(db, [good, bad], 0), []);
  assert.throws(() => migrate(db, [good], 0), /newer tenrec.*x\/0002-two/);
  db.close();
});

test("durable() resolves for every waiter and costs no sync when nothing was written", async () => {
  const db = new Database({ path: join(directory, "durable.db") });
  db.exec("CREATE TABLE t (n INTEGER)");
  for (let round = 0; round < 20; round += 1) {
    await Promise.all(
      Array.from({ length: 10 }, async (_, n) => {
        db.prepare("INSERT INTO t VALUES (?)").run(n);
        await db.durable();
      }),
    );
  }
  assert.equal(db.prepare("SELECT count(*) FROM t").pluck().get(), 200);
  const start = performance.now();
  for (let round = 0; round < 1000; round += 1) await db.durable();
  assert.ok(performance.now() - start < 500, "no system call when there is nothing to sync");
  db.close();
});

test("kill -9 loses no write that was acknowledged", async () => {
  const path = join(directory, "killed.db");
  const child = fork(new URL("../support/writer.ts", import.meta.url), [path], {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  let acknowledged = -1;
  await new Promise<void>((resolve) => {
    child.on("message", (n: number) => {
      acknowledged = n;
      if (n === 300) child.kill("SIGKILL");
    });
    child.on("exit", () => resolve());
  });
  assert.ok(acknowledged >= 300);
  const db = new Database({ path, ownerOnly: true });
  assert.ok((db.prepare("SELECT max(n) FROM t").pluck().get() as number) >= acknowledged);
  assert.equal(db.raw.pragma("integrity_check", { simple: true }), "ok");
  db.close();
});

test("the log comes into the database beside the loop, and does not grow while writers never rest", async () => {
  const path = join(directory, "log.db");
  const db = new Database({ path });
  db.exec("CREATE TABLE t (n INTEGER, bytes BLOB)");
  const bytes = Buffer.alloc(100_000);
  const log = () =>
    db.raw.prepare<[], { log: number; checkpointed: number }>("PRAGMA wal_checkpoint(NOOP)").get() as {
      log: number;
      checkpointed: number;
    };
  // Less than what sqlite itself would look at.
  for (let n = 0; n < 200; n += 1) {
    db.prepare("INSERT INTO t VALUES (?, ?)").run(n, bytes);
    await db.durable();
  }
  await until("most of the log is in the database", 30, () => log().checkpointed > 3_000);
  assert.ok(log().log < LONGEST, "sqlite had no reason to do it itself");
  const [library, ...others] = new Set(
    readFileSync("/proc/self/maps", "latin1").match(/\S+better-sqlite3\S+\.node$/gm) ?? [],
  );
  assert.ok(library !== undefined);
  assert.deepEqual(others, [], "both threads use the same code");
  // What is overwritten by the same is not written.
  for (let n = 0; n < 1_500; n += 1) {
    db.prepare("UPDATE t SET bytes = ? WHERE n = ?").run(bytes.fill(n), n % 200);
    await db.durable();
  }
  // Twice: what the thread and the loop write at the same time comes on top.
  assert.ok(statSync(`${path}-wal`).size < 2 * LONGEST * 4096, "the log begins anew");
  db.close();
  assert.equal(existsSync(`${path}-wal`), false, "the last connection was closed last");
  const again = new Database({ path });
  assert.equal(again.prepare("SELECT count(*) FROM t").pluck().get(), 200);
  assert.equal(again.raw.pragma("integrity_check", { simple: true }), "ok");
  again.close();
});

test("what cannot be brought into the database stays in its log, and is tried again when more has come", async () => {
  let behind = 0;
  let asked = 0;
  const made: number[] = [];
  const parts = {
    database: join(directory, "nothing", "there.db"),
    addon: addonFile("better_sqlite3.node") ?? "",
    log: () => {
      asked += 1;
      return { length: behind, behind };
    },
    checkpoint: () => {
      made.push(behind);
    },
  };
  const checkpointer = new Checkpointer(parts);
  behind = 999;
  checkpointer.look();
  behind = 1_500;
  checkpointer.look();
  // Its thread cannot open it and ends, which is noticed: the log is asked how much it was then.
  await until("the thread has failed", 30, () => asked === 3);
  behind = 2_499;
  checkpointer.look();
  checkpointer.look();
  assert.equal(asked, 5, "too little for another try");
  behind = 2_500;
  checkpointer.look();
  checkpointer.look();
  await until("the next has failed", 30, () => asked === 7);
  // A long log whose last pages are few is finished at once.
  behind = 200;
  const { log } = parts;
  parts.log = () => ({ ...log(), length: 9_000 });
  checkpointer.look();
  assert.deepEqual(made, [200]);
  checkpointer.close();
});

test("the database's files are their owner's alone, also those of an earlier version", () => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-db-"));
  const path = join(directory, "private.db");
  const modes = () => readdirSync(directory).map((name) => (statSync(join(directory, name)).mode & 0o777).toString(8));
  try {
    const db = new Database({ path, ownerOnly: true });
    db.exec("CREATE TABLE t (x)");
    assert.deepEqual(modes(), ["600", "600", "600"]);
    db.close();
    chmodSync(path, 0o644);
    const again = new Database({ path, ownerOnly: true });
    again.exec("INSERT INTO t VALUES (1)");
    assert.deepEqual(modes(), ["600", "600", "600"]);
    again.close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("conditions of any number are joined, which a chain of a thousand is not", () => {
  const db = new Database({ path: ":memory:" });
  const found = (word: "AND" | "OR", terms: string[]) =>
    db
      .prepare(`SELECT ${joined(word, terms)}`)
      .pluck()
      .get();
  const terms = (count: number, text: string) => Array.from({ length: count }, () => text);
  assert.throws(() => db.prepare(`SELECT ${terms(1_001, "1 = 1").join(" AND ")}`), /too large/);
  for (const count of [1, 2, 16, 17, 1_001, 20_000]) {
    assert.equal(found("AND", terms(count, "1 = 1")), 1);
    assert.equal(found("AND", [...terms(count, "1 = 1"), "0"]), 0);
    assert.equal(found("OR", terms(count, "1 = 0 OR 0")), 0);
    assert.equal(found("OR", [...terms(count, "0"), "2 = 2"]), 1);
  }
  assert.equal(joined("AND", []), "");
});

test("statements are prepared once, and those that clients vary without end are not kept for ever", () => {
  const db = new Database({ path: ":memory:" });
  const first = db.prepare("SELECT 0");
  assert.equal(db.prepare("SELECT 0"), first);
  const long = `SELECT ${"1 + ".repeat(900)} 1 -- ${"x".repeat(1_000)}`;
  assert.notEqual(db.prepare(long), db.prepare(long));
  for (let number = 1; number <= 2_000; number += 1) db.prepare(`SELECT ${number}`);
  assert.notEqual(db.prepare("SELECT 0"), first);
  assert.equal(first.pluck().get(), 0);
});
