import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { sumOf } from "../../../../src/kernel/bytes/sums.ts";
import { A } from "../support.ts";
import { md5, type S3Cloud, s3Cloud } from "./support.ts";

const MIB = 1024 * 1024;
const joined = (etags: readonly string[]): string =>
  `${createHash("md5")
    .update(Buffer.concat(etags.map((etag) => Buffer.from(etag, "hex"))))
    .digest("hex")}-${etags.length}`;
const completion = (parts: readonly (readonly [number, string])[]): string =>
  `<CompleteMultipartUpload>${parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`).join("")}</CompleteMultipartUpload>`;

describe("uploads in parts over S3", () => {
  let t: S3Cloud;
  before(async () => {
    t = await s3Cloud();
    await t.s3("PUT", "/bucket");
  });
  after(() => t.close());
  const begin = async (key: string, headers: Record<string, string> = {}) =>
    (await t.s3("POST", `/bucket/${key}`, { query: { uploads: "" }, headers })).xml("UploadId");
  const part = (
    key: string,
    uploadId: string,
    partNumber: number,
    body: string | Uint8Array,
    headers: Record<string, string> = {},
  ) => t.s3("PUT", `/bucket/${key}`, { query: { partNumber: String(partNumber), uploadId }, body, headers });
  const complete = (
    key: string,
    uploadId: string,
    parts: readonly (readonly [number, string])[],
    headers: Record<string, string> = {},
  ) => t.s3("POST", `/bucket/${key}`, { query: { uploadId }, body: completion(parts), headers });

  it("make one object, whose parts can be read alone; completing it again says the same", async () => {
    const bytes = [randomBytes(5 * MIB), randomBytes(5 * MIB), randomBytes(10)];
    const id = await begin("o", { "x-amz-meta-a": "1", "content-type": "text/x" });
    assert.equal((await t.s3("HEAD", "/bucket/o")).status, 404, "nothing shows yet");
    for (const [index, body] of bytes.entries())
      assert.equal((await part("o", id, index + 1, body)).headers.etag, `"${md5(body)}"`);
    const listed = await t.s3("GET", "/bucket/o", { query: { uploadId: id, "max-parts": "2" } });
    assert.deepEqual([listed.all("PartNumber"), listed.xml("IsTruncated")], [["1", "2"], "true"]);
    assert.deepEqual((await t.s3("GET", "/bucket", { query: { uploads: "" } })).all("UploadId"), [id]);
    const parts = bytes.map((body, index) => [index + 1, md5(body)] as const);
    const etag = joined(bytes.map(md5));
    const done = await complete("o", id, parts);
    assert.deepEqual([done.status, done.xml("ETag")], [200, `&quot;${etag}&quot;`]);
    const again = await complete("o", id, parts);
    assert.deepEqual([again.status, again.xml("ETag")], [200, `&quot;${etag}&quot;`]);
    const got = await t.s3("GET", "/bucket/o");
    assert.deepEqual(got.bytes, Buffer.concat(bytes));
    assert.deepEqual(
      [got.headers.etag, got.headers["x-amz-meta-a"], got.headers["content-type"]],
      [`"${etag}"`, "1", "text/x"],
    );
    const second = await t.s3("GET", "/bucket/o", { query: { partNumber: "2" } });
    assert.deepEqual([second.status, second.headers["x-amz-mp-parts-count"]], [206, "3"]);
    assert.deepEqual(second.bytes, bytes[1]);
    assert.equal((await t.s3("GET", "/bucket/o", { query: { partNumber: "9" } })).code, "InvalidPartNumber");
    const across = await t.s3("GET", "/bucket/o", { headers: { range: `bytes=${10 * MIB - 2}-${10 * MIB + 1}` } });
    assert.deepEqual(across.bytes, Buffer.concat(bytes).subarray(10 * MIB - 2, 10 * MIB + 2));
    const swift = await t.swift("GET", `${A}/bucket/o`);
    assert.deepEqual(swift.bytes, Buffer.concat(bytes), "over Swift, too");
    // Clients would compare another etag with the md5 of the bytes.
    const large = { etag: `"${etag}"`, "x-static-large-object": "True" };
    for (const [name, value] of Object.entries(large)) assert.equal(swift.headers[name], value, name);
    const [entry] = (await t.swift("GET", `${A}/bucket?format=json&prefix=o`)).json;
    assert.deepEqual([entry.slo_etag, entry.hash], [`"${etag}"`, etag.slice(0, 32)]);
    assert.deepEqual((await t.swift("GET", `${A}/bucket/o?multipart-manifest=get`)).json, []);
    const copied = await t.swift("COPY", `${A}/bucket/o`, { headers: { destination: "bucket/copy" } });
    assert.equal(copied.status, 201);
    assert.equal((await t.swift("HEAD", `${A}/bucket/copy`)).headers["x-static-large-object"], "True");
    const gone = await t.swift("DELETE", `${A}/bucket/copy?multipart-manifest=delete`);
    assert.match(gone.text, /^Number Deleted: 1\n/);
    assert.equal((await t.swift("HEAD", `${A}/bucket/copy`)).status, 404);
    const sub = { "x-amz-object-attributes": "ObjectParts,ETag" };
    const attributes = await t.s3("GET", "/bucket/o", { query: { attributes: "" }, headers: sub });
    assert.deepEqual([attributes.xml("PartsCount"), attributes.xml("ETag")], ["3", etag]);
  });

  it("say what is wrong with the parts that are named", async () => {
    const id = await begin("wrong");
    await part("wrong", id, 1, "small");
    await part("wrong", id, 2, "tail");
    const [one, two] = [[1, md5("small")] as const, [2, md5("tail")] as const];
    const disordered = await complete("wrong", id, [two, one]);
    assert.deepEqual([disordered.code, disordered.xml("UploadId")], ["InvalidPartOrder", id]);
    assert.equal((await complete("wrong", id, [one, one])).code, "InvalidPartOrder");
    assert.equal((await complete("wrong", id, [one, [2, md5("x")]])).code, "InvalidPart");
    assert.equal((await complete("wrong", id, [one, [3, md5("x")]])).code, "InvalidPart");
    assert.equal((await complete("wrong", id, [one, two])).code, "EntityTooSmall");
    assert.equal((await complete("wrong", id, [])).code, "MalformedXML");
    const nobodys = await complete("wrong", "nosuch", [one]);
    assert.deepEqual([nobodys.code, nobodys.xml("UploadId")], ["NoSuchUpload", "nosuch"]);
    for (const number of [0, 10_001]) assert.equal((await part("wrong", id, number, "x")).code, "InvalidArgument");
    assert.equal((await part("wrong", id, 10_000, "x")).status, 200);
    assert.equal((await t.s3("DELETE", "/bucket/wrong", { query: { uploadId: id } })).status, 204);
    assert.equal((await t.s3("DELETE", "/bucket/wrong", { query: { uploadId: id } })).code, "NoSuchUpload");
    assert.equal((await part("wrong", id, 1, "x")).code, "NoSuchUpload");
    const only = await begin("only");
    await part("only", only, 2, "one part, number two");
    assert.equal((await complete("only", only, [[2, md5("one part, number two")]])).status, 200);
    const held = await begin("only");
    await part("only", held, 1, "x");
    assert.equal((await complete("only", held, [[1, md5("x")]], { "if-none-match": "*" })).status, 412);
    assert.equal((await t.s3("GET", "/bucket/only")).text, "one part, number two");
  });

  it("have checksums of their parts, or of the whole without reading it again", async () => {
    const bytes = [randomBytes(5 * MIB), randomBytes(1000)];
    const crcOf = (all: Uint8Array) => {
      const sum = sumOf("crc64nvme");
      sum.update(all);
      return Buffer.from(sum.digest(), "hex").toString("base64");
    };
    const id = await begin("whole", { "x-amz-checksum-algorithm": "CRC64NVME" });
    for (const [index, body] of bytes.entries())
      assert.equal((await part("whole", id, index + 1, body)).headers["x-amz-checksum-crc64nvme"], crcOf(body));
    const parts = bytes.map((body, index) => [index + 1, md5(body)] as const);
    const whole = crcOf(Buffer.concat(bytes));
    assert.equal(
      (await complete("whole", id, parts, { "x-amz-checksum-crc64nvme": crcOf(Buffer.from("x")) })).code,
      "BadDigest",
    );
    const done = await complete("whole", id, parts, { "x-amz-checksum-crc64nvme": whole });
    assert.deepEqual([done.xml("ChecksumCRC64NVME"), done.xml("ChecksumType")], [whole, "FULL_OBJECT"]);
    const sha = (all: Uint8Array | string) => createHash("sha256").update(all).digest();
    const composite = await begin("composite", { "x-amz-checksum-algorithm": "SHA256" });
    for (const [index, body] of bytes.entries()) await part("composite", composite, index + 1, body);
    const made = await complete("composite", composite, parts);
    const expected = `${sha(Buffer.concat(bytes.map((body) => sha(body)))).toString("base64")}-2`;
    assert.deepEqual([made.xml("ChecksumSHA256"), made.xml("ChecksumType")], [expected, "COMPOSITE"]);
    const odd = { "x-amz-checksum-algorithm": "SHA1", "x-amz-checksum-type": "FULL_OBJECT" };
    assert.equal((await t.s3("POST", "/bucket/odd", { query: { uploads: "" }, headers: odd })).code, "InvalidRequest");
  });

  it("take parts of other objects, and nothing beyond their end", async () => {
    await t.s3("PUT", "/bucket/source", { body: "hello world" });
    const id = await begin("copied");
    const copy = (range: string | null) =>
      part("copied", id, 1, "", {
        "x-amz-copy-source": "/bucket/source",
        ...(range === null ? {} : { "x-amz-copy-source-range": range }),
      });
    assert.equal((await copy("bytes=5-500")).code, "InvalidRange");
    assert.equal((await copy("5-6")).code, "InvalidArgument");
    const taken = await copy("bytes=6-10");
    assert.equal(taken.xml("ETag"), `&quot;${md5("world")}&quot;`);
    assert.equal((await complete("copied", id, [[1, md5("world")]])).status, 200);
    assert.equal((await t.s3("GET", "/bucket/copied")).text, "world");
    const other = await t.s3("PUT", "/bucket/copied", {
      as: "member:beta",
      query: { partNumber: "1", uploadId: id },
      body: "x",
    });
    assert.equal(other.code, "AccessDenied");
  });

  it("go with their bucket", async () => {
    await t.s3("PUT", "/going");
    await t.s3("POST", "/going/o", { query: { uploads: "" } });
    assert.equal((await t.s3("DELETE", "/going")).status, 204);
    assert.equal((await t.s3("GET", "/going")).code, "NoSuchBucket");
  });
});
