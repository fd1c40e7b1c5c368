import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { A, type SwiftCloud, swiftCloud, tar } from "./support.ts";

describe("versions, links, many at once, and pages", () => {
  let t: SwiftCloud;
  const clock = new ManualClock();
  before(async () => {
    t = await swiftCloud({ clock });
  });
  after(() => t.close());
  const body = async (path: string, token: string | null = "member:alpha") =>
    (await t.swift("GET", `${A}/${path}`, { token })).text;

  it("are kept of every object where the container says so", async () => {
    await t.swift("PUT", `${A}/v`);
    await t.swift("PUT", `${A}/v/o`, { body: "before" });
    await t.swift("POST", `${A}/v`, { headers: { "x-versions-enabled": "true" } });
    assert.equal((await t.swift("HEAD", `${A}/v`)).headers["x-versions-enabled"], "True");
    const one = String((await t.swift("PUT", `${A}/v/o`, { body: "one" })).headers["x-object-version-id"]);
    await t.swift("PUT", `${A}/v/o`, { body: "two!" });
    const head = await t.swift("HEAD", `${A}/v`);
    assert.equal(head.headers["x-container-object-count"], "1");
    assert.equal(head.headers["x-container-bytes-used"], String("beforeonetwo!".length));
    const versions = (await t.swift("GET", `${A}/v?versions&format=json`)).json;
    assert.deepEqual(
      versions.map(({ bytes, is_latest }: { bytes: number; is_latest: boolean }) => [bytes, is_latest]),
      [
        [4, true],
        [3, false],
        [6, false],
      ],
    );
    assert.equal(await body(`v/o?version-id=${one}`), "one");
    const gone = await t.swift("DELETE", `${A}/v/o`);
    assert.equal(gone.status, 204);
    const missing = await t.swift("GET", `${A}/v/o`);
    assert.equal(missing.status, 404);
    assert.equal(missing.headers["x-object-version-id"], "null");
    const listed = (await t.swift("GET", `${A}/v?versions`)).json;
    assert.equal(listed.length, 4);
    assert.equal(listed[0].is_latest, true);
    assert.match(listed[0].content_type, /swift_versions_deleted=1/);
    const restored = await t.swift("PUT", `${A}/v/o?version-id=${one}`, { body: "" });
    assert.equal(restored.status, 201);
    assert.match(String(restored.headers["content-location"]), /v\/o\?version-id=/);
    assert.equal(await body("v/o"), "one");
    await t.swift("DELETE", `${A}/v/o?version-id=${restored.headers["x-object-version-id"]}`);
    assert.equal((await t.swift("GET", `${A}/v/o`)).status, 404);
    assert.equal((await t.swift("DELETE", `${A}/v`)).status, 409);
    assert.match((await t.swift("DELETE", `${A}/v`)).text, /Delete all versions before deleting container/);
    for (const { version_id } of (await t.swift("GET", `${A}/v?versions`)).json)
      assert.equal((await t.swift("DELETE", `${A}/v/o?version-id=${version_id}`)).status, 204);
    assert.equal((await t.swift("HEAD", `${A}/v`)).headers["x-container-bytes-used"], "0");
    assert.equal((await t.swift("DELETE", `${A}/v`)).status, 204);
  });

  it("go to another container in the older ways, and come back from a stack", async () => {
    for (const name of ["old", "stack", "history"]) await t.swift("PUT", `${A}/${name}`);
    await t.swift("POST", `${A}/stack`, { headers: { "x-versions-location": "old" } });
    for (const text of ["1", "2", "3"]) await t.swift("PUT", `${A}/stack/o`, { body: text });
    assert.equal((await body("old")).trim().split("\n").length, 2);
    assert.match(await body("old"), /^001o\/\d{10}\.\d{5}\n/);
    for (const left of ["2", "1"]) {
      await t.swift("DELETE", `${A}/stack/o`);
      assert.equal(await body("stack/o"), left);
    }
    await t.swift("DELETE", `${A}/stack/o`);
    assert.equal((await t.swift("GET", `${A}/stack/o`)).status, 404);
    assert.equal(await body("old"), "");
    await t.swift("POST", `${A}/history`, { headers: { "x-history-location": "old" } });
    await t.swift("PUT", `${A}/history/o`, { body: "1" });
    assert.equal((await t.swift("DELETE", `${A}/history/o`)).status, 204);
    assert.equal((await body("old")).trim().split("\n").length, 2);
    assert.equal((await t.swift("PUT", `${A}/stack`, { headers: { "x-versions-enabled": "true" } })).status, 400);
    await t.swift("POST", `${A}/stack`, { headers: { "x-versions-location": "nowhere" } });
    await t.swift("PUT", `${A}/stack/p`, { body: "1" });
    assert.equal((await t.swift("PUT", `${A}/stack/p`, { body: "2" })).status, 412);
  });

  it("links lead to what they name, static ones to that very object", async () => {
    await t.swift("PUT", `${A}/l`);
    const etag = String((await t.swift("PUT", `${A}/l/target`, { body: "here" })).headers.etag);
    const link = (name: string, headers: Record<string, string>) =>
      t.swift("PUT", `${A}/l/${name}`, { body: "", headers });
    assert.equal((await link("link", { "x-symlink-target": "l/target" })).status, 201);
    const got = await t.swift("GET", `${A}/l/link`);
    assert.equal(got.text, "here");
    assert.equal(got.headers["content-location"], `${A}/l/target`);
    const itself = await t.swift("HEAD", `${A}/l/link?symlink=get`);
    assert.equal(itself.headers["x-symlink-target"], "l/target");
    assert.equal(itself.headers["content-length"], "0");
    assert.equal(
      (await link("static", { "x-symlink-target": "l/target", "x-symlink-target-etag": "0".repeat(32) })).status,
      409,
    );
    assert.equal((await link("static", { "x-symlink-target": "l/target", "x-symlink-target-etag": etag })).status, 201);
    const post = await t.swift("POST", `${A}/l/link`, { headers: { "x-object-meta-a": "b" } });
    assert.equal(post.status, 307);
    assert.equal(post.headers.location, `${A}/l/target`);
    await t.swift("PUT", `${A}/l/target`, { body: "changed" });
    assert.equal(await body("l/link"), "changed");
    assert.equal((await t.swift("GET", `${A}/l/static`)).status, 409);
    await link("a", { "x-symlink-target": "l/b" });
    await link("b", { "x-symlink-target": "l/a" });
    assert.equal((await t.swift("GET", `${A}/l/a`)).status, 409);
    assert.equal(
      (await t.swift("PUT", `${A}/l/x`, { body: "no", headers: { "x-symlink-target": "l/y" } })).status,
      400,
    );
    assert.equal((await link("x", { "x-symlink-target": "l" })).status, 412);
  });

  it("many are deleted at once, objects before their containers", async () => {
    await t.swift("PUT", `${A}/many`);
    await t.swift("PUT", `${A}/many/${encodeURIComponent("ä b")}`, { body: "" });
    const report = await t.swift("POST", `${A}?bulk-delete`, {
      body: `many\nmany/${encodeURIComponent("ä b")}\nmany/nothing\n`,
      headers: { accept: "application/json", "content-type": "text/plain" },
    });
    assert.equal(report.status, 200);
    assert.deepEqual(report.json, {
      "Number Deleted": 2,
      "Number Not Found": 1,
      "Response Body": "",
      "Response Status": "200 OK",
      Errors: [],
    });
    await t.swift("PUT", `${A}/many`);
    await t.swift("PUT", `${A}/many/o`, { body: "" });
    const refused = await t.swift("DELETE", `${A}/?bulk-delete=1`, { body: "many\n" });
    assert.equal(
      refused.text,
      "Number Deleted: 0\nNumber Not Found: 0\nResponse Body: \nResponse Status: 400 Bad Request\nErrors:\nmany, 409 Conflict\n",
    );
    assert.match((await t.swift("POST", `${A}?bulk-delete`, { body: "" })).text, /Invalid bulk delete/);
  });

  it("an archive's files become objects", async () => {
    const files: [string, Buffer][] = [
      ["./box/a.txt", Buffer.from("one")],
      ["box/dir/big", Buffer.alloc(100_000, 7)],
      ["top", Buffer.from("no container")],
    ];
    for (const [kind, bytes] of [
      ["tar", tar(files)],
      ["tar.gz", gzipSync(tar(files))],
      ["tar.bz2", execFileSync("bzip2", ["-c"], { input: tar(files) })],
    ] as const) {
      const made = await t.swift("PUT", `${A}?extract-archive=${kind}`, {
        body: bytes,
        headers: { accept: "application/json" },
      });
      assert.equal(made.json["Response Status"], "201 Created", made.text);
      assert.equal(made.json["Number Files Created"], 2);
    }
    const a = await t.swift("GET", `${A}/box/a.txt`);
    assert.equal(a.text, "one");
    assert.equal(a.headers["content-type"], "text/plain");
    assert.deepEqual((await t.swift("GET", `${A}/box/dir/big`)).bytes, Buffer.alloc(100_000, 7));
    await t.swift("PUT", `${A}/box/under?extract-archive=tar`, { body: tar([["x", Buffer.from("x")]]) });
    assert.equal(await body("box/under/x"), "x");
    const broken = await t.swift("PUT", `${A}?extract-archive=tar`, {
      body: "x".repeat(600),
      headers: { accept: "application/json" },
    });
    assert.match(broken.json["Response Body"], /^Invalid Tar File/);
    const cut = await t.swift("PUT", `${A}?extract-archive=tar.gz`, {
      body: gzipSync(tar(files)).subarray(0, 100),
      headers: { accept: "application/json" },
    });
    assert.equal(cut.json["Response Status"], "400 Bad Request");
    const noBzip2 = await t.swift("PUT", `${A}?extract-archive=tar.bz2`, {
      body: gzipSync(tar(files)),
      headers: { accept: "application/json" },
    });
    assert.deepEqual(
      [noBzip2.json["Response Status"], noBzip2.json["Response Body"]],
      ["400 Bad Request", "Invalid Tar File: not a bzip2 file"],
    );
    assert.equal((await t.swift("PUT", `${A}?extract-archive=zip`, { body: "" })).status, 400);
  });

  it("an archive that unpacks to far more than was sent is not unpacked to its end", async () => {
    const small = await swiftCloud({ variables: { SWIFT_MAX_FILE_SIZE: "100000" } });
    try {
      const bomb = tar([
        ["box/a", Buffer.from("x")],
        ["box/zeros", Buffer.alloc(20_000_000)],
        ["box/b", Buffer.from("x")],
      ]);
      for (const [kind, body] of [
        ["tar.gz", gzipSync(bomb, { level: 9 })],
        ["tar.bz2", execFileSync("bzip2", ["-c"], { input: bomb })],
      ] as const) {
        const answer = await small.swift("PUT", `${A}?extract-archive=${kind}`, {
          body,
          headers: { accept: "application/json" },
        });
        const isFar = kind === "tar.bz2";
        assert.equal(answer.json["Response Status"], "400 Bad Request");
        assert.equal(answer.json["Response Body"], isFar ? "Invalid Tar File: it unpacks to too much" : "");
        assert.deepEqual(answer.json.Errors, [["box/zeros", "413 Request Entity Too Large"]]);
        assert.equal(answer.json["Number Files Created"], isFar ? 1 : 2, kind);
      }
    } finally {
      await small.close();
    }
  });

  it("a container is a web site for who has no token", async () => {
    await t.swift("PUT", `${A}/web`, {
      headers: {
        "x-container-read": ".r:*,.rlistings",
        "x-container-meta-web-index": "index.html",
        "x-container-meta-web-error": "oops.html",
      },
    });
    for (const [name, text] of [
      ["index.html", "front"],
      ["dir/index.html", "inner"],
      ["404oops.html", "lost"],
      ["files/<b>", "f"],
    ] as const)
      await t.swift("PUT", `${A}/web/${encodeURI(name)}`, { body: text });
    const web = (path: string) => t.swift("GET", `${A}/web${path}`, { token: null });
    const slash = await web("");
    assert.equal(slash.status, 301);
    assert.match(String(slash.headers.location), /\/object-store\/v1\/AUTH_alpha\/web\/$/);
    assert.equal((await web("/")).text, "front");
    assert.equal((await web("/dir")).status, 301);
    assert.equal((await web("/dir/")).text, "inner");
    const lost = await web("/nothing");
    assert.equal(lost.status, 404);
    assert.equal(lost.text, "lost");
    assert.equal((await web("/files/")).status, 404);
    await t.swift("POST", `${A}/web`, { headers: { "x-container-meta-web-listings": "true" } });
    const page = await web("/files/");
    assert.equal(page.status, 200);
    assert.equal(page.headers.vary, "Accept");
    assert.match(page.text, /Listing of .*files\//);
    assert.match(page.text, /<a href="\.\/%3Cb%3E">&lt;b&gt;<\/a>/);
    assert.equal((await t.swift("GET", `${A}/web`)).status, 200);
  });

  it("what has expired is not there any more, and then it is gone", async () => {
    await t.swift("PUT", `${A}/e`);
    await t.swift("PUT", `${A}/e/o`, { body: "x", headers: { "x-delete-after": "5" } });
    assert.match(String((await t.swift("HEAD", `${A}/e/o`)).headers["x-delete-at"]), /^\d+$/);
    clock.advance(5_000);
    assert.equal((await t.swift("GET", `${A}/e/o`)).status, 404);
    clock.advance(10_000);
    assert.equal((await t.swift("HEAD", `${A}/e`)).headers["x-container-object-count"], "0");
  });

  it("containers that are synced with each other have the same, with its times, and lose the same", async () => {
    const to = (name: string) => ({
      "x-container-sync-to": `//realm1/name1/AUTH_alpha/${name}`,
      "x-container-sync-key": "key",
    });
    await t.swift("PUT", `${A}/s1`);
    await t.swift("PUT", `${A}/s1/early`, { body: "before" });
    await t.swift("PUT", `${A}/s2`);
    await t.swift("POST", `${A}/s1`, { headers: to("s2") });
    clock.advance(3_000);
    assert.equal(await body("s2"), "", "the other has no key yet");
    await t.swift("POST", `${A}/s2`, { headers: to("s1") });
    await t.swift("PUT", `${A}/s2/late`, { body: "after" });
    clock.advance(5_000);
    const list = async (name: string) => (await t.swift("GET", `${A}/${name}?format=json`)).json;
    assert.deepEqual(await list("s1"), await list("s2"));
    assert.equal(await body("s1/late"), "after");
    assert.equal(await body("s2/early"), "before");
    await t.swift("DELETE", `${A}/s1/late`);
    clock.advance(5_000);
    assert.equal((await t.swift("GET", `${A}/s2/late`)).status, 404);
    for (const [value, said] of [
      ["//realm2/name1/a/c", "No realm key for 'realm2'"],
      ["//realm1/name2/a/c", "No cluster endpoint for 'realm1' 'name2'"],
      ["http://elsewhere/v1/a/c", "Invalid host 'elsewhere' in X-Container-Sync-To"],
    ] as const) {
      const refused = await t.swift("POST", `${A}/s1`, { headers: { "x-container-sync-to": value } });
      assert.equal(refused.status, 400);
      assert.equal(refused.text, said);
    }
  });

  it("a clock that is set back loses nothing", async () => {
    await t.swift("PUT", `${A}/back`, { headers: { "x-versions-enabled": "true" } });
    await t.swift("PUT", `${A}/back/o`, { body: "first" });
    clock.advance(-3_600_000);
    await t.swift("PUT", `${A}/back/o`, { body: "second" });
    assert.equal(await body("back/o"), "second");
    assert.equal((await t.swift("GET", `${A}/back?versions`)).json.length, 2);
    await t.swift("DELETE", `${A}/back/o`);
    assert.equal((await t.swift("GET", `${A}/back/o`)).status, 404);
  });
});
