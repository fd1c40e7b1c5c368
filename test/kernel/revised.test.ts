import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { RevisedTable } from "../../src/kernel/db/revised.ts";

interface Thing {
  id: string;
  revision: number;
  projectId: string;
  listOfTags: readonly string[];
}

let db: Database;
let things: RevisedTable<Thing>;
let other: RevisedTable<Thing>;

const open = () =>
  new RevisedTable<Thing>(
    db,
    "things",
    { id: "text", revision: "revision", projectId: "text", listOfTags: "json" },
    { kept: 2 },
  );

before(() => {
  db = new Database({ path: ":memory:" });
  db.exec("CREATE TABLE things (id TEXT PRIMARY KEY, revision INTEGER, project_id TEXT, list_of_tags TEXT) STRICT");
  things = open();
  other = open();
  for (const id of ["a", "b", "c"]) things.insert({ id, revision: 1, projectId: "p", listOfTags: [id] });
});
after(() => db.close());

test("properties are columns, whatever they are asked by", () => {
  assert.deepEqual(things.get("a"), { id: "a", revision: 1, projectId: "p", listOfTags: ["a"] });
  assert.deepEqual(
    things.list({ projectId: "p" }).map(({ id }) => id),
    ["a", "b", "c"],
  );
  assert.deepEqual(
    things.among("projectId", ["p"]).map(({ listOfTags }) => listOfTags),
    [["a"], ["b"], ["c"]],
  );
  assert.equal(things.find({ projectId: "q" }), undefined);
  assert.throws(() => things.update("a", { ["project_id" as "projectId"]: "q" }), /no column project_id/);
});

test("what was read is read again when it changed, by whomever; a longer list than what is kept is whole", () => {
  const one = things.get("a");
  assert.equal(things.get("a"), one);
  other.update("a", { projectId: "q" });
  assert.deepEqual(things.get("a"), { id: "a", revision: 2, projectId: "q", listOfTags: ["a"] });
  assert.deepEqual(
    things.selected({}).map(({ id, projectId }) => `${id}${projectId}`),
    ["aq", "bp", "cp"],
  );
});

test("what is rolled back is not kept", () => {
  assert.throws(() =>
    db.transaction(() => {
      things.update("b", { projectId: "x" });
      assert.equal(things.get("b")?.projectId, "x");
      throw new Error("no");
    }),
  );
  things.update("b", { projectId: "y" });
  assert.equal(things.get("b")?.projectId, "y");
});

test("at rest nothing is kept, and all is read again", () => {
  const one = things.get("b");
  assert.equal(things.get("b"), one);
  db.rest();
  assert.notEqual(things.get("b"), one);
  assert.deepEqual(things.get("b"), one);
});
