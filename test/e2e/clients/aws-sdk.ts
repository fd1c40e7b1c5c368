// What people do with the AWS SDK of npm, with its defaults: run by object-store-s3.test.ts beside a cloud (S3_ENDPOINT, AWS_…).
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createReadStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  type ChecksumAlgorithm,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";

const MIB = 1024 * 1024;
const Bucket = "of-the-sdk";
const client = new S3Client({ endpoint: process.env.S3_ENDPOINT ?? "", forcePathStyle: true });
const read = async (Key: string) => {
  // The SDK compares what it reads with the checksum that is kept.
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

await client.send(new CreateBucketCommand({ Bucket }));

await client.send(new PutObjectCommand({ Bucket, Key: "text", Body: "hello", Metadata: { color: "blue" } }));
const head = await client.send(new HeadObjectCommand({ Bucket, Key: "text", ChecksumMode: "ENABLED" }));
assert.equal(head.Metadata?.color, "blue");
assert.ok(head.ChecksumCRC32 !== undefined, "today's SDK sends a crc32 by itself");
assert.equal((await read("text")).toString(), "hello");

// A stream whose length is known: chunks with the checksum behind them.
const file = join(process.env.HOME ?? "", "sdk-file");
const bytes = randomBytes(3 * MIB + 7);
writeFileSync(file, bytes);
await client.send(
  new PutObjectCommand({ Bucket, Key: "file", Body: createReadStream(file), ContentLength: bytes.length }),
);
assert.deepEqual(await read("file"), bytes);

for (const algorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] satisfies ChecksumAlgorithm[]) {
  for (const [how, Body] of [
    ["buffer", bytes],
    ["stream", Readable.from([bytes.subarray(0, MIB), bytes.subarray(MIB)])],
  ] as const) {
    const Key = `${algorithm}-${how}`;
    const put = await client.send(
      new PutObjectCommand({ Bucket, Key, Body, ContentLength: bytes.length, ChecksumAlgorithm: algorithm }),
    );
    assert.ok(put[`Checksum${algorithm}`] !== undefined, Key);
    assert.deepEqual(await read(Key), bytes, Key);
  }
}

// A stream of which nobody knows the length, in parts.
const large = randomBytes(17 * MIB);
async function* pieces() {
  for (let at = 0; at < large.length; at += 100_000) yield large.subarray(at, at + 100_000);
}
await new Upload({ client, params: { Bucket, Key: "large", Body: Readable.from(pieces()) } }).done();
assert.deepEqual(await read("large"), large);
const attributes = await client.send(
  new GetObjectAttributesCommand({ Bucket, Key: "large", ObjectAttributes: ["ETag", "ObjectParts", "ObjectSize"] }),
);
assert.equal(attributes.ObjectSize, large.length);
assert.equal(attributes.ObjectParts?.TotalPartsCount, 4);

const names = ["ü ñ+%/☃", "a//b", "../up", "'quotes\"", "nl\nx"];
for (const Key of names) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
for (const Key of names) assert.equal((await read(Key)).toString(), Key);
const copied = "copy of ü";
await client.send(
  new CopyObjectCommand({ Bucket, Key: copied, CopySource: `${Bucket}/${encodeURIComponent(names[0] ?? "")}` }),
);
assert.equal((await read(copied)).toString(), names[0]);

const missing = await client.send(new GetObjectCommand({ Bucket, Key: "nothing" })).catch((error: unknown) => error);
assert.equal((missing as Error).name, "NoSuchKey");

const listed: string[] = [];
let token: string | undefined;
do {
  const page: { Contents?: { Key?: string }[]; NextContinuationToken?: string } = await client.send(
    new ListObjectsV2Command({ Bucket, MaxKeys: 4, ContinuationToken: token }),
  );
  listed.push(...(page.Contents ?? []).map(({ Key = "" }) => Key));
  token = page.NextContinuationToken;
} while (token !== undefined);
assert.deepEqual(
  listed,
  [...listed].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
);
for (const name of [...names, copied, "text", "file", "large"]) assert.ok(listed.includes(name), name);

const removed = await client.send(
  new DeleteObjectsCommand({ Bucket, Delete: { Objects: listed.map((Key) => ({ Key })) } }),
);
assert.equal(removed.Deleted?.length, listed.length);
await client.send(new DeleteBucketCommand({ Bucket }));
client.destroy();
