import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { addressFilter } from "../../../src/services/image/download/address.ts";
import type { Json } from "../../support/json.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

let t: ImageCloud;
let local: ImageCloud;
let server: Server;
let origin: string;
before(async () => {
  t = await imageCloud();
  local = await imageCloud({ allowLocalUrls: true });
  server = createServer((request, response) => {
    if (request.url === "/moved") response.writeHead(302, { location: "/image" }).end();
    else if (request.url === "/image") response.end("downloaded");
    else if (request.url === "/short") {
      response.writeHead(200, { "content-length": "100" });
      response.write("short");
      setImmediate(() => response.destroy());
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  await t.close();
  await local.close();
  server.closeAllConnections();
  server.close();
});

const start = (cloud: ImageCloud, id: string, method: Record<string, unknown>) =>
  cloud.request("POST", `/image/v2/images/${id}/import`, {
    token: "member:alpha",
    body: { method, all_stores: true },
    headers: { accept: "application/json" },
  });

async function finished(cloud: ImageCloud, id: string) {
  const deadline = Date.now() + 5000;
  for (;;) {
    const { body } = await cloud.request("GET", `/image/v2/images/${id}/tasks`, { token: "member:alpha" });
    if (body.tasks[0].status !== "processing") return body.tasks[0];
    if (Date.now() > deadline) throw new Error("the import did not end");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("glance-direct: stage, then import", async () => {
  const { id } = await t.create();
  assert.equal((await start(t, id, { name: "glance-direct" })).status, 409);
  const staged = await t.request("PUT", `/image/v2/images/${id}/stage`, {
    token: "member:alpha",
    body: "staged bytes",
    headers: { "content-type": "application/octet-stream" },
  });
  assert.equal(staged.status, 204);
  const { body } = await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" });
  assert.equal(body.status, "uploading");
  const { ino } = await stat(`${t.directory}/.staging/${id}`);
  const answer = await start(t, id, { name: "glance-direct" });
  assert.equal(answer.status, 202);
  const task = await finished(t, id);
  assert.equal(task.status, "success");
  assert.equal(task.request_id, answer.headers.get("x-openstack-request-id"));
  assert.equal(task.input.import_req.method.name, "glance-direct");
  const shown = await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" });
  assert.equal(shown.body.status, "active");
  assert.equal(shown.body.size, 12);
  assert.equal(shown.body.checksum, createHash("md5").update("staged bytes").digest("hex"));
  assert.equal((await stat(`${t.directory}/${id}`)).ino, ino, "what was staged is not copied");
  assert.equal(shown.body.os_glance_failed_import, "");
  assert.deepEqual((await readdir(`${t.directory}/.staging`)).length, 0);
});

test("web-download refuses the host's own and private addresses before anything is fetched", async () => {
  for (const uri of [
    `${origin}/image`,
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/x",
    "http://[::ffff:10.0.0.1]/x",
    "http://2130706433/x",
    "http://localhost/x",
    "file:///etc/passwd",
    "ftp://192.0.2.1/x",
    "http://user:pw@192.0.2.1/x",
  ]) {
    const { id } = await t.create();
    const answer = await start(t, id, { name: "web-download", uri });
    assert.equal(answer.status, 400, uri);
    assert.match(answer.body.message, /URI for web-download does not pass filtering/);
    const { body } = await t.request("GET", `/image/v2/images/${id}`, { token: "member:alpha" });
    assert.equal(body.status, "queued");
  }
});

test("web-download follows redirects, and a broken one leaves the image queued without a byte", async () => {
  const { id } = await local.create();
  assert.equal((await start(local, id, { name: "web-download", uri: `${origin}/moved` })).status, 202);
  assert.equal((await finished(local, id)).status, "success");
  const data = await local.request("GET", `/image/v2/images/${id}/file`, { token: "member:alpha" });
  assert.equal(data.body, "downloaded");

  for (const path of ["/short", "/missing"]) {
    const broken = await local.create();
    await start(local, broken.id, { name: "web-download", uri: origin + path });
    assert.equal((await finished(local, broken.id)).status, "failure", path);
    const { body } = await local.request("GET", `/image/v2/images/${broken.id}`, { token: "member:alpha" });
    assert.equal(body.status, "queued");
    assert.equal(body.os_glance_failed_import, "file");
  }
  assert.deepEqual(await readdir(`${local.directory}/.incoming`), []);
});

test("which addresses count as public", () => {
  const open = addressFilter(["198.41.0.0/24"]);
  for (const address of ["8.8.8.8", "2606:4700::1111"]) assert.equal(open(address), true, address);
  const closed = ["127.0.0.1", "10.1.2.3", "172.31.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"];
  closed.push(
    "198.41.0.4",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "::ffff:8.8.8.8",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "ff02::1",
  );
  for (const address of closed) assert.equal(open(address), address === "::ffff:8.8.8.8", address);
});

test("POST /v2/tasks imports as glance's older way did: it makes the image, and tells by the task how that went", async () => {
  const admin = { token: "admin:alpha", headers: { accept: "application/json" } };
  const begin = (body: unknown, token = admin.token) =>
    local.request("POST", "/image/v2/tasks", { ...admin, token, body });
  const formats = { disk_format: "raw", container_format: "bare" };
  const input = {
    import_from: `${origin}/image`,
    import_from_format: "raw",
    image_properties: { name: "old way", ...formats },
  };
  const ended = async (task: { self: string; status: string }) => {
    for (let found = task; ; ) {
      if (!["pending", "processing"].includes(found.status)) return found as Json;
      await new Promise((resolve) => setImmediate(resolve));
      found = (await local.request("GET", `/image${task.self}`, admin)).body;
    }
  };
  const begun = await begin({ type: "import", input });
  assert.equal(begun.status, 201, JSON.stringify(begun.body));
  assert.equal(begun.headers.get("location"), begun.body.self);
  assert.deepEqual([begun.body.status, begun.body.type, begun.body.input], ["pending", "import", input]);
  const task = await ended(begun.body);
  assert.equal(task.status, "success", task.message);
  const image = (await local.request("GET", `/image/v2/images/${task.result.image_id}`, admin)).body;
  assert.deepEqual([image.name, image.status, image.size, image.owner], ["old way", "active", 10, "alpha"]);
  assert.equal(
    Object.keys(image).some((name) => name.startsWith("os_glance")),
    false,
  );

  // What is wrong with the import is the task's to tell.
  for (const [wrong, message] of [
    [{ ...input, import_from: `${origin}/none` }, /404/],
    [{ ...input, import_from: "file:///etc/passwd" }, /^File based imports are not allowed/],
    [{ ...input, image_properties: { disk_format: "nonsense", container_format: "bare" } }, /nonsense/],
    [{ import_from: `${origin}/image` }, /^Input does not contain 'import_from_format' field$/],
  ] as const) {
    const answer = await begin({ type: "import", input: wrong });
    assert.equal(answer.status, 201);
    const failed = await ended(answer.body);
    assert.equal(failed.status, "failure");
    assert.match(failed.message, message);
  }
  // What is wrong with the request is its answer.
  for (const [body, message] of [
    [{ input: {} }, /Task 'type' is required/],
    [{ type: "import" }, /Task 'input' is required/],
    [{ type: "export", input: {} }, /'export' is not one of \['import', 'api_image_import'\]/],
    [{ type: "import", input: [] }, /\[\] is not of type 'null', 'object'/],
  ] as const) {
    const refused = await begin(body);
    assert.equal(refused.status, 400);
    assert.match(refused.body.message, message);
  }
  assert.equal((await begin({ type: "import", input }, "member:alpha")).status, 403);
});
