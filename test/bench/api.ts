import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { measure, timed, until } from "./client.ts";
import type { FakeCloud, Networks } from "./fake-cloud.ts";
import { median, type Report } from "./report.ts";

/** The daemon looks every ten seconds whether nothing happens any more, and then gives memory back. */
export const MEMORY_BACK_MS = 25_000;

/** Start, memory, and the calls that every client makes. */
export async function apiFigures(cloud: FakeCloud, report: Report): Promise<void> {
  report.part("Start and memory (VIRT_DRIVER=fake)");
  report.add({ what: "whole stack", ms: (await timed(async () => cloud.tenrec("stack"))).ms });
  cloud.tenrec("unstack");
  report.add({ what: "first answer after start", ms: await cloud.startDaemon() });
  await cloud.prepare();
  report.add({ what: "memory, idle", mb: cloud.memory() });

  report.part("Calls: median on one connection, throughput on eight");
  const get = (what: string, path: string) => measure(what, () => client.call("GET", path));
  const { client } = cloud;
  report.add(await measure("POST token", () => client.call("POST", "/identity/v3/auth/tokens", cloud.logInBody)));
  report.add(await get("validate token", "/identity/v3/auth/tokens"));
  report.add(await get("images", "/image/v2/images"));
  report.add(await get("flavors in detail", "/compute/v2.1/flavors/detail"));
  report.add(await get("servers in detail, 0", "/compute/v2.1/servers/detail"));
  report.add(await get("resource providers", "/placement/resource_providers"));
  report.add(await get("volumes in detail, 0", `/volume/v3/${client.projectId}/volumes/detail`));
  await networkCalls(cloud, report);
  await serverCalls(cloud, report);
  commandLine(cloud, report);
}

/** Times `count` calls one after the other, each with its number. */
async function each(count: number, body: (n: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < count; n += 1) times.push((await timed(() => body(n))).ms);
  return median(times);
}

async function networkCalls({ client, network }: FakeCloud, report: Report): Promise<void> {
  const made: string[] = [];
  const post = async (kind: "network" | "port", body: object) => {
    const answer = await client.json("POST", `/networking/v2.0/${kind}s`, { [kind]: body });
    made.unshift(`/networking/v2.0/${kind}s/${answer[kind].id}`);
  };
  report.add({ what: "POST network", ms: await each(20, (n) => post("network", { name: `bench-${n}` })) });
  report.add({ what: "POST port", ms: await each(100, (n) => post("port", { network_id: network, name: `p${n}` })) });
  report.add(await measure("networks, 21", () => client.call("GET", "/networking/v2.0/networks?limit=21")));
  report.add(await measure("ports, 100", () => client.call("GET", "/networking/v2.0/ports?limit=100")));
  report.add({
    what: "DELETE port or network",
    ms: await each(made.length, (n) => client.must("DELETE", made[n] ?? "")),
  });
}

async function serverCalls(cloud: FakeCloud, report: Report): Promise<void> {
  const { client } = cloud;
  const kinds: [string, Networks][] = [
    ["no network", "none"],
    ["one network", cloud.networks],
  ];
  for (const [label, networks] of kinds) {
    const ids: string[] = [];
    const one = async (n: number) => {
      const { server } = await client.json("POST", "/compute/v2.1/servers", cloud.serverBody(`one-${n}`, networks));
      ids.push(server.id);
      const path = `/compute/v2.1/servers/${server.id}`;
      await until("ACTIVE", 60, async () => (await client.json("GET", path)).server.status === "ACTIVE", 1);
    };
    report.add({ what: `POST server to ACTIVE, ${label}`, ms: await each(20, one) });
    await cloud.deleteServers(ids);
    const fifty = await timed(() => cloud.servers(50, networks));
    report.add({ what: `50 servers at once, ${label}`, ms: fifty.ms });
    report.add({ what: "50 servers deleted", ms: (await timed(() => cloud.deleteServers(fifty.value))).ms });
  }
  await cloud.servers(100);
  report.add({ what: "memory, 100 servers", mb: cloud.memory() });
  report.add(await measure("servers, 100", () => client.call("GET", "/compute/v2.1/servers?limit=100")));
  report.add(
    await measure("servers in detail, 100", () => client.call("GET", "/compute/v2.1/servers/detail?limit=100")),
  );
  await sleep(MEMORY_BACK_MS);
  report.add({ what: "memory, 100 servers, idle again", mb: cloud.memory() });
}

/** Most of it is Python starting: `openstack --version` alone is the client without any cloud. */
function commandLine(cloud: FakeCloud, report: Report): void {
  const env = {
    ...process.env,
    HOME: cloud.directory,
    OS_CLIENT_CONFIG_FILE: join(cloud.directory, "data/clouds.yaml"),
    OS_CLOUD: "devstack-admin",
  };
  const run = (...args: string[]): number => {
    const times = Array.from({ length: 3 }, () => {
      const begin = performance.now();
      execFileSync("openstack", args, { env, stdio: "ignore" });
      return performance.now() - begin;
    });
    return median(times);
  };
  report.part("Command line");
  report.add({ what: "openstack --version", ms: run("--version"), note: "no cloud involved" });
  report.add({ what: "openstack token issue", ms: run("token", "issue") });
  report.add({ what: "openstack server list, 100", ms: run("server", "list") });
}
