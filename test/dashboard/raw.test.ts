import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createApps } from "../../src/app.ts";
import { createDashboard, type Dashboard } from "../../src/dashboard/server/index.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { type Listener, listen } from "../../src/listen.ts";
import { image } from "../../src/services/image/index.ts";
import { FakeNetworkDriver } from "../../src/services/network/driver/fake.ts";
import { network } from "../../src/services/network/index.ts";
import { objectStore } from "../../src/services/object-store/index.ts";
import { type IdentityCloud, identityCloud } from "../support/identity.ts";
import type { Json } from "../support/json.ts";
import { rawRequest, sendRaw } from "./support/raw.ts";

let cloud: IdentityCloud;
let dashboard: Dashboard;
let listener: Listener;
let cookie = "";

before(async () => {
  cloud = await identityCloud({
    others: [image({ exec: new FakeExec() }), network({ driver: new FakeNetworkDriver() }), objectStore()],
    settings: { network: { createInitialNetworks: false } },
  });
  await cloud.user("ada", "alpha", "member");
  dashboard = createDashboard(cloud.cloud.kernel);
  listener = await listen(createApps(cloud.cloud, dashboard).all, { host: "127.0.0.1", port: 0 });
  const body = JSON.stringify({ user: "ada", password: "secret", domain: "Default" });
  const answer = await raw("POST /dashboard/session", { "Content-Length": String(body.length) }, body);
  assert.deepEqual(answer.statuses, [201]);
  cookie = /set-cookie: (tenrec_session=[\w-]+)/i.exec(answer.text)?.[1] ?? "";
  assert.notEqual(cookie, "");
});
after(async () => {
  dashboard.close();
  await listener.close();
  await cloud.close();
});

const host = () => `127.0.0.1:${listener.port}`;

/** What our own pages send. */
const own = (): Record<string, string | readonly string[] | null> => ({
  Host: host(),
  Origin: `http://${host()}`,
  "Sec-Fetch-Site": "same-origin",
  "X-Tenrec-Dashboard": "1",
  "Content-Type": "application/json",
  ...(cookie === "" ? {} : { Cookie: cookie }),
  Connection: "close",
});

const raw = (line: string, headers: Record<string, string | readonly string[] | null> = {}, body = "") =>
  sendRaw(listener.port, rawRequest(line, { ...own(), ...headers }, body));

const NETWORKS = "/dashboard/api/network/v2.0/networks";
const created = (name: string) => JSON.stringify({ network: { name } });

async function names(): Promise<string[]> {
  const { body } = await cloud.admin("GET", "/networking/v2.0/networks");
  return body.networks.map(({ name }: Json) => name);
}

test("what is sent as pages send it gets through: the probes below fail for what they say", async () => {
  const body = created("fair");
  assert.deepEqual((await raw(`POST ${NETWORKS}`, { "Content-Length": String(body.length) }, body)).statuses, [201]);
  const chunked = `${created("chunked").length.toString(16)}\r\n${created("chunked")}\r\n0\r\n\r\n`;
  assert.deepEqual((await raw(`POST ${NETWORKS}`, { "Transfer-Encoding": "chunked" }, chunked)).statuses, [201]);
  assert.deepEqual((await names()).sort(), ["chunked", "fair"]);
});

test("a body that can be read in two ways is refused, and what hides behind it is not done", async () => {
  const hidden = created("smuggled");
  const second = rawRequest(`POST ${NETWORKS}`, { ...own(), "Content-Length": String(hidden.length) }, hidden);
  const chunk = `0\r\n\r\n${second}`;
  const shapes: [string, Record<string, string | readonly string[] | null>, string][] = [
    ["length and chunks", { "Content-Length": String(chunk.length), "Transfer-Encoding": "chunked" }, chunk],
    ["two lengths", { "Content-Length": ["0", String(second.length)] }, second],
    ["a list of lengths", { "Content-Length": `0, ${second.length}` }, second],
    ["a length with a sign", { "Content-Length": "+0" }, second],
    ["a length that is negative", { "Content-Length": "-1" }, second],
    ["a length in hex", { "Content-Length": "0x0" }, second],
    ["chunks that are not last", { "Transfer-Encoding": "chunked, identity" }, chunk],
    ["an encoding nobody knows", { "Transfer-Encoding": "xchunked" }, chunk],
    ["chunks named after a space", { "Transfer-Encoding ": "chunked" }, chunk],
    ["a size of chunk with a sign", { "Transfer-Encoding": "chunked" }, `-0\r\n\r\n${second}`],
    ["a size of chunk that overflows", { "Transfer-Encoding": "chunked" }, `10000000000000000\r\n${second}`],
    ["a chunk ended by its line feed", { "Transfer-Encoding": "chunked" }, `1\nX0\n\n${second}`],
  ];
  for (const [why, headers, body] of shapes) {
    const { statuses } = await raw(`POST ${NETWORKS}`, { Connection: null, ...headers }, body);
    assert.deepEqual(statuses.slice(-1), [400], why);
    assert.ok(!(await names()).includes("smuggled"), why);
  }
});

