import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { after, before, test } from "node:test";
import { type ImageCloud, imageCloud } from "./support.ts";

const JSON_ACCEPT = { accept: "application/json" };

let t: ImageCloud;
before(async () => {
  t = await imageCloud();
});
after(() => t.close());

test("create, upload, show, download, delete", async () => {
  const created = await t.create({ name: "disk", os_distro: "debian" });
  assert.equal(created.status, "queued");
  assert.equal(created.visibility, "shared");
  assert.equal(created.owner, "alpha");
  assert.equal(created.os_distro, "debian");
  assert.equal(created.size, null);
  assert.equal(created.self, `/v2/images/${created.id}`);
  assert.equal(created.file, `/v2/images/${created.id}/file`);
  assert.equal(created.schema, "/v2/schemas/image");

  const empty = await t.request("GET", `/image/v2/images/${created.id}/file`, { token: "member:alpha" });
  assert.equal(empty.status, 204);

  const bytes = "0123456789".repeat(100);
  assert.equal((await t.upload(created.id, bytes)).status, 204);
  const { body } = await t.request("GET", `/image/v2/images/${created.id}`, { token: "reader:alpha" });
  const md5 = createHash("md5").update(bytes).digest("hex");
  assert.equal(body.status, "active");
  assert.equal(body.size, 1000);
  assert.equal(body.virtual_size, 1000);
  assert.equal(body.checksum, md5);
  assert.equal(body.os_hash_algo, "sha512");
  assert.equal(body.os_hash_value, createHash("sha512").update(bytes).digest("hex"));
  assert.equal(body.stores, "file");

  const whole = await t.request("GET", `/image/v2/images/${created.id}/file`, { token: "member:alpha" });
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get("content-type"), "application/octet-stream");
  assert.equal(whole.headers.get("content-md5"), md5);
  assert.equal(whole.body, bytes);
  const part = await t.request("GET", `/image/v2/images/${created.id}/file`, {
    token: "member:alpha",
    headers: { range: "bytes=995-2000" },
  });
  assert.equal(part.status, 206);
  assert.equal(part.headers.get("content-range"), "bytes 995-999/1000");
  assert.equal(part.body, "56789");
  const outside = await t.request("GET", `/image/v2/images/${created.id}/file`, {
    token: "member:alpha",
    headers: { range: "bytes=1000-" },
  });
  assert.equal(outside.status, 416);

  assert.equal((await t.upload(created.id, "again")).status, 409);
  const deleted = await t.request("DELETE", `/image/v2/images/${created.id}`, { token: "member:alpha" });
  assert.equal(deleted.status, 204);
  const gone = await t.request("GET", `/image/v2/images/${created.id}`, {
    token: "member:alpha",
    headers: JSON_ACCEPT,
  });
  assert.deepEqual(gone.body, {
    message: `No image found with ID ${created.id}<br /><br />\n\n\n`,
    code: "404 Not Found",
    title: "Not Found",
  });
  assert.equal((await readdir(t.directory)).includes(created.id), false);
});

test("errors are HTML for the openstack client, JSON and plain text for those who ask", async () => {
  const html = await t.request("GET", "/image/v2/images/cli-image", {
    token: "member:alpha",
    headers: { accept: "*/*" },
  });
  assert.equal(html.headers.get("content-type"), "text/html; charset=UTF-8");
  assert.match(html.body, /<title>404 Not Found<\/title>[\s\S]*No image found with ID cli-image/);
  for (const headers of [{ accept: "x/y" }, {}] as Record<string, string>[]) {
    const text = await t.request("GET", "/image/v2/images/<b>", { token: "member:alpha", headers });
    assert.equal(text.headers.get("content-type"), "text/plain; charset=UTF-8");
    assert.match(text.body, /^404 Not Found\n\nNo image found with ID <b>/);
  }
  const accept = "text/html";
  const escaped = await t.request("GET", "/image/v2/images/<b>", { token: "member:alpha", headers: { accept } });
  assert.match(escaped.body, /&lt;b&gt;/);
});

