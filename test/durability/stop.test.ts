import assert from "node:assert/strict";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { request as open } from "node:http";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import Database from "better-sqlite3";
import { TestDaemon } from "../support/daemon.ts";
import type { Json } from "../support/json.ts";
import { until } from "../support/patience.ts";

/** How long an end may take on a busy machine: 2 s for connections, 10 s for steps, and some. */
const SOON_MS = 15_000;

describe("the daemon is asked to end", () => {
  let daemon: TestDaemon;
  let server: Json;
  before(async () => {
    daemon = new TestDaemon();
    await daemon.prepare();
    const { body: image } = await daemon.request("POST", "/image/v2/images", {
      name: "i",
      disk_format: "raw",
      container_format: "bare",
    });
    await daemon.request("PUT", `/image/v2/images/${image.id}/file`, new Uint8Array(4096));
    const flavors = (await daemon.request("GET", "/compute/v2.1/flavors")).body.flavors;
    server = { name: "s", imageRef: image.id, flavorRef: flavors[0].id, networks: "none" };
  });
  afterEach(async () => {
    if (!daemon.hasEnded) return;
    daemon.start();
    await daemon.ready();
  });
  after(() => daemon.close());

  /** Rows that wait for somebody to go on, in the database of a process that has ended. */
  function unfinished(): { operations: unknown[]; events: number } {
    const db = new Database(join(daemon.dataDir, "tenrec.db"), { readonly: true });
    try {
      return {
        operations: db.prepare("SELECT kind, step FROM operations WHERE state IN ('running', 'undoing')").all(),
        events: db.prepare("SELECT count(*) FROM events_outbox").pluck().get() as number,
      };
    } finally {
      db.close();
    }
  }

  test("SIGTERM amid requests: what was accepted is answered and kept, the end comes soon, and the next start finishes the rest", async () => {
    const made: string[] = [];
    let cut = 0;
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; ; n += 1) {
        const isServer = writer % 2 === 0;
        const path = isServer ? "/compute/v2.1/servers" : "/networking/v2.0/networks";
        try {
          const answer = await daemon.request(
            "POST",
            path,
            isServer ? { server } : { network: { name: `${writer}.${n}` } },
          );
          const { id } = answer.body.server ?? answer.body.network ?? {};
          if (answer.status < 300) made.push(`${path}/${id}`);
          else if (answer.status !== 403 && answer.status !== 409) assert.fail(`${path} ${answer.status}`);
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          cut += 1;
          return;
        }
      }
    });
    await until("some are made", 20, async () => made.length > 10);
    const begin = Date.now();
    assert.equal(await daemon.end("SIGTERM"), 0);
    assert.ok(Date.now() - begin < SOON_MS, `${Date.now() - begin} ms`);
    await Promise.all(writers);
    assert.equal(cut, writers.length, "a stopped daemon takes nothing");
    assert.ok(!existsSync(join(daemon.dataDir, "tenrec.db-wal")), "the database is closed in order");
    daemon.start();
    await daemon.ready();
    for (const path of made) assert.equal((await daemon.request("GET", path)).status, 200, path);
    await until("no server is half built", 20, async () => {
      const { servers } = (await daemon.request("GET", "/compute/v2.1/servers/detail")).body;
      return servers.every((one: Json) => one["OS-EXT-STS:task_state"] === null && one.status !== "BUILD");
    });
  });

  test("a client that holds its connection does not hold up the end", async () => {
    const upload = open(`${daemon.url}/image/v2/images/none/file`, {
      method: "PUT",
      headers: {
        "x-auth-token": daemon.token,
        "content-type": "application/octet-stream",
        "content-length": 1_000_000,
      },
    });
    const reset = new Promise((resolve) => upload.on("close", resolve));
    upload.on("error", () => {});
    upload.write("begun");
    const idle = await fetch(`${daemon.url}/identity/v3`);
    await idle.text();
    const begin = Date.now();
    assert.equal(await daemon.end("SIGTERM"), 0);
    assert.ok(Date.now() - begin < SOON_MS, `${Date.now() - begin} ms`);
    await reset;
    assert.deepEqual(unfinished(), { operations: [], events: 0 });
  });

  test("asked twice it ends at once, and loses nothing", async () => {
    // Of a kind whose quota the writers above have not used up.
    const { status, body } = await daemon.request("POST", "/networking/v2.0/routers", { router: { name: "kept" } });
    assert.equal(status, 201, JSON.stringify(body));
    const ended = daemon.ended();
    daemon.signal("SIGTERM");
    daemon.signal("SIGTERM");
    assert.equal(await ended, 0);
    daemon.start();
    await daemon.ready();
    assert.equal((await daemon.request("GET", `/networking/v2.0/routers/${body.router.id}`)).status, 200);
  });

  test("SIGHUP opens the logs anew and disturbs nobody", async () => {
    const log = join(daemon.logDir, "tenrec.log");
    await until("there is a log", 10, async () => existsSync(log));
    renameSync(log, `${log}.moved`);
    const { pid } = daemon;
    daemon.signal("SIGHUP");
    await until("the log is there again, and says so", 10, async () => {
      return existsSync(log) && readFileSync(log, "utf8").includes("logs were opened anew");
    });
    assert.equal((await daemon.request("GET", "/identity/v3")).status, 200);
    assert.equal(daemon.pid, pid);
    assert.equal(daemon.hasEnded, false);
  });
});
