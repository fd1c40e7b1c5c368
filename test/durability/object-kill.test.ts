import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import Database from "better-sqlite3";
import { TestDaemon } from "../support/daemon.ts";
import { type AccessKey, sha256Of, signS3 } from "../support/sign-s3.ts";

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 6);
const WORKERS = Number(process.env.KILL_WORKERS ?? 24);
const SIZES = [0, 100, 4096, 32 * 1024, 32 * 1024 + 1, 200_000, 1000];
/** Now and then. */
const LARGE = 3_000_000;
const PART = 5 * 1024 * 1024;
/** Readers at once, after each restart. */
const READERS = 16;

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

/**
 * The daemon killed with SIGKILL while clients put, copy, delete and complete objects that came in parts (over S3). What was acknowledged has its bytes, what was acknowledged as
 * deleted is gone, a completion that was not answered can be asked for again, an object is always one of those that were put under its name, and no file is left that no object holds.
 */
describe("objects, and a daemon that is killed", () => {
  const daemon = new TestDaemon();
  let box = "";
  /** Name → md5s that it may have; "" is not there. One where that was acknowledged, several while a request is under way. */
  const expected = new Map<string, Set<string>>();
  /** Completions that were asked for and not answered: name, upload, document, what comes of it. */
  const unanswered = new Map<string, { upload: string; document: string; outcome: string }>();
  let key: AccessKey = { access: "", secret: "" };
  let count = 0;
  let completed = 0;

  const s3 = (method: string, name: string, query: string, body: Uint8Array | string = ""): Promise<Response> => {
    const target = new URL(`${daemon.url}/s3/box/${name}?${query}`);
    const { headers } = signS3(key, method, target, sha256Of(body));
    return fetch(target, { method, headers, ...(body === "" ? {} : { body: Buffer.from(body) }) });
  };

  const send = (method: string, name: string, options: { body?: Uint8Array; headers?: Record<string, string> } = {}) =>
    fetch(`${daemon.url}${box}/${name}`, {
      method,
      headers: { "x-auth-token": daemon.token, ...options.headers },
      ...(options.body === undefined ? {} : { body: Buffer.from(options.body) }),
    });

  /** Does something to a name that would make it `outcome`. */
  async function change(name: string, outcome: string, body: () => Promise<Response>): Promise<void> {
    const before = expected.get(name) ?? new Set([""]);
    expected.set(name, new Set([...before, outcome]));
    const answer = await body().catch(() => null);
    if (answer === null) return;
    await answer.arrayBuffer().catch(() => null);
    assert.ok(answer.status < 300 || answer.status === 404, `${name}: ${answer.status}`);
    expected.set(name, answer.status === 404 ? before : new Set([outcome]));
  }

  /** Uploads whose parts are there: what comes next is their completion. */
  const ready: string[] = [];

  /** In one part, or in two. */
  async function upload(name: string, isLarge: boolean): Promise<void> {
    const bodies = isLarge ? [randomBytes(PART), randomBytes(10)] : [randomBytes(40_000)];
    const begun = await s3("POST", name, "uploads=");
    const id = /<UploadId>([^<]+)/.exec(await begun.text())?.[1] ?? "";
    assert.equal(begun.status, 200);
    const parts: string[] = [];
    for (const [index, body] of bodies.entries()) {
      const put = await s3("PUT", name, `partNumber=${index + 1}&uploadId=${id}`, body);
      await put.arrayBuffer();
      assert.equal(put.status, 200);
      parts.push(`<Part><PartNumber>${index + 1}</PartNumber><ETag>${put.headers.get("etag")}</ETag></Part>`);
    }
    const document = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
    unanswered.set(name, { upload: id, document, outcome: md5(Buffer.concat(bodies)) });
    ready.push(name);
  }

  async function finish(name: string): Promise<void> {
    await change(name, unanswered.get(name)?.outcome ?? "", () => complete(name));
    if (expected.get(name)?.size !== 1) return;
    unanswered.delete(name);
    completed += 1;
  }

  const complete = (name: string): Promise<Response> => {
    const { upload = "", document = "" } = unanswered.get(name) ?? {};
    return s3("POST", name, `uploadId=${upload}`, document);
  };

  async function work(worker: number): Promise<void> {
    count += 1;
    const kind = count % 10;
    const whole = kind === 2 || kind === 3 ? ready.pop() : undefined;
    if (whole !== undefined) return finish(whole);
    const name = `w${worker}-${count % 3}`;
    const before = [...(expected.get(name) ?? [""])];
    if (kind === 0) return change(name, "", () => send("DELETE", name));
    if (kind === 1 && before.length === 1 && before[0] !== "") {
      const copy = `${name}-copy`;
      return change(copy, before[0] ?? "", () => send("PUT", copy, { headers: { "x-copy-from": `box/${name}` } }));
    }
    const bytes = randomBytes(count % 53 === 0 ? LARGE : (SIZES[count % SIZES.length] ?? 0));
    return change(name, md5(bytes), () => send("PUT", name, { body: bytes }));
  }

  before(async () => {
    await daemon.prepare();
    const catalog = (await daemon.request("GET", "/identity/v3/auth/catalog")).body.catalog;
    const { endpoints } = catalog.find(({ type }: { type: string }) => type === "object-store");
    box = `${new URL(endpoints[0].url).pathname}/box`;
    assert.equal((await daemon.request("PUT", box)).status, 201);
    const [{ id }] = (await daemon.request("GET", "/identity/v3/users?name=admin")).body.users;
    const body = { tenant_id: box.split("AUTH_")[1]?.split("/")[0] };
    key = (await daemon.request("POST", `/identity/v3/users/${id}/credentials/OS-EC2`, body)).body.credential;
  });
  after(() => daemon.close());

  test(`${ROUNDS} times, with ${WORKERS} clients at once`, async (t) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      let over = false;
      ready.length = 0;
      const uploads = Array.from(
        { length: Math.ceil(WORKERS / 8) },
        (_, n) => () => upload(`parts-${n}`, n % 40 === 0),
      );
      await Promise.all(
        Array.from({ length: READERS }, async () => {
          for (let next = uploads.pop(); next !== undefined; next = uploads.pop()) await next();
        }),
      );
      const workers = Array.from({ length: WORKERS }, async (_, worker) => {
        while (!over) await work(worker);
      });
      await new Promise((resolve) => setTimeout(resolve, 200 + 150 * (round % 8)));
      const killed = daemon.end("SIGKILL");
      over = true;
      await killed;
      await Promise.all(workers);
      daemon.start();
      await daemon.ready();
      const all = [...expected];
      const readers = Array.from({ length: READERS }, async () => {
        for (let next = all.pop(); next !== undefined; next = all.pop()) {
          const [name, states] = next;
          const answer = await send("GET", name);
          const bytes = Buffer.from(await answer.arrayBuffer());
          const found = answer.status === 404 ? "" : md5(bytes);
          assert.ok(states.has(found), `round ${round}: ${name} is ${answer.status} with ${bytes.length} bytes`);
          expected.set(name, new Set([found]));
        }
      });
      await Promise.all(readers);
      for (const [name, { outcome }] of unanswered) {
        const again = await complete(name);
        assert.match(await again.text(), /CompleteMultipartUploadResult/, `round ${round}: ${name} completed again`);
        assert.equal(md5(Buffer.from(await (await send("GET", name)).arrayBuffer())), outcome);
        expected.set(name, new Set([outcome]));
        unanswered.delete(name);
      }
    }
    t.diagnostic(`${count} changes, ${completed} completions, ${expected.size} names`);
    await daemon.end("SIGKILL");
    daemon.start();
    await daemon.ready();
    await daemon.end("SIGTERM");
    const db = new Database(join(daemon.dataDir, "tenrec.db"), { readonly: true });
    const all = (sql: string) => db.prepare(sql).pluck().all();
    assert.deepEqual(all("SELECT id FROM object_blobs WHERE state <> 'kept'"), []);
    assert.deepEqual(all("SELECT blob FROM objects WHERE blob NOT IN (SELECT id FROM object_blobs)"), []);
    const counted = "SELECT object_count || ' ' || bytes_used FROM object_containers WHERE name = 'box'";
    assert.deepEqual(all(counted), all("SELECT count(*) || ' ' || sum(size) FROM objects"));
    // By what is not an object yet, too: parts of uploads that were cut off.
    const refs = `SELECT id FROM object_blobs b WHERE refs <> (SELECT count(*) FROM objects WHERE blob = b.id)
      + (SELECT count(*) FROM object_blob_parts WHERE part = b.id) + (SELECT count(*) FROM object_upload_parts WHERE blob = b.id)`;
    assert.deepEqual(all(refs), [], "each is held as often as it says");
    const ids = all("SELECT id FROM object_blobs WHERE kind = 'file' ORDER BY id");
    assert.deepEqual(
      files(join(daemon.dataDir, "swift/data")),
      ids,
      "no file without an object, no object without its file",
    );
    db.close();
  });
});

/** Ids of blobs' files, in order. */
function files(folder: string): number[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => readdirSync(join(folder, name)).map((file) => Number.parseInt(file, 16)))
    .sort((a, b) => a - b);
}
