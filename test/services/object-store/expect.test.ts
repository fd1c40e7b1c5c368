import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { expecting } from "../../support/expecting.ts";
import { type S3Cloud, s3Cloud } from "./s3/support.ts";
import { A } from "./support.ts";

const BODY = "x".repeat(1000);

/** Who is refused for what is known before the body learns it before sending one. */
describe("clients that wait for 100 Continue", () => {
  let t: S3Cloud;
  before(async () => {
    t = await s3Cloud();
    await t.swift("PUT", `${A}/box`);
    await t.swift("PUT", `${A}/box/there`, { body: "1" });
    await t.swift("PUT", `${A}/full`, { headers: { "x-container-meta-quota-bytes": "10" } });
  });
  after(() => t.close());

  const swift = (method: string, path: string, headers: Record<string, string> = {}, token = "member:alpha") =>
    expecting(t.port, method, `/object-store${A}/${path}`, { "x-auth-token": token, ...headers }, BODY);
  const signed = (path: string, as = "member:alpha") => t.presign("PUT", path, { as });
  const s3 = (target: string, headers: Record<string, string> = {}) =>
    expecting(t.s3Port, "PUT", target, headers, BODY);

  it("are told to go on, and their bytes are kept", async () => {
    assert.deepEqual(await swift("PUT", "box/new"), [100, 201]);
    assert.equal((await t.swift("GET", `${A}/box/new`)).text, BODY);
    assert.deepEqual(await s3(signed("/box/signed")), [100, 200]);
    assert.equal((await t.s3("GET", "/box/signed")).text, BODY);
  });

  it("over Swift: are refused at once without a token, without a container, for a quota, a condition or a header", async () => {
    assert.deepEqual(await swift("PUT", "box/new", {}, "nobody"), [401]);
    assert.deepEqual(await swift("PUT", "box/new", {}, "member:beta"), [403]);
    assert.deepEqual(await swift("PUT", "nowhere/new"), [404]);
    assert.deepEqual(await swift("PUT", "full/new"), [413]);
    assert.deepEqual(await swift("PUT", "box/there", { "if-none-match": "*" }), [412]);
    assert.deepEqual(await swift("PUT", "box/new", { "x-delete-at": "soon" }), [400]);
    assert.deepEqual(await swift("PUT", "box/new", { "content-length": "99999999999" }), [413]);
  });

  it("over S3: are refused at once for a signature, a key, a bucket, a quota, a condition", async () => {
    const good = signed("/box/new");
    const spoiled = good.replace(/(X-Amz-Signature=)(.)/, (_, name, digit) => name + (digit === "0" ? "1" : "0"));
    assert.deepEqual(await s3(spoiled), [403]);
    assert.deepEqual(await s3(signed("/box/new", "nobody")), [403]);
    assert.deepEqual(await s3(signed("/box/new", "member:beta")), [403]);
    assert.deepEqual(await s3("/box/new"), [403], "nobody signed it");
    assert.deepEqual(await s3(signed("/nowhere/new")), [404]);
    assert.deepEqual(await s3(signed("/full/new")), [403]);
    assert.deepEqual(await s3(signed("/box/there"), { "if-none-match": "*" }), [412]);
  });

  it("a part of an upload that is not there is refused at once", async () => {
    const target = t.presign("PUT", "/box/parts", { query: { uploadId: "none", partNumber: "1" } });
    assert.deepEqual(await s3(target), [404]);
  });

  it("other expectations are passed over, as an empty one is", async () => {
    for (const expect of ["", "200-ok"]) {
      const answer = await t.swift("PUT", `${A}/box/other`, { headers: { expect }, body: BODY });
      assert.equal(answer.status, 201);
    }
  });
});
