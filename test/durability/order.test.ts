import assert from "node:assert/strict";
import { fdatasync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { createApps } from "../../src/app.ts";
import { HostLedger, ledgerMigrations } from "../../src/host/ledger.ts";
import { Database } from "../../src/kernel/db/database.ts";
import { migrate } from "../../src/kernel/db/migrations.ts";
import { isUnwritable } from "../../src/kernel/db/unwritable.ts";
import { type Cloud, createCloud } from "../../src/kernel/kernel.ts";
import { discard, Logger } from "../../src/kernel/log/logger.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";
import { createServices } from "../../src/services.ts";
import { passwordLogin } from "../support/identity.ts";
import { testSettings } from "../support/settings.ts";

/** fdatasync, which waits while it is held. */
class Sync {
  calls = 0;
  #waiting: (() => void)[] = [];
  held = false;

  readonly fdatasync = (fd: number, callback: (error: Error | null) => void): void => {
    this.calls += 1;
    const go = () => fdatasync(fd, callback);
    if (this.held) this.#waiting.push(go);
    else go();
  };

  hold(): void {
    this.held = true;
  }

  /** Lets the oldest that waits go on. */
  one(): void {
    this.#waiting.shift()?.();
  }

  release(): void {
    this.held = false;
    for (const go of this.#waiting.splice(0)) go();
  }
}

/** Whether a promise is settled by now, with all that needs no sync behind it. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  promise.then(
    () => {
      done = true;
    },
    () => {
      done = true;
    },
  );
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return done;
}

describe("what is acknowledged is on the disk first", () => {
  let directory: string;
  const sync = new Sync();
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "tenrec-order-"));
  });
  afterEach(() => sync.release());
  after(() => rmSync(directory, { recursive: true }));

  test("durable() waits for a sync that began after the write; several share one; without a write there is none", async () => {
    const db = new Database({ path: join(directory, "plain.db"), fdatasync: sync.fdatasync });
    db.exec("CREATE TABLE t (n INTEGER)");
    const write = () => db.prepare("INSERT INTO t VALUES (1)").run();
    write();
    await db.durable();
    const before = sync.calls;
    await db.durable();
    assert.equal(sync.calls, before, "nothing was written, nothing is synced");

    sync.hold();
    write();
    const [first, same] = [db.durable(), db.durable()];
    assert.equal(await settled(first), false);
    assert.equal(await settled(same), false);
    // The sync under way does not cover this one.
    write();
    const later = db.durable();
    sync.one();
    await first;
    assert.equal(await settled(later), false, "a write during a sync waits for the next");
    assert.equal(sync.calls, before + 2, "and all who wait share it");
    sync.one();
    await Promise.all([same, later]);
    // Nor is a write that came while a sync ran taken for synced.
    write();
    const last = db.durable();
    assert.equal(await settled(last), false);
    sync.release();
    await last;
    assert.equal(sync.calls, before + 3);
    db.close();
  });

  test("a write that comes while a sync runs and asks after it has ended is synced, too", async () => {
    const db = new Database({ path: join(directory, "late.db"), fdatasync: sync.fdatasync });
    db.exec("CREATE TABLE t (n INTEGER)");
    sync.hold();
    db.prepare("INSERT INTO t VALUES (1)").run();
    const first = db.durable();
    await settled(first);
    db.prepare("INSERT INTO t VALUES (2)").run();
    sync.one();
    await first;
    const before = sync.calls;
    const second = db.durable();
    assert.equal(await settled(second), false);
    assert.equal(sync.calls, before + 1);
    sync.release();
    await second;
    db.close();
  });

  test("a sync that fails acknowledges nothing, and what it lost is written again before the next one", async () => {
    const path = join(directory, "failing.db");
    let fails = true;
    const failing = (fd: number, callback: (error: Error | null) => void) =>
      fails
        ? callback(Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" }))
        : fdatasync(fd, callback);
    const db = new Database({ path, fdatasync: failing });
    db.exec("CREATE TABLE t (n INTEGER)");
    db.prepare("INSERT INTO t VALUES (1)").run();
    await assert.rejects(db.durable(), isUnwritable);
    await assert.rejects(db.durable(), isUnwritable, "still not");
    assert.ok(statSync(`${path}-wal`).size === 0, "the log was moved into the database");
    fails = false;
    db.prepare("INSERT INTO t VALUES (2)").run();
    await db.durable();
    db.close();
  });

  test("the ledger's row is on the disk before the thing is made", async () => {
    const db = new Database({ path: join(directory, "ledger.db"), fdatasync: sync.fdatasync });
    migrate(db, ledgerMigrations, 0);
    const ledger = new HostLedger(db, new ManualClock());
    sync.hold();
    let made = false;
    const creating = ledger.create({ kind: "bridge", name: "br0", details: { netns: null }, owner: "test" }, () => {
      made = true;
    });
    assert.equal(await settled(creating), false);
    assert.equal(made, false);
    assert.equal(ledger.get("bridge", "br0")?.state, "making");
    sync.release();
    await creating;
    assert.equal(made, true);
    db.close();
  });

  describe("answers", () => {
    let cloud: Cloud;
    let db: Database;
    let token = "";
    let request: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Response>;

    before(async () => {
      const settings = testSettings({}, { DATA_DIR: directory });
      const log = new Logger("test", { sink: discard });
      db = new Database({ path: join(directory, "tenrec.db"), fdatasync: sync.fdatasync });
      const services = await createServices({ settings, log, ready: null });
      cloud = createCloud({ settings, db, services, sink: discard });
      await cloud.start();
      await cloud.seed();
      const { all } = createApps(cloud);
      request = async (method, path, body, headers = {}) =>
        all.request(path, {
          method,
          headers: {
            "x-auth-token": token,
            accept: "application/json",
            ...(body === undefined ? {} : { "content-type": "application/json" }),
            "openstack-api-version": "placement 1.20, volume 3.0",
            ...headers,
          },
          ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
        });
      const answer = await request("POST", "/identity/v3/auth/tokens", passwordLogin("admin", "admin"));
      token = answer.headers.get("x-subject-token") ?? "";
    });
    after(async () => {
      await cloud.stop();
      db.close();
    });

    const bare = { disk_format: "raw", container_format: "bare" };
    for (const [service, method, path, body] of [
      ["identity", "POST", "/identity/v3/projects", { project: { name: "p" } }],
      ["network", "POST", "/networking/v2.0/networks", { network: { name: "n" } }],
      ["image", "POST", "/image/v2/images", { name: "i", ...bare }],
      ["compute", "POST", "/compute/v2.1/os-keypairs", { keypair: { name: "k" } }],
      ["block storage", "POST", "/volume/v3/volumes", { volume: { size: 1 } }],
      ["placement", "POST", "/placement/resource_providers", { name: "rp" }],
      ["compute, an update", "POST", "/compute/v2.1/flavors", { flavor: { name: "f", ram: 64, vcpus: 1, disk: 1 } }],
    ] as const) {
      test(`of a write to ${service} wait for its sync, reads do not`, async () => {
        await cloud.kernel.operations.idle();
        await db.durable();
        sync.hold();
        const writing = request(method, path, body);
        assert.equal(await settled(writing), false, "answered before the disk had it");
        const read = await request("GET", "/identity/v3/projects");
        assert.equal(read.status, 200);
        sync.release();
        const { status } = await writing;
        assert.ok(status < 300, String(status));
      });
    }

    test("of an upload wait for its sync", async () => {
      const made = await request("POST", "/image/v2/images", { name: "u", ...bare });
      const { id } = (await made.json()) as { id: string };
      sync.hold();
      const uploading = request("PUT", `/image/v2/images/${id}/file`, "bytes", {
        "content-type": "application/octet-stream",
      });
      const isActive = async () => {
        const shown = await request("GET", `/image/v2/images/${id}`);
        return ((await shown.json()) as { status: string }).status === "active";
      };
      while (!(await isActive())) await new Promise((resolve) => setImmediate(resolve));
      assert.equal(await settled(uploading), false, "answered before the disk had it");
      sync.release();
      assert.equal((await uploading).status, 204);
    });
  });
});