test("what a create refuses", async () => {
  const create = (body: unknown, token = "member:alpha") =>
    t.request("POST", "/image/v2/images", { token, body, headers: JSON_ACCEPT });
  const wrong = await create({ name: "x", disk_format: "wrong", container_format: "bare" });
  assert.equal(wrong.status, 400);
  assert.match(wrong.body.message, /does not match schema 'image': 'wrong' is not one of \[None, 'ami', /);
  const reserved = await create({ os_glance_foo: "bar" });
  assert.equal(reserved.status, 403);
  assert.equal(
    reserved.body.message,
    "Access was denied to this resource.<br /><br />\nAttribute 'os_glance_foo' is reserved.\n\n",
  );
  assert.equal((await create({ status: "active" })).status, 403);
  assert.equal((await create({ min_disk: -1 })).status, 400);
  assert.equal((await create({ min_ram: 2 ** 31 })).status, 400);
  assert.equal((await create({ id: "../../etc/passwd" })).status, 400);
  assert.equal((await create({ key: 5 })).status, 400);
  assert.equal((await create({ owner: "beta" })).status, 403);
  assert.equal((await create({ visibility: "public" })).status, 403);
  assert.equal((await create({ visibility: "public" }, "admin:alpha")).status, 201);
  assert.equal((await create({}, "reader:alpha")).status, 403);
  const many = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`p${index}`, "x"]));
  assert.equal((await create(many)).status, 413);
  const id = randomUUID();
  assert.equal((await create({ id })).body.id, id);
  assert.equal((await create({ id })).status, 409);
});

test("update by JSON patch, in both dialects", async () => {
  const { id } = await t.create({ old: "1", gone: "2" });
  const patch = (body: unknown, dialect = "v2.1") =>
    t.request("PATCH", `/image/v2/images/${id}`, {
      token: "member:alpha",
      body,
      headers: { ...JSON_ACCEPT, "content-type": `application/openstack-images-${dialect}-json-patch` },
    });
  const done = await patch([
    { op: "replace", path: "/name", value: "new" },
    { op: "add", path: "/min_disk", value: 3 },
    { op: "add", path: "/a~1b", value: "slash" },
    { op: "replace", path: "/old", value: "9" },
    { op: "remove", path: "/gone" },
    { op: "add", path: "/tags", value: ["t1"] },
  ]);
  assert.equal(done.status, 200);
  assert.equal(done.body.name, "new");
  assert.equal(done.body.min_disk, 3);
  assert.equal(done.body["a/b"], "slash");
  assert.equal(done.body.old, "9");
  assert.equal("gone" in done.body, false);
  assert.deepEqual(done.body.tags, ["t1"]);
  const legacy = await patch([{ replace: "/name", value: "older" }], "v2.0");
  assert.equal(legacy.body.name, "older");

  assert.equal((await patch([{ op: "replace", path: "/missing", value: "x" }])).status, 409);
  assert.equal((await patch([{ op: "remove", path: "/missing" }])).status, 409);
  assert.equal((await patch([{ op: "remove", path: "/name" }])).status, 403);
  assert.equal((await patch([{ op: "replace", path: "/status", value: "active" }])).status, 403);
  assert.equal((await patch([{ op: "add", path: "/os_glance_x", value: "x" }])).status, 403);
  assert.equal((await patch([{ op: "add", path: "name", value: "x" }])).status, 400);
  assert.equal((await patch([{ op: "add", path: "/x" }])).status, 400);
  assert.equal((await patch({})).status, 400);
  assert.equal((await patch([], "v3")).status, 415);
  const unchanged = await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" });
  assert.equal(unchanged.body.name, "older");
  const foreign = await t.request("PATCH", `/image/v2/images/${id}`, {
    token: "member:beta",
    body: [],
    headers: { "content-type": "application/openstack-images-v2.1-json-patch" },
  });
  assert.equal(foreign.status, 404);
});

test("what a patch refuses, in glance's words", async () => {
  const { id } = await t.create({ tags: ["a"] });
  const refusal = async (change: Record<string, unknown>, type = "application/openstack-images-v2.1-json-patch") => {
    const headers = { "content-type": type, accept: "text/plain" };
    const path = `/image/v2/images/${id}`;
    const { status, body } = await t.request("PATCH", path, { token: "member:alpha", headers, body: [change] });
    return [status, String(body)] as const;
  };
  for (const name of ["min_disk", "name", "tags", "owner", "visibility"]) {
    const [status, text] = await refusal({ op: "remove", path: `/${name}` });
    assert.equal(status, 403);
    const said = `403 Forbidden\n\nAccess was denied to this resource.\n\n Property ${name} may not be removed.  `;
    assert.equal(text, said);
  }
  const url = "http://192.0.2.1/x";
  for (const [change, status, words] of [
    [{ op: "add", path: "/tags/-", value: "b" }, 400, "Invalid JSON pointer for this resource: '/tags/-'"],
    [{ op: "add", path: "/locations", value: [] }, 400, "Invalid JSON pointer for this resource: '/locations'"],
    [
      { op: "replace", path: "/locations", value: [{ url, metadata: {} }] },
      403,
      "It's not allowed to update locations if locations are invisible.",
    ],
    [{ op: "replace", path: "/locations", value: [] }, 403, "Cannot set locations to empty list."],
    [{ op: "replace", path: "/locations", value: [url] }, 400, `'${url}' is not of type 'object'`],
    [
      { op: "add", path: "/locations/-", value: { url, metadata: {} } },
      403,
      "It's not allowed to add locations if locations are invisible.",
    ],
    [{ op: "remove", path: "/locations/0" }, 403, "It's not allowed to remove locations if locations are invisible."],
    [{ op: "remove", path: "/nosuch" }, 409, "Property nosuch does not exist."],
    [{ op: "replace", path: "/nosuch", value: "x" }, 409, "Property nosuch does not exist."],
    [{ op: "test", path: "/name", value: "one" }, 400, 'Operation "test" is not supported'],
  ] as const) {
    const [answered, text] = await refusal(change);
    assert.equal(answered, status, JSON.stringify(change));
    assert.ok(text.includes(words), `${JSON.stringify(change)}: ${text}`);
  }
  assert.equal((await refusal({ op: "add", path: "/x", value: "y" }, "application/json-patch+json"))[0], 415);
  for (const change of [
    { op: "add", path: "/min_disk", value: 1 },
    { op: "replace", path: "/tags", value: ["c"] },
    { op: "add", path: "/tags", value: ["d"] },
  ]) {
    assert.equal((await refusal(change))[0], 200, JSON.stringify(change));
  }
});

