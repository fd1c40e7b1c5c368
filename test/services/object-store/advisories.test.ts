import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { A, type SwiftCloud, swiftCloud } from "./support.ts";

/** docs/security.md, Swift's rows that have no other test. */
describe("what was wrong with Swift once", () => {
  let t: SwiftCloud;
  before(async () => {
    t = await swiftCloud();
    await t.swift("PUT", `${A}/c`);
  });
  after(() => t.close());

  it("deletes leave nothing behind, whatever time a client says it is", async () => {
    const rows = () => {
      const tables = ["objects", "object_versions", "object_blobs"];
      const count = (table: string) => t.cloud.kernel.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
      return tables.map(count);
    };
    const before = rows();
    for (const stamp of ["1.00001", "9999999999.00000", "0"]) {
      const headers = { "x-timestamp": stamp };
      await t.swift("DELETE", `${A}/c/nothing`, { headers });
      await t.swift("PUT", `${A}/c/o`, { headers, body: "x" });
      assert.equal((await t.swift("DELETE", `${A}/c/o`, { headers })).status, 204);
    }
    assert.deepEqual(rows(), before);
  });

  it("signatures are compared in a time that does not tell where they differ", () => {
    const source = readFileSync(
      join(import.meta.dirname, "../../../src/services/object-store/manager/temp-url.ts"),
      "utf8",
    );
    const body = /export function isSignedBy[\s\S]*?\n}/.exec(source)?.[0] ?? "";
    assert.match(body, /timingSafeEqual\(made, given\.value\)/);
    assert.doesNotMatch(body, /return true|break/, "every key is tried");
  });

  it("who is asked to say who they are reads nothing of their own words in the header that asks", async () => {
    const path = `/v1/${encodeURIComponent('"><script>alert(1)</script>')}/c/o`;
    for (const query of ["", "?temp_url_sig=x&temp_url_expires=1"]) {
      const refused = await t.swift("GET", path + query, { token: null });
      assert.equal(refused.status, 401);
      assert.doesNotMatch(`${refused.headers["www-authenticate"]} ${refused.text}`, /script/);
    }
  });

  it("metadata keeps within its limits, however many requests bring it", async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 120; index += 1) {
      const headers = { [`x-container-meta-k${index}`]: "v".repeat(40) };
      statuses.push((await t.swift("POST", `${A}/c`, { headers })).status);
    }
    assert.ok(statuses.includes(400));
    const { headers } = await t.swift("HEAD", `${A}/c`);
    const kept = Object.entries(headers).filter(([name]) => name.startsWith("x-container-meta-k"));
    assert.ok(kept.length <= 90);
    const size = kept.reduce(
      (sum, [name, value]) => sum + name.length - "x-container-meta-".length + String(value).length,
      0,
    );
    assert.ok(size <= 4096, `${size} bytes`);
  });

  it("who may not write to a container deletes no version of its objects either", async () => {
    await t.swift("PUT", `${A}/versions`);
    await t.swift("PUT", `${A}/v`, { headers: { "x-versions-location": "versions", "x-container-read": "beta:*" } });
    for (const body of ["1", "2"]) await t.swift("PUT", `${A}/v/o`, { body });
    for (const token of ["member:beta", "reader:alpha"]) {
      assert.equal((await t.swift("DELETE", `${A}/v/o`, { token })).status, 403);
      assert.equal((await t.swift("PUT", `${A}/v/o`, { token, body: "3" })).status, 403);
    }
    assert.equal((await t.swift("GET", `${A}/v/o`)).text, "2");
    assert.equal((await t.swift("GET", `${A}/versions`)).text.trim().split("\n").length, 1);
  });

  it("what is said of XML is said of names that would end it, and of those that name a file", async () => {
    const body = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>';
    const headers = { "content-type": "application/xml" };
    const deleted = await t.swift("POST", `${A}?bulk-delete`, { body, headers });
    assert.match(deleted.text, /406 Not Acceptable/);
    const manifest = await t.swift("PUT", `${A}/c/m?multipart-manifest=put`, { body, headers });
    assert.equal(manifest.status, 400);
    assert.doesNotMatch(manifest.text, /root:/);
  });
});
