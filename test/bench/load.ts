import { Pool } from "undici";
import { timed } from "./client.ts";
import type { FakeCloud } from "./fake-cloud.ts";
import type { Report } from "./report.ts";

const CONNECTIONS = 200;
const NEWCOMER_EVERY_MS = 500;
const TIMEOUT_MS = 60_000;

/** One request; its body makes it a PUT, but for a login. */
interface Asked {
  path: string;
  body?: unknown;
}

/** What clients ask for in a busy cloud, each as often as its weight says. */
async function mixture({ client, logInBody }: FakeCloud): Promise<(() => Asked)[]> {
  const some = async (path: string): Promise<string[]> => {
    const [list] = Object.values(await client.json("GET", `${path}?limit=50`)) as [{ id: string }[]];
    return list.map(({ id }) => id);
  };
  const servers = await some("/compute/v2.1/servers");
  const ports = await some("/networking/v2.0/ports");
  let number = 0;
  const next = (ids: readonly string[]): string => {
    number += 1;
    return ids[number % ids.length] ?? "";
  };
  const plain = (path: string) => (): Asked => ({ path });
  const kinds: [weight: number, ask: () => Asked][] = [
    [30, plain("/identity/v3/auth/tokens")],
    [10, plain("/compute/v2.1/servers/detail?limit=50")],
    [12, () => ({ path: `/compute/v2.1/servers/${next(servers)}` })],
    [8, plain("/compute/v2.1/flavors/detail")],
    [10, plain("/networking/v2.0/ports?limit=50")],
    [8, () => ({ path: `/networking/v2.0/ports/${next(ports)}` })],
    [6, plain("/networking/v2.0/networks?limit=20")],
    [6, plain("/image/v2/images")],
    [4, plain(`/volume/v3/${client.projectId}/volumes/detail?limit=20`)],
    [3, () => ({ path: `/networking/v2.0/ports/${next(ports)}`, body: { port: { name: `x${number}` } } })],
    [2, () => ({ path: `/compute/v2.1/servers/${next(servers)}`, body: { server: { name: `y${number}` } } })],
    [1, () => ({ path: LOG_IN, body: logInBody })],
  ];
  return kinds.flatMap(([weight, ask]) => Array<() => Asked>(weight).fill(ask));
}

const LOG_IN = "/identity/v3/auth/tokens";
const MIXED_MS = 60_000;
const FEWER = 64;
const FEWER_MS = 15_000;

interface Outcome {
  perSecond: number;
  /** The time that 99 of 100 requests took at most, in milliseconds. */
  p99: number;
  failed: number;
}

/** Two hundred clients that ask without a pause: what becomes of one more, and of themselves. */
export async function loadFigures(cloud: FakeCloud, report: Report): Promise<void> {
  report.part(`${CONNECTIONS} busy connections`);
  const page = () => ({ path: "/compute/v2.1/servers/detail?limit=100" });
  const waits: number[] = [];
  let isOver = false;
  const newcomers = async () => {
    while (!isOver) {
      await new Promise((resolve) => setTimeout(resolve, NEWCOMER_EVERY_MS));
      waits.push((await timed(() => fetch(`${cloud.url}/identity/v3`, { headers: { connection: "close" } }))).ms);
    }
  };
  const asking = newcomers();
  const busy = await busyClients(cloud, CONNECTIONS, 8_000, page);
  isOver = true;
  await asking;
  const throughput = `${busy.perSecond.toFixed(0)} pages of 100 servers a second meanwhile, ${busy.failed} failed`;
  report.add({ what: "a new connection, the longest of all", ms: Math.max(...waits), note: throughput });
  for (const [connections, period] of [
    [CONNECTIONS, MIXED_MS],
    [FEWER, FEWER_MS],
  ] as const) {
    const asked = inTurn(await mixture(cloud));
    let mixed: Outcome = { perSecond: 0, p99: 0, failed: 0 };
    const turns = await cloud.turns(async () => {
      mixed = await busyClients(cloud, connections, period, asked);
    });
    const { p99, perSecond, failed } = mixed;
    const what = `mixed load, ${connections} connections, 99 of 100 within`;
    report.add({ what, ms: p99, perSecond, note: `${failed} failed; ${turns}` });
  }
}

function inTurn(kinds: readonly (() => Asked)[]): () => Asked {
  // A step that shares no divisor with their number visits all of them.
  let at = 0;
  return () => {
    at = (at + 29) % kinds.length;
    return kinds[at]?.() ?? { path: "" };
  };
}

async function busyClients(
  cloud: FakeCloud,
  connections: number,
  periodMs: number,
  ask: () => Asked,
): Promise<Outcome> {
  const pool = new Pool(cloud.url, { connections, pipelining: 1, headersTimeout: TIMEOUT_MS });
  const { token } = cloud.client;
  const headers = { "x-auth-token": token, "x-subject-token": token, "content-type": "application/json" };
  const times: number[] = [];
  let failed = 0;
  const end = performance.now() + periodMs;
  const client = async () => {
    while (performance.now() < end) {
      const { ms, value } = await timed(async () => {
        const { path, body: sent } = ask();
        const method = sent === undefined ? "GET" : path === LOG_IN ? "POST" : "PUT";
        const { statusCode, body } = await pool.request({
          method,
          path,
          headers,
          body: sent === undefined ? null : JSON.stringify(sent),
        });
        await body.dump({ limit: Number.MAX_SAFE_INTEGER });
        return statusCode < 400;
      }).catch(() => ({ ms: TIMEOUT_MS, value: false }));
      times.push(ms);
      failed += value ? 0 : 1;
    }
  };
  const { ms } = await timed(() => Promise.all(Array.from({ length: connections }, client)));
  await pool.close();
  times.sort((one, other) => one - other);
  const p99 = times[Math.floor(times.length * 0.99)] ?? 0;
  return { perSecond: times.length / (ms / 1_000), p99, failed };
}
