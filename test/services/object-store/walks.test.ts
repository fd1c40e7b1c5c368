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
  const pause = () => t.cloud.kernel.turns.background();
  const count = (sql: string): number => db().prepare(sql).pluck().get() as number;

  /** Most rows that were written between two turns while `body` ran. */
  async function mostWritten(body: () => Promise<unknown>): Promise<{ most: number; turns: number }> {
    const { turns } = t.cloud.kernel;
    const { background, mine } = turns;
    const seen = [db().totalChanges];
    turns.background = () => {
      seen.push(db().totalChanges);
      return background.call(turns);
    };
    turns.mine = (client) => {
      seen.push(db().totalChanges);
      return mine.call(turns, client);
    };
    try {
      await body();
    } finally {
      Object.assign(turns, { background, mine });
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
    const asked = await mostWritten(() => t.swift("POST", `${A}/from`, { headers: headers("to") }));
    assert.ok(asked.most < 10, "nothing of what is there is looked at yet");
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
      await uploads.putPart(upload, n, { received: await contents.receiveBytes(Buffer.from(`part ${n}`)) });
    const parts = await uploads.allParts(upload, pause);
    await uploads.complete(upload, { parts, unused: [] }, { etag: "etag-460", pause });
    assert.equal((await t.swift("GET", `${A}/parts/o`)).text.startsWith("part 1part 2"), true);
    const { most } = await mostWritten(async () => {
      objects.delete(container, "o");
      await until("its parts are gone", 10, async () => count("SELECT count(*) FROM object_blobs") === before);
    });
    assert.equal(count("SELECT count(*) FROM object_blob_parts"), 0);
    assert.ok(most <= 250, `${most} rows in a turn`);
  });

  /** An upload of that many parts which share the bytes of one object, and the document that completes it. */
  async function uploadOf(bucketName: string, name: string, parts: number) {
    const { uploads, containers, objects } = engine(t.cloud);
    await t.s3("PUT", `/${bucketName}`);
    const bucket = containers.named(bucketName);
    assert.ok(bucket !== undefined);
    await t.s3("PUT", `/${bucketName}/source`, { body: Buffer.alloc(5 * 1024 * 1024) });
    const source = objects.get(bucket.id, "source");
    assert.ok(source !== undefined);
    const crc = { checksum: { algorithm: "CRC32C", value: "AAAAAA==" } };
    const system = { s3: { initiator: "alpha", algorithm: "CRC32C", checksumType: "FULL_OBJECT" } };
    const upload = uploads.begin(bucket, name, { content_type: "text/plain", headers: {}, system });
    for (let n = 1; n <= parts; n += 1) await uploads.putPart(upload, n, { of: source }, crc);
    const listed = Array.from(
      { length: parts },
      (_, n) => `<Part><PartNumber>${n + 1}</PartNumber><ETag>"${source.etag}"</ETag></Part>`,
    );
    const document = (count = parts) =>
      `<CompleteMultipartUpload>${listed.slice(0, count).join("")}</CompleteMultipartUpload>`;
    const refs = () => count(`SELECT refs FROM object_blobs WHERE id = ${source.blob}`);
    const rows = () => count(`SELECT count(*) FROM object_upload_parts WHERE upload = '${upload.id}'`);
    return { uploads, bucket, upload, document, refs, rows };
  }

  it("ten thousand parts that are completed, some of them, while one more is put", async () => {
    const { bucket, upload, document, refs, rows, uploads } = await uploadOf("whole", "o", 10_000);
    const query = { uploadId: upload.id };
    let put = { status: 0, code: "" };
    const { most, turns } = await mostWritten(async () => {
      const completing = t.s3("POST", "/whole/o", { query, body: document(9_000) });
      await until("it gathers", 30, () => count("SELECT count(*) FROM object_blob_parts") > 0);
      const late = t.s3("PUT", "/whole/o", { query: { ...query, partNumber: "1" }, body: "late" });
      assert.equal((await completing).status, 200);
      put = await late;
    });
    assert.deepEqual([put.status, put.code], [404, "NoSuchUpload"]);
    assert.ok(most <= 320, `${most} rows in a turn`);
    assert.ok(turns >= 100, `${turns} turns`);
    await until("what is not in it is given up", 30, () => refs() === 9_001 && rows() === 0);
    const head = await t.s3("HEAD", "/whole/o");
    assert.deepEqual(
      [head.headers["content-length"], head.headers.etag?.endsWith('-9000"')],
      [String(9_000 * 5 * 1024 * 1024), true],
    );
    assert.equal((await t.s3("POST", "/whole/o", { query, body: document(9_000) })).status, 200, "asked for again");
    assert.deepEqual(uploads.list(bucket, { name: "", stamp: 0 }, -1), []);
  });

  it("ten thousand parts that are given up: by their client, with the bucket, with Swift's container", async () => {
    for (const [name, end] of [
      ["aborted", (id: string) => t.s3("DELETE", "/aborted/o", { query: { uploadId: id } })],
      ["removed", () => t.s3("DELETE", "/removed")],
      ["emptied", () => t.swift("DELETE", `${A}/emptied`)],
    ] as const) {
      const { upload, refs, rows } = await uploadOf(name, "o", name === "aborted" ? 10_000 : 1_000);
      if (name !== "aborted") await t.s3("DELETE", `/${name}/source`);
      const blobs = () => count("SELECT count(*) FROM object_blobs WHERE state <> 'kept'");
      const { most } = await mostWritten(async () => {
        assert.equal((await end(upload.id)).status, 204, name);
        await until(`${name} is gone`, 30, () => rows() === 0 && blobs() === 0 && (refs() ?? 1) === 1);
      });
      assert.ok(most <= 420, `${name}: ${most} rows in a turn`);
      assert.equal(count(`SELECT count(*) FROM object_uploads WHERE id = '${upload.id}'`), 0);
    }
  });

  it("parts that a crash caught in a completion: the next start forgets what was gathered, and nothing is lost", async () => {
    const { uploads, upload, refs, document } = await uploadOf("crashed", "o", 300);
    const { contents } = engine(t.cloud);
    const gathered = await contents.joins.gather(await uploads.allParts(upload, pause), pause);
    assert.equal(count(`SELECT count(*) FROM object_blob_parts WHERE blob = ${gathered.blob}`), 300);
    const next = engine(t.cloud).contents;
    next.prepare();
    // Clients need not wait for the rest of a start: what they send meanwhile is theirs.
    const { blob } = await next.receiveBytes(Buffer.alloc(100_000));
    await next.recover();
    assert.equal(count(`SELECT count(*) FROM object_blobs WHERE id = ${gathered.blob}`), 0);
    assert.equal(count("SELECT count(*) FROM object_blob_parts WHERE blob NOT IN (SELECT id FROM object_blobs)"), 0);
    assert.equal(db().prepare("SELECT state FROM object_blobs WHERE id = ?").pluck().get(blob), "incoming");
    assert.equal(refs(), 301);
    const done = await t.s3("POST", "/crashed/o", { query: { uploadId: upload.id }, body: document() });
    assert.equal(done.status, 200);
  });

  it("rows of parts that a crash left of an upload that had ended", async () => {
    const { rows, upload } = await uploadOf("left", "o", 500);
    db().prepare("DELETE FROM object_uploads WHERE id = ?").run(upload.id);
    const { most } = await mostWritten(() => engine(t.cloud).uploads.recover());
    assert.equal(rows(), 0);
    assert.ok(most <= 250, `${most} rows in a turn`);
  });

  it("a thousand deletes of one request", async () => {
    await t.s3("PUT", "/deletes");
    const { containers, objects } = engine(t.cloud);
    const bucket = containers.named("deletes");
    assert.ok(bucket !== undefined);
    const nothing = { of: { blob: null, size: 0, etag: "" } };
    const names = Array.from({ length: 1_000 }, (_, n) => `o${n}`);
    for (const name of names) objects.put(bucket, name, nothing, { content_type: "a/b", headers: {} });
    const body = `<Delete>${names.map((name) => `<Object><Key>${name}</Key></Object>`).join("")}</Delete>`;
    let keys: string[] = [];
    const { most } = await mostWritten(async () => {
      keys = (await t.s3("POST", "/deletes", { query: { delete: "" }, body })).all("Key");
    });
    assert.deepEqual(keys, names);
    assert.equal(containers.named("deletes")?.object_count, 0);
    assert.ok(most <= 150, `${most} rows in a turn`);
  });
});