test("a body that nobody reads is not taken for the next request", async () => {
  const hidden = created("smuggled");
  const inside = rawRequest(`POST ${NETWORKS}`, { ...own(), "Content-Length": String(hidden.length) }, hidden);
  const last = rawRequest("GET /dashboard/session", own());
  const length = { "Content-Length": String(inside.length), Connection: null };
  for (const [why, line, headers, status] of [
    ["refused by the guard", `POST ${NETWORKS}`, { "X-Tenrec-Dashboard": null }, 403],
    ["without a session", `POST ${NETWORKS}`, { Cookie: "tenrec_session=x" }, 401],
    ["for no service", "POST /dashboard/api/nothing/v1", {}, 404],
    ["a read with a body", `GET ${NETWORKS}`, {}, 200],
    ["nothing that is there", "PATCH /dashboard/nothing", {}, 404],
  ] as const) {
    const { statuses } = await sendRaw(
      listener.port,
      rawRequest(line, { ...own(), ...length, ...headers }, inside) + last,
    );
    assert.deepEqual(statuses, [status, 200], why);
    assert.ok(!(await names()).includes("smuggled"), why);
  }
});

test("headers and lines that are not as they should be are refused before anything is done", async () => {
  const body = created("malformed");
  const length = { "Content-Length": String(body.length) };
  for (const [why, line, headers, status] of [
    ["a header that is folded", `POST ${NETWORKS}`, { "X-One": "1\r\n\tX-Auth-Token: x" }, 400],
    ["a header with a NUL", `POST ${NETWORKS}`, { "X-One": "a\0b" }, 400],
    ["a header without a name", `POST ${NETWORKS}`, { "": "x" }, 400],
    ["a bare carriage return", `POST ${NETWORKS}`, { "X-One": "a\rX-Roles: admin" }, 400],
    ["a method of small letters", `post ${NETWORKS}`, {}, 400],
    ["a space in the path", `POST ${NETWORKS} /x`, {}, 400],
    ["headers without end", `POST ${NETWORKS}`, { "X-One": "x".repeat(70_000) }, 431],
    ["a path without end", `POST ${NETWORKS}?x=${"x".repeat(70_000)}`, {}, 431],
    ["no host at all", `POST ${NETWORKS}`, { Host: null }, 400],
    ["a host that is none", `POST ${NETWORKS}`, { Host: "a b" }, 400],
    ["a host with a path", `POST ${NETWORKS}`, { Host: "evil.example/x" }, 400],
    ["a host with a user", `POST ${NETWORKS}`, { Host: "x@127.0.0.1" }, 400],
  ] as const) {
    const { statuses } = await raw(line, { ...length, ...headers }, body);
    assert.deepEqual(statuses, [status], why);
  }
  assert.ok(!(await names()).includes("malformed"));
});

test("an origin that is nearly ours is another's", async () => {
  const body = created("forged");
  const length = { "Content-Length": String(body.length) };
  for (const origin of [
    "null",
    "",
    "file://",
    `http://${host()}.evil.example`,
    `http://evil.example:${listener.port}`,
    `http://${host()}@evil.example`,
    `http://x@evil.example/?${host()}`,
    `http://127.0.0.1:${listener.port + 1}`,
    "http://127.0.0.1",
    `javascript://${host()}/`,
    `http://[::ffff:7f00:1]:${listener.port}`,
    `http://${host()}, http://evil.example`,
  ]) {
    const { statuses, text } = await raw(`POST ${NETWORKS}`, { ...length, Origin: origin }, body);
    assert.deepEqual(statuses, [403], origin);
    assert.match(text, /cache-control: no-store/i, "nothing keeps what was refused");
  }
  const twice = [`http://${host()}`, "http://evil.example"];
  assert.deepEqual((await raw(`POST ${NETWORKS}`, { ...length, Origin: twice }, body)).statuses, [403]);
  assert.ok(!(await names()).includes("forged"));
});

