import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { migrate } from "../../src/kernel/db/migrations.ts";
import { discard, Logger, type LogRecord } from "../../src/kernel/log/logger.ts";
import { kernelMigrations } from "../../src/kernel/module.ts";
import { OperationCancelled, Operations, Refusal } from "../../src/kernel/operations/operations.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";
import { Tracer } from "../../src/kernel/trace/trace.ts";
import { Turns } from "../../src/kernel/turns/turns.ts";

function newDatabase(): Database {
  const db = new Database({ path: ":memory:" });
  migrate(db, kernelMigrations, 0);
  return db;
}

/** A new process over the same database. */
function newProcess(db: Database): Operations {
  const clock = new ManualClock();
  return new Operations({
    db,
    clock,
    tracer: new Tracer(db, clock),
    turns: new Turns(),
    log: new Logger("test", { sink: discard }),
  });
}

/** A step's promise that never settles stands for a process that was killed there. */
const killed = () => new Promise<void>(() => {});
const turn = () => new Promise((resolve) => setImmediate(resolve));

interface Effects {
  made: Set<string>;
  log: string[];
}

/** Three steps that each make a thing; the process dies in step `dieAt`, before or after its effect. */
function define(
  operations: Operations,
  effects: Effects,
  dieAt: string | null,
  afterCrash: "resume" | "undo" = "resume",
) {
  const step = (name: string) => ({
    name,
    async do() {
      effects.log.push(`do ${name}`);
      if (dieAt === `before ${name}`) await killed();
      effects.made.add(name);
      if (dieAt === `after ${name}`) await killed();
    },
    undo() {
      effects.log.push(`undo ${name}`);
      effects.made.delete(name);
    },
  });
  return operations.define<{ n: number }>({
    kind: "test.thing.make",
    steps: [step("a"), step("b"), step("c")],
    afterCrash,
    onDone: () => effects.log.push("done"),
    onFailed: () => effects.log.push("failed"),
  });
}

describe("a crash at every step", () => {
  for (const name of ["a", "b", "c"]) {
    for (const moment of [`before ${name}`, `after ${name}`]) {
      test(`${moment}: the next process finishes it`, async () => {
        const db = newDatabase();
        const effects: Effects = { made: new Set(), log: [] };
        define(newProcess(db), effects, moment).start({ resource: "thing:1", input: { n: 1 } });
        while (effects.log.at(-1) !== `do ${name}`) await turn();

        const next = newProcess(db);
        define(next, effects, null);
        assert.equal(next.resume(), 1);
        await next.idle();
        assert.deepEqual([...effects.made].sort(), ["a", "b", "c"]);
        assert.equal(effects.log.at(-1), "done");
        assert.equal(next.resume(), 0, "nothing is left");
      });
    }
  }

  test("what earlier steps found out is there for later ones, also in the next process", async () => {
    const db = newDatabase();
    const seen: unknown[] = [];
    const defineOn = (operations: Operations, dies: boolean) =>
      operations.define<null, { address: string }>({
        kind: "test.data",
        steps: [
          {
            name: "find",
            do: (run) => {
              run.data.address = "10.0.0.7";
            },
          },
          { name: "use", do: ({ data }) => (dies ? killed() : void seen.push(data.address)) },
        ],
        onDone: ({ data }) => void seen.push(data.address),
      });
    defineOn(newProcess(db), true).start({ resource: "thing:1", input: null });
    for (let n = 0; n < 20; n += 1) await turn();
    const next = newProcess(db);
    defineOn(next, false);
    assert.equal(next.resume(), 1);
    await next.idle();
    assert.deepEqual(seen, ["10.0.0.7", "10.0.0.7"]);
  });

  test("one that says so is undone instead, nothing stays made", async () => {
    const db = newDatabase();
    const effects: Effects = { made: new Set(), log: [] };
    define(newProcess(db), effects, "after b", "undo").start({ resource: "thing:1", input: { n: 1 } });
    while (effects.log.at(-1) !== "do b") await turn();
    const next = newProcess(db);
    define(next, effects, null, "undo");
    next.resume();
    await next.idle();
    assert.deepEqual([...effects.made], []);
    assert.equal(effects.log.at(-1), "failed");
  });
});

test("stopping lets the running step end and starts no other; the next process goes on from there", async () => {
  const db = newDatabase();
  const log: string[] = [];
  const goOn = Promise.withResolvers<void>();
  const defineOn = (operations: Operations) =>
    operations.define<null>({
      kind: "test.stop",
      steps: [
        {
          name: "one",
          do: async () => {
            log.push("one begins");
            await goOn.promise;
            log.push("one ends");
          },
        },
        { name: "two", do: () => void log.push("two") },
      ],
      onDone: () => log.push("done"),
    });
  const operations = newProcess(db);
  const handle = defineOn(operations);
  handle.start({ resource: "thing:1", input: null });
  handle.start({ resource: "thing:1", input: null });
  while (log.length === 0) await turn();
  const stopped = operations.stop();
  goOn.resolve();
  await stopped;
  assert.deepEqual(log, ["one begins", "one ends"]);
  const next = newProcess(db);
  defineOn(next);
  assert.equal(next.resume(), 2);
  await next.idle();
  assert.deepEqual(log.slice(2), ["two", "done", "one begins", "one ends", "two", "done"]);
});

