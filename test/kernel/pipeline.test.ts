import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { OpenBytes } from "../../src/kernel/bytes/open-bytes.ts";
import { badRequest } from "../../src/kernel/errors.ts";
import { computeEnvelope, family } from "../../src/kernel/http/families.ts";
import { mv } from "../../src/kernel/http/microversion.ts";
import { route } from "../../src/kernel/http/route.ts";
import { defineService } from "../../src/kernel/module.ts";
import { anyone, authenticated } from "../../src/kernel/policy/policy.ts";
import { identityStub, type TestCloud, testCloud } from "../support/cloud.ts";

/** Called where bytes that were open are closed. */
const closed = mock.fn();

const echo = defineService({
  name: "echo" as never,
  endpoint: { prefix: "/echo", classicPorts: [], catalog: [] },
  api: family({
    renderError: computeEnvelope,
    microversions: {
      service: "compute",
      min: mv("2.1"),
      max: mv("2.90"),
      fallback: mv("2.1"),
      legacyHeader: "X-OpenStack-Nova-API-Version",
    },
    requestIdHeaders: ["x-openstack-request-id", "x-compute-request-id"],
  }),
  policies: { "echo:anyone": anyone, "echo:use": authenticated },
  migrations: [],
  create: () => ({
    facade: {} as never,
    routes: [
      route({
        name: "public",
        method: "GET",
        path: "/public",
        policy: "echo:anyone",
        success: 200,
        handler: () => ({ body: { open: true } }),
      }),
      route({
        name: "old",
        method: "GET",
        path: "/thing",
        policy: "echo:use",
        microversions: { max: mv("2.9") },
        success: 200,
        handler: () => ({ body: "old" }),
      }),
      route({
        name: "new",
        method: "GET",
        path: "/thing",
        policy: "echo:use",
        microversions: { min: mv("2.10") },
        success: 200,
        handler: () => ({ body: "new" }),
      }),
      route({
        name: "stop",
        method: "POST",
        path: "/action",
        action: "os-stop",
        policy: "echo:use",
        success: 202,
        handler: () => undefined,
      }),
      route({
        name: "fly",
        method: "POST",
        path: "/action",
        action: "os-fly",
        policy: "echo:use",
        microversions: { min: mv("2.10") },
        success: 202,
        handler: () => undefined,
      }),
      route({
        name: "body",
        method: "POST",
        path: "/body",
        policy: "echo:use",
        success: 200,
        handler: ({ body }) => ({ body }),
      }),
      route({
        name: "literal",
        method: "GET",
        path: "/items/detail",
        policy: "echo:use",
        success: 200,
        handler: () => ({ body: "detail" }),
      }),
      route({
        name: "item",
        method: "GET",
        path: "/items/:id",
        policy: "echo:use",
        success: 200,
        handler: (request) => ({ body: request.param("id") }),
      }),
      route({
        name: "broken",
        method: "GET",
        path: "/broken",
        policy: "echo:use",
        success: 200,
        handler: () => {
          throw new Error("a secret detail");
        },
      }),
      route({
        name: "bytes",
        method: "GET",
        path: "/bytes",
        policy: "echo:use",
        success: 200,
        handler: () => ({ headers: { "content-length": "5" }, raw: new OpenBytes([Buffer.from("bytes")], closed) }),
      }),
      route({
        name: "refused",
        method: "GET",
        path: "/refused",
        policy: "echo:use",
        success: 200,
        handler: () => {
          throw badRequest("no");
        },
      }),
    ],
  }),
});

let t: TestCloud;
const token = "member:alpha";
before(async () => {
  t = await testCloud([identityStub(), echo()]);
});
after(() => t.close());

