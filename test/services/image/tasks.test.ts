import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type ImageCloud, imageCloud } from "./support.ts";

let t: ImageCloud;
/** Tasks in the order they were begun. */
let all: string[];
before(async () => {
  t = await imageCloud();
  for (const name of ["one", "two", "three", "four"]) {
    const { id } = await t.create({ name });
    if (name !== "four") await t.upload(id, "x");
    else await stage(id);
    const start = await t.request("POST", `/image/v2/images/${id}/import`, {
      token: "admin:alpha",
      body: { method: { name: name === "four" ? "glance-direct" : "copy-image" }, all_stores: true },
    });
    assert.equal(start.status, 202, JSON.stringify(start.body));
    await settled(id);
  }
  all = (await list("?sort_key=created_at&sort_dir=asc")).body.tasks.map(({ id }: Json) => id);
  assert.equal(all.length, 4);
});
after(() => t.close());

const list = (query: string, token = "admin:beta") => t.request("GET", `/image/v2/tasks${query}`, { token });
const stage = (id: string) =>
  t.request("PUT", `/image/v2/images/${id}/stage`, {
    token: "member:alpha",
    body: "bytes",
    headers: { "content-type": "application/octet-stream" },
  });

async function settled(id: string): Promise<void> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const { body } = await t.request("GET", `/image/v2/images/${id}/tasks`, { token: "member:alpha" });
    if (body.tasks[0].status === "success") return;
    if (Date.now() > deadline) throw new Error(`the import did not end: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test("the list shows what tasks are, one of them also what was asked and came of it", async () => {
  const [first] = (await list("")).body.tasks;
  assert.deepEqual(Object.keys(first).sort(), [
    "created_at",
    "expires_at",
    "id",
    "owner",
    "schema",
    "self",
    "status",
    "type",
    "updated_at",
  ]);
  const { body } = await t.request("GET", `/image${first.self}`, { token: "admin:beta" });
  assert.equal(body.input.import_req.method.name, "glance-direct");
  assert.equal(body.user_id, "user-of-alpha");
  assert.ok(body.message.startsWith("Copied"));
});

test("tasks page to their end with limit 1, newest first, each once", async () => {
  for (const query of ["limit=1", "limit=1&sort_key=id&sort_dir=asc", "limit=3&sort_key=status"]) {
    const walked: string[] = [];
    let next: string | undefined = `/v2/tasks?${query}`;
    while (next !== undefined) {
      assert.ok(walked.length <= all.length, "it ends");
      const { status, body }: { status: number; body: Json } = await list(next.replace("/v2/tasks", ""));
      assert.equal(status, 200);
      assert.equal(body.first, `/v2/tasks?${query}`);
      walked.push(...body.tasks.map(({ id }: Json) => id));
      next = body.next;
    }
    assert.deepEqual([...walked].sort(), [...all].sort(), query);
  }
  const [newest] = (await list("?limit=1")).body.tasks;
  const { created_at } = (await t.request("GET", `/image/v2/tasks/${all[0]}`, { token: "admin:beta" })).body;
  assert.ok(newest.created_at >= created_at);
  assert.deepEqual((await list("?limit=0")).body.tasks, []);
});

test("filters find, and what is wrong in a query is said", async () => {
  const found = async (query: string) => (await list(query)).body.tasks.length;
  assert.equal(await found("?status=success"), 4);
  assert.equal(await found("?status=failure"), 0);
  assert.equal(await found("?owner=alpha"), 4);
  assert.equal(await found("?owner=beta"), 0);
  assert.equal(await found("?type=import"), 0);
  assert.equal(await found("?nosuch=1"), 4);
  for (const wrong of [
    "status=done",
    "type=api_image_import",
    "limit=x",
    "limit=-1",
    "marker=nosuch",
    "marker=6c1ef1f0-aaaa-4bbb-8ccc-000000000009",
    "sort_key=color",
    "sort_dir=up",
  ]) {
    assert.equal((await list(`?${wrong}`)).status, 400, wrong);
  }
});

test("tasks are administrators', and go by themselves", async () => {
  assert.equal((await list("", "member:alpha")).status, 403);
  const gone = await t.request("DELETE", `/image/v2/tasks/${all[0]}`, { token: "admin:alpha" });
  assert.equal(gone.status, 405);
  assert.equal(gone.headers.get("allow"), "GET");
  assert.equal((await t.request("DELETE", `/image/v2/tasks/${all[0]}`, { token: "member:alpha" })).status, 403);
});
