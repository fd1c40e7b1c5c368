import { createHash, randomFillSync } from "node:crypto";
import { closeSync, openSync, readSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type AccessKey, sha256Of, signS3 } from "../support/sign-s3.ts";
import { bareCopy, beside, curl, rates } from "./data.ts";
import type { FakeCloud } from "./fake-cloud.ts";
import { median, type Report } from "./report.ts";
import { requestBytes } from "./wire.ts";

const MIB = 1024 * 1024;
const ROUNDS = 3;
/** Bytes in a signed chunk of a streaming body. */
const CHUNK = 256 * 1024;
const STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

/** The same bytes over S3: signed as a whole, and in signed chunks as SDKs stream them. The container of the Swift figures is the bucket. */
export async function s3Figures(cloud: FakeCloud, report: Report, file: string): Promise<void> {
  const key = await accessKey(cloud);
  for (const size of [4096, MIB]) await small(cloud, report, key, size);
  await large(cloud, report, key, file);
}

async function accessKey({ client }: FakeCloud): Promise<AccessKey> {
  const { users } = await client.json("GET", "/identity/v3/users?name=admin");
  const path = `/identity/v3/users/${users[0].id}/credentials/OS-EC2`;
  return (await client.json("POST", path, { tenant_id: client.projectId })).credential;
}

async function small(cloud: FakeCloud, report: Report, key: AccessKey, size: number): Promise<void> {
  const bytes = randomFillSync(Buffer.allocUnsafe(size));
  const name = size < MIB ? `${size / 1024} KiB` : `${size / MIB} MiB`;
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  const target = (n: number) => new URL(`${cloud.url}/s3/bench/s3-${n}`);
  const hash = sha256Of(bytes);
  const plain = numbers.map((n) => requestBytes("PUT", target(n), signS3(key, "PUT", target(n), hash).headers, bytes));
  await rates(cloud, report, `S3 PUT ${name}`, target(0), plain);
  const streamed = numbers.map((n) => {
    const { headers, pieces } = chunked(key, target(n), size, [bytes]);
    return requestBytes("PUT", target(n), headers, Buffer.concat([...pieces]));
  });
  await rates(cloud, report, `S3 PUT ${name}, signed chunks`, target(0), streamed);
  const get = requestBytes("GET", target(0), signS3(key, "GET", target(0), sha256Of("")).headers);
  await rates(cloud, report, `S3 GET ${name}`, target(0), [get]);
}

async function large(cloud: FakeCloud, report: Report, key: AccessKey, file: string): Promise<void> {
  const target = new URL(`${cloud.url}/s3/bench/s3-large`);
  const { size } = statSync(file);
  const hash = sha256OfFile(file);
  const stream = join(cloud.directory, "chunked");
  const copies: number[] = [];
  const times: Record<string, number[]> = { put: [], streamed: [], get: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    const framed = chunked(key, target, size, piecesOf(file));
    writePieces(stream, framed.pieces);
    copies.push(await bareCopy(cloud, file));
    const put = signS3(key, "PUT", target, hash).headers;
    times.put?.push(await curl(cloud, target.pathname, 200, put, "-T", file));
    times.streamed?.push(await curl(cloud, target.pathname, 200, framed.headers, "-T", stream));
    const get = signS3(key, "GET", target, sha256Of("")).headers;
    times.get?.push(await curl(cloud, target.pathname, 200, get));
  }
  rmSync(stream);
  report.add({ what: "bare copy with fsync", ms: median(copies) });
  beside(report, "S3 PUT", copies, times.put ?? []);
  beside(report, "S3 PUT, signed chunks", copies, times.streamed ?? []);
  beside(report, "S3 GET", copies, times.get ?? []);
}

/** A body in signed chunks, made as it is asked for, and the headers that go with it. */
function chunked(key: AccessKey, target: URL, size: number, source: Iterable<Uint8Array>) {
  const more = { "content-encoding": "aws-chunked", "x-amz-decoded-content-length": String(size) };
  const { headers, chunks } = signS3(key, "PUT", target, STREAMING, more);
  function* pieces(): Generator<Uint8Array> {
    for (const bytes of source) {
      for (let at = 0; at < bytes.length; at += CHUNK) yield* chunk(bytes.subarray(at, at + CHUNK));
    }
    yield* chunk(new Uint8Array());
  }
  function* chunk(bytes: Uint8Array): Generator<Uint8Array> {
    const signature = chunks.chunk(sha256Of(bytes));
    yield Buffer.from(`${bytes.length.toString(16)};chunk-signature=${signature}\r\n`);
    yield bytes;
    yield Buffer.from("\r\n");
  }
  return { headers, pieces: pieces() };
}

function* piecesOf(file: string): Generator<Uint8Array> {
  const fd = openSync(file, "r");
  const bytes = Buffer.allocUnsafe(CHUNK * 4);
  for (let count = readSync(fd, bytes); count > 0; count = readSync(fd, bytes)) yield bytes.subarray(0, count);
  closeSync(fd);
}

function writePieces(path: string, pieces: Iterable<Uint8Array>): void {
  const fd = openSync(path, "w");
  for (const piece of pieces) writeSync(fd, piece);
  closeSync(fd);
}

function sha256OfFile(file: string): string {
  const sum = createHash("sha256");
  for (const bytes of piecesOf(file)) sum.update(bytes);
  return sum.digest("hex");
}
