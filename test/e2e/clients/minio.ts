// What people do with minio's client library: run by object-store-s3.test.ts beside a cloud (S3_ENDPOINT, AWS_…).
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { Client, CopyConditions } from "minio";

const MIB = 1024 * 1024;
const BUCKET = "of-minio";
const { hostname, port } = new URL(process.env.S3_ENDPOINT ?? "");
const home = process.env.HOME ?? "";
const client = new Client({
  endPoint: hostname,
  port: Number(port),
  useSSL: false,
  accessKey: process.env.AWS_ACCESS_KEY_ID ?? "",
  secretKey: process.env.AWS_SECRET_ACCESS_KEY ?? "",
});
async function read(key: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of await client.getObject(BUCKET, key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
async function keys(prefix = ""): Promise<string[]> {
  const all: string[] = [];
  for await (const { name, prefix: folder } of client.listObjectsV2(BUCKET, prefix, true)) all.push(name ?? folder);
  return all;
}

assert.equal(await client.bucketExists(BUCKET), false);
await client.makeBucket(BUCKET, "us-east-1");
assert.equal(await client.bucketExists(BUCKET), true);

await client.putObject(BUCKET, "text", "hello", undefined, { "x-amz-meta-color": "blue" });
const stat = await client.statObject(BUCKET, "text");
assert.equal(stat.size, 5);
assert.equal(stat.metaData.color, "blue");
assert.equal((await read("text")).toString(), "hello");

// Nobody knows how long it is: one part or several, as it turns out.
const large = randomBytes(12 * MIB);
await client.putObject(BUCKET, "stream", Readable.from([large.subarray(0, 5 * MIB), large.subarray(5 * MIB)]));
assert.deepEqual(await read("stream"), large);
const file = join(home, "minio-file");
writeFileSync(file, large);
await client.fPutObject(BUCKET, "file", file);
await client.fGetObject(BUCKET, "file", `${file}.back`);
assert.deepEqual(readFileSync(`${file}.back`), large);
const part = await client.getPartialObject(BUCKET, "file", MIB, 100);
const chunks: Buffer[] = [];
for await (const chunk of part) chunks.push(chunk);
assert.deepEqual(Buffer.concat(chunks), large.subarray(MIB, MIB + 100));

await client.copyObject(BUCKET, "copy", `/${BUCKET}/text`, new CopyConditions());
assert.equal((await read("copy")).toString(), "hello");
assert.deepEqual(await keys(), ["copy", "file", "stream", "text"]);

const signed = await client.presignedGetObject(BUCKET, "text", 60);
assert.equal(await (await fetch(signed)).text(), "hello");
const put = await client.presignedPutObject(BUCKET, "put", 60);
assert.equal((await fetch(put, { method: "PUT", body: "by a URL" })).status, 200);
assert.equal((await read("put")).toString(), "by a URL");

const policy = client.newPostPolicy();
policy.setBucket(BUCKET);
policy.setKey("form");
policy.setExpires(new Date(Date.now() + 60_000));
policy.setContentLengthRange(1, 100);
const { postURL, formData } = await client.presignedPostPolicy(policy);
const form = new FormData();
for (const [name, value] of Object.entries(formData)) form.append(name, String(value));
form.append("file", new Blob(["by a form"]), "form.txt");
const posted = await fetch(postURL, { method: "POST", body: form });
assert.equal(posted.status, 204, await posted.text());
assert.equal((await read("form")).toString(), "by a form");

// Of objects: for buckets' the library takes only 200, and AWS says 204.
await client.setObjectTagging(BUCKET, "text", { a: "b" });
assert.deepEqual(await client.getObjectTagging(BUCKET, "text"), [{ Key: "a", Value: "b" }]);
await client.removeObjects(BUCKET, await keys());
assert.deepEqual(await keys(), []);
await client.removeBucket(BUCKET);
