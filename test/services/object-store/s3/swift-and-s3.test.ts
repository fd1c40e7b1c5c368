import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { A } from "../support.ts";
import { type S3Cloud, s3Cloud } from "./support.ts";

const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

/** What one dialect sees of what the other made; in brackets what real Swift with s3api did where that is not it. */
describe("the same objects over Swift and S3", () => {
  let t: S3Cloud;
  before(async () => {
    t = await s3Cloud();
    for (const bucket of ["box", "seg"]) await t.s3("PUT", `/${bucket}`);
    for (const name of ["one", "two"]) await t.swift("PUT", `${A}/seg/${name}`, { body: name.repeat(20_000) });
  });
  after(() => t.close());
  const whole = "one".repeat(20_000) + "two".repeat(20_000);
  const manifest = JSON.stringify([{ path: "/seg/one" }, { path: "/seg/two" }]);
  const putManifest = (name: string) => t.swift("PUT", `${A}/box/${name}?multipart-manifest=put`, { body: manifest });

  it("a static large object is whole over S3, and its segments outlive it there (they were deleted)", async () => {
    const { headers } = await putManifest("static");
    const got = await t.s3("GET", "/box/static");
    assert.equal(got.text, whole);
    assert.equal(got.headers.etag, `${String(headers.etag).slice(0, -1)}-N"`);
    const listed = await t.s3("GET", "/box", { query: { prefix: "static" } });
    assert.equal(listed.xml("Size"), String(whole.length));
    assert.equal((await t.s3("DELETE", "/box/static")).status, 204);
    assert.equal((await t.swift("HEAD", `${A}/seg/one`)).status, 200);
  });

  it("a copy of it over S3 is a plain object", async () => {
    await putManifest("source");
    const copied = await t.s3("PUT", "/box/copied", { headers: { "x-amz-copy-source": "box/source" } });
    assert.equal(copied.xml("ETag"), `&quot;${md5(whole)}&quot;`);
    const over = await t.swift("GET", `${A}/box/copied`);
    assert.deepEqual([over.text, over.headers["x-static-large-object"]], [whole, undefined]);
  });

  it("a dynamic large object is whole over S3", async () => {
    await t.swift("PUT", `${A}/box/dynamic`, { body: "", headers: { "x-object-manifest": "seg/o" } });
    assert.equal((await t.s3("GET", "/box/dynamic")).text, "one".repeat(20_000));
  });

  it("metadata, types and times of expiry are the same", async () => {
    await t.s3("PUT", "/box/m", { body: "x", headers: { "x-amz-meta-mtime": "1577934245.123456781" } });
    const swift = await t.swift("HEAD", `${A}/box/m`);
    assert.equal(swift.headers["x-object-meta-mtime"], "1577934245.123456781");
    assert.equal(swift.headers["content-type"], "binary/octet-stream");
    await t.swift("POST", `${A}/box/m`, { headers: { "x-object-meta-foo_bar": "1", "x-delete-after": "100" } });
    const s3 = await t.s3("HEAD", "/box/m");
    assert.deepEqual([s3.headers["x-amz-meta-foo-bar"], s3.headers["x-amz-meta-mtime"]], ["1", undefined]);
  });

  it("versions that either switches on are those of both", async () => {
    const enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    await t.s3("PUT", "/kept");
    await t.s3("PUT", "/kept", { query: { versioning: "" }, body: enabled });
    assert.equal((await t.swift("HEAD", `${A}/kept`)).headers["x-versions-enabled"], "True");
    const id = (await t.s3("PUT", "/kept/o", { body: "one" })).headers["x-amz-version-id"];
    await t.s3("PUT", "/kept/o", { body: "two" });
    const versions = (await t.swift("GET", `${A}/kept?versions&format=json`)).json;
    assert.deepEqual(
      versions.map((each: { is_latest: boolean; hash: string }) => [each.is_latest, each.hash]),
      [
        [true, md5("two")],
        [false, md5("one")],
      ],
    );
    assert.equal(versions[1].version_id, id);
    const refused = await t.swift("DELETE", `${A}/kept`);
    assert.equal(refused.status, 409);
    await t.s3("DELETE", "/kept/o");
    const gone = await t.swift("GET", `${A}/kept/o`);
    assert.deepEqual([gone.status, gone.headers["x-object-version-id"]], [404, "null"]);
    const back = await t.swift("PUT", `${A}/kept/o?version-id=${id}`);
    assert.equal(back.headers["content-location"], `${A}/kept/o?version-id=${id}`);
    assert.equal((await t.s3("GET", "/kept/o")).text, "one");
    await t.swift("PUT", `${A}/older`, { headers: { "x-versions-location": "seg" } });
    const both = await t.s3("PUT", "/older", { query: { versioning: "" }, body: enabled });
    assert.deepEqual([both.status, both.code], [409, "InvalidBucketState"], "(500)");
  });

  it("containers that S3 could not name are not among its buckets, and all have the time they were made", async () => {
    for (const name of ["Upper", "ab", "under_score"]) await t.swift("PUT", `${A}/${name}`);
    const listed = await t.s3("GET", "/");
    for (const name of ["Upper", "ab", "under_score"]) assert.ok(!listed.all("Name").includes(name), name);
    const now = t.clock.now();
    // On the next whole second, as times of Swift's headers are (2009-02-03).
    for (const made of listed.all("CreationDate")) assert.ok(Math.abs(Date.parse(made) - now) <= 1000, made);
  });

  it("pages: no more than a thousand, whatever is asked for, which is said again", async () => {
    const page = await t.s3("GET", "/seg", { query: { "list-type": "2", "max-keys": "5000" } });
    assert.deepEqual([page.xml("MaxKeys"), page.xml("KeyCount")], ["5000", "2"]);
    const one = await t.s3("GET", "/seg", { query: { "list-type": "2", "max-keys": "1" } });
    assert.equal(Buffer.from(one.xml("NextContinuationToken"), "base64").toString(), "one");
    await t.s3("PUT", "/seg/a/folder", { body: "x" });
    const folders = await t.s3("GET", "/seg", { query: { delimiter: "/" } });
    assert.match(
      folders.text,
      /<\/Contents><CommonPrefixes><Prefix>a\/<\/Prefix><\/CommonPrefixes><\/ListBucketResult>$/,
    );
    await t.s3("DELETE", "/seg/a/folder");
    const wrong = await t.s3("GET", "/seg", { query: { "max-keys": "-1" } });
    assert.equal(wrong.xml("Message"), "Argument max-keys must be an integer between 0 and 2147483647");
    assert.equal((await t.s3("GET", "/seg", { query: { "max-keys": "1" } })).xml("NextMarker"), "");
  });

  it("each page of a large object's segments is checked as it is read", async () => {
    await putManifest("changing");
    await t.swift("DELETE", `${A}/seg/one`);
    const deleted = await t.s3("GET", "/box/changing");
    assert.equal(deleted.status, 409);
    assert.equal((await t.s3("HEAD", "/box/changing")).status, 200);
  });
});
