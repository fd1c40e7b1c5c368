import { type Client, measure, timed } from "./client.ts";
import type { FakeCloud } from "./fake-cloud.ts";
import type { Report } from "./report.ts";

const PAGE = 100;

/** Whether a cloud with many servers answers as fast, per server, as one with few. Begins with 100 servers. */
export async function scaleFigures(cloud: FakeCloud, report: Report): Promise<void> {
  report.part(`Many servers (walks read all of them in detail, ${PAGE} a page)`);
  let there = 100;
  await lists(cloud.client, there, report);
  for (const total of [1_000, 10_000]) {
    const { ms } = await timed(() => cloud.servers(total - there));
    const made = total - there;
    report.add({ what: `${made} servers made and ACTIVE`, ms, perSecond: made / (ms / 1000) });
    there = total;
    report.add({ what: `memory, ${total} servers`, mb: cloud.memory() });
    await lists(cloud.client, total, report);
  }
}

async function lists(client: Client, total: number, report: Report): Promise<void> {
  const walks = [await walk(client), await walk(client), await walk(client)];
  const best = Math.min(...walks.map(({ ms }) => ms));
  for (const { servers } of walks) {
    if (servers !== total) throw new Error(`the list has ${servers} servers, not ${total}`);
  }
  report.add({ what: `walk, ${total} servers`, ms: best, note: `${((best / total) * 1000).toFixed(1)} µs per server` });
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
