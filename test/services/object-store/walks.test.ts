import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { inTurns } from "../../../src/services/object-store/manager/in-turns.ts";
import { until } from "../../support/patience.ts";
import { type S3Cloud, s3Cloud } from "./s3/support.ts";
import { A, engine } from "./support.ts";

const MANY = 230;
const DAY = 86_400_000;

/** What goes through all there is does a piece of it in a turn of the loop, and yet all of it at once. */
describe("walks over many", () => {
  const clock = new ManualClock();
  let t: S3Cloud;
  before(async () => {
    t = await s3Cloud({ clock });
  });
  after(() => t.close());

  const db = () => t.cloud.kernel.db;
  const count = (sql: string): number => db().prepare(sql).pluck().get() as number;

  /** Most rows that were written between two turns while `body` ran. */
  async function mostWritten(body: () => Promise<unknown>): Promise<{ most: number; turns: number }> {
    const { turns } = t.cloud.kernel;
    const { background } = turns;
    const seen = [db().totalChanges];
    turns.background = () => {
      seen.push(db().totalChanges);
      return background.call(turns);
    };
    try {
      await body();
    } finally {
      turns.background = background;
    }
    seen.push(db().totalChanges);
    return { most: Math.max(...seen.slice(1).map((at, n) => at - (seen[n] ?? 0))), turns: seen.length };
  }

  it("uploads that a bucket gives up", async () => {
    await t.s3("PUT", "/uploads");
    const rule =
      "<LifecycleConfiguration><Rule><Status>Enabled</Status><Filter/><AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>";
    assert.equal((await t.s3("PUT", "/uploads", { query: { lifecycle: "" }, body: rule })).status, 200);
    const { uploads, containers, lifecycle } = engine(t.cloud);
    const bucket = containers.named("uploads");
    assert.ok(bucket !== undefined);
    for (let n = 0; n < MANY; n += 1) uploads.begin(bucket, `o${n % 7}`, { content_type: "text/plain", headers: {} });
    clock.advance(3 * DAY);
    const fresh = uploads.begin(bucket, "fresh", { content_type: "text/plain", headers: {} });
    const { most, turns } = await mostWritten(() => lifecycle.run());
    assert.deepEqual(
      uploads.list(bucket, { name: "", stamp: 0 }, -1).map(({ id }) => id),
      [fresh.id],
    );
    assert.ok(turns > MANY, `${turns} turns`);
    assert.ok(most <= 10, `${most} rows in a turn`);
  });

  it("what has expired, all of it at one look", async () => {
    await t.swift("PUT", `${A}/expiring`);
    const { objects, containers } = engine(t.cloud);
    const container = containers.get("AUTH_alpha", "expiring");
    assert.ok(container !== undefined);
    const seconds = Math.floor(clock.now() / 1000);
    const about = { content_type: "text/plain", headers: {}, delete_at: seconds + 100 };
    const nothing = { of: { blob: null, size: 0, etag: "" } };
    for (let n = 0; n < MANY; n += 1) objects.put(container, `o${n}`, nothing, about);
    const walk = inTurns(t.cloud.kernel, "the removal of expired objects", () => objects.expire());
    await walk.run();
    assert.equal(count(`SELECT count(*) FROM objects WHERE container = ${container.id}`), MANY);
    clock.advance(101_000);
    const { most } = await mostWritten(() => walk.run());
    assert.equal(count(`SELECT count(*) FROM objects WHERE container = ${container.id}`), 0);
    assert.ok(most <= 200, `${most} rows in a turn`);
  });

  it("what waits to be brought to another container", async () => {
    const headers = (to: string) => ({
      "x-container-sync-to": `//realm1/name1/AUTH_alpha/${to}`,
      "x-container-sync-key": "key",
    });
    await t.swift("PUT", `${A}/from`);
    const { objects, containers, sync } = engine(t.cloud);
    const from = containers.get("AUTH_alpha", "from");
    assert.ok(from !== undefined);
    const nothing = { of: { blob: null, size: 0, etag: "" } };
    for (let n = 0; n < MANY; n += 1) objects.put(from, `o${n}`, nothing, { content_type: "a/b", headers: {} });
    await t.swift("PUT", `${A}/to`, { headers: { "x-container-sync-key": "key" } });
    await t.swift("POST", `${A}/from`, { headers: headers("to") });
    const { most } = await mostWritten(() => inTurns(t.cloud.kernel, "container sync", () => sync.run()).run());
    assert.equal(containers.get("AUTH_alpha", "to")?.object_count, MANY);
    assert.ok(most <= 300, `${most} rows in a turn`);
  });

  it("parts of an object that is deleted", async () => {
    await t.swift("PUT", `${A}/parts`);
    const { objects, uploads, containers, contents } = engine(t.cloud);
    const container = containers.get("AUTH_alpha", "parts");
    assert.ok(container !== undefined);
    const upload = uploads.begin(container, "o", { content_type: "text/plain", headers: {} });
    const before = count("SELECT count(*) FROM object_blobs");
    for (let n = 1; n <= MANY * 2; n += 1)
      uploads.putPart(upload, n, { received: await contents.receiveBytes(Buffer.from(`part ${n}`)) });
    const numbers = uploads.parts(upload).map(({ number }) => number);
    uploads.complete(upload, numbers, "etag-460", undefined);
    assert.equal((await t.swift("GET", `${A}/parts/o`)).text.startsWith("part 1part 2"), true);
    const { most } = await mostWritten(async () => {
      objects.delete(container, "o");
      await until("its parts are gone", 10, async () => count("SELECT count(*) FROM object_blobs") === before);
    });
    assert.equal(count("SELECT count(*) FROM object_blob_parts"), 0);
    assert.ok(most <= 250, `${most} rows in a turn`);
  });
});