test("microversions choose the record, are echoed, and are refused outside the range", async () => {
  const at = (version: string) =>
    t.request("GET", "/echo/thing", { token, headers: { "openstack-api-version": `compute ${version}` } });
  assert.equal((await at("2.9")).body, "old");
  const newer = await at("2.10");
  assert.equal(newer.body, "new");
  assert.equal(newer.headers.get("openstack-api-version"), "compute 2.10");
  assert.equal(newer.headers.get("x-openstack-nova-api-version"), "2.10");
  assert.equal(newer.headers.get("vary"), "OpenStack-API-Version, X-OpenStack-Nova-API-Version");
  assert.equal((await at("latest")).headers.get("openstack-api-version"), "compute 2.90");
  assert.equal((await at("2.91")).status, 406);
  assert.equal((await at("abc")).status, 400);
  const legacy = await t.request("GET", "/echo/thing", { token, headers: { "x-openstack-nova-api-version": "2.50" } });
  assert.equal(legacy.body, "new");
});

test("a public record needs no token, any other does", async () => {
  assert.deepEqual((await t.request("GET", "/echo/public")).body, { open: true });
  assert.equal((await t.request("GET", "/echo/thing")).status, 401);
  assert.equal((await t.request("GET", "/echo/unknown")).status, 401);
});

test("bytes that an answer is read from are closed once, by HEAD too", async () => {
  assert.equal((await t.request("GET", "/echo/bytes", { token })).body, "bytes");
  assert.equal(closed.mock.callCount(), 1);
  const head = await t.request("HEAD", "/echo/bytes", { token });
  assert.equal(head.headers.get("content-length"), "5");
  assert.equal(closed.mock.callCount(), 2);
});

test("an action is chosen by the body's key", async () => {
  const act = (body: unknown) => t.request("POST", "/echo/action", { token, body });
  assert.equal((await act({ "os-stop": null })).status, 202);
  const unknown = await act({ fly: null });
  assert.equal(unknown.status, 400);
  assert.match(unknown.body.badRequest.message, /There is no such action: fly/);
  const newer = { token, body: { "os-fly": null } };
  const at = (version: string) =>
    t.request("POST", "/echo/action", { ...newer, headers: { "openstack-api-version": `compute ${version}` } });
  assert.equal((await at("2.9")).status, 404, "an action of another microversion");
  assert.equal((await at("2.10")).status, 202);
  assert.equal((await act({})).status, 400);
  assert.equal((await act([])).status, 400);
});

test("an internal error shows its request id and nothing else, and is logged with its cause", async () => {
  const answer = await t.request("GET", "/echo/broken", { token });
  assert.equal(answer.status, 500);
  const id = answer.headers.get("x-compute-request-id") ?? "";
  assert.ok(answer.body.computeFault.message.includes(id));
  assert.ok(!JSON.stringify(answer.body).includes("secret"));
  assert.ok(
    t.logs.some(
      ({ level, requestId, fields }) =>
        level === "error" && requestId === id && String(fields.cause).includes("secret"),
    ),
  );
});

test("a client's own request id is kept when it is one", async () => {
  const mine = "req-00000000-0000-4000-8000-000000000001";
  const kept = await t.request("GET", "/echo/refused", { token, headers: { "x-openstack-request-id": mine } });
  assert.equal(kept.headers.get("x-openstack-request-id"), mine);
  const replaced = await t.request("GET", "/echo/refused", { token, headers: { "x-openstack-request-id": "evil id" } });
  assert.match(replaced.headers.get("x-openstack-request-id") ?? "", /^req-[0-9a-f-]{36}$/);
});

test("hostile bodies: too large, too deep, NUL, not JSON, wrong encoding of a path", async () => {
  const send = (body: string) => t.request("POST", "/echo/body", { token, body });
  assert.equal((await send(JSON.stringify("x".repeat(200_000)))).status, 413);
  assert.equal((await send("[".repeat(10_000) + "]".repeat(10_000))).status, 400);
  assert.equal((await send('{"a":"\\u0000"}')).status, 400);
  assert.equal((await send("{a}")).status, 400);
  assert.equal((await t.request("GET", "/echo/items/%ff", { token })).status, 400);
  assert.deepEqual((await send('{"__proto__":{"admin":true}}')).status, 200);
  assert.equal(({} as { admin?: boolean }).admin, undefined);
});

test("a literal path beats a parameter; a Host header that is no host does not reach links", async () => {
  assert.equal((await t.request("GET", "/echo/items/detail", { token })).body, "detail");
  assert.equal((await t.request("GET", "/echo/items/a%20b", { token })).body, "a b");
});
