import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { until } from "../../support/patience.ts";
import { A, type SwiftCloud, swiftCloud } from "./support.ts";

const md5 = (bytes: string | Uint8Array): string => createHash("md5").update(bytes).digest("hex");

describe("objects", () => {
  let t: SwiftCloud;
  before(async () => {
    t = await swiftCloud();
    assert.equal((await t.swift("PUT", `${A}/c`)).status, 201);
  });
  after(() => t.close());

  it("are named by the decoded path: a slash is one however it is written, and no container has one", async () => {
    assert.equal((await t.swift("PUT", `${A}/c%2Fwritten`, { body: "x" })).status, 201);
    assert.equal((await t.swift("GET", `${A}/c/written`)).text, "x");
    assert.equal((await t.swift("GET", `${A}/none%2Fwritten`)).status, 404);
    assert.ok(!(await t.swift("GET", A)).text.split("\n").includes("c/written"));
    assert.equal((await t.swift("PUT", `${A}/c/a%2fb%252F`, { body: "y" })).status, 201);
    assert.equal((await t.swift("GET", `${A}/c/a/b%252F`)).text, "y");
    for (const name of ["written", "a/b%252F"]) await t.swift("DELETE", `${A}/c/${name}`);
  });

  it("are given back as they were put, small ones and large ones", async () => {
    for (const size of [0, 1, 4096, 32 * 1024, 32 * 1024 + 1, 3 * 1024 * 1024 + 7]) {
      const bytes = randomBytes(size);
      const put = await t.swift("PUT", `${A}/c/o${size}`, {
        body: bytes,
        headers: { "content-type": "text/x", "x-object-meta-a": "b" },
      });
      assert.equal(put.status, 201, put.text);
      assert.equal(put.headers.etag, md5(bytes));
      assert.equal(put.headers["content-length"], "0");
      assert.match(String(put.headers["x-trans-id"]), /^tx[0-9a-f]{21}-[0-9a-f]{10}$/);
      const got = await t.swift("GET", `${A}/c/o${size}`);
      assert.equal(got.status, 200);
      assert.deepEqual(got.bytes, bytes);
      assert.equal(got.headers["content-type"], "text/x");
      assert.equal(got.headers["x-object-meta-a"], "b");
      assert.equal(got.headers["accept-ranges"], "bytes");
      const head = await t.swift("HEAD", `${A}/c/o${size}`);
      assert.equal(head.status, 200);
      assert.equal(head.headers["content-length"], String(size));
      assert.equal(head.headers.etag, md5(bytes));
    }
  });

  it("have any name but NUL, as it was sent", async () => {
    const names = [
      "a//b",
      "./x",
      "../y",
      "../../../identity/v3",
      "/lead",
      "with\nnewline",
      "tab\t",
      "🦔",
      "e\u0301",
      "pct%2F",
      "a b+c?d#e",
      "x".repeat(1024),
    ];
    await t.swift("PUT", `${A}/names`);
    for (const name of names) {
      const path = `${A}/names/${name.split("/").map(encodeURIComponent).join("/")}`;
      assert.equal((await t.swift("PUT", path, { body: name })).status, 201, name);
      assert.equal((await t.swift("GET", path)).text, name);
    }
    const listed = await t.swift("GET", `${A}/names?format=json`);
    const order = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    assert.deepEqual(
      listed.json.map(({ name }: { name: string }) => name),
      order,
    );
    assert.equal((await t.swift("PUT", `${A}/names/a%00b`, { body: "" })).status, 412);
    assert.equal((await t.swift("PUT", `${A}/names/%ff`, { body: "" })).status, 412);
    assert.equal((await t.swift("PUT", `${A}/names/${"x".repeat(1025)}`, { body: "" })).status, 400);
  });

  it("are counted in their container and account in the same moment", async () => {
    await t.swift("PUT", `${A}/counted`);
    const before = await t.swift("HEAD", A);
    await t.swift("PUT", `${A}/counted/a`, { body: "12345" });
    await t.swift("PUT", `${A}/counted/a`, { body: "123" });
    await t.swift("PUT", `${A}/counted/b`, { body: "1" });
    let head = await t.swift("HEAD", `${A}/counted`);
    assert.equal(head.headers["x-container-object-count"], "2");
    assert.equal(head.headers["x-container-bytes-used"], "4");
    const account = await t.swift("HEAD", A);
    assert.equal(Number(account.headers["x-account-bytes-used"]) - Number(before.headers["x-account-bytes-used"]), 4);
    assert.equal((await t.swift("DELETE", `${A}/counted`)).status, 409);
    assert.equal((await t.swift("DELETE", `${A}/counted/a`)).status, 204);
    assert.equal((await t.swift("DELETE", `${A}/counted/a`)).status, 404);
    assert.equal((await t.swift("DELETE", `${A}/counted/b`)).status, 204);
    head = await t.swift("HEAD", `${A}/counted`);
    assert.equal(head.headers["x-container-bytes-used"], "0");
    assert.equal((await t.swift("DELETE", `${A}/counted`)).status, 204);
    assert.equal((await t.swift("GET", `${A}/counted`)).status, 404);
  });

  it("are refused where the sum does not agree, and nothing is left of them", async () => {
    const put = await t.swift("PUT", `${A}/c/wrong`, { body: "x", headers: { etag: md5("y") } });
    assert.equal(put.status, 422);
    assert.equal((await t.swift("GET", `${A}/c/wrong`)).status, 404);
    assert.equal((await t.swift("PUT", `${A}/c/right`, { body: "x", headers: { etag: `"${md5("x")}"` } })).status, 201);
  });

  it("are read by ranges and under conditions", async () => {
    const body = "0123456789";
    await t.swift("PUT", `${A}/c/r`, { body });
    const get = (headers: Record<string, string>) => t.swift("GET", `${A}/c/r`, { headers });
    for (const [range, text] of [
      ["bytes=2-4", "234"],
      ["bytes=7-", "789"],
      ["bytes=-3", "789"],
      ["bytes=5-500", "56789"],
    ] as const) {
      const answer = await get({ range });
      assert.equal(answer.status, 206);
      assert.equal(answer.text, text);
    }
    assert.equal((await get({ range: "bytes=90-" })).status, 416);
    assert.equal((await get({ range: "bytes=90-" })).headers["content-range"], "bytes */10");
    for (const range of ["bytes=5-3", "lines=1-2", "bytes=-"]) assert.equal((await get({ range })).status, 200);
    const several = await get({ range: "bytes=0-1,8-9" });
    assert.equal(several.status, 206);
    const boundary = /boundary=(.*)$/.exec(String(several.headers["content-type"]))?.[1];
    assert.match(
      several.text,
      new RegExp(`^--${boundary}\r\nContent-Type: .*\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n`),
    );
    assert.equal(several.bytes.length, Number(several.headers["content-length"]));
    assert.equal(
      (await get({ range: `bytes=${Array.from({ length: 51 }, (_, i) => `${i % 10}-${i % 10}`)}` })).status,
      416,
    );
    const etag = md5(body);
    assert.equal((await get({ "if-none-match": etag })).status, 304);
    assert.equal((await get({ "if-match": '"other"' })).status, 412);
    assert.equal((await get({ "if-match": `"${etag}"` })).status, 200);
    assert.equal((await get({ "if-modified-since": "Sat, 01 Jan 2050 00:00:00 GMT" })).status, 304);
    assert.equal((await get({ "if-unmodified-since": "Sat, 01 Jan 2000 00:00:00 GMT" })).status, 412);
    assert.equal((await t.swift("PUT", `${A}/c/r`, { body: "", headers: { "if-none-match": "*" } })).status, 412);
    assert.equal((await t.swift("PUT", `${A}/c/r`, { body: "", headers: { "if-none-match": "abc" } })).status, 400);
  });

  it("are copied with what they are and what the copy says", async () => {
    const body = randomBytes(100_000);
    await t.swift("PUT", `${A}/c/src`, { body, headers: { "content-type": "a/b", "x-object-meta-one": "1" } });
    const copy = await t.swift("COPY", `${A}/c/src`, { headers: { destination: "c/dst", "x-object-meta-two": "2" } });
    assert.equal(copy.status, 201);
    assert.equal(copy.headers["x-copied-from"], "c/src");
    assert.equal(copy.headers["x-copied-from-account"], "AUTH_alpha");
    let got = await t.swift("GET", `${A}/c/dst`);
    assert.deepEqual(got.bytes, body);
    assert.equal(got.headers["content-type"], "a/b");
    assert.equal(got.headers["x-object-meta-one"], "1");
    assert.equal(got.headers["x-object-meta-two"], "2");
    await t.swift("DELETE", `${A}/c/src`);
    got = await t.swift("GET", `${A}/c/dst`);
    assert.deepEqual(got.bytes, body);
    const fresh = await t.swift("PUT", `${A}/c/dst2`, {
      headers: { "x-copy-from": "/c/dst", "x-fresh-metadata": "true", range: "bytes=1-3", "content-length": "0" },
    });
    assert.equal(fresh.status, 201);
    got = await t.swift("GET", `${A}/c/dst2`);
    assert.deepEqual(got.bytes, body.subarray(1, 4));
    assert.equal(got.headers["x-object-meta-one"], undefined);
    assert.equal((await t.swift("COPY", `${A}/c/dst`, { headers: { destination: "nowhere/x" } })).status, 404);
    assert.equal((await t.swift("COPY", `${A}/c/dst`, { headers: { destination: "nowhere" } })).status, 412);
  });

  it("have metadata that a POST sets anew as a whole, but for the type", async () => {
    await t.swift("PUT", `${A}/c/m`, {
      body: "x",
      headers: { "content-type": "a/b", "content-encoding": "gzip", "x-object-meta-one": "1", "x-delete-after": "100" },
    });
    const post = await t.swift("POST", `${A}/c/m`, { headers: { "x-object-meta-two": "2" } });
    assert.equal(post.status, 202);
    assert.match(post.text, /<h1>Accepted<\/h1>/);
    const { headers } = await t.swift("HEAD", `${A}/c/m`);
    assert.equal(headers["content-type"], "a/b");
    assert.equal(headers["x-object-meta-two"], "2");
    for (const gone of ["x-object-meta-one", "content-encoding", "x-delete-at"]) assert.equal(headers[gone], undefined);
    for (const [sent, message] of [
      [{ "x-delete-at": "5" }, "X-Delete-At in past"],
      [{ "x-delete-after": "0" }, "X-Delete-After in past"],
      [{ "x-delete-at": "abc" }, "Non-integer X-Delete-At"],
    ] as const) {
      const refused = await t.swift("POST", `${A}/c/m`, { headers: sent });
      assert.equal(refused.status, 400);
      assert.equal(refused.text, message);
    }
    const long = await t.swift("POST", `${A}/c/m`, { headers: { [`x-object-meta-${"k".repeat(129)}`]: "v" } });
    assert.equal(long.status, 400);
    assert.match(long.text, /^Metadata name too long: x-object-meta-K/);
  });

  it("have names of metadata in one case and without underscores, and values as they were sent", async () => {
    const value = Buffer.from("äöü 🦔").toString("latin1");
    await t.swift("PUT", `${A}/c/h`, {
      body: "",
      headers: { "X-Object-Meta-Foo_Bar": "1", "x-object-meta-bytes": value },
    });
    const { headers } = await t.swift("HEAD", `${A}/c/h`);
    assert.equal(headers["x-object-meta-foo-bar"], "1");
    assert.equal(headers["x-object-meta-bytes"], value);
  });

  it("are of the type that their name tells, where it is not said", async () => {
    for (const [name, type] of [
      ["page.html", "text/html"],
      ["a.tar", "application/x-tar"],
      ["none", "application/octet-stream"],
    ] as const) {
      await t.swift("PUT", `${A}/c/${name}`, { body: "" });
      assert.equal((await t.swift("HEAD", `${A}/c/${name}`)).headers["content-type"], type);
    }
  });

  it("that are refused before they were sent leave a connection that goes on, or say that it ends", async () => {
    await t.swift("PUT", `${A}/tiny`, { headers: { "x-container-meta-quota-bytes": "1" } });
    const head = (method: string, path: string, more = "") =>
      `${method} /object-store${A}/${path} HTTP/1.1\r\nhost: x\r\nx-auth-token: member:alpha\r\n${more}\r\n`;
    for (const expect of ["", "expect: 100-continue\r\n"]) {
      const socket = connect(t.port, "127.0.0.1");
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.write(head("PUT", "tiny/o", `${expect}content-length: 200000\r\n`));
      await until("it is refused", 10, async () => text.includes("Upload exceeds quota."));
      if (/connection: close/i.test(text)) {
        socket.destroy();
        continue;
      }
      socket.write("x".repeat(200_000));
      socket.write(head("HEAD", "tiny"));
      await until("the next request is answered", 10, async () => /HTTP\/1\.1 204/.test(text));
      socket.destroy();
    }
  });

  it("are not put by who does not say how long they are", async () => {
    const socket = connect(t.port, "127.0.0.1");
    socket.end(
      `PUT /object-store${A}/c/x HTTP/1.1\r\nhost: x\r\nx-auth-token: member:alpha\r\nconnection: close\r\n\r\n`,
    );
    let text = "";
    for await (const chunk of socket) text += chunk;
    assert.match(text, /^HTTP\/1\.1 411 /);
    assert.match(text, /Missing Content-Length header\./);
  });

  it("leave no bytes behind when they are overwritten or deleted", async () => {
    const blobs = () => t.cloud.kernel.db.prepare("SELECT count(*) FROM object_blobs").pluck().get() as number;
    await t.swift("PUT", `${A}/gone`);
    const before = blobs();
    for (const size of [10, 100_000, 20]) await t.swift("PUT", `${A}/gone/o`, { body: randomBytes(size) });
    await t.swift("COPY", `${A}/gone/o`, { headers: { destination: "gone/p" } });
    await t.swift("DELETE", `${A}/gone/o`);
    await t.swift("DELETE", `${A}/gone/p`);
    assert.equal(blobs(), before);
  });
});
