import assert from "node:assert/strict";
import { existsSync, readlinkSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { until } from "../../host/support/host.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

interface Sync {
  path: string;
  /** Then: whether the image's file has its name, and how the image stands. */
  published: boolean;
  status: string;
}

/** What is written through to the disk from now on, in order. */
async function syncs(t: TestContext, cloud: ImageCloud, imageId: string): Promise<Sync[]> {
  const probe = await open("/dev/null");
  const prototype = Object.getPrototypeOf(probe) as FileHandle;
  await probe.close();
  const { sync } = prototype;
  const seen: Sync[] = [];
  prototype.sync = async function (this: FileHandle) {
    const path = readlinkSync(`/proc/self/fd/${this.fd}`);
    await sync.call(this);
    const published = existsSync(join(cloud.directory, imageId));
    seen.push({ path, published, status: await statusOf(cloud, imageId) });
  };
  t.after(() => {
    prototype.sync = sync;
  });
  return seen;
}

async function statusOf(cloud: ImageCloud, id: string): Promise<string> {
  return (await cloud.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" })).body.status;
}

function assertDurable(cloud: ImageCloud, seen: readonly Sync[]): void {
  const [data, folder] = seen.slice(-2);
  assert.ok(data !== undefined && folder !== undefined, "two things reach the disk");
  assert.ok(data.path.startsWith(join(cloud.directory, ".incoming/")), "first what is in the file");
  assert.equal(data.published, false);
  assert.equal(folder.path, cloud.directory, "then its name");
  assert.equal(folder.published, true);
  assert.notEqual(folder.status, "active", "only then the image is there");
}

test("an image is active once its data and its name are on the disk: uploaded", async (t) => {
  const cloud = await imageCloud();
  t.after(() => cloud.close());
  const { id } = await cloud.create();
  const seen = await syncs(t, cloud, id);
  assert.equal((await cloud.upload(id, "data")).status, 204);
  assert.equal(seen.length, 2);
  assertDurable(cloud, seen);
  assert.equal(await statusOf(cloud, id), "active");
});

test("an image is active once its data and its name are on the disk: staged and imported", async (t) => {
  const cloud = await imageCloud();
  t.after(() => cloud.close());
  const { id } = await cloud.create();
  const seen = await syncs(t, cloud, id);
  const token = "member:alpha";
  const headers = { "content-type": "application/octet-stream" };
  await cloud.request("PUT", `/image/v2/images/${id}/stage`, { token, headers, body: "data" });
  const body = { method: { name: "glance-direct" } };
  assert.equal((await cloud.request("POST", `/image/v2/images/${id}/import`, { token, body })).status, 202);
  await until(async () => (await statusOf(cloud, id)) === "active", "the import");
  assertDurable(cloud, seen);
});
