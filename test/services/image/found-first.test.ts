import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ImageCloud, imageCloud } from "./support.ts";

let t: ImageCloud;
before(async () => {
  t = await imageCloud();
});
after(() => t.close());

const UNKNOWN = "6c1ef1f0-0000-4000-8000-000000000009";
const PATCH = "application/openstack-images-v2.1-json-patch";

/** Everything a reader may not do to an image. */
const WRITES: readonly [method: string, path: string, body?: unknown, type?: string][] = [
  ["PATCH", "", [], PATCH],
  ["DELETE", ""],
  ["PUT", "/file", "bytes", "application/octet-stream"],
  ["PUT", "/stage", "bytes", "application/octet-stream"],
  ["POST", "/import", { method: { name: "glance-direct" } }],
  ["POST", "/actions/deactivate"],
  ["POST", "/actions/reactivate"],
  ["PUT", "/tags/x"],
  ["DELETE", "/tags/x"],
  ["POST", "/members", { member: "x" }],
];

const send = (token: string, method: string, path: string, body?: unknown, type = "application/json") =>
  t.request(method, `/image/v2/images/${path}`, { token, body, headers: { "content-type": type } });

test("a reader hears 404 of images that are not for it to see, 403 of others", async () => {
  const { id: hidden } = await t.create({ visibility: "private" }, "member:alpha");
  const { id: open } = await t.create({ visibility: "public" }, "admin:alpha");
  for (const [method, path, body, type] of WRITES) {
    assert.equal((await send("reader:beta", method, hidden + path, body, type)).status, 404, `${method} ${path}`);
    assert.equal((await send("reader:beta", method, UNKNOWN + path, body, type)).status, 404, `${method} ${path}`);
    assert.equal((await send("reader:beta", method, open + path, body, type)).status, 403, `${method} ${path}`);
    assert.equal((await send("reader:alpha", method, hidden + path, body, type)).status, 403, `${method} ${path}`);
  }
});

test("who has no role that counts sees no image, not even a public one", async () => {
  const { id } = await t.create({ visibility: "public" }, "admin:alpha");
  assert.equal((await send("dancer:alpha", "GET", id)).status, 404);
  assert.equal((await send("dancer:alpha", "DELETE", id)).status, 404);
});

test("a system's token is not for images: nothing is listed or made, nothing is there", async () => {
  const { id } = await t.create({ visibility: "public" }, "admin:alpha");
  const { id: hidden } = await t.create({ visibility: "private" }, "member:alpha");
  for (const token of ["admin:system", "member:system", "reader:system"]) {
    const list = await t.request("GET", "/image/v2/images", { token });
    assert.equal(list.status, 403, token);
    const body = { name: "x", disk_format: "raw", container_format: "bare" };
    assert.equal((await t.request("POST", "/image/v2/images", { token, body })).status, 403, token);
    for (const image of [id, hidden]) {
      assert.equal((await send(token, "GET", image)).status, 404, token);
      assert.equal((await send(token, "GET", `${image}/file`)).status, 404, token);
      assert.equal((await send(token, "GET", `${image}/members`)).status, 404, token);
      for (const [method, path, sent, type] of WRITES) {
        assert.equal((await send(token, method, image + path, sent, type)).status, 404, `${token} ${method} ${path}`);
      }
    }
    assert.equal((await t.request("GET", "/image/v2/tasks", { token })).status, 403);
    assert.equal((await t.request("GET", "/image/v2/schemas/image", { token })).status, 200, "anybody's");
  }
  const shown = await send("member:alpha", "GET", id);
  assert.equal(shown.body.status, "queued");
});

test("with GLANCE_ENFORCE_SCOPE off a system's admin may do what any admin may", async () => {
  const old = await imageCloud({}, { newDefaults: [] });
  try {
    const { id } = await old.create({ visibility: "private" }, "member:alpha");
    const shown = await old.request("GET", `/image/v2/images/${id}`, { token: "admin:system" });
    assert.equal(shown.status, 200);
  } finally {
    await old.close();
  }
});