test("a failing step undoes itself and all before it, last first", async () => {
  const db = newDatabase();
  const operations = newProcess(db);
  const log: string[] = [];
  const make = operations.define<null>({
    kind: "test.fail",
    steps: [
      { name: "one", do: () => void log.push("do one"), undo: () => void log.push("undo one") },
      {
        name: "two",
        do: () => {
          throw new Error("no room");
        },
        undo: () => void log.push("undo two"),
      },
      { name: "three", do: () => void log.push("do three") },
    ],
    onFailed: (_run, error) => log.push(`failed: ${error.message}`),
  });
  make.start({ resource: "thing:1", input: null });
  await operations.idle();
  assert.deepEqual(log, ["do one", "undo two", "undo one", "failed: no room"]);
  assert.deepEqual(
    operations.list("thing:1").map(({ state, error }) => ({ state, error })),
    [{ state: "failed", error: "no room" }],
  );
});

test("what an operation was given is blanked when it ends, well or badly, and kept until then", async () => {
  const db = newDatabase();
  const operations = newProcess(db);
  const during: string[] = [];
  const make = operations.define<{ password: string; fail: boolean }, { token: string }>({
    kind: "test.secret",
    steps: [
      {
        name: "x",
        do: (run) => {
          run.data.token = run.input.password;
          run.save();
          const [row] = operations.list(run.resource);
          during.push(`${row?.input} ${row?.data}`);
          if (run.input.fail) throw new Error("no");
        },
      },
    ],
  });
  make.start({ resource: "thing:1", input: { password: "hush", fail: false } });
  make.start({ resource: "thing:2", input: { password: "hush", fail: true } });
  await operations.idle();
  for (const text of during) assert.match(text, /hush.*hush/, "a crash now would need it");
  const rows = [...operations.list("thing:1"), ...operations.list("thing:2")];
  assert.deepEqual(
    rows.map(({ state, input, data }) => ({ state, input, data })),
    [
      { state: "done", input: "{}", data: "{}" },
      { state: "failed", input: "{}", data: "{}" },
    ],
  );
});

test("a transaction that rolls back takes its operation with it", async () => {
  const db = newDatabase();
  const operations = newProcess(db);
  let ran = false;
  const make = operations.define<null>({
    kind: "test.never",
    steps: [
      {
        name: "x",
        do: () => {
          ran = true;
        },
      },
    ],
  });
  assert.throws(() =>
    db.transaction(() => {
      make.start({ resource: "thing:1", input: null });
      throw new Error("changed my mind");
    }),
  );
  await operations.idle();
  assert.equal(ran, false);
  assert.equal(operations.resume(), 0);
});

test("a delete pushes a running create aside: it is undone first, then the delete runs", async () => {
  const db = newDatabase();
  const operations = newProcess(db);
  const log: string[] = [];
  const create = operations.define<null>({
    kind: "test.create",
    steps: [
      {
        name: "wait",
        do: ({ signal }) =>
          new Promise((_resolve, reject) => {
            log.push("creating");
            signal.addEventListener("abort", () => reject(signal.reason));
          }),
        undo: () => void log.push("undone"),
      },
    ],
    onFailed: (_run, error) => log.push(error instanceof OperationCancelled ? "cancelled" : "failed"),
  });
  const remove = operations.define<null>({
    kind: "test.delete",
    steps: [{ name: "rm", do: () => void log.push("deleted") }],
  });
  create.start({ resource: "thing:1", input: null });
  while (log.length === 0) await turn();
  remove.start({ resource: "thing:1", input: null, cancelOthers: true });
  await operations.idle();
  assert.deepEqual(log, ["creating", "undone", "cancelled", "deleted"]);
});

test("operations of one resource keep their order; different resources run side by side", async () => {
  const operations = newProcess(newDatabase());
  const log: string[] = [];
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const run = operations.define<{ name: string; wait: boolean }>({
    kind: "test.order",
    steps: [
      {
        name: "x",
        do: async ({ input }) => {
          if (input.wait) await gate;
          log.push(input.name);
        },
      },
    ],
  });
  run.start({ resource: "thing:1", input: { name: "1 first", wait: true } });
  run.start({ resource: "thing:1", input: { name: "1 second", wait: false } });
  run.start({ resource: "thing:2", input: { name: "2", wait: false } });
  while (log.length === 0) await turn();
  assert.deepEqual(log, ["2"]);
  release();
  await operations.idle();
  assert.deepEqual(log, ["2", "1 first", "1 second"]);
});

test("what only cannot be done here is a warning without a stack; anything else that fails is an error", async () => {
  const db = newDatabase();
  const clock = new ManualClock();
  const logs: LogRecord[] = [];
  const log = new Logger("test", { sink: (record) => logs.push(record) });
  const operations = new Operations({ db, clock, tracer: new Tracer(db, clock), turns: new Turns(), log });
  const handle = operations.define<{ error: "refusal" | "fault" }>({
    kind: "test.thing.place",
    steps: [
      {
        name: "find a place",
        do({ input }) {
          throw input.error === "refusal" ? new Refusal("no place") : new Error("broken");
        },
      },
    ],
    onDone: () => {},
    onFailed: () => {},
  });
  for (const error of ["refusal", "fault"] as const) {
    handle.start({ resource: `thing:${error}`, input: { error }, requestId: "req" });
  }
  await operations.idle();
  assert.deepEqual(
    logs.map(({ level, message, fields }) => [level, message, "cause" in fields]),
    [
      ["warning", 'test.thing.place of thing:refusal failed at "find a place": no place', false],
      ["error", 'test.thing.place of thing:fault failed at "find a place": broken', true],
    ],
  );
  db.close();
});

test("a resource that was held leaves nothing behind; what holds one is let go by a stop", async () => {
  const operations = newProcess(newDatabase());
  for (let n = 0; n < 100; n += 1) operations.hold(`thing-${n}`)();
  assert.equal(operations.held, 0);
  operations.hold("thing");
  assert.equal(operations.held, 1);
  await operations.stop();
  assert.equal(operations.held, 0);
});
