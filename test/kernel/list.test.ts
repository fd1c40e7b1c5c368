import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { Database } from "../../src/kernel/db/database.ts";
import { condition, oneOf, type Range, reversed, sifted } from "../../src/kernel/db/list.ts";
import { Table } from "../../src/kernel/db/table.ts";

interface Thing {
  id: string;
  owner: string;
  name: string | null;
  size: number | null;
}

let db: Database;
let things: Table<Thing>;

before(() => {
  db = new Database({ path: ":memory:" });
  db.exec("CREATE TABLE things (id TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT, size INTEGER) STRICT");
  things = new Table<Thing>(db, "things", { id: "text", owner: "text", name: "text", size: "integer" });
});
after(() => db.close());

const key = fc.constantFrom("name", "size", "owner");
const order = fc.array(fc.record({ key, descending: fc.boolean() }), { maxLength: 3 });
const thing = fc.record({
  owner: fc.constantFrom("ann", "bob", "cid"),
  name: fc.option(fc.constantFrom("", "a", "b", "null"), { nil: null }),
  size: fc.option(fc.integer({ min: 0, max: 2 }), { nil: null }),
});

test("pages behind one another are the whole list, in every order, with what is not there, read forward and back", () => {
  fc.assert(
    fc.property(
      fc.array(thing, { maxLength: 25 }),
      order,
      fc.integer({ min: 1, max: 7 }),
      fc.boolean(),
      (all, keys, limit, sees) => {
        db.exec("DELETE FROM things");
        for (const [index, one] of all.entries()) things.insert({ id: `t${index}`, ...one });
        const sort = [
          ...keys.map((one) => ({ expression: one.key, descending: one.descending, nullable: one.key !== "owner" })),
          { expression: "id", descending: false },
        ];
        // Seen in two ways, which overlap.
        const ways = sees ? [] : [oneOf("owner", ["ann"]), condition("size > ? OR owner = ?", 0, "ann")];
        const expected = all
          .map((one, index) => ({ id: `t${index}`, ...one }))
          .filter((one) => sees || one.owner === "ann" || (one.size ?? 0) > 0)
          .sort((one, other) => compared(one, other, sort));
        for (const direction of [sort, reversed(sort)]) {
          const read: Thing[] = [];
          for (let at: Range["after"] = null; ; ) {
            const page = things.selected({ ways }, { order: direction, after: at, limit });
            read.push(...page);
            const last = page.at(-1);
            if (last === undefined) break;
            at = things.place(last.id, direction) ?? null;
          }
          assert.deepEqual(
            read.map(({ id }) => id),
            (direction === sort ? expected : [...expected].reverse()).map(({ id }) => id),
          );
        }
      },
    ),
  );
});

function compared(one: Thing, other: Thing, sort: Range["order"]): number {
  for (const { expression, descending } of sort) {
    const [left, right] = [one[expression as keyof Thing], other[expression as keyof Thing]];
    if (left === right) continue;
    const isLess = left === null || (right !== null && left < right);
    return isLess === descending ? 1 : -1;
  }
  return 0;
}

test("what sqlite cannot tell is sifted in batches, each in its turn, no further than it takes", async () => {
  const reads: (number | "pause")[] = [];
  const upTo = (end: number, wanted: number) =>
    sifted<number, number>({
      wanted,
      after: null,
      read: (from, limit) => {
        reads.push(limit);
        const first = Number(from?.[0] ?? 0) + 1;
        return Array.from({ length: Math.max(0, Math.min(limit, end - first + 1)) }, (_, index) => first + index);
      },
      place: (row) => [row],
      keep: (rows) => rows.filter((row) => row % 100 === 0),
      async pause() {
        reads.push("pause");
      },
    });
  assert.deepEqual(await upTo(100_000, 3), [100, 200, 300]);
  assert.deepEqual(reads, [3, "pause", 200, "pause", 200]);
  assert.deepEqual(await upTo(250, 3), [100, 200], "to the end");
});
