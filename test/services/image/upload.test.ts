import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createApps } from "../../../src/app.ts";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { type Listener, listen } from "../../../src/listen.ts";
import { expecting } from "../../support/expecting.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

const REQUEST = "req-00000000-0000-0000-0000-000000000001";

let t: ImageCloud;
let listener: Listener;
before(async () => {
  t = await imageCloud({ imageSizeCap: 1_000_000, limitCountTotal: 20 });
  listener = await listen(createApps(t.cloud).all, { host: "127.0.0.1", port: 0 });
});
after(async () => {
  await listener.close();
  await t.close();
});

/** An upload over a real connection, under the test's control. */
function put(id: string, headers: Record<string, string> = {}) {
  const outgoing = request({
    host: "127.0.0.1",
    port: listener.port,
    method: "PUT",
    path: `/image/v2/images/${id}/file`,
    headers: { "x-auth-token": "member:alpha", "content-type": "application/octet-stream", ...headers },
  });
  const status = new Promise<number>((resolve, reject) => {
    outgoing.on("response", (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    outgoing.on("error", reject);
  });
  return { outgoing, status };
}

const show = async (id: string) => (await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" })).body;

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const left = async () => (await readdir(join(t.directory, ".incoming")).catch(() => [])).length;

test("an upload that breaks off leaves the image queued and no byte", async () => {
  const kinds: Record<string, string>[] = [{ "content-length": "1000" }, { "transfer-encoding": "chunked" }];
  for (const headers of kinds) {
    const { id } = await t.create();
    const { outgoing, status } = put(id, headers);
    status.catch(() => {});
    outgoing.write("some bytes");
    await until(async () => (await show(id)).status === "saving");
    assert.equal((await t.upload(id, "second")).status, 409);
    outgoing.destroy();
    await until(async () => (await show(id)).status === "queued");
    assert.equal(await left(), 0);
    assert.equal((await t.upload(id, "whole")).status, 204);
  }
});

test("fewer or more bytes than were announced are no image", async () => {
  for (const size of ["4", "6"]) {
    const { id } = await t.create();
    // A client that streams says by this header how much it will be.
    const { outgoing, status } = put(id, { "transfer-encoding": "chunked", "x-openstack-image-size": size });
    outgoing.end("12345");
    assert.equal(await status, 400);
    assert.equal((await show(id)).status, "queued");
    assert.equal(await left(), 0);
  }
});

test("a deleted image ends its upload with 410", async () => {
  const { id } = await t.create();
  const { outgoing, status } = put(id, { "transfer-encoding": "chunked" });
  outgoing.write("some bytes");
  await until(async () => (await show(id)).status === "saving");
  assert.equal((await t.request("DELETE", `/image/v2/images/${id}`, { token: "member:alpha" })).status, 204);
  outgoing.end("more");
  assert.equal(await status, 410);
  assert.equal(await left(), 0);
});

test("more than the size cap: 413", async () => {
  const { id } = await t.create();
  const { outgoing, status } = put(id, { "transfer-encoding": "chunked" });
  status.catch(() => {});
  outgoing.end(Buffer.alloc(1_000_001, "x"));
  assert.equal(await status, 413);
  assert.equal((await show(id)).status, "queued");
  assert.equal(await left(), 0);
});

test("the next start cleans up after a crash; an empty upload is an image too", async () => {
  const { id } = await t.create();
  const { kernel } = t.cloud;
  const crashed = await t.create();
  kernel.db.prepare("UPDATE images SET status = 'saving' WHERE id = ?").run(crashed.id);
  await mkdir(join(t.directory, ".incoming"), { recursive: true });
  await writeFile(join(t.directory, ".incoming", "half"), "half");
  for (const { instance } of t.cloud.services) await instance.prepare?.();
  assert.equal((await show(crashed.id)).status, "queued");
  assert.equal(await left(), 0);
  assert.equal((await t.upload(id, "")).status, 204);
});

test("the count quota is exact", async () => {
  const create = () =>
    t.request("POST", "/image/v2/images", { token: "member:many", body: {}, headers: { accept: "application/json" } });
  const statuses = (await Promise.all(Array.from({ length: 22 }, create))).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 201).length, 20);
  assert.equal(statuses.filter((status) => status === 413).length, 2);
  const usage = await t.request("GET", "/image/v2/info/usage", { token: "member:many" });
  assert.deepEqual(usage.body.usage.image_count_total, { limit: 20, usage: 20 });
});

test("the facade: a snapshot in two halves, and in one", async () => {
  const facade = t.cloud.kernel.facade("image");
  const context = internalContext(REQUEST, "beta");
  const queued = facade.create(context, { name: "snap", properties: { base_image_ref: "x" } });
  assert.equal(queued.status, "queued");
  assert.equal(queued.filePath, null);
  const source = join(t.directory, "snapshot.raw");
  await writeFile(source, "snapshot");
  const done = await facade.uploadFile(context, queued.id, source, { diskFormat: "raw", containerFormat: "bare" });
  assert.equal(done.status, "active");
  assert.equal(done.size, 8);
  assert.equal(done.filePath, join(t.directory, queued.id));
  assert.equal((await readdir(t.directory)).includes("snapshot.raw"), false);
  const changed = facade.updateProperties(context, queued.id, { base_image_ref: null, image_type: "snapshot" });
  assert.deepEqual(changed.properties, { image_type: "snapshot" });
  assert.equal(facade.list(context, { name: "snap" }).length, 1);

  await writeFile(source, "no qcow2");
  const wish = { name: "bad", diskFormat: "qcow2" };
  await assert.rejects(facade.createFromFile(context, wish, source, { keep: true }), { status: 415 });
  assert.deepEqual(facade.list(context, { name: "bad" }), []);
  assert.equal((await readdir(t.directory)).includes("snapshot.raw"), true);
  await facade.delete(context, queued.id);
  assert.equal(facade.find(queued.id), null);
});

test("a client that waits for 100 Continue is told to go on, or refused before it has sent anything", async () => {
  const body = "x".repeat(1000);
  const send = (id: string, headers: Record<string, string> = {}) => {
    const all = { "x-auth-token": "member:alpha", "content-type": "application/octet-stream", ...headers };
    return expecting(listener.port, "PUT", `/image/v2/images/${id}/file`, all, body);
  };
  const { id } = await t.create();
  assert.deepEqual(await send(id, { "x-auth-token": "nobody" }), [401]);
  assert.deepEqual(await send("00000000-0000-4000-8000-000000000000"), [404]);
  assert.deepEqual(await send(id, { "content-type": "text/plain" }), [415]);
  assert.deepEqual(await send(id, { "content-length": "1000001" }), [413]);
  assert.equal((await show(id)).status, "queued");
  assert.deepEqual(await send(id), [100, 204]);
  assert.equal((await show(id)).size, 1000);
  assert.deepEqual(await send(id), [409], "it has its data");
  const json = { "x-auth-token": "member:alpha", "content-type": "application/json" };
  const image = JSON.stringify({ name: "by a client that waits" });
  assert.deepEqual(await expecting(listener.port, "POST", "/image/v2/images", json, image), [100, 201]);
  const refused = { ...json, "x-auth-token": "nobody" };
  assert.deepEqual(await expecting(listener.port, "POST", "/image/v2/images", refused, image), [401]);
});
