import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { Relation } from "../../src/kernel/db/relation.ts";

interface Loan {
  book: string;
  readerId: string;
  notes: string[];
  isLate: boolean;
  count: number;
}

let db: Database;
let loans: Relation<Loan>;
let writes: number;
beforeEach(() => {
  db = new Database({ path: ":memory:" });
  db.exec(
    `CREATE TABLE loans (book TEXT NOT NULL, reader_id TEXT NOT NULL, notes TEXT NOT NULL DEFAULT '[]', is_late INTEGER NOT NULL DEFAULT 0,
     count INTEGER NOT NULL, PRIMARY KEY (book, reader_id)) STRICT, WITHOUT ROWID`,
  );
  writes = 0;
  const onWrite = () => {
    writes += 1;
  };
  const columns = { book: "text", readerId: "text", notes: "json", isLate: "boolean", count: "revision" } as const;
  loans = new Relation<Loan>(db, "loans", columns, { onWrite, order: "book DESC, reader_id" });
});
afterEach(() => db.close());

const loan = (book: string, readerId: string, more: Partial<Loan> = {}): Loan => ({
  book,
  readerId,
  notes: [],
  isLate: false,
  count: 1,
  ...more,
});

test("rows are told apart by several columns: added once, put in the place of another, found, listed in the table's order", () => {
  assert.equal(loans.add(loan("a", "ann", { notes: ["x"] })), true);
  assert.equal(loans.add(loan("a", "ann", { notes: ["y"] })), false, "it is there");
  assert.deepEqual(loans.find({ book: "a", readerId: "ann" }), loan("a", "ann", { notes: ["x"] }));
  loans.put(loan("a", "ann", { notes: ["z"] }));
  loans.add(loan("b", "bob"));
  loans.add(loan("b", "ann", { isLate: true }));
  assert.deepEqual(
    loans.list().map(({ book, readerId }) => book + readerId),
    ["bann", "bbob", "aann"],
  );
  assert.deepEqual(loans.list({ isLate: true }), [loan("b", "ann", { isLate: true })]);
  assert.deepEqual(loans.column("notes", { book: "a" }), [["z"]]);
  assert.deepEqual(loans.column("readerId", {}, "reader_id DESC"), ["bob", "ann", "ann"]);
  assert.deepEqual(
    loans.among("book", ["a", "c"]).map(({ readerId }) => readerId),
    ["ann"],
  );
  assert.deepEqual(
    [loans.has({ book: "b" }), loans.has({ book: "c" }), loans.countOf({ readerId: "ann" })],
    [true, false, 2],
  );
  assert.equal(writes, 5);
});

test("changes and removals say whether there was anything, and leave the rest", () => {
  loans.insert({ book: "a", readerId: "ann", count: 1 });
  assert.deepEqual(loans.find({ book: "a" }), loan("a", "ann"), "what is left out is as the table has it");
  assert.equal(loans.updateWhere({ book: "a", readerId: "ann" }, { isLate: true }), true);
  assert.equal(loans.updateWhere({ book: "a", readerId: "bob" }, { isLate: true }), false);
  assert.deepEqual(loans.find({ book: "a" }), loan("a", "ann", { isLate: true, count: 2 }), "its revision has grown");
  assert.equal(loans.deleteWhere({ readerId: "bob" }), false);
  assert.equal(loans.deleteWhere({ readerId: "ann" }), true);
  assert.throws(() => loans.deleteWhere({ title: "?" } as never), /loans has no column title/);
  assert.throws(() => loans.insert({ book: "a" }), /NOT NULL/);
});
