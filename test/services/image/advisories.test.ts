import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import { type ImageCloud, imageCloud } from "./support.ts";

let t: ImageCloud;
before(async () => {
  t = await imageCloud({ allowLocalUrls: true });
});
after(() => t.close());

const PATCH_TYPE = "application/openstack-images-v2.1-json-patch";
const call = (method: string, path: string, token = "member:alpha", body?: unknown, headers: object = {}) =>
  t.request(method, `/image/v2/images${path}`, {
    token,
    ...(body === undefined ? {} : { body }),
    headers: { accept: "application/json", ...headers },
  });
const patch = (id: string, ...operations: object[]) =>
  call("PATCH", `/${id}`, "member:alpha", operations, { "content-type": PATCH_TYPE });
/** Files of images and of what is on its way to be one. */
async function files(): Promise<string[]> {
  const entries = await readdir(t.directory, { recursive: true });
  return entries.filter((name) => /[0-9a-f]{8}-/.test(name)).sort();
}
async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("an image is deleted, changed and read by its owner alone, and there is no v1 to go around that", async () => {
  const image = await t.create({ visibility: "private" });
  await t.upload(image.id, "mine");
  for (const token of ["member:beta", "manager:beta"]) {
    assert.equal((await call("DELETE", `/${image.id}`, token)).status, 404, token);
    assert.equal((await call("GET", `/${image.id}/file`, token)).status, 404, token);
    const change = await call("PATCH", `/${image.id}`, token, [], { "content-type": PATCH_TYPE });
    assert.equal(change.status, 404, token);
    assert.equal((await t.upload(image.id, "yours", token)).status, 404, token);
  }
  assert.equal((await call("DELETE", `/${image.id}`, "reader:alpha")).status, 403);
  assert.equal((await call("DELETE", `/${image.id}`, "reader:beta")).status, 404);
  for (const path of ["/image/v1/images", `/image/v1/images/${image.id}`]) {
    for (const method of ["GET", "DELETE", "PUT"]) {
      assert.equal((await t.request(method, path, { token: "member:beta" })).status, 404, `${method} ${path}`);
    }
  }
  assert.equal((await call("GET", `/${image.id}/file`)).body, "mine");
});

test("where an image's data lies is neither told nor taken: no location, by no way", async () => {
  const evil = ["file:///etc/passwd", "filesystem:///etc/passwd", "swift+https://user:key@h/c/o", "sheepdog://;id"];
  const { id } = await t.create();
  for (const url of evil) {
    const locations = [{ url, metadata: {} }];
    const created = await call("POST", "", "admin:alpha", { name: "x", locations });
    assert.equal(created.status, 403, url);
    for (const path of ["/locations", "/locations/-", "/locations/0"]) {
      const value = path === "/locations" ? locations : locations[0];
      for (const op of ["add", "replace"]) {
        // The list is replaced whole, its items are added.
        const status = (op === "replace") === (path === "/locations") ? 403 : 400;
        assert.equal((await patch(id, { op, path, value })).status, status, `${op} ${path} ${url}`);
      }
    }
    const headers = { "x-image-meta-location": url, "x-glance-api-copy-from": url, "x-image-meta-store": "filesystem" };
    const made = await call(
      "POST",
      "",
      "member:alpha",
      { name: "y", disk_format: "raw", container_format: "bare" },
      headers,
    );
    assert.equal(made.body.status, "queued");
    const added = await call("POST", `/${id}/locations`, "member:alpha", { url });
    assert.equal(added.status, 404);
  }
  assert.equal((await patch(id, { op: "remove", path: "/locations" })).status, 400);
  assert.equal((await patch(id, { op: "remove", path: "/locations/0" })).status, 403);
  assert.equal((await t.upload(id, "data")).status, 204);
  for (const path of ["", `/${id}`, `/${id}/locations`]) {
    const text = JSON.stringify((await call("GET", path, "admin:alpha")).body);
    for (const word of ["direct_url", t.directory, "file://", "swift+"])
      assert.ok(!text.includes(word), `${path}: ${word}`);
  }
  for (const name of ["..%2f..%2fetc%2fpasswd", "%2e%2e%2fx", ".incoming", "%00", id.slice(0, -1)]) {
    assert.equal((await call("GET", `/${name}/file`)).status, 404, name);
    assert.equal((await call("DELETE", `/${name}`)).status, 404, name);
  }
  assert.equal((await call("GET", `/${id}/file`)).body, "data");
});

test("an image's status, size and sums are what happened to it: nobody sets them, and data is never replaced", async () => {
  const { id } = await t.create();
  await t.upload(id, "first");
  const before = (await call("GET", `/${id}`)).body;
  const fields = ["status", "size", "virtual_size", "checksum", "os_hash_value", "os_hash_algo", "created_at", "file"];
  for (const field of fields) {
    for (const op of ["add", "replace", "remove"]) {
      const value = field === "size" ? 1 : "queued";
      assert.equal((await patch(id, { op, path: `/${field}`, value })).status, 403, `${op} ${field}`);
    }
    const made = await call("POST", "", "member:alpha", { name: "x", [field]: "active" });
    assert.equal(made.status, 403, field);
  }
  const forged = {
    "x-image-meta-status": "queued",
    "x-image-meta-size": "0",
    "content-type": "application/octet-stream",
  };
  assert.equal((await call("PUT", `/${id}`, "member:alpha", "x", forged)).status, 405);
  assert.equal((await call("PUT", `/${id}/file`, "member:alpha", "second", forged)).status, 409);
  assert.equal((await call("PUT", `/${id}/stage`, "member:alpha", "second", forged)).status, 409);
  // Out of use and back again it is the same data still.
  assert.equal((await call("POST", `/${id}/actions/deactivate`, "admin:x")).status, 204);
  assert.equal((await call("GET", `/${id}/file`)).status, 403, "not even by who has read it before");
  assert.equal((await call("PUT", `/${id}/file`, "member:alpha", "second", forged)).status, 409);
  await call("POST", `/${id}/actions/reactivate`, "admin:x");
  const after = (await call("GET", `/${id}`)).body;
  assert.deepEqual({ ...after, updated_at: "" }, { ...before, updated_at: "" });
});

test("images deleted while they are staged, imported or loaded leave no byte, and count for nothing", async () => {
  const held: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    response.write("first bytes");
    held.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/endless`;
  try {
    const before = await files();
    const usage = async () => (await t.request("GET", "/image/v2/info/usage", { token: "member:leak" })).body.usage;
    const none = await usage();
    const octets = { "content-type": "application/octet-stream" };
    for (let round = 0; round < 5; round += 1) {
      const staged = await t.create({}, "member:leak");
      await call("PUT", `/${staged.id}/stage`, "member:leak", "x".repeat(1000), octets);
      const imported = await t.create({}, "member:leak");
      await call("PUT", `/${imported.id}/stage`, "member:leak", "x".repeat(1000), octets);
      await call("POST", `/${imported.id}/import`, "member:leak", { method: { name: "glance-direct" } });
      const loaded = await t.create({}, "member:leak");
      const method = { name: "web-download", uri };
      assert.equal((await call("POST", `/${loaded.id}/import`, "member:leak", { method })).status, 202);
      await until(async () => held.length > round);
      for (const { id } of [staged, imported, loaded]) {
        assert.equal((await call("DELETE", `/${id}`, "member:leak")).status, 204);
      }
    }
    // A file that is just being renamed may be in no list, and in the next one.
    await until(async () => isDeepStrictEqual(await files(), before));
    assert.deepEqual(await usage(), none);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
