import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { md5, type S3Cloud, s3Cloud } from "./s3/support.ts";
import { A, tar } from "./support.ts";

/** A request for hundreds of objects does a few of them a turn. */

let t: S3Cloud;
const MANY = 300;
const MOST = 25;

before(async () => {
  t = await s3Cloud();
  assert.equal((await t.swift("PUT", `${A}/many`)).status, 201);
  assert.equal((await t.swift("PUT", `${A}/many/0`, { body: "x" })).status, 201);
});
after(() => t.close());

const count = (): number => t.cloud.kernel.db.prepare("SELECT count(*) FROM objects").pluck().get() as number;

/** So many more, as if each had been made. */
function fill(): void {
  const { db } = t.cloud.kernel;
  const columns = (db.raw.pragma("table_info(objects)") as { name: string }[]).map(({ name }) => name);
  const picked = columns.map((name) => (name === "name" ? "CAST(n AS TEXT)" : `one.${name}`)).join(", ");
  db.raw.exec(`WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${MANY})
    INSERT INTO objects (${columns.join(", ")}) SELECT ${picked} FROM objects one, numbers WHERE one.name = '0'`);
}

/** By how many there were more or fewer objects from one turn to the next, at most. */
async function mostInOneTurn(body: () => Promise<unknown>): Promise<number> {
  const { turns } = t.cloud.kernel;
  const { mine } = turns;
  let before = count();
  let most = 0;
  const look = (): void => {
    const now = count();
    most = Math.max(most, Math.abs(now - before));
    before = now;
  };
  turns.mine = (client) => {
    look();
    return mine.call(turns, client);
  };
  try {
    await body();
    look();
  } finally {
    turns.mine = mine;
  }
  return most;
}

test("swift's bulk delete", async () => {
  fill();
  const body = Array.from({ length: MANY }, (_, n) => `many/${n + 1}\n`).join("");
  const most = await mostInOneTurn(async () => {
    const headers = { accept: "application/json" };
    const { json } = await t.swift("POST", `${A}?bulk-delete`, { body, headers });
    assert.equal(json["Number Deleted"], MANY);
  });
  assert.ok(most > 0 && most <= MOST, `${most}`);
});

test("S3's delete of many", async () => {
  fill();
  const keys = Array.from({ length: MANY }, (_, n) => `<Object><Key>${n + 1}</Key></Object>`).join("");
  const body = `<Delete>${keys}</Delete>`;
  const headers = { "content-md5": Buffer.from(md5(body), "hex").toString("base64") };
  const most = await mostInOneTurn(async () => {
    const answer = await t.s3("POST", "/many", { query: { delete: "" }, body, headers });
    assert.equal(answer.all("Key").length, MANY, answer.text.slice(0, 500));
  });
  assert.equal(count(), 1);
  assert.ok(most > 0 && most <= MOST, `${most}`);
});

test("an archive of small files", async () => {
  const body = tar(Array.from({ length: MANY }, (_, n) => [`${n + 1}`, Buffer.from("x")]));
  const most = await mostInOneTurn(async () => {
    const headers = { accept: "application/json" };
    const { json } = await t.swift("PUT", `${A}/many?extract-archive=tar`, { body, headers });
    assert.equal(json["Number Files Created"], MANY);
  });
  assert.ok(most > 0 && most <= MOST, `${most}`);
});
