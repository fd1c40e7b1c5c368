import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bareAnswer, computeEnvelope, family, webobErrors } from "../../src/kernel/http/families.ts";
import { mv } from "../../src/kernel/http/microversion.ts";
import { route } from "../../src/kernel/http/route.ts";
import { defineService } from "../../src/kernel/module.ts";
import { authenticated } from "../../src/kernel/policy/policy.ts";
import { identityStub, type TestCloud, testCloud } from "../support/cloud.ts";

const strings = { type: "string" };
const service = defineService({
  name: "wire" as never,
  endpoint: { prefix: "/wire", classicPorts: [], catalog: [] },
  api: family({
    renderError: computeEnvelope,
    unrouted: webobErrors,
    headers: { vary: "X-Auth-Token" },
    errorContentType: "application/json; charset=UTF-8",
    emptyContentType: "application/json",
    microversions: { service: "wire", min: mv("2.1"), max: mv("2.9"), fallback: mv("2.1") },
  }),
  policies: { "wire:use": authenticated },
  migrations: [],
  create: () => ({
    facade: {} as never,
    routes: [
      route({
        name: "empty",
        method: "DELETE",
        path: "/thing",
        policy: "wire:use",
        success: 202,
        handler: () => undefined,
      }),
      route({
        name: "bare",
        method: "DELETE",
        path: "/bare",
        policy: "wire:use",
        success: 202,
        handler: () => bareAnswer,
      }),
      route({
        name: "versions",
        method: "GET",
        path: "/",
        policy: "wire:use",
        bare: true,
        success: 300,
        handler: () => ({ body: {} }),
      }),
      route({
        name: "checked",
        method: "POST",
        path: "/checked",
        policy: "wire:use",
        request: {
          type: "object",
          properties: {
            named: { type: "object", propertyNames: { pattern: "^[a-z]{1,3}$" } },
            patterned: { type: "object", patternProperties: { "^[a-z]{1,3}$": strings }, additionalProperties: false },
            text: strings,
          },
          additionalProperties: false,
        },
        success: 200,
        handler: () => ({ body: {} }),
      }),
    ],
  }),
});

let t: TestCloud;
before(async () => {
  t = await testCloud([identityStub(), service()]);
});
after(() => t.close());

const call = (method: string, path: string, options: { body?: unknown; accept?: string } = {}) =>
  t.request(method, `/wire${path}`, {
    token: "member:alpha",
    body: options.body,
    headers: options.accept === undefined ? {} : { accept: options.accept },
  });

test("content types of empty answers and of errors are the family's", async () => {
  assert.equal((await call("DELETE", "/thing")).headers.get("content-type"), "application/json");
  assert.equal((await call("DELETE", "/bare")).headers.get("content-type"), "text/html; charset=UTF-8");
  const wrong = await call("POST", "/checked", { body: { text: 1 } });
  assert.equal(wrong.status, 400);
  assert.equal(wrong.headers.get("content-type"), "application/json; charset=UTF-8");
});

test("the list of versions has none of the service's headers, a 401 none of its versions", async () => {
  const { status, headers } = await call("GET", "/");
  assert.equal(status, 300);
  assert.deepEqual([...headers.keys()], ["content-type"]);
  const anonymous = await t.request("DELETE", "/wire/thing");
  assert.equal(anonymous.status, 401);
  assert.equal(anonymous.headers.get("openstack-api-version"), null);
  assert.equal(anonymous.headers.get("content-type"), "application/json");
});

test("a path without a record is answered by what is below the service, without its versions", async () => {
  const json = await call("GET", "/nothing", { accept: "application/json" });
  assert.equal(json.status, 404);
  assert.equal(json.headers.get("content-type"), "application/json");
  assert.equal(json.headers.get("openstack-api-version"), null);
  assert.ok(json.headers.get("x-openstack-request-id"));
  assert.deepEqual(json.body, {
    message: "The resource could not be found.<br /><br />\n\n\n",
    code: "404 Not Found",
    title: "Not Found",
  });
  const html = await call("GET", "/nothing", { accept: "*/*" });
  assert.equal(html.headers.get("content-type"), "text/html; charset=UTF-8");
  assert.equal((await call("GET", "/nothing")).headers.get("content-type"), "text/plain; charset=UTF-8");
});

test("schema failures are worded as Python's jsonschema and print values as Python does", async () => {
  for (const [body, words] of [
    [{ text: null }, "Invalid input for field/attribute text. Value: None. None is not of type 'string'"],
    [{ text: ["a"] }, "Invalid input for field/attribute text. Value: ['a']. ['a'] is not of type 'string'"],
    [
      { named: { LONG: "x" } },
      "Invalid input for field/attribute named. Value: {'LONG': 'x'}. 'LONG' does not match any of the regexes: '^[a-z]{1,3}$'",
    ],
    [
      { patterned: { A: "x", b: "y", C: "z" } },
      "Invalid input for field/attribute patterned. Value: {'A': 'x', 'b': 'y', 'C': 'z'}. 'A', 'C' do not match any of the regexes: '^[a-z]{1,3}$'",
    ],
    [{ one: 1, two: 2 }, "Additional properties are not allowed ('one', 'two' were unexpected)"],
    [{ one: 1 }, "Additional properties are not allowed ('one' was unexpected)"],
  ] as const) {
    const answer = await call("POST", "/checked", { body });
    assert.equal(answer.status, 400);
    assert.equal(answer.body.badRequest.message, words);
  }
});