test("no way of writing a path leads out of a service or around the guard", async () => {
  const roots = [
    "/dashboard/api/network/../identity/v3/users",
    "/dashboard/api/network/%2e%2e/identity/v3/users",
    "/dashboard/api/network/%2E./identity/v3/users",
    "/dashboard/api/network/v2.0/../../identity/v3/users",
    "/dashboard/api/network/./../identity/v3/users",
    "/dashboard/api/network\\..\\identity/v3/users",
    "/dashboard/api/network/..\\identity/v3/users",
    "/dashboard/api/network/..;/identity/v3/users",
    "/dashboard/api/network/..%2fidentity/v3/users",
    "/dashboard/api/network/%252e%252e/identity/v3/users",
    "/dashboard/api/network//../../identity/v3/users",
    "/dashboard/api/object-store/../identity/v3/users",
    "/dashboard/api/object-store/v1/../../identity/v3/users",
    "/dashboard/api//identity/v3/users",
    "/dashboard/api/networking/v2.0/networks",
    "/dashboard/api/placement/resource_providers",
    "/dashboard/api/constructor/v1",
    "/dashboard/api/__proto__/v1",
    "/dashboard/api/network",
    "/dashboard/%61pi/network/v2.0/networks",
    "/dashboard/api/%6eetwork/v2.0/networks",
    "/dashboard/./api/network/v2.0/networks",
    "/dashboard/x/../api/network/v2.0/networks",
  ];
  for (const path of roots) {
    const { statuses, text } = await raw(`GET ${path}`);
    assert.equal(statuses.length, 1, path);
    assert.ok([400, 404].includes(statuses[0] ?? 0), `${path}: ${statuses}`);
    assert.doesNotMatch(text, /"users"|"networks"|"resource_providers"/, path);
    // Whatever it is that answers, it does so to our own pages alone.
    const foreign = await raw(`GET ${path}`, { Origin: "http://evil.example", "Sec-Fetch-Site": "cross-site" });
    assert.ok([400, 403, 404].includes(foreign.statuses[0] ?? 0), `${path}: ${foreign.statuses}`);
  }
});

test("a target with a host of its own is not believed", async () => {
  const body = created("absolute");
  const length = { "Content-Length": String(body.length) };
  const foreign = { ...length, Origin: "http://evil.example" };
  const target = `http://evil.example${NETWORKS}`;
  assert.deepEqual((await raw(`POST ${target}`, foreign, body)).statuses, [403], "the Host header is what counts");
  const cross = { ...length, Origin: `http://${host()}`, "Sec-Fetch-Site": "cross-site" };
  assert.deepEqual((await raw(`POST ${target}`, cross, body)).statuses, [403]);
  const page = await raw("GET http://evil.example/dashboard/instances", { Accept: "text/html" });
  assert.doesNotMatch(/^content-security-policy: .*$/im.exec(page.text)?.[0] ?? "", /(?:script|connect)-src[^;]*evil/);
  for (const line of ["GET ftp://evil.example/dashboard/session", "GET evil.example", "OPTIONS *", "GET *"])
    assert.ok([400, 404].includes((await raw(line)).statuses[0] ?? 0), line);
  assert.ok(!(await names()).includes("absolute"));
});

test("no method tells a page what was sent with its cookie, or opens a tunnel", async () => {
  for (const method of ["TRACE", "TRACK", "CONNECT"]) {
    const { statuses, text } = await raw(`${method} ${NETWORKS}`);
    assert.ok(
      statuses.every((status) => status >= 400),
      `${method}: ${statuses}`,
    );
    assert.ok(!text.includes(cookie), method);
  }
  const upgrade = await raw(`GET ${NETWORKS}`, { Connection: "Upgrade", Upgrade: "websocket" });
  assert.ok(!upgrade.statuses.includes(101));
});

test("an answer's headers are the service's own, whatever names and values a request has", async () => {
  const body = JSON.stringify({ network: { name: "a\r\nSet-Cookie: planted=1" } });
  const made = await raw(`POST ${NETWORKS}`, { "Content-Length": String(body.length) }, body);
  const found = await raw(`GET ${NETWORKS}?name=%0d%0aSet-Cookie:%20planted=1`);
  const id = await raw(`GET ${NETWORKS}`, { "X-OpenStack-Request-ID": "req-1%0d%0aSet-Cookie: planted=1" });
  for (const { statuses, text } of [made, found, id]) {
    assert.equal(statuses.length, 1);
    assert.doesNotMatch(text.split("\r\n\r\n")[0] ?? "", /planted/);
  }
});
