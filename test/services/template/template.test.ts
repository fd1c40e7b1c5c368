import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { template } from "../../../src/services/template/index.ts";
import { identityStub, type TestCloud, testCloud } from "../../support/cloud.ts";

let t: TestCloud;
before(async () => {
  t = await testCloud([identityStub(), template()]);
});
after(() => t.close());

test("a note is accepted in BUILD and becomes ACTIVE", async () => {
  const created = await t.request("POST", "/template/v1/notes", {
    token: "member:alpha",
    body: { note: { name: "one" } },
  });
  assert.equal(created.status, 202);
  assert.equal(created.body.note.status, "BUILD");
  assert.match(created.headers.get("x-openstack-request-id") ?? "", /^req-/);
  await t.cloud.kernel.operations.idle();
  const shown = await t.request("GET", `/template/v1/notes/${created.body.note.id}`, {
    token: "reader:alpha",
    headers: { host: "cloud.test" },
  });
  assert.equal(shown.status, 200);
  assert.equal(shown.body.note.status, "ACTIVE");
  assert.equal(shown.body.note.links[0].href, `http://cloud.test/template/v1/notes/${created.body.note.id}`);
});

test("another project's note does not exist", async () => {
  const created = await t.request("POST", "/template/v1/notes", {
    token: "member:alpha",
    body: { note: { name: "two" } },
  });
  const shown = await t.request("GET", `/template/v1/notes/${created.body.note.id}`, { token: "member:beta" });
  assert.equal(shown.status, 404);
  assert.deepEqual(shown.body, {
    itemNotFound: { code: 404, message: `Note ${created.body.note.id} could not be found.` },
  });
});

test("no token: 401 in keystonemiddleware's words; a reader may not write: 403", async () => {
  const anonymous = await t.request("GET", "/template/v1/notes");
  assert.equal(anonymous.status, 401);
  assert.equal(anonymous.body.error.title, "Unauthorized");
  assert.match(anonymous.headers.get("www-authenticate") ?? "", /^Keystone uri="http/);
  const reader = await t.request("POST", "/template/v1/notes", {
    token: "reader:alpha",
    body: { note: { name: "x" } },
  });
  assert.equal(reader.status, 403);
  assert.equal(reader.body.forbidden.message, "Policy doesn't allow template:create_note to be performed.");
});

test("a body that its schema refuses is named by field and changes nothing", async () => {
  const wrong = await t.request("POST", "/template/v1/notes", { token: "member:gamma", body: { note: { name: "" } } });
  assert.equal(wrong.status, 400);
  assert.equal(wrong.body.badRequest.message, "Invalid input for field/attribute name. Value: . '' is too short");
  const malformed = await t.request("POST", "/template/v1/notes", { token: "member:gamma", body: "{" });
  assert.equal(malformed.status, 400);
  const list = await t.request("GET", "/template/v1/notes", { token: "member:gamma" });
  assert.deepEqual(list.body, { notes: [] });
});

test("wrong method: 405 with Allow; unknown path: 404", async () => {
  const wrong = await t.request("DELETE", "/template/v1/notes", { token: "member:alpha" });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers.get("allow"), "POST, GET");
  const unknown = await t.request("GET", "/template/v1/nothing", { token: "member:alpha" });
  assert.equal(unknown.status, 404);
});

test("the quota is exact", async () => {
  const create = () =>
    t.request("POST", "/template/v1/notes", { token: "member:delta", body: { note: { name: "n" } } });
  const statuses = (await Promise.all(Array.from({ length: 12 }, create))).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status === 202).length, 10);
  assert.equal(statuses.filter((status) => status === 403).length, 2);
});

test("what a request did can be read back by its id", async () => {
  const created = await t.request("POST", "/template/v1/notes", {
    token: "member:epsilon",
    body: { note: { name: "traced" } },
  });
  await t.cloud.kernel.operations.idle();
  const spans = t.cloud.kernel.tracer.read(created.headers.get("x-openstack-request-id") ?? "");
  assert.deepEqual(spans.map(({ kind }) => kind).sort(), ["operation", "request", "step"]);
});

test("the second front: its own credentials, bodies and errors over the same records", async () => {
  const say = (method: string, token: string | null, body?: string) =>
    t.request(method, "/template-text/notes", {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    });
  assert.equal((await say("POST", "member:zeta", "bread\n")).status, 202);
  assert.equal((await say("POST", "member:zeta", "milk\n")).status, 202);
  await t.cloud.kernel.operations.idle();
  const lines = await say("GET", "reader:zeta");
  assert.equal(lines.body, "bread\tACTIVE\nmilk\tACTIVE\n");
  assert.equal(lines.headers.get("content-type"), "text/plain; charset=utf-8");
  const api = await t.request("GET", "/template/v1/notes", { token: "reader:zeta" });
  assert.deepEqual(
    api.body.notes.map(({ name }: { name: string }) => name),
    ["bread", "milk"],
  );

  const anonymous = await say("GET", null);
  assert.equal(anonymous.status, 401);
  assert.match(anonymous.body, /^error: .* \(req-[0-9a-f-]{36}\)\n$/);
  assert.equal((await say("GET", "nobody")).body.replace(/ \(req.*/s, ""), "error: This token is not valid.");
  const reader = await say("POST", "reader:zeta", "x");
  assert.equal(reader.status, 403);
  assert.match(reader.body, /^error: Policy doesn't allow template:create_note to be performed\./);
  assert.equal((await say("POST", "member:zeta", "x".repeat(256))).status, 400, "the record's schema holds");
  assert.equal((await say("POST", "member:zeta", "x".repeat(200_000))).status, 413);
});
