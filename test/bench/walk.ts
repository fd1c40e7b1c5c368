import { type Client, measure, timed } from "./client.ts";
import type { Report } from "./report.ts";

const PAGE = 100;

/** Whether a cloud with many servers answers as fast, per server, as one with few: all of them are read in detail, a page after the other. */
export async function walkFigures(client: Client, total: number, report: Report): Promise<void> {
  const walks = [await walk(client), await walk(client), await walk(client)];
  const best = Math.min(...walks.map(({ ms }) => ms));
  for (const { servers } of walks) {
    if (servers < total) throw new Error(`the list has ${servers} servers, not ${total}`);
  }
  const perServer = (best / (walks[0]?.servers ?? total)) * 1_000;
  report.add({ what: `walk, ${total} servers`, ms: best, note: `${perServer.toFixed(1)} µs per server` });
  report.add(
    await measure(`first page of ${total}`, () => client.call("GET", `/compute/v2.1/servers/detail?limit=${PAGE}`)),
  );
}

async function walk(client: Client): Promise<{ ms: number; servers: number }> {
  let count = 0;
  const { ms } = await timed(async () => {
    for (let path: string | undefined = `/compute/v2.1/servers/detail?limit=${PAGE}`; path !== undefined; ) {
      const page: { servers: unknown[]; servers_links?: { rel: string; href: string }[] } = await client.json(
        "GET",
        path,
      );
      count += page.servers.length;
      const next = page.servers_links?.find(({ rel }) => rel === "next");
      path = next === undefined ? undefined : new URL(next.href).pathname + new URL(next.href).search;
    }
  });
  return { ms, servers: count };
}
