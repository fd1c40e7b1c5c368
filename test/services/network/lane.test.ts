import assert from "node:assert/strict";
import { test } from "node:test";
import { Lane } from "../../../src/services/network/manager/lane.ts";
import type { DirtyRow } from "../../../src/services/network/store/dirty.ts";

test("networks are applied side by side, each once with all that is marked of it, and routers when all of them are there", async () => {
  const mark = (kind: DirtyRow["kind"], id: string): DirtyRow => ({ kind, id, generation: 1 });
  let marked = [
    mark("lease", "a 1"),
    ...["a", "b", "c", "d", "e", "f"].map((id) => mark("network", id)),
    mark("router", "r"),
  ];
  const applied: string[][] = [];
  const isDone = new Set<DirtyRow>();
  let atOnce = 0;
  let most = 0;
  const lane = new Lane({
    steps: [["network", "lease"], ["router"]],
    marked: () => marked,
    together: ({ kind, id }) => (kind === "router" ? `router ${id}` : (id.split(" ")[0] ?? "")),
    apply: async (rows) => {
      atOnce += 1;
      most = Math.max(most, atOnce);
      if (rows[0]?.kind === "router") assert.equal(isDone.size, 7, "every network before a router");
      // As long as others are beginning.
      for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      applied.push(rows.map(({ kind, id }) => `${kind} ${id}`));
      for (const row of rows) isDone.add(row);
      marked = marked.filter((row) => !isDone.has(row));
      return true;
    },
    turns: { background: () => Promise.resolve(), served: 0 },
  });
  await lane.wake();
  assert.equal(most, 4);
  assert.equal(applied.length, 7);
  assert.deepEqual(applied[0], ["network a", "lease a 1"]);
  assert.deepEqual(applied.at(-1), ["router r"]);
});

test("hundreds who wait for one network are told by one look at what is left, and go on in turns of their own", async () => {
  const mark = (id: string): DirtyRow => ({ kind: "network", id, generation: 1 });
  let marked = ["a", "b"].map(mark);
  let looks = 0;
  let turns = 0;
  const lane = new Lane({
    steps: [["network"]],
    marked: () => {
      looks += 1;
      return marked;
    },
    together: ({ id }) => id,
    apply: async (rows) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (rows[0]?.id === "b") return false;
      marked = marked.filter((row) => !rows.includes(row));
      return true;
    },
    turns: {
      background: () => {
        turns += 1;
        return Promise.resolve();
      },
      served: 0,
    },
  });
  const ended: string[] = [];
  const waiting = Array.from({ length: 300 }, (_, n) =>
    lane.passed(({ id }) => id === (n % 2 === 0 ? "a" : "b")).then(() => ended.push(n % 2 === 0 ? "a" : "b")),
  );
  const before = { looks, turns };
  await Promise.all(waiting);
  assert.equal(ended.length, 300);
  assert.ok(looks - before.looks < 20, `${looks - before.looks} looks`);
  assert.ok(turns - before.turns >= 300, `${turns - before.turns} turns`);
  await lane.stop();
});
