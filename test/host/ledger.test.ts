import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HostLedger, openLedgerDatabase } from "../../src/host/ledger.ts";
import type { LedgerRequest, UndoProgress } from "../../src/host/types.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";

const bridge = (name: string, netns: string | null = null): LedgerRequest<"bridge"> => ({
  kind: "bridge",
  name: netns === null ? name : `${netns}/${name}`,
  details: { netns },
  owner: "test",
});

function makeLedger(path = ":memory:") {
  const db = openLedgerDatabase(path, new ManualClock());
  const ledger = new HostLedger(db, new ManualClock());
  const undone: string[] = [];
  for (const kind of ["bridge", "namespace", "tap"] as const) {
    ledger.registerUndo(kind, ({ name }) => {
      undone.push(name);
      return Promise.resolve();
    });
  }
  return { ledger, db, undone };
}

test("the row is there before the thing is made, and marked afterwards", async () => {
  const { ledger } = makeLedger();
  const result = await ledger.create(bridge("br0"), () => {
    assert.equal(ledger.get("bridge", "br0")?.state, "making");
    return 7;
  });
  assert.equal(result, 7);
  assert.equal(ledger.get("bridge", "br0")?.state, "made");
});

test("a crash between writing and making leaves the row for unstack", async () => {
  const dir = mkdtempSync(join(tmpdir(), "hst-ledger-"));
  try {
    const path = join(dir, "data/ledger.db");
    const before = makeLedger(path);
    // The program "dies" in the middle: the promise never settles and nothing more is written.
    void before.ledger.create(bridge("br0"), () => new Promise<never>(() => {}));
    await before.ledger.create(bridge("br1"), () => undefined);
    before.db.close();
    const after = makeLedger(path);
    assert.deepEqual(
      after.ledger.list().map(({ name, state }) => [name, state]),
      [
        ["br0", "making"],
        ["br1", "made"],
      ],
    );
    const report = await after.ledger.undoAll();
    assert.deepEqual(report, { undone: 2, failures: [] });
    assert.deepEqual(after.undone, ["br1", "br0"]);
    assert.deepEqual(after.ledger.list(), []);
    after.db.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a make that fails keeps the row; making again keeps the first details", async () => {
  const { ledger } = makeLedger();
  const sysctl = (previous: string) => ({
    kind: "sysctl" as const,
    name: "net/ipv4/ip_forward",
    details: { netns: null, previous, value: "1" },
    owner: "box",
  });
  await assert.rejects(
    ledger.create(sysctl("0"), () => {
      throw new Error("no");
    }),
    /no/,
  );
  assert.equal(ledger.get("sysctl", "net/ipv4/ip_forward")?.state, "making");
  // The second time the value found is the one we had set: the first is what must come back.
  await ledger.create(sysctl("1"), () => undefined);
  assert.equal(ledger.get("sysctl", "net/ipv4/ip_forward")?.details.previous, "0");
  assert.equal(ledger.get("sysctl", "net/ipv4/ip_forward")?.state, "made");
});

test("remove runs once, strikes off only after success, and does nothing for what is unknown", async () => {
  const { ledger, undone } = makeLedger();
  await ledger.create(bridge("br0"), () => undefined);
  await assert.rejects(
    ledger.remove("bridge", "br0", () => {
      throw new Error("busy");
    }),
    /busy/,
  );
  assert.notEqual(ledger.get("bridge", "br0"), null);
  await ledger.remove("bridge", "br0");
  await ledger.remove("bridge", "br0");
  assert.deepEqual(undone, ["br0"]);
});

test("undo walks backwards, goes on after failures, reports them and keeps them for the next time", async () => {
  const { ledger, undone } = makeLedger();
  let broken = true;
  ledger.registerUndo("mount", () => (broken ? Promise.reject(new Error("busy")) : Promise.resolve()));
  await ledger.create(bridge("br0"), () => undefined);
  await ledger.create({ kind: "mount", name: "/m", details: { target: "/m" }, owner: "test" }, () => undefined);
  await ledger.create(bridge("br1"), () => undefined);
  const steps: UndoProgress[] = [];
  const report = await ledger.undoAll({ progress: (step) => steps.push(step) });
  assert.deepEqual(undone, ["br1", "br0"]);
  assert.deepEqual(
    report.failures.map(({ entry, error }) => [entry.name, error.message]),
    [["/m", "busy"]],
  );
  assert.deepEqual(
    steps.map(({ entry, done, total, error }) => [entry.name, done, total, error === null]),
    [
      ["br1", 1, 3, true],
      ["/m", 2, 3, false],
      ["br0", 3, 3, true],
    ],
  );
  broken = false;
  assert.deepEqual(await ledger.undoAll(), { undone: 1, failures: [] });
  assert.deepEqual(ledger.list(), []);
});

test("what is inside a namespace of ours goes with it, unless that could not be removed", async () => {
  const { ledger, undone } = makeLedger();
  let broken = true;
  ledger.registerUndo("namespace", ({ name }) => {
    if (broken) return Promise.reject(new Error("busy"));
    undone.push(name);
    return Promise.resolve();
  });
  await ledger.create({ kind: "namespace", name: "box", details: {}, owner: "test" }, () => undefined);
  await ledger.create(bridge("br0", "box"), () => undefined);
  await ledger.create(bridge("br1", "elsewhere"), () => undefined);
  assert.equal((await ledger.undoAll()).failures.length, 1);
  assert.deepEqual(
    ledger.list().map(({ name }) => name),
    ["box", "box/br0"],
  );
  broken = false;
  assert.equal((await ledger.undoAll()).failures.length, 0);
  assert.deepEqual(undone, ["elsewhere/br1", "box"]);
  assert.deepEqual(ledger.list(), []);
});

test("lists by kind and owner; an unknown kind of undo is reported, not skipped", async () => {
  const { ledger } = makeLedger();
  await ledger.create({ ...bridge("br0"), owner: "network:1" }, () => undefined);
  await ledger.create({ ...bridge("br1"), owner: "network:2" }, () => undefined);
  await ledger.create({ kind: "loop", name: "l", details: { backingFile: "/x" }, owner: "volumes" }, () => undefined);
  assert.deepEqual(
    ledger.list({ kind: "loop" }).map(({ name }) => name),
    ["l"],
  );
  assert.deepEqual(
    ledger.list({ ownerPrefix: "network:" }).map(({ name }) => name),
    ["br0", "br1"],
  );
  assert.deepEqual(
    ledger.list({ owner: "network:2" }).map(({ name }) => name),
    ["br1"],
  );
  const report = await ledger.undoAll({ owner: "volumes" });
  assert.match(report.failures[0]?.error.message ?? "", /nobody knows how to undo a "loop"/);
  assert.equal(ledger.list().length, 3);
});
