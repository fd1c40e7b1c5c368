import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createApps } from "../../../src/app.ts";
import { HostExec } from "../../../src/host/exec.ts";
import { Database } from "../../../src/kernel/db/database.ts";
import { type Cloud, createCloud } from "../../../src/kernel/kernel.ts";
import { discard, Logger } from "../../../src/kernel/log/logger.ts";
import { image } from "../../../src/services/image/index.ts";
import { objectStore } from "../../../src/services/object-store/index.ts";
import { loadSettings } from "../../../src/settings.ts";
import { identityStub } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";
import { until } from "../../support/patience.ts";
import { testHostFacts, testSettings } from "../../support/settings.ts";

const GLANCE = "/object-store/v1/AUTH_service/glance";
const ADMIN = "ResellerAdmin:service";

describe("images in the object store", () => {
  let directory: string;
  let cloud: Cloud;
  let db: Database;
  const start = async (container: string | null) => {
    db = new Database({ path: join(directory, "tenrec.db") });
    const settings = testSettings({ image: { container } }, { DATA_DIR: directory });
    const exec = new HostExec({ log: new Logger("test", { sink: discard }), tracer: null });
    const services = [identityStub(), objectStore(), image({ exec })];
    cloud = createCloud({ settings, db, services, sink: () => {} });
    await cloud.start();
  };
  const stop = async () => {
    await cloud.stop();
    db.close();
  };
  const again = async (container: string | null) => {
    await stop();
    await start(container);
  };
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "tenrec-image-objects-"));
    await start("glance");
  });
  after(async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function send(method: string, path: string, options: { body?: unknown; token?: string; range?: string } = {}) {
    const { body, token = "member:alpha", range } = options;
    const response = await createApps(cloud).all.request(path, {
      method,
      headers: {
        "x-auth-token": token,
        "content-type": body instanceof Uint8Array ? "application/octet-stream" : "application/json",
        ...(range === undefined ? {} : { range }),
      },
      ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
    });
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
  }
  const json = async (...args: Parameters<typeof send>): Promise<Json> =>
    JSON.parse((await send(...args)).bytes.toString());
  const objects = async (): Promise<Json> => json("GET", `${GLANCE}?format=json`, { token: ADMIN });
  async function upload(bytes: Buffer): Promise<string> {
    const body = { name: "i", disk_format: "raw", container_format: "bare" };
    const { id } = await json("POST", "/image/v2/images", { body });
    assert.equal((await send("PUT", `/image/v2/images/${id}/file`, { body: bytes })).status, 204);
    return id;
  }
  const md5 = (bytes: Buffer) => createHash("md5").update(bytes).digest("hex");
  const bytes = randomBytes(300_000);
  let id = "";

  test("an upload is an object of the service project, with the bytes of the image's file and no second copy of them", async () => {
    id = await upload(bytes);
    const shown = await json("GET", `/image/v2/images/${id}`);
    assert.deepEqual([shown.status, shown.size, shown.checksum], ["active", bytes.length, md5(bytes)]);
    const [entry] = await objects();
    assert.deepEqual([entry.name, entry.bytes, entry.hash], [id, bytes.length, md5(bytes)]);
    assert.deepEqual((await send("GET", `${GLANCE}/${id}`, { token: ADMIN })).bytes, bytes);
    const file = join(directory, "glance/images", id);
    assert.equal(statSync(file).nlink, 2, "one file with two names");
    assert.equal((await send("GET", `${GLANCE}/${id}`)).status, 403, "nobody else's");
  });

  test("it is read whole and in ranges, as any other", async () => {
    const file = `/image/v2/images/${id}/file`;
    assert.deepEqual((await send("GET", file)).bytes, bytes);
    const part = await send("GET", file, { range: "bytes=100-199" });
    assert.deepEqual([part.status, part.bytes], [206, bytes.subarray(100, 200)]);
  });

  test("staged data becomes an object when it is imported, and not before", async () => {
    const body = { name: "staged", disk_format: "raw", container_format: "bare" };
    const { id: staged } = await json("POST", "/image/v2/images", { body });
    await send("PUT", `/image/v2/images/${staged}/stage`, { body: Buffer.from("staged bytes") });
    assert.equal((await objects()).length, 1);
    const method = { method: { name: "glance-direct" } };
    assert.equal((await send("POST", `/image/v2/images/${staged}/import`, { body: method })).status, 202);
    const status = async () => (await json("GET", `/image/v2/images/${staged}`)).status;
    await until("it is imported", 30, async () => (await status()) === "active");
    assert.deepEqual((await send("GET", `${GLANCE}/${staged}`, { token: ADMIN })).bytes.toString(), "staged bytes");
    assert.equal((await send("DELETE", `/image/v2/images/${staged}`)).status, 204);
    assert.deepEqual(
      (await objects()).map(({ name }: { name: string }) => name),
      [id],
    );
  });

  test("what is refused leaves no object", async () => {
    const body = { name: "no", disk_format: "qcow2", container_format: "bare" };
    const { id: refused } = await json("POST", "/image/v2/images", { body });
    assert.equal(
      (await send("PUT", `/image/v2/images/${refused}/file`, { body: Buffer.from("no qcow2") })).status,
      415,
    );
    assert.deepEqual(
      (await objects()).map(({ name }: { name: string }) => name),
      [id],
    );
    await send("DELETE", `/image/v2/images/${refused}`);
  });

  test("a file that is lost is made of its object at the next start", async () => {
    const file = join(directory, "glance/images", id);
    rmSync(file);
    await again("glance");
    assert.deepEqual(readFileSync(file), bytes);
    assert.deepEqual((await send("GET", `/image/v2/images/${id}/file`)).bytes, bytes);
  });

  test("an image outlives its object, which it gets again", async () => {
    assert.equal((await send("DELETE", `${GLANCE}/${id}`, { token: ADMIN })).status, 204);
    assert.deepEqual((await send("GET", `/image/v2/images/${id}/file`)).bytes, bytes);
    await again("glance");
    assert.deepEqual((await send("GET", `${GLANCE}/${id}`, { token: ADMIN })).bytes, bytes);
  });

  test("images that were files become objects where the configuration changes, and go as such where it changes back", async () => {
    await again(null);
    const other = await upload(Buffer.from("a file"));
    assert.deepEqual(
      (await objects()).map(({ name }: { name: string }) => name),
      [id],
    );
    await again("glance");
    assert.deepEqual((await objects()).map(({ name }: { name: string }) => name).sort(), [id, other].sort());
    await again(null);
    for (const each of [id, other]) assert.equal((await send("DELETE", `/image/v2/images/${each}`)).status, 204);
    assert.deepEqual(await objects(), []);
    assert.deepEqual([statSync(join(directory, "glance/images")).isDirectory()], [true]);
  });
});

test("default_store = swift is what DevStack writes; without object storage it is refused with its line", () => {
  const load = (services: string) => {
    const text = [
      "[[local|localrc]]",
      `ENABLED_SERVICES=${services}`,
      "ADMIN_PASSWORD=x",
      "[[post-config|$GLANCE_API_CONF]]",
      "[glance_store]",
      "default_store = swift",
      "swift_store_container = pictures",
    ].join("\n");
    return loadSettings({ env: { VIRT_DRIVER: "fake" }, hostFacts: testHostFacts, cwd: "/nonexistent", text });
  };
  assert.equal(load("key,g-api,s-proxy").settings.image.container, "pictures");
  assert.throws(() => load("key,g-api"), /default_store = swift, and s-proxy is not enabled/);
});
