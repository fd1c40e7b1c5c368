import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ImageCloud, imageCloud } from "./support.ts";

let t: ImageCloud;
before(async () => {
  t = await imageCloud();
});
after(() => t.close());

const call = (method: string, path: string, token: string, body?: unknown) =>
  t.request(method, `/image/v2${path}`, {
    token,
    ...(body === undefined ? {} : { body }),
    headers: { accept: "application/json" },
  });
const names = async (token: string, query = "") => {
  const { body } = await call("GET", `/images${query}`, token);
  return body.images.map(({ name }: { name: string }) => name).sort();
};

test("a shared image is pending for a member, who accepts or rejects it for itself", async () => {
  const { id } = await t.create({ name: "lent" }, "member:owner");
  assert.equal((await call("GET", `/images/${id}`, "member:friend")).status, 404);
  const added = await call("POST", `/images/${id}/members`, "member:owner", { member: "friend" });
  assert.equal(added.status, 200);
  assert.equal(added.body.status, "pending");
  assert.equal(added.body.member_id, "friend");
  assert.equal((await call("POST", `/images/${id}/members`, "member:owner", { member: "friend" })).status, 409);

  assert.equal((await call("GET", `/images/${id}`, "member:friend")).status, 200);
  assert.deepEqual(await names("member:friend"), []);
  assert.deepEqual(await names("member:friend", "?member_status=pending&visibility=shared"), ["lent"]);
  assert.deepEqual(await names("member:stranger", "?member_status=all"), []);

  const members = `/images/${id}/members/friend`;
  const byOwner = await call("PUT", members, "member:owner", { status: "accepted" });
  assert.equal(byOwner.status, 403);
  assert.equal(byOwner.body.message, `Not allowed to update members for image ${id}.<br /><br />\n\n\n`);
  assert.equal((await call("PUT", members, "member:friend", { status: "maybe" })).status, 400);
  assert.equal((await call("PUT", members, "member:friend", { status: "accepted" })).body.status, "accepted");
  assert.deepEqual(await names("member:friend"), ["lent"]);
  assert.equal((await call("PATCH", `/images/${id}`, "member:friend", [])).status, 415);
  assert.equal((await call("DELETE", `/images/${id}`, "member:friend")).status, 403);
  assert.equal((await call("POST", `/images/${id}/members`, "member:friend", { member: "x" })).status, 403);
  assert.equal((await call("PUT", members, "member:friend", { status: "rejected" })).status, 200);
  assert.deepEqual(await names("member:friend"), []);

  assert.equal((await call("DELETE", members, "member:owner")).status, 204);
  assert.equal((await call("DELETE", members, "member:owner")).status, 404);
  assert.equal((await call("GET", `/images/${id}`, "member:friend")).status, 404);
});

test("who sees what: private, public, community, admin", async () => {
  await t.create({ name: "a-private", visibility: "private" }, "member:a");
  await t.create({ name: "a-community", visibility: "community" }, "member:a");
  await t.create({ name: "all-public", visibility: "public" }, "admin:a");
  assert.deepEqual(await names("member:a"), ["a-community", "a-private", "all-public"]);
  assert.deepEqual(await names("member:b"), ["all-public"]);
  assert.deepEqual(await names("member:b", "?visibility=community"), ["a-community"]);
  assert.deepEqual(await names("member:b", "?visibility=all"), ["a-community", "all-public"]);
  assert.deepEqual(await names("member:b", "?visibility=private"), []);
  assert.ok((await names("admin:b")).includes("a-private"));
});

test("filters, order and pages", async () => {
  const make = async (name: string, bytes: number, more: Record<string, unknown> = {}) => {
    const { id } = await t.create({ name, ...more }, "member:pager");
    await t.upload(id, "x".repeat(bytes), "member:pager");
  };
  await make("p1", 30, { tags: ["blue", "old"], color: "red" });
  await make("p2", 10, { tags: ["blue"], min_ram: 64 });
  await make("p3", 20, { os_hidden: true });
  await make("p4, with a comma", 20, { container_format: "ami", disk_format: "ami" });
  const list = (query: string) => names("member:pager", `${query}&owner=pager`);
  assert.deepEqual(await list("?name=p1"), ["p1"]);
  assert.deepEqual(await list('?name=in:p2,"p4, with a comma"'), ["p2", "p4, with a comma"]);
  assert.deepEqual(await list("?name=eq:p1&status=eq:active"), ["p1"]);
  await make("ubuntu:24.04", 1, { os_hidden: true });
  assert.deepEqual(await list("?name=ubuntu:24.04&os_hidden=true"), ["ubuntu:24.04"]);
  assert.deepEqual(await list("?tag=blue&tag=old"), ["p1"]);
  assert.deepEqual(await list("?color=red"), ["p1"]);
  assert.deepEqual(await list("?os_hidden=true"), ["p3", "ubuntu:24.04"]);
  assert.deepEqual(await list("?size_min=15&size_max=25"), ["p4, with a comma"]);
  assert.deepEqual(await list("?min_ram=64"), ["p2"]);
  assert.deepEqual(await list("?status=queued"), []);
  assert.deepEqual(await list("?disk_format=in:raw,iso"), ["p1", "p2"]);
  assert.deepEqual(await list("?created_at=gte:2000-01-01T00:00:00Z"), ["p1", "p2", "p4, with a comma"]);
  assert.deepEqual(await list("?created_at=lt:2000-01-01T00:00:00Z"), []);

  const walked: string[] = [];
  let next: string | undefined = "/images?sort=size:asc,name:desc&limit=1&owner=pager";
  while (next !== undefined) {
    const { status, body } = await call("GET", next.replace(/^\/v2/, ""), "member:pager");
    assert.equal(status, 200);
    walked.push(...body.images.map(({ size }: { size: number }) => String(size)));
    next = body.next;
  }
  assert.deepEqual(walked, ["10", "20", "30"]);
  for (const wrong of [
    "created_at=constructor:2026-01-01",
    "created_at=lt:2026-01-01 x",
    "limit=-1",
    "limit=x",
    "marker=nothing",
    "name=neq:p1",
    "status=gt:active",
    "sort_key=color",
    "sort_dir=up",
    "size_min=-1",
  ]) {
    assert.equal((await call("GET", `/images?${wrong}`, "member:pager")).status, 400, wrong);
  }
  assert.equal((await call("GET", "/images?visibility=some", "member:pager")).status, 400);
});