test("a protected image stays; an active one keeps its format; a deactivated one is not handed out", async () => {
  const { id } = await t.create({ protected: true });
  await t.upload(id, "data");
  const call = (method: string, path: string, token = "member:alpha", body?: unknown) =>
    t.request(method, `/image/v2/images/${id}${path}`, {
      token,
      ...(body === undefined ? {} : { body }),
      headers: { ...JSON_ACCEPT, "content-type": "application/openstack-images-v2.1-json-patch" },
    });
  const refused = await call("DELETE", "");
  assert.equal(refused.status, 403);
  assert.match(refused.body.message, /is protected and cannot be deleted/);
  assert.equal(
    (await call("PATCH", "", "member:alpha", [{ op: "replace", path: "/disk_format", value: "qcow2" }])).status,
    403,
  );
  assert.equal((await call("POST", "/actions/deactivate")).status, 204);
  assert.equal((await call("GET", "/file")).status, 403);
  assert.equal((await call("GET", "/file", "admin:ops")).status, 200);
  assert.equal((await call("POST", "/actions/reactivate")).status, 204);
  assert.equal((await call("GET", "/file")).status, 200);
});

test("tags", async () => {
  const { id } = await t.create();
  const tag = (method: string, name: string) =>
    t.request(method, `/image/v2/images/${id}/tags/${name}`, { token: "member:alpha" });
  assert.equal((await tag("PUT", "blue")).status, 204);
  assert.equal((await tag("PUT", "blue")).status, 204);
  const shown = await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" });
  assert.deepEqual(shown.body.tags, ["blue"]);
  assert.equal((await tag("DELETE", "blue")).status, 204);
  assert.equal((await tag("DELETE", "blue")).status, 404);
});

test("a list takes as many filters and sort keys as a URL holds", async () => {
  const { id } = await t.create();
  const many = (count: number, text: string) => Array.from({ length: count }, () => text).join("&");
  const list = (query: string) => t.request("GET", `/image/v2/images?${query}`, { token: "member:alpha" });
  await t.request("PUT", `/image/v2/images/${id}/tags/blue`, { token: "member:alpha" });
  for (const query of [
    many(1_200, "tag=blue"),
    `${many(1_200, `id=${id}`)}`,
    many(1_000, "sort_key=name&sort_dir=asc"),
  ]) {
    const answer = await list(query);
    assert.equal(answer.status, 200);
    assert.ok(answer.body.images.some((image: { id: string }) => image.id === id));
  }
  assert.equal((await list(`${many(500, "sort_key=name&sort_dir=asc")}&marker=${id}`)).status, 200);
});

test("versions: 300 at the root, 200 under /versions; an empty id is not a list", async () => {
  const index = await t.request("GET", "/image/", { headers: { host: "cloud.test" } });
  assert.equal(index.status, 300);
  assert.equal(index.body.versions[0].status, "CURRENT");
  assert.equal(index.body.versions[0].links[0].href, "http://cloud.test/image/v2/");
  assert.equal((await t.request("GET", "/image")).status, 300);
  assert.equal((await t.request("GET", "/image/versions")).status, 200);
  assert.equal((await t.request("GET", "/image/v2/images/", { token: "member:alpha" })).status, 404);
  assert.equal((await t.request("DELETE", "/image/v2/images/", { token: "member:alpha" })).status, 404);
});
