import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { A, type SwiftCloud, swiftCloud } from "./support.ts";

const md5 = (text: string | Buffer): string => createHash("md5").update(text).digest("hex");

describe("static large objects", () => {
  let t: SwiftCloud;
  const parts = ["a".repeat(40_000), "b".repeat(10), "c".repeat(33_000)];
  const put = (name: string, segments: unknown, options: { query?: string; headers?: Record<string, string> } = {}) =>
    t.swift("PUT", `${A}/c/${name}?multipart-manifest=put${options.query ?? ""}`, {
      body: JSON.stringify(segments),
      headers: options.headers ?? {},
    });
  before(async () => {
    t = await swiftCloud();
    for (const container of ["c", "seg"]) await t.swift("PUT", `${A}/${container}`);
    for (const [index, body] of parts.entries()) await t.swift("PUT", `${A}/seg/${index}`, { body });
  });
  after(() => t.close());
  const segments = () =>
    parts.map((body, index) => ({ path: `/seg/${index}`, etag: md5(body), size_bytes: body.length }));

  it("are one object of all their segments", async () => {
    const made = await put("big", segments(), { headers: { "content-type": "x/y" } });
    assert.equal(made.status, 201, made.text);
    const etag = md5(parts.map(md5).join(""));
    assert.equal(made.headers.etag, `"${etag}"`);
    const whole = parts.join("");
    const got = await t.swift("GET", `${A}/c/big`);
    assert.equal(got.text, whole);
    assert.equal(got.headers.etag, `"${etag}"`);
    assert.equal(got.headers["x-static-large-object"], "True");
    assert.equal(got.headers["content-length"], String(whole.length));
    assert.equal(got.headers["content-type"], "x/y");
    const middle = await t.swift("GET", `${A}/c/big`, { headers: { range: "bytes=39995-40015" } });
    assert.equal(middle.status, 206);
    assert.equal(middle.text, whole.slice(39_995, 40_016));
    const manifest = await t.swift("GET", `${A}/c/big?multipart-manifest=get`);
    assert.deepEqual(
      manifest.json.map((entry: { name: string }) => entry.name),
      ["/seg/0", "/seg/1", "/seg/2"],
    );
    assert.equal(manifest.headers["content-type"], "application/json; charset=utf-8");
    assert.equal(got.headers["x-manifest-etag"], md5(manifest.bytes));
    const [listed] = (await t.swift("GET", `${A}/c?format=json&prefix=big`)).json;
    assert.equal(listed.bytes, whole.length);
    assert.equal(listed.slo_etag, `"${etag}"`);
    assert.equal(listed.hash, md5(manifest.bytes));
  });

  it("take parts of segments, bytes of their own, and large objects", async () => {
    await put("inner", segments());
    const made = await put("outer", [
      { path: "/seg/0", range: "5-9" },
      { data: Buffer.from("--").toString("base64") },
      { path: "/c/inner", range: "-3" },
    ]);
    assert.equal(made.status, 201, made.text);
    assert.equal((await t.swift("GET", `${A}/c/outer`)).text, "aaaaa--ccc");
  });

  it("are refused with what is wrong with each segment, missing ones first", async () => {
    const [first, second, third] = segments();
    const wrong = [{ ...first, etag: md5("other") }, { ...second, size_bytes: 11 }, { path: "/seg/nope" }, third];
    const json = await put("bad", wrong, { headers: { accept: "application/json" } });
    assert.equal(json.status, 400);
    assert.deepEqual(json.json, {
      Errors: [
        ["/seg/nope", "404 Not Found"],
        ["/seg/0", "Etag Mismatch"],
        ["/seg/1", "Size Mismatch"],
      ],
    });
    const text = await put("bad", wrong);
    assert.match(text.text, /^Errors:\n\/seg\/nope, 404 Not Found\n/);
    const xml = await put("bad", wrong, { headers: { accept: "application/xml" } });
    assert.match(
      xml.text,
      /<errors>\n<object><name>\/seg\/nope<\/name><status>404 Not Found<\/status><\/object>\n<object><name>\/seg\/0</,
    );
    const beat = await put("bad", wrong, { query: "&heartbeat=on", headers: { accept: "application/json" } });
    assert.equal(beat.status, 202);
    assert.equal(beat.json["Response Status"], "400 Bad Request");
    assert.equal((await put("bad", {})).status, 400);
    assert.match(
      (await put("bad", [{ path: "seg" }, 5])).text,
      /^Index 0: path does not refer to an object.*\nIndex 1: not a JSON object\n$/,
    );
    assert.match((await put("bad", [{ path: "/c/bad" }])).text, /must not include itself/);
    assert.equal((await t.swift("GET", `${A}/c/bad`)).status, 404);
  });

  it("answer 409 when the segment that is read first has changed, and break off at a later one", async () => {
    for (const name of ["s0", "s1"]) await t.swift("PUT", `${A}/seg/${name}`, { body: name.repeat(20_000) });
    await put("changing", [{ path: "/seg/s0" }, { path: "/seg/s1" }]);
    await t.swift("PUT", `${A}/seg/s1`, { body: "other".repeat(8000) });
    const later = await t.swift("GET", `${A}/c/changing`).then(
      () => "whole",
      () => "broken off",
    );
    assert.equal(later, "broken off");
    const good = await t.swift("GET", `${A}/c/changing`, { headers: { range: "bytes=0-9" } });
    assert.equal(good.status, 206);
    const bad = await t.swift("GET", `${A}/c/changing`, { headers: { range: "bytes=40005-40009" } });
    assert.equal(bad.status, 409);
    assert.match(bad.text, /There was a conflict/);
    assert.equal((await t.swift("HEAD", `${A}/c/changing`)).status, 200);
    await t.swift("DELETE", `${A}/seg/s0`);
    assert.equal((await t.swift("GET", `${A}/c/changing`)).status, 409, "one that is gone, too");
    for (const name of ["t0", "t1"]) await t.swift("PUT", `${A}/seg/${name}`, { body: "ten bytes." });
    await put("tiny", [{ path: "/seg/t0" }, { path: "/seg/t1" }]);
    await t.swift("PUT", `${A}/seg/t1`, { body: "other" });
    const tiny = await t.swift("GET", `${A}/c/tiny`).then(
      () => "whole",
      () => "broken off",
    );
    assert.equal(tiny, "broken off", "where Swift shows a traceback");
  });

  it("are deleted with their segments when that is asked for", async () => {
    for (const name of ["d0", "d1"]) await t.swift("PUT", `${A}/seg/${name}`, { body: name });
    await put("doomed", [{ path: "/seg/d0" }, { path: "/seg/d1" }]);
    const gone = await t.swift("DELETE", `${A}/c/doomed?multipart-manifest=delete`);
    assert.equal(gone.status, 200);
    assert.equal(
      gone.text,
      "Number Deleted: 3\nNumber Not Found: 0\nResponse Body: \nResponse Status: 200 OK\nErrors:\n",
    );
    for (const path of ["c/doomed", "seg/d0", "seg/d1"])
      assert.equal((await t.swift("HEAD", `${A}/${path}`)).status, 404);
  });

  it("become plain objects when they are copied, unless the manifest is", async () => {
    await put("source", segments());
    await t.swift("COPY", `${A}/c/source`, { headers: { destination: "c/plain" } });
    const plain = await t.swift("HEAD", `${A}/c/plain`);
    assert.equal(plain.headers["x-static-large-object"], undefined);
    assert.equal(plain.headers.etag, md5(parts.join("")));
    await t.swift("COPY", `${A}/c/source?multipart-manifest=get`, { headers: { destination: "c/manifest" } });
    assert.equal((await t.swift("HEAD", `${A}/c/manifest`)).headers["x-static-large-object"], "True");
  });
});

