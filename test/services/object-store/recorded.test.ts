import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { A, type SwiftAnswer, type SwiftCloud, type SwiftOptions, swiftCloud } from "./support.ts";

/** Headers that every answer of real Swift has, and those of the connection. */
const EVERYWHERE = ["date", "x-trans-id", "x-openstack-request-id"];
const OF_THE_CONNECTION = ["connection", "keep-alive", "transfer-encoding"];

const ACCOUNT =
  "accept-ranges content-length content-type vary x-account-bytes-used x-account-container-count x-account-object-count x-account-project-domain-id x-account-storage-policy-policy-0-bytes-used x-account-storage-policy-policy-0-container-count x-account-storage-policy-policy-0-object-count x-timestamp";
const CONTAINER =
  "accept-ranges content-length content-type last-modified vary x-container-bytes-used x-container-object-count x-storage-policy x-timestamp";
const OBJECT = "accept-ranges content-length content-type etag last-modified x-timestamp";
const PLAIN = "content-length content-type";
const HTML = "text/html; charset=UTF-8";

/** Request → status, header names, content-type and body as Swift 2.30.1 answered. In this order: each finds what those before it made. */
const RECORDED: readonly [string, string, SwiftOptions, number, string, string, string | RegExp][] = [
  [
    "GET",
    "/v1/AUTH_beta",
    { token: "member:beta" },
    204,
    "content-length content-type vary x-account-bytes-used x-account-container-count x-account-object-count x-put-timestamp x-timestamp",
    "text/plain; charset=utf-8",
    "",
  ],
  ["POST", A, { headers: { "x-account-meta-a": "b" } }, 204, PLAIN, HTML, ""],
  ["PUT", `${A}/c`, {}, 201, PLAIN, HTML, ""],
  [
    "PUT",
    `${A}/c`,
    {},
    202,
    PLAIN,
    HTML,
    "<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>",
  ],
  ["GET", `${A}/c`, {}, 204, CONTAINER, "text/plain; charset=utf-8", ""],
  ["POST", `${A}/c`, { headers: { "x-container-meta-name": "Pictures" } }, 204, PLAIN, HTML, ""],
  [
    "PUT",
    `${A}/c/o`,
    { body: "test", headers: { "content-type": "application/json" } },
    201,
    "content-length content-type etag last-modified",
    HTML,
    "",
  ],
  ["HEAD", A, {}, 204, `${ACCOUNT} x-account-meta-a`, "text/plain; charset=utf-8", ""],
  ["GET", A, {}, 200, `${ACCOUNT} x-account-meta-a`, "text/plain; charset=utf-8", "c\n"],
  [
    "GET",
    `${A}?format=json`,
    {},
    200,
    `${ACCOUNT.replace(" vary", "")} x-account-meta-a`,
    "application/json; charset=utf-8",
    /^\[\{"name":"c","count":1,"bytes":4,"last_modified":"[-\dT:.]{26}"\}\]$/,
  ],
  [
    "HEAD",
    `${A}/c`,
    { headers: { accept: "application/json" } },
    204,
    `${CONTAINER} x-container-meta-name`,
    "application/json; charset=utf-8",
    "",
  ],
  ["GET", `${A}/c?limit=1`, {}, 200, `${CONTAINER} x-container-meta-name`, "text/plain; charset=utf-8", "o\n"],
  [
    "GET",
    `${A}/c?format=json`,
    {},
    200,
    `${CONTAINER.replace(" vary", "")} x-container-meta-name`,
    "application/json; charset=utf-8",
    /"hash":"098f6bcd4621d373cade4e832627b4f6"/,
  ],
  ["HEAD", `${A}/c/o`, {}, 200, OBJECT, "application/json", ""],
  ["GET", `${A}/c/o`, {}, 200, OBJECT, "application/json", "test"],
  ["GET", `${A}/c/o`, { headers: { range: "bytes=1-2" } }, 206, `${OBJECT} content-range`, "application/json", "es"],
  [
    "GET",
    `${A}/c/o`,
    { headers: { "if-none-match": "098f6bcd4621d373cade4e832627b4f6" } },
    304,
    OBJECT,
    "application/json",
    "",
  ],
  [
    "POST",
    `${A}/c/o`,
    { headers: { "x-object-meta-a": "b" } },
    202,
    PLAIN,
    HTML,
    "<html><h1>Accepted</h1><p>The request is accepted for processing.</p></html>",
  ],
  [
    "COPY",
    `${A}/c/o`,
    { headers: { destination: "c/p" } },
    201,
    "content-length content-type etag last-modified x-copied-from x-copied-from-account x-copied-from-last-modified x-object-meta-a",
    HTML,
    "",
  ],
  [
    "DELETE",
    `${A}/c`,
    {},
    409,
    PLAIN,
    HTML,
    "<html><h1>Conflict</h1><p>There was a conflict when trying to complete your request.</p></html>",
  ],
  ["DELETE", `${A}/c/o`, {}, 204, PLAIN, HTML, ""],
  [
    "DELETE",
    `${A}/c/o`,
    {},
    404,
    PLAIN,
    HTML,
    "<html><h1>Not Found</h1><p>The resource could not be found.</p></html>",
  ],
  ["HEAD", `${A}/nothing`, {}, 404, PLAIN, HTML, ""],
  [
    "POST",
    `${A}/nothing`,
    { headers: { "x-remove-container-meta-a": "b" } },
    404,
    PLAIN,
    HTML,
    "<html><h1>Not Found</h1><p>The resource could not be found.</p></html>",
  ],
  [
    "PUT",
    `${A}/c/o`,
    { token: null, body: "data" },
    401,
    `${PLAIN} www-authenticate`,
    HTML,
    "<html><h1>Unauthorized</h1><p>This server could not verify that you are authorized to access the document you requested.</p></html>",
  ],
  [
    "GET",
    `${A}?format=json`,
    { token: "member:beta" },
    403,
    PLAIN,
    HTML,
    "<html><h1>Forbidden</h1><p>Access was denied to this resource.</p></html>",
  ],
  [
    "POST",
    `${A}?bulk-delete`,
    { body: "c/p\nc" },
    200,
    "content-type",
    "text/plain",
    "Number Deleted: 2\nNumber Not Found: 0\nResponse Body: \nResponse Status: 200 OK\nErrors:\n",
  ],
  ["GET", "/healthcheck", { token: null }, 200, PLAIN, "text/plain", "OK"],
  [
    "GET",
    "/info",
    { token: null },
    200,
    PLAIN,
    "application/json; charset=UTF-8",
    /"slo":\{"max_manifest_segments":1000,/,
  ],
  [
    "GET",
    "/crossdomain.xml",
    { token: null },
    200,
    PLAIN,
    "application/xml",
    /^<\?xml version="1.0"\?>\n<!DOCTYPE cross-domain-policy /,
  ],
];

const headersOf = ({ headers }: SwiftOptions): string =>
  headers === undefined ? "" : ` (${Object.keys(headers).join(", ")})`;

describe("as real Swift answered", () => {
  let t: SwiftCloud;
  before(async () => {
    t = await swiftCloud();
  });
  after(() => t.close());

  for (const [method, path, options, status, headers, contentType, body] of RECORDED) {
    it(`${method} ${path} ${status}${options.token === undefined ? "" : ` as ${options.token ?? "nobody"}`}${headersOf(options)}`, async () => {
      const answer = await t.swift(method, path, options);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.headers["content-type"], contentType);
      if (typeof body === "string") assert.equal(answer.text, body);
      else assert.match(answer.text, body);
      assert.deepEqual(namesOf(answer, headers), [...headers.split(" "), ...EVERYWHERE].sort());
    });
  }
});

/** A report may say how long it is, where Swift sends it in chunks. */
function namesOf({ headers }: SwiftAnswer, expected: string): string[] {
  const extra = expected.includes("content-length") ? [] : ["content-length"];
  return Object.keys(headers)
    .filter((name) => !OF_THE_CONNECTION.includes(name) && !extra.includes(name))
    .sort();
}
