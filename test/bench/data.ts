import { execFile } from "node:child_process";
import { randomFillSync } from "node:crypto";
import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { timed } from "./client.ts";
import type { FakeCloud } from "./fake-cloud.ts";
import { median, type Report } from "./report.ts";
import { s3Figures } from "./s3.ts";
import { requestBytes, wireRate } from "./wire.ts";

const MIB = 1024 * 1024;
/** MiB of the image and of the large object. */
const SIZE = Number(process.env.SIZE ?? 1024);
const ROUNDS = 3;
/** On how many connections small objects are put and read. */
const CONNECTIONS = 8;

const run = promisify(execFile);

/** Bytes in and out, by curl, beside a copy of the same file to the same disk with fsync: what the disk needs alone. */
export async function dataFigures(cloud: FakeCloud, report: Report): Promise<void> {
  const file = join(cloud.directory, "random");
  writeRandom(file, SIZE);
  const small = join(cloud.directory, "random-1");
  writeRandom(small, 1);
  report.part(`Bytes: ${SIZE} MiB, medians of ${ROUNDS}; the floor is a bare copy with fsync, each time right before`);
  await images(cloud, report, file);
  report.add({ what: "memory after image data", mb: cloud.memory() });
  await largeObjects(cloud, report, file);
  await smallObjects(cloud, report, 4096, small);
  await smallObjects(cloud, report, MIB, small);
  await s3Figures(cloud, report, file);
  report.add({ what: "memory after object data", mb: cloud.memory() });
  const { p99, max } = cloud.loopDelay();
  report.add({ what: "loop delay, p99 of all this", ms: p99, note: `longest ${max} ms` });
}

function writeRandom(path: string, mebibytes: number): void {
  const fd = openSync(path, "w");
  const bytes = Buffer.allocUnsafe(MIB);
  for (let n = 0; n < mebibytes; n += 1) writeSync(fd, randomFillSync(bytes));
  fsyncSync(fd);
  closeSync(fd);
}

/** Seconds of a copy, of what is in memory already. */
export async function bareCopy(cloud: FakeCloud, file: string): Promise<number> {
  const to = join(cloud.directory, "copy");
  const { ms } = await timed(() => run("dd", [`if=${file}`, `of=${to}`, "bs=1M", "conv=fsync"]));
  rmSync(to);
  return ms;
}

/** Milliseconds of one transfer. */
export async function curl(
  cloud: FakeCloud,
  path: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  ...words: string[]
): Promise<number> {
  const format = ["-s", "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "-H", "Expect:"];
  const said = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const { stdout } = await run("curl", [...format, ...said, ...words, cloud.url + path]);
  const [code, seconds] = stdout.split(" ");
  if (Number(code) !== status) throw new Error(`${path} → ${code}`);
  return Number(seconds) * 1000;
}

const upload = (file: string) => ["-T", file, "-H", "content-type: application/octet-stream"];
const token = ({ client }: FakeCloud) => ({ "x-auth-token": client.token });

/** Each beside the copy that was made right before it. */
export function beside(report: Report, what: string, copies: readonly number[], times: readonly number[]): void {
  const ratio = median(times.map((ms, index) => ms / (copies[index] ?? Number.NaN)));
  report.add({ what, ms: median(times), note: `${ratio.toFixed(2)} × the bare copy` });
}

async function images(cloud: FakeCloud, report: Report, file: string): Promise<void> {
  const copies: number[] = [];
  const ups: number[] = [];
  const downs: number[] = [];
  const formats = { disk_format: "raw", container_format: "bare" };
  for (let round = 0; round < ROUNDS; round += 1) {
    const { id } = await cloud.client.json("POST", "/image/v2/images", { name: "bench", ...formats });
    copies.push(await bareCopy(cloud, file));
    ups.push(await curl(cloud, `/image/v2/images/${id}/file`, 204, token(cloud), ...upload(file)));
    downs.push(await curl(cloud, `/image/v2/images/${id}/file`, 200, token(cloud)));
    await cloud.client.must("DELETE", `/image/v2/images/${id}`);
  }
  report.add({ what: "bare copy with fsync", ms: median(copies) });
  beside(report, "image upload", copies, ups);
  beside(report, "image download", copies, downs);
}

async function largeObjects(cloud: FakeCloud, report: Report, file: string): Promise<void> {
  const container = `/object-store/v1/AUTH_${cloud.client.projectId}/bench`;
  await cloud.client.must("PUT", container);
  const copies: number[] = [];
  const ups: number[] = [];
  const downs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    copies.push(await bareCopy(cloud, file));
    ups.push(await curl(cloud, `${container}/large`, 201, token(cloud), ...upload(file)));
    downs.push(await curl(cloud, `${container}/large`, 200, token(cloud)));
    await cloud.client.must("DELETE", `${container}/large`);
  }
  beside(report, "object PUT", copies, ups);
  beside(report, "object GET", copies, downs);
}

async function smallObjects(cloud: FakeCloud, report: Report, size: number, file: string): Promise<void> {
  const container = `/object-store/v1/AUTH_${cloud.client.projectId}/bench`;
  const bytes = randomFillSync(Buffer.allocUnsafe(size));
  const name = size < MIB ? `${size / 1024} KiB` : `${size / MIB} MiB`;
  const target = (n: number) => new URL(`${cloud.url}${container}/small-${n}`);
  const puts = Array.from({ length: 100 }, (_, n) => requestBytes("PUT", target(n), token(cloud), bytes));
  const get = requestBytes("GET", target(0), token(cloud));
  await rates(cloud, report, `object PUT ${name}`, target(0), puts);
  await rates(cloud, report, `object GET ${name}`, target(0), [get]);
  if (size !== MIB) return;
  const copies: number[] = [];
  for (let n = 0; n < 20; n += 1) copies.push(await bareCopy(cloud, file));
  report.add({ what: `bare copy of ${name} with fsync`, ms: median(copies), note: "a process each" });
}

/** How many a second, on one connection and on several. */
export async function rates(
  cloud: FakeCloud,
  report: Report,
  what: string,
  target: URL,
  requests: readonly Buffer[],
): Promise<void> {
  for (const connections of [1, CONNECTIONS]) {
    let measured = { perSecond: 0, answers: 0 };
    const cpu = await cloud.cpu(async () => {
      measured = await wireRate(target, requests, connections);
    });
    const { perSecond, answers } = measured;
    const note = `${Math.round((cpu * 1000) / answers)} µs of CPU each`;
    report.add({ what: connections === 1 ? `${what}, one connection` : what, perSecond, note });
  }
}
