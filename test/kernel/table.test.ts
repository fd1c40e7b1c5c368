import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { Table } from "../../src/kernel/db/table.ts";

interface Book {
  id: string;
  owner: string | null;
  pages: number;
  lent: boolean;
  tags: string[];
}

let db: Database;
let books: Table<Book>;
let writes: number;
beforeEach(() => {
  db = new Database({ path: ":memory:" });
  db.exec(
    "CREATE TABLE books (id TEXT PRIMARY KEY, owner TEXT, pages INTEGER NOT NULL, lent INTEGER NOT NULL, tags TEXT NOT NULL) STRICT",
  );
  writes = 0;
  books = new Table<Book>(
    db,
    "books",
    { id: "text", owner: "text", pages: "integer", lent: "boolean", tags: "json" },
    () => {
      writes += 1;
    },
  );
  books.insert({ id: "b", owner: "ann", pages: 10, lent: true, tags: ["x"] });
  books.insert({ id: "a", owner: null, pages: 20, lent: false, tags: [] });
});
afterEach(() => db.close());

test("a row comes back as it was put in, booleans and lists too", () => {
  assert.deepEqual(books.get("b"), { id: "b", owner: "ann", pages: 10, lent: true, tags: ["x"] });
  assert.equal(books.get("nothing"), undefined);
  assert.deepEqual(
    books.getMany(["b", "a", "c"]).map(({ id }) => id),
    ["a", "b"],
  );
});

test("equal values are found, null as NULL, booleans and lists as they are kept; undefined asks for nothing", () => {
  assert.equal(books.find({ owner: null })?.id, "a");
  assert.equal(books.find({ lent: true })?.id, "b");
  assert.equal(books.find({ tags: ["x"], pages: 10 })?.id, "b");
  assert.equal(books.find({ lent: true, owner: null }), undefined);
  assert.deepEqual(
    books.list().map(({ id }) => id),
    ["b", "a"],
    "as they were made",
  );
  assert.deepEqual(
    books.list({}, "pages DESC").map(({ id }) => id),
    ["a", "b"],
  );
  assert.deepEqual(
    books.select("pages > ?", 5).map(({ id }) => id),
    ["a", "b"],
    "ordered by id",
  );
  assert.equal(books.count("lent = 1"), 1);
});

test("a change leaves what it does not name; each write is told", () => {
  books.update("b", { lent: false });
  books.update("b", {});
  assert.deepEqual(books.get("b"), { id: "b", owner: "ann", pages: 10, lent: false, tags: ["x"] });
  books.deleteWhere({ owner: null });
  books.delete("b");
  assert.deepEqual(books.list(), []);
  assert.equal(writes, 5);
  assert.throws(() => books.update("b", { title: "?" } as never), /books has no column title/);
});

test("caseless text is found in any case, the one in the right case first", () => {
  const owners = new Table<Pick<Book, "id" | "owner">>(db, "books", { id: "text", owner: "caseless" });
  assert.equal(owners.find({ owner: "ANN" })?.id, "b");
  books.insert({ id: "c", owner: "Ann", pages: 1, lent: false, tags: [] });
  assert.equal(owners.find({ owner: "Ann" })?.id, "c");
  assert.equal(owners.find({ owner: "ann" })?.id, "b");
  assert.deepEqual(
    owners.list({ owner: "aNN" }).map(({ id }) => id),
    ["b", "c"],
  );
  assert.equal(owners.find({ owner: null })?.id, "a");
  assert.equal(books.find({ owner: "ANN" }), undefined, "other text is what it is");
  assert.deepEqual(
    owners.selected({ conditions: owners.columnFilters(new Map([["owner", ["ANN"]]])) }).map(({ id }) => id),
    ["b", "c"],
  );
});