describe("dynamic large objects", () => {
  let t: SwiftCloud;
  before(async () => {
    t = await swiftCloud();
    for (const container of ["c", "seg"]) await t.swift("PUT", `${A}/${container}`);
  });
  after(() => t.close());

  it("are what is listed under their prefix", async () => {
    const headers = { "x-object-manifest": "seg/p/" };
    await t.swift("PUT", `${A}/c/d`, { headers, body: "" });
    const empty = await t.swift("GET", `${A}/c/d`);
    assert.equal(empty.status, 200);
    assert.equal(empty.headers.etag, `"${md5("")}"`);
    assert.equal(empty.headers["content-length"], "0");
    await t.swift("PUT", `${A}/seg/p/2`, { body: "two" });
    await t.swift("PUT", `${A}/seg/p/1`, { body: "one" });
    const got = await t.swift("GET", `${A}/c/d`);
    assert.equal(got.text, "onetwo");
    assert.equal(got.headers.etag, `"${md5(md5("one") + md5("two"))}"`);
    assert.equal(got.headers["x-object-manifest"], "seg/p/");
    assert.equal((await t.swift("GET", `${A}/c/d`, { headers: { range: "bytes=2-4" } })).text, "etw");
    assert.equal((await t.swift("GET", `${A}/c/d?multipart-manifest=get`)).text, "");
    await t.swift("PUT", `${A}/c/nowhere`, { headers: { "x-object-manifest": "gone/p" }, body: "" });
    assert.equal((await t.swift("HEAD", `${A}/c/nowhere`)).status, 404);
    const refused = await t.swift("PUT", `${A}/c/d`, { headers: { "x-object-manifest": "seg/" }, body: "" });
    assert.equal(refused.status, 400);
    assert.equal(refused.text, "X-Object-Manifest must be in the format container/prefix");
    await t.swift("POST", `${A}/c/d`, { headers: { "x-object-meta-a": "b" } });
    assert.equal((await t.swift("GET", `${A}/c/d`)).text, "");
  });
});
