import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { crc32 } from "node:zlib";
import { sumOf } from "../../../../src/kernel/bytes/sums.ts";
import { A } from "../support.ts";
import { md5, type S3Cloud, s3Cloud, sha256 } from "./support.ts";

const crc32Of = (bytes: string | Uint8Array): string => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(crc32(bytes));
  return buffer.toString("base64");
};
const crcOf = (name: "crc32c" | "crc64nvme", bytes: Uint8Array): string => {
  const sum = sumOf(name);
  sum.update(bytes);
  return Buffer.from(sum.digest(), "hex").toString("base64");
};
const sha = (name: string, bytes: Uint8Array | string): string => createHash(name).update(bytes).digest("base64");

describe("objects over S3", () => {
  let t: S3Cloud;
  before(async () => {
    t = await s3Cloud();
    assert.equal((await t.s3("PUT", "/bucket")).status, 200);
  });
  after(() => t.close());

  it("are the same objects over Swift, metadata and all", async () => {
    const headers = { "x-amz-meta-colour": "red", "content-type": "text/x", "cache-control": "no-store" };
    const put = await t.s3("PUT", "/bucket/a/b", { body: "bytes", headers });
    assert.equal(put.headers.etag, `"${md5("bytes")}"`);
    const swift = await t.swift("GET", `${A}/bucket/a/b`);
    assert.equal(swift.text, "bytes");
    assert.equal(swift.headers["x-object-meta-colour"], "red");
    assert.equal(swift.headers["content-type"], "text/x");
    await t.swift("POST", `${A}/bucket/a/b`, { headers: { "x-object-meta-colour": "blue" } });
    const got = await t.s3("GET", "/bucket/a/b");
    assert.equal(got.headers["x-amz-meta-colour"], "blue");
    assert.equal(got.headers["cache-control"], undefined, "Swift's POST sets all anew");
    await t.swift("PUT", `${A}/bucket/s`, { body: "swift" });
    assert.equal((await t.s3("GET", "/bucket/s")).text, "swift");
  });

  it("of any name, as it was sent", async () => {
    for (const name of [
      "a//b",
      "./x",
      "../y",
      "/lead",
      "with\nnewline",
      "🦔",
      "e\u0301",
      "pct%2F",
      "a b+c?d#e",
      "x".repeat(1024),
    ]) {
      assert.equal((await t.s3("PUT", `/bucket/${name}`, { body: name })).status, 200, name);
      assert.equal((await t.s3("GET", `/bucket/${name}`)).text, name);
    }
    assert.equal((await t.s3("PUT", `/bucket/${"x".repeat(1025)}`, { body: "" })).code, "KeyTooLongError");
    assert.equal((await t.raw("GET", "/bucket/a%00b")).code, "InvalidURI");
    assert.equal((await t.raw("GET", "/bucket/%ff")).code, "InvalidURI");
  });

  it("checksums are checked, kept and given back; one in the body's trailer too", async () => {
    const bytes = randomBytes(100_000);
    const sums = {
      crc32: crc32Of(bytes),
      crc32c: crcOf("crc32c", bytes),
      crc64nvme: crcOf("crc64nvme", bytes),
      sha1: sha("sha1", bytes),
      sha256: sha("sha256", bytes),
    };
    for (const [name, value] of Object.entries(sums)) {
      const header = `x-amz-checksum-${name}`;
      const put = await t.s3("PUT", `/bucket/sum-${name}`, { body: bytes, headers: { [header]: value } });
      assert.equal(put.status, 200, put.text);
      assert.equal(put.headers[header], value);
      const got = await t.s3("HEAD", `/bucket/sum-${name}`, { headers: { "x-amz-checksum-mode": "ENABLED" } });
      assert.equal(got.headers[header], value);
      assert.equal(got.headers["x-amz-checksum-type"], "FULL_OBJECT");
      const other = await t.s3("PUT", "/bucket/wrong", { body: "other", headers: { [header]: value } });
      assert.deepEqual([other.status, other.code], [400, "BadDigest"], name);
      const odd = await t.s3("PUT", "/bucket/wrong", { body: "other", headers: { [header]: "abc" } });
      assert.deepEqual([odd.status, odd.code], [400, "InvalidRequest"], name);
      const trailing = await t.s3("PUT", `/bucket/trailer-${name}`, {
        payload: "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        headers: {
          "x-amz-trailer": header,
          "content-encoding": "aws-chunked",
          "x-amz-decoded-content-length": "100000",
        },
        body: Buffer.concat([Buffer.from("186a0\r\n"), bytes, Buffer.from(`\r\n0\r\n${header}:${value}\r\n\r\n`)]),
      });
      assert.equal(trailing.status, 200, trailing.text);
      assert.equal(trailing.headers[header], value);
      const back = await t.s3("GET", `/bucket/trailer-${name}`);
      assert.deepEqual(back.bytes, bytes);
      assert.equal(back.headers["content-encoding"], undefined);
    }
    const two = { "x-amz-checksum-crc32": sums.crc32, "x-amz-checksum-sha1": sums.sha1 };
    assert.equal((await t.s3("PUT", "/bucket/wrong", { body: bytes, headers: two })).code, "InvalidRequest");
    assert.equal((await t.s3("HEAD", "/bucket/wrong")).status, 404, "nothing was kept of what did not fit");
    const md5s = { "content-md5": Buffer.from(md5("x"), "hex").toString("base64") };
    assert.equal((await t.s3("PUT", "/bucket/wrong", { body: "y", headers: md5s })).code, "BadDigest");
    assert.equal(
      (await t.s3("PUT", "/bucket/wrong", { body: "y", headers: { "content-md5": "abc" } })).code,
      "InvalidDigest",
    );
  });

  it("in signed chunks, whose signatures are checked", async () => {
    const bytes = randomBytes(70_000);
    const pieces = [bytes.subarray(0, 65_536), bytes.subarray(65_536), Buffer.alloc(0)];
    const framed = (signer: { chunk(hash: string): string }, spoil = false) =>
      Buffer.concat(
        pieces.flatMap((piece, index) => {
          const made = signer.chunk(sha256(piece));
          const said = spoil && index === 1 ? made.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) : made;
          const end = piece.length === 0 ? "\r\n" : "\r\n";
          return [Buffer.from(`${piece.length.toString(16)};chunk-signature=${said}\r\n`), piece, Buffer.from(end)];
        }),
      );
    const headers = { "content-encoding": "aws-chunked", "x-amz-decoded-content-length": "70000" };
    const payload = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    const put = await t.s3("PUT", "/bucket/chunked", { payload, headers, chunks: (signer) => framed(signer) });
    assert.equal(put.status, 200, put.text);
    assert.deepEqual((await t.s3("GET", "/bucket/chunked")).bytes, bytes);
    const spoiled = await t.s3("PUT", "/bucket/spoiled", {
      payload,
      headers,
      chunks: (signer) => framed(signer, true),
    });
    assert.deepEqual([spoiled.status, spoiled.code], [403, "SignatureDoesNotMatch"]);
    assert.equal((await t.s3("HEAD", "/bucket/spoiled")).status, 404);
    const short = { ...headers, "x-amz-decoded-content-length": "70001" };
    assert.equal(
      (await t.s3("PUT", "/bucket/short", { payload, headers: short, chunks: (signer) => framed(signer) })).status,
      400,
    );
    const trailer = `${payload}-TRAILER`;
    const sum = crcOf("crc64nvme", bytes);
    const trailing = { ...headers, "x-amz-trailer": "x-amz-checksum-crc64nvme" };
    const signed = await t.s3("PUT", "/bucket/trailed", {
      payload: trailer,
      headers: trailing,
      chunks(signer) {
        const body = framed(signer);
        const last = signer.trailer(sha256(`x-amz-checksum-crc64nvme:${sum}\n`));
        return Buffer.concat([
          body.subarray(0, -2),
          Buffer.from(`x-amz-checksum-crc64nvme:${sum}\r\nx-amz-trailer-signature:${last}\r\n\r\n`),
        ]);
      },
    });
    assert.equal(signed.status, 200, signed.text);
    assert.equal(signed.headers["x-amz-checksum-crc64nvme"], sum);
    const unsigned = await t.s3("PUT", "/bucket/unsigned", {
      payload: trailer,
      headers: trailing,
      chunks: (signer) =>
        Buffer.concat([framed(signer).subarray(0, -2), Buffer.from(`x-amz-checksum-crc64nvme:${sum}\r\n\r\n`)]),
    });
    assert.equal(unsigned.code, "SignatureDoesNotMatch");
  });

  it("ranges: one or several are answered, a broken one is as none, one behind the end is refused", async () => {
    await t.s3("PUT", "/bucket/r", { body: "hello world" });
    const range = (text: string) => t.s3("GET", "/bucket/r", { headers: { range: text } });
    const part = await range("bytes=6-");
    assert.deepEqual([part.status, part.text, part.headers["content-range"]], [206, "world", "bytes 6-10/11"]);
    assert.equal((await range("bytes=-5")).text, "world");
    for (const text of ["bytes=5-2", "elephants=1-2", "bytes=z"]) {
      const whole = await range(text);
      assert.deepEqual([whole.status, whole.text], [200, "hello world"], text);
    }
    const several = await range("bytes=0-1,4-5");
    const [, boundary] =
      /^multipart\/byteranges;boundary=([0-9a-f]{32})$/.exec(`${several.headers["content-type"]}`) ?? [];
    const head = (span: string) =>
      `--${boundary}\r\nContent-Type: binary/octet-stream\r\nContent-Range: bytes ${span}/11\r\n\r\n`;
    assert.deepEqual(
      [several.status, several.text],
      [206, `${head("0-1")}he\r\n${head("4-5")}o \r\n--${boundary}--`],
      "as s3api answers, where AWS sends all of it",
    );
    assert.equal((await range("bytes=0-1,90-95")).headers["content-range"], "bytes 0-1/11");
    const behind = await range("bytes=11-20");
    assert.deepEqual([behind.status, behind.code, behind.xml("ActualObjectSize")], [416, "InvalidRange", "11"]);
  });

  it("conditions of reads and writes", async () => {
    const etag = `"${md5("one")}"`;
    assert.equal((await t.s3("PUT", "/bucket/if", { body: "one", headers: { "if-none-match": "*" } })).status, 200);
    const again = await t.s3("PUT", "/bucket/if", { body: "two", headers: { "if-none-match": "*" } });
    assert.deepEqual([again.status, again.code, again.xml("Condition")], [412, "PreconditionFailed", "If-None-Match"]);
    assert.equal((await t.s3("PUT", "/bucket/if", { body: "two", headers: { "if-match": '"x"' } })).status, 412);
    assert.equal((await t.s3("PUT", "/bucket/no", { body: "two", headers: { "if-match": etag } })).code, "NoSuchKey");
    assert.equal((await t.s3("GET", "/bucket/if", { headers: { "if-none-match": etag } })).status, 304);
    assert.equal((await t.s3("GET", "/bucket/if", { headers: { "if-match": '"x"' } })).code, "PreconditionFailed");
    const old = { "if-match": etag, "if-unmodified-since": "Mon, 01 Jan 2001 00:00:00 GMT" };
    assert.equal(
      (await t.s3("GET", "/bucket/if", { headers: old })).status,
      200,
      "a tag that fits stands above a time",
    );
    assert.equal((await t.s3("DELETE", "/bucket/if", { headers: { "if-match": '"x"' } })).status, 412);
    assert.equal((await t.s3("PUT", "/bucket/if", { body: "two", headers: { "if-match": etag } })).status, 200);
    const both = await Promise.all(
      ["a", "b", "c", "d"].map((body) => t.s3("PUT", "/bucket/race", { body, headers: { "if-none-match": "*" } })),
    );
    assert.deepEqual(both.map(({ status }) => status).sort(), [200, 412, 412, 412], "one of several");
  });

  it("copies: metadata kept or replaced, conditions of the source, ranges and names encoded", async () => {
    await t.s3("PUT", "/bucket/ü ñ+%", { body: "source", headers: { "x-amz-meta-a": "1", "x-amz-tagging": "k=v" } });
    const source = { "x-amz-copy-source": `bucket/${encodeURIComponent("ü ñ+%")}` };
    const copy = (headers: Record<string, string>, to = "/bucket/copy") =>
      t.s3("PUT", to, { headers: { ...source, ...headers } });
    const kept = await copy({});
    assert.deepEqual([kept.status, kept.xml("ETag")], [200, `"${md5("source")}"`.replaceAll('"', "&quot;")]);
    const got = await t.s3("GET", "/bucket/copy");
    assert.deepEqual([got.text, got.headers["x-amz-meta-a"], got.headers["x-amz-tagging-count"]], ["source", "1", "1"]);
    await copy({ "x-amz-metadata-directive": "REPLACE", "x-amz-meta-b": "2" });
    const replaced = await t.s3("GET", "/bucket/copy");
    assert.deepEqual([replaced.headers["x-amz-meta-a"], replaced.headers["x-amz-meta-b"]], [undefined, "2"]);
    assert.equal((await copy({ "x-amz-metadata-directive": "PERHAPS" })).code, "InvalidArgument");
    assert.equal((await copy({ "x-amz-copy-source-if-match": '"x"' })).code, "PreconditionFailed");
    assert.equal((await copy({}, "/bucket/ü ñ+%")).code, "InvalidRequest", "to itself, unchanged");
    assert.equal((await copy({ "x-amz-metadata-directive": "REPLACE" }, "/bucket/ü ñ+%")).status, 200);
    const none = await t.s3("PUT", "/bucket/copy", { headers: { "x-amz-copy-source": "/bucket/none" } });
    assert.deepEqual([none.status, none.code], [404, "NoSuchKey"]);
  });

  it("many are deleted at once, each with its answer", async () => {
    for (const name of ["d/1", "d/2", "d/<3>"]) await t.s3("PUT", `/bucket/${name}`, { body: "x" });
    const body =
      "<Delete><Object><Key>d/1</Key></Object><Object><Key>d/none</Key></Object><Object><Key>d/&lt;3&gt;</Key></Object></Delete>";
    const query = { delete: "" };
    const sums: Record<string, string>[] = [
      { "content-md5": Buffer.from(md5(body), "hex").toString("base64") },
      { "x-amz-checksum-crc32": crc32Of(body) },
      { "x-amz-checksum-sha256": sha("sha256", body) },
      {},
    ];
    for (const headers of sums) {
      const answer = await t.s3("POST", "/bucket", { query, body, headers });
      assert.deepEqual(answer.all("Key"), ["d/1", "d/none", "d/&lt;3&gt;"], answer.text);
    }
    assert.equal((await t.s3("HEAD", "/bucket/d/2")).status, 200);
    const wrong = { "x-amz-checksum-crc32": crc32Of("other") };
    assert.equal((await t.s3("POST", "/bucket", { query, body, headers: wrong })).code, "BadDigest");
    const entity =
      '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&f;</Key></Object></Delete>';
    for (const bad of ["", "<Delete>", entity, `${"<Delete>".repeat(10_000)}`])
      assert.equal((await t.s3("POST", "/bucket", { query, body: bad })).code, "MalformedXML", bad.slice(0, 20));
  });

  it("lists in pages, with delimiters, in either version", async () => {
    await t.s3("PUT", "/listed");
    const names = ["a/1", "a/2", "b", "c/1", "d e+f", "é"];
    for (const name of names) await t.s3("PUT", `/listed/${name}`, { body: name });
    const list = (query: Record<string, string>) => t.s3("GET", "/listed", { query });
    assert.deepEqual((await list({})).all("Key"), names);
    const page = await list({ "list-type": "2", delimiter: "/", "max-keys": "2" });
    assert.deepEqual(
      [page.all("Key"), page.all("Prefix"), page.xml("KeyCount"), page.xml("IsTruncated")],
      [["b"], ["a/"], "2", "true"],
    );
    const next = await list({
      "list-type": "2",
      delimiter: "/",
      "continuation-token": page.xml("NextContinuationToken"),
    });
    assert.deepEqual([next.all("Key"), next.all("Prefix")], [["d e+f", "é"], ["c/"]]);
    const first = await list({ delimiter: "/", "max-keys": "1" });
    assert.equal(first.xml("NextMarker"), "a/");
    assert.deepEqual((await list({ delimiter: "/", marker: "a/" })).all("Prefix"), ["c/"]);
    assert.deepEqual((await list({ "encoding-type": "url", prefix: "d" })).all("Key"), ["d%20e%2Bf"]);
    assert.deepEqual((await list({ "list-type": "2", "start-after": "c/1" })).all("Key"), ["d e+f", "é"]);
    assert.equal((await list({ "list-type": "2", "fetch-owner": "true" })).xml("DisplayName"), "alpha");
    const none = await list({ "max-keys": "0" });
    assert.deepEqual([none.all("Key"), none.xml("IsTruncated")], [[], "false"]);
    const wrong: Record<string, string>[] = [
      { "max-keys": "-1" },
      { "max-keys": "x" },
      { "encoding-type": "foo" },
      { "list-type": "2", "continuation-token": "*" },
    ];
    for (const query of wrong) assert.equal((await list(query)).code, "InvalidArgument", JSON.stringify(query));
  });

  it("attributes, and what is asked of an answer's headers", async () => {
    await t.s3("PUT", "/bucket/at", { body: "bytes", headers: { "x-amz-checksum-crc32": crc32Of("bytes") } });
    const headers = { "x-amz-object-attributes": "ETag,Checksum,ObjectSize,StorageClass" };
    const answer = await t.s3("GET", "/bucket/at", { query: { attributes: "" }, headers });
    assert.deepEqual(
      ["ETag", "ChecksumCRC32", "ChecksumType", "ObjectSize", "StorageClass"].map((name) => answer.xml(name)),
      [md5("bytes"), crc32Of("bytes"), "FULL_OBJECT", "5", "STANDARD"],
    );
    const query = { "response-content-type": "text/y", "response-content-disposition": "attachment" };
    const got = await t.s3("GET", "/bucket/at", { query });
    assert.deepEqual([got.headers["content-type"], got.headers["content-disposition"]], ["text/y", "attachment"]);
    assert.equal(
      (await t.s3("PUT", "/bucket/at", { body: "x", headers: { "x-amz-server-side-encryption": "AES256" } })).status,
      501,
    );
    assert.equal(
      (await t.s3("PUT", "/bucket/at", { body: "x", headers: { "x-amz-storage-class": "GLACIER" } })).code,
      "InvalidStorageClass",
    );
  });
});
