import { Pool } from "undici";
import { timed } from "./client.ts";
import type { FakeCloud } from "./fake-cloud.ts";
import type { Report } from "./report.ts";

const CONNECTIONS = 200;
const NEWCOMER_EVERY_MS = 500;
const TIMEOUT_MS = 60_000;

/** What clients ask for in a busy cloud, each as often as its weight says. */
const MIXED: readonly (readonly [weight: number, path: string])[] = [
  [30, "/identity/v3/auth/tokens"],
  [10, "/compute/v2.1/servers/detail?limit=50"],
  [8, "/compute/v2.1/flavors/detail"],
  [10, "/networking/v2.0/ports?limit=50"],
  [6, "/networking/v2.0/networks?limit=20"],
  [6, "/image/v2/images"],
];

interface Outcome {
  perSecond: number;
  /** The time that 99 of 100 requests took at most, in milliseconds. */
  p99: number;
  failed: number;
}

/** Two hundred clients that ask without a pause: what becomes of one more, and of themselves. */
export async function loadFigures(cloud: FakeCloud, report: Report): Promise<void> {
  report.part(`${CONNECTIONS} busy connections`);
  const page = () => "/compute/v2.1/servers/detail?limit=100";
  const waits: number[] = [];
  let isOver = false;
  const newcomers = async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, NEWCOMER_EVERY_MS));
      waits.push((await timed(() => fetch(`${cloud.url}/identity/v3`, { headers: { connection: "close" } }))).ms);
    }
  };
  const asking = newcomers();
  const busy = await busyClients(cloud, 8_000, page);
  isOver = true;
  await asking;
  const throughput = `${busy.perSecond.toFixed(0)} pages of 100 servers a second meanwhile, ${busy.failed} failed`;
  report.add({ what: "a new connection, the longest of all", ms: Math.max(...waits), note: throughput });
  const mixed = await busyClients(cloud, 20_000, mixedPath());
  report.add({
    what: "mixed load, 99 of 100 within",
    ms: mixed.p99,
    perSecond: mixed.perSecond,
    note: `${mixed.failed} failed`,
  });
}

function mixedPath(): () => string {
  const paths = MIXED.flatMap(([weight, path]) => Array<string>(weight).fill(path));
  // A step that shares no divisor with their number visits all of them.
  let at = 0;
  return () => {
    at = (at + 29) % paths.length;
    return paths[at] ?? "";
  };
}

async function busyClients(cloud: FakeCloud, periodMs: number, path: () => string): Promise<Outcome> {
  const pool = new Pool(cloud.url, { connections: CONNECTIONS, pipelining: 1, headersTimeout: TIMEOUT_MS });
  const { token } = cloud.client;
  const headers = { "x-auth-token": token, "x-subject-token": token };
  const times: number[] = [];
  let failed = 0;
  const end = performance.now() + periodMs;
  const client = async () => {
    while (performance.now() < end) {
      const { ms, value } = await timed(async () => {
        const { statusCode, body } = await pool.request({ method: "GET", path: path(), headers });
        await body.dump({ limit: Number.MAX_SAFE_INTEGER });
        return statusCode < 400;
      }).catch(() => ({ ms: TIMEOUT_MS, value: false }));
      times.push(ms);
      failed += value ? 0 : 1;
    }
  };
  const { ms } = await timed(() => Promise.all(Array.from({ length: CONNECTIONS }, client)));
  await pool.close();
  times.sort((one, other) => one - other);
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
  return { perSecond: times.length / (ms / 1_000), p99, failed };
}
