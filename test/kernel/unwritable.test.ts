import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { Eventually } from "../../src/kernel/db/eventually.ts";
import { migrate } from "../../src/kernel/db/migrations.ts";
import { isUnwritable } from "../../src/kernel/db/unwritable.ts";
import { EventBus } from "../../src/kernel/events/events.ts";
import { fileSink } from "../../src/kernel/log/file-sink.ts";
import { Logger, type LogRecord } from "../../src/kernel/log/logger.ts";
import { kernelMigrations } from "../../src/kernel/module.ts";
import { Operations } from "../../src/kernel/operations/operations.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";
import { Tracer } from "../../src/kernel/trace/trace.ts";
import { Turns } from "../../src/kernel/turns/turns.ts";

declare module "../../src/kernel/events/events.ts" {
  interface Events {
    "test.happened": { n: number };
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** What every part of the kernel does while the database takes no writes, and once it does again. */
describe("a database that cannot be written", () => {
  let db: Database;
  let logs: LogRecord[];
  let log: Logger;
  let tracer: Tracer;
  const clock = new ManualClock();

  beforeEach(() => {
    db = new Database({ path: ":memory:" });
    migrate(db, kernelMigrations, 0);
    db.exec("CREATE TABLE t (n INTEGER)");
    logs = [];
    log = new Logger("test", { sink: (record) => logs.push(record) });
    tracer = new Tracer(db, clock);
  });
  afterEach(() => {
    free();
    tracer.flush();
    db.close();
  });

  /** Every write fails from now on, as on a disk that went read-only (SQLITE_READONLY). */
  const block = () => db.raw.pragma("query_only = 1");
  const free = () => db.raw.pragma("query_only = 0");
  const add = (n: number) => db.prepare("INSERT INTO t VALUES (?)").run(n);
  const numbers = () => db.prepare<[], number>("SELECT n FROM t ORDER BY rowid").pluck().all();
  const waits = async () => {
    while (!logs.some(({ message }) => message.includes("waits"))) await turn();
  };

  test("a full one is known by sqlite's code, and has changed nothing", () => {
    db.raw.pragma(`max_page_count = ${db.raw.pragma("page_count", { simple: true })}`);
    const fill = () =>
      db.transaction(() => {
        for (let n = 0; n < 10_000; n += 1) add(n);
      });
    assert.throws(fill, (error) => isUnwritable(error) && (error as { code?: string }).code === "SQLITE_FULL");
    assert.deepEqual(numbers(), []);
    assert.equal(db.inTransaction, false);
    assert.equal(isUnwritable(new Error("SQLITE_FULL")), false);
  });

  describe("operations", () => {
    let operations: Operations;
    beforeEach(() => {
      operations = new Operations({ db, clock, tracer, turns: new Turns(), log });
    });

    test("a step that cannot write is taken up again from what was saved, not undone", async () => {
      const seen: unknown[] = [];
      const make = operations.define<{ n: number }, { made: number[] }>({
        kind: "test.make",
        steps: [
          {
            name: "first",
            do: (run) => {
              run.data.made = [1];
            },
            undo: () => void seen.push("undo"),
          },
          {
            name: "second",
            do: (run) => {
              seen.push([...(run.data.made ?? [])]);
              db.transaction(() => {
                run.data.made?.push(2);
                if (seen.length === 1) block();
                add(2);
                run.save();
              });
            },
          },
        ],
        onDone: ({ data }) => void seen.push(data.made),
        onFailed: () => void seen.push("failed"),
      });
      make.start({ resource: "thing:1", input: { n: 1 } });
      await waits();
      assert.equal(operations.list("thing:1")[0]?.state, "running");
      free();
      await operations.idle();
      assert.deepEqual(seen.pop(), [1, 2]);
      assert.ok(seen.length >= 2);
      for (const one of seen) assert.deepEqual(one, [1], "a later try does not see what an earlier one had not saved");
      assert.deepEqual(numbers(), [2]);
      assert.equal(operations.list("thing:1")[0]?.state, "done");
    });

    test("a step's end that cannot be written does not count", async () => {
      let times = 0;
      const make = operations.define<null>({
        kind: "test.make",
        steps: [
          {
            name: "only",
            do: () => {
              times += 1;
              if (times === 1) block();
            },
          },
        ],
      });
      make.start({ resource: "thing:1", input: null });
      await waits();
      free();
      await operations.idle();
      assert.ok(times >= 2);
      assert.equal(operations.list("thing:1")[0]?.state, "done");
    });

    test("what is being undone is undone to its end", async () => {
      const seen: string[] = [];
      let undone = 0;
      const make = operations.define<null>({
        kind: "test.make",
        steps: [
          {
            name: "first",
            do: () => void add(1),
            undo: () => {
              undone += 1;
              if (undone === 1) block();
              db.prepare("DELETE FROM t").run();
            },
          },
          {
            name: "second",
            do: () => {
              throw new Error("no");
            },
          },
        ],
        onFailed: (_run, error) => void seen.push(error.message),
      });
      make.start({ resource: "thing:1", input: null });
      await waits();
      assert.equal(operations.list("thing:1")[0]?.state, "undoing");
      assert.deepEqual(numbers(), [1]);
      free();
      await operations.idle();
      assert.deepEqual(numbers(), []);
      assert.deepEqual(seen, ["no"]);
    });

    test("a failure after the end was written does not repeat anything", async () => {
      let ends = 0;
      const make = operations.define<null>({
        kind: "test.make",
        steps: [],
        onDone: () => {
          ends += 1;
          db.afterCommit(() => {
            block();
            add(1);
          });
        },
      });
      make.start({ resource: "thing:1", input: null });
      await waits();
      free();
      await operations.idle();
      assert.equal(ends, 1);
    });

    test("stopping does not wait for room; the next process goes on", async () => {
      const define = (on: Operations) =>
        on.define<null>({ kind: "test.make", steps: [{ name: "only", do: () => void add(1) }] });
      const make = define(operations);
      db.transaction(() => {
        make.start({ resource: "thing:1", input: null });
        db.afterCommit(block);
      });
      await waits();
      await operations.stop();
      free();
      assert.deepEqual(numbers(), []);
      const next = new Operations({ db, clock, tracer, turns: new Turns(), log });
      define(next);
      assert.equal(next.resume(), 1);
      await next.idle();
      assert.deepEqual(numbers(), [1]);
    });
  });

  describe("events", () => {
    let bus: EventBus;
    const seen: string[] = [];
    beforeEach(() => {
      seen.length = 0;
      bus = new EventBus({ db, clock, tracer, turns: new Turns(), log });
    });
    const waiting = () => db.prepare<[], number>("SELECT count(*) FROM events_outbox").pluck().get();

    test("hundreds of events of one transaction are handled in a turn each, in their order", async () => {
      const turns = new Turns();
      const taken: (() => void)[] = [];
      turns.background = () => new Promise((resolve) => taken.push(resolve));
      const own = new EventBus({ db, clock, tracer, turns, log });
      const heard: number[] = [];
      own.on("test.happened", "one", ({ n }) => void heard.push(n));
      db.transaction(() => {
        for (let n = 0; n < 300; n += 1) own.publish("test.happened", { n });
      });
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(heard, []);
      assert.equal(taken.length, 300);
      for (const go of taken) go();
      await own.idle();
      assert.deepEqual(
        heard,
        Array.from({ length: 300 }, (_, n) => n),
      );
    });

    test("an event whose handler cannot write is handled later", async () => {
      bus.on("test.happened", "one", ({ n }) => void add(n));
      bus.on("test.happened", "two", ({ n }) => void seen.push(`two ${n}`));
      db.transaction(() => {
        bus.publish("test.happened", { n: 7 });
        db.afterCommit(block);
      });
      await waits();
      assert.equal(waiting(), 1);
      free();
      await bus.idle();
      assert.deepEqual(numbers(), [7]);
      assert.deepEqual(seen, ["two 7"]);
      assert.equal(waiting(), 0);
    });

    test("a handler that fails disturbs no other and is not asked again; a stop leaves what waits to the next start", async () => {
      bus.on("test.happened", "bad", () => {
        throw new Error("no");
      });
      bus.on("test.happened", "good", ({ n }) => void seen.push(`good ${n}`));
      db.transaction(() => bus.publish("test.happened", { n: 1 }));
      await bus.idle();
      assert.deepEqual(seen, ["good 1"]);
      assert.equal(waiting(), 0);
      assert.ok(logs.some(({ message }) => message.includes("bad failed to handle test.happened")));

      db.transaction(() => {
        bus.publish("test.happened", { n: 2 });
        db.afterCommit(block);
      });
      await waits();
      await bus.stop();
      free();
      assert.equal(waiting(), 1);
      const next = new EventBus({ db, clock, tracer, turns: new Turns(), log });
      next.on("test.happened", "good", ({ n }) => void seen.push(`next ${n}`));
      assert.equal(next.redeliver(), 1);
      await next.idle();
      assert.equal(seen.at(-1), "next 2");
      assert.equal(waiting(), 0);
    });
  });

  test("a write that must happen does, once it can; one that a stop cuts off ends quietly", async () => {
    const eventually = new Eventually(log);
    eventually.write("at once", () => void add(1));
    assert.deepEqual(numbers(), [1]);
    assert.throws(() =>
      eventually.write("broken", () => {
        throw new Error("mine");
      }),
    );
    block();
    eventually.write("later", () => void add(2));
    await waits();
    free();
    while (numbers().length < 2) await turn();
    block();
    eventually.write("never", () => void add(3));
    await eventually.stop();
    free();
    assert.deepEqual(numbers(), [1, 2]);
  });

  test("traces wait for room instead of ending the process", async () => {
    await tracer.run("req-1", () => tracer.span("note", "kept", {}, async () => {}));
    block();
    tracer.flush();
    free();
    assert.deepEqual(
      tracer.read("req-1").map(({ name }) => name),
      ["kept"],
    );
  });
});

test("of callbacks after a commit, one that fails keeps no other from running", () => {
  const db = new Database({ path: ":memory:" });
  const ran: number[] = [];
  const commit = () =>
    db.transaction(() => {
      db.afterCommit(() => {
        throw new Error("first");
      });
      db.afterCommit(() => void ran.push(2));
    });
  assert.throws(commit, /first/);
  assert.deepEqual(ran, [2]);
  db.close();
});

test("a log that cannot be written costs lines and says how many", () => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-log-"));
  try {
    const { sink, close } = fileSink({ directory, keepDays: 1 });
    const log = new Logger("full", { sink });
    const path = join(directory, "full.log");
    symlinkSync("/dev/full", path);
    log.info("lost");
    log.error("lost, too", new Error("x"));
    close();
    unlinkSync(path);
    log.info("kept");
    const lines = readFileSync(path, "utf8").trim().split("\n");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).msg),
      ["2 lines were lost: the disk was full", "kept"],
    );
    close();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("traces keep their order over restarts and clocks that jump back; only the newest are kept", async () => {
  const db = new Database({ path: ":memory:" });
  migrate(db, kernelMigrations, 0);
  const note = async (tracer: Tracer, name: string) => {
    await tracer.run("req-1", async () => tracer.note("note", name));
    tracer.flush();
  };
  await note(new Tracer(db, new ManualClock(2_000_000)), "first");
  await note(new Tracer(db, new ManualClock(1_000_000)), "second");
  const third = new Tracer(db, new ManualClock(0), 3);
  await note(third, "third");
  const names = () => third.read("req-1").map(({ name }) => name);
  assert.deepEqual(names(), ["first", "second", "third"]);
  await note(third, "fourth");
  third.prune();
  assert.deepEqual(names(), ["second", "third", "fourth"]);
  db.close();
});
