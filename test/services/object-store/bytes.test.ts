import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { Scrubber } from "../../../src/services/object-store/data/scrubber.ts";
import { until } from "../../support/patience.ts";
import { rowsRead } from "../../support/rows-read.ts";
import { A, engine, type SwiftCloud, swiftCloud } from "./support.ts";

const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

describe("bytes and who wants them at the same time", () => {
  let t: SwiftCloud;
  const clock = new ManualClock();
  before(async () => {
    t = await swiftCloud({ clock });
    await t.swift("PUT", `${A}/c`);
  });
  after(() => t.close());
  const blobs = (where = "1"): number =>
    t.cloud.kernel.db.prepare(`SELECT count(*) FROM object_blobs WHERE ${where}`).pluck().get() as number;
  const files = (): string[] => {
    const top = join(t.directory, "swift/data");
    if (!existsSync(top)) return [];
    return readdirSync(top).flatMap((folder) => readdirSync(join(top, folder)).map((file) => join(top, folder, file)));
  };

  it("nothing is left of an upload whose client goes away", async () => {
    const before = blobs();
    for (const body of ["x".repeat(10), "x".repeat(200_000)]) {
      const socket = connect(t.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(
        `PUT /object-store${A}/c/half HTTP/1.1\r\nhost: x\r\nx-auth-token: member:alpha\r\ncontent-length: 500000\r\n\r\n${body}`,
      );
      if (body.length > 100_000) await until("its file is there", 10, async () => blobs("state = 'incoming'") === 1);
      else await new Promise((resolve) => socket.once("connect", resolve));
      socket.destroy();
      await until("nothing is left of it", 10, async () => blobs() === before && files().length === 0);
    }
    assert.equal((await t.swift("GET", `${A}/c/half`)).status, 404);
  });

  it("of two who put one name each is whole, and the later one stays", async () => {
    const before = blobs();
    const bodies = [randomBytes(300_000), randomBytes(10), randomBytes(300_000), randomBytes(20)];
    const answers = await Promise.all(bodies.map((body) => t.swift("PUT", `${A}/c/one`, { body })));
    assert.ok(answers.every(({ status }) => status === 201));
    const got = await t.swift("GET", `${A}/c/one`);
    assert.ok(bodies.some((body) => md5(body) === got.headers.etag));
    assert.equal(md5(got.bytes), got.headers.etag);
    await until("the others' bytes are gone", 10, async () => blobs() === before + 1);
    const only = await Promise.all(
      bodies.map((body) => t.swift("PUT", `${A}/c/first`, { body, headers: { "if-none-match": "*" } })),
    );
    assert.deepEqual(only.map(({ status }) => status).sort(), [201, 412, 412, 412]);
    await t.swift("DELETE", `${A}/c/one`);
    await t.swift("DELETE", `${A}/c/first`);
  });

  it("who reads an object has all of it, although it is deleted meanwhile; then its space is free", async () => {
    const body = randomBytes(8_000_000);
    await t.swift("PUT", `${A}/c/read`, { body });
    const path = `/object-store${A}/c/read`;
    const answer = await new Promise<import("node:http").IncomingMessage>((resolve, reject) => {
      const sent = httpRequest({ port: t.port, path, headers: { "x-auth-token": "member:alpha" } }, resolve);
      sent.on("error", reject);
      sent.end();
    });
    answer.pause();
    assert.equal((await t.swift("DELETE", `${A}/c/read`)).status, 204);
    assert.equal((await t.swift("GET", `${A}/c/read`)).status, 404);
    const sum = createHash("md5");
    for await (const chunk of answer) sum.update(chunk);
    assert.equal(sum.digest("hex"), md5(body));
    await until("its file is removed", 10, async () => files().length === 0);
  });

  it("a reader who goes away holds nothing", async () => {
    await t.swift("PUT", `${A}/c/left`, { body: randomBytes(8_000_000) });
    const sent = httpRequest({
      port: t.port,
      path: `/object-store${A}/c/left`,
      headers: { "x-auth-token": "member:alpha" },
    });
    sent.on("error", () => {});
    sent.end();
    await new Promise<void>((resolve) => sent.on("response", (answer) => answer.once("data", () => resolve())));
    sent.destroy();
    await t.swift("DELETE", `${A}/c/left`);
    await until("its file is removed", 10, async () => files().length === 0);
  });

  it("what the disk has changed is put aside, told, and given to nobody", async () => {
    await t.swift("PUT", `${A}/c/good`, { body: randomBytes(100_000) });
    await t.swift("PUT", `${A}/c/bad`, { body: randomBytes(100_000) });
    const [, path = ""] = files().sort();
    const bytes = readFileSync(path);
    bytes[50_000] = (bytes[50_000] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    t.cloud.kernel.db.prepare("UPDATE object_blobs SET checked = 0").run();
    const { core } = engine(t.cloud);
    await new Scrubber(t.cloud.kernel, core.blobs, core.files).turn();
    assert.equal(blobs("state = 'damaged'"), 1);
    const [warning] = t.cloud.kernel.warnings.list();
    assert.match(warning?.message ?? "", /AUTH_alpha\/c\/bad are not what was stored/);
    assert.equal((await t.swift("GET", `${A}/c/bad`)).status, 404);
    assert.equal((await t.swift("GET", `${A}/c/good`)).status, 200);
    assert.equal(readdirSync(join(t.directory, "swift/quarantine")).length, 1);
    assert.equal((await t.swift("PUT", `${A}/c/bad`, { body: "anew" })).status, 201);
    assert.equal((await t.swift("GET", `${A}/c/bad`)).text, "anew");
  });

  it("a long list is read by steps from prefix to prefix, not from name to name", async () => {
    await t.swift("PUT", `${A}/long`);
    const { db } = t.cloud.kernel;
    const id = engine(t.cloud).containers.get("AUTH_alpha", "long")?.id;
    db.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
       INSERT INTO objects (container, name, stamp, size, etag, content_type, system, headers, blob, delete_at, posted, unversioned)
       SELECT ${id}, printf('dir%d/file%05d', i % 4, i), 1, 0, '', '', '{}', '{}', NULL, NULL, 1, 1 FROM n`,
    ).run();
    const { containers } = engine(t.cloud);
    const container = containers.get("AUTH_alpha", "long");
    assert.ok(container !== undefined);
    let listed: unknown[] = [];
    const counted = await rowsRead(db, async () => {
      listed = containers.list(container, { limit: 10_000, delimiter: "/" });
    });
    assert.deepEqual(
      listed,
      ["dir0/", "dir1/", "dir2/", "dir3/"].map((subdir) => ({ subdir })),
    );
    assert.ok(counted.rows <= 8, `${counted.rows} rows were read`);
    const page = await rowsRead(db, async () => {
      listed = containers.list(container, { limit: 10, prefix: "dir2/", delimiter: "/", marker: "dir2/file10000" });
    });
    assert.equal(listed.length, 10);
    assert.ok(page.rows <= 11, `${page.rows} rows were read`);
    const plan = db
      .prepare(
        "EXPLAIN QUERY PLAN SELECT name FROM objects WHERE container = 1 AND name > 'a' AND name < 'b' ORDER BY name DESC LIMIT 5",
      )
      .all() as { detail: string }[];
    assert.deepEqual(
      plan.map(({ detail }) => detail),
      ["SEARCH objects USING PRIMARY KEY (container=? AND name>? AND name<?)"],
    );
  });
});
