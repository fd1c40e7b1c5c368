import { setTimeout as sleep } from "node:timers/promises";
import { MEMORY_BACK_MS } from "./api.ts";
import { measure, timed, until } from "./client.ts";
import type { FakeCloud } from "./fake-cloud.ts";
import { loadFigures } from "./load.ts";
import type { Report } from "./report.ts";
import { walkFigures } from "./walk.ts";

const FEW = 100;
const MANY = 10_000;
const AT_ONCE = 500;
/** After a minute without requests the daemon lets go of what it keeps for speed. */
const REST_MS = 75_000;
/** How often a call is made to tell what it costs: the clock of processes has steps of 10 ms. */
const CALLS = 100;

/** What each call costs the daemon, in milliseconds of a processor. */
type Costs = Map<string, number>;

/** Ten thousand servers, ports, rules and volumes: what a call costs beside them and beside a hundred, memory, and a start after a kill. */
export async function scaleFigures(cloud: FakeCloud, report: Report): Promise<void> {
  cloud.tenrec("stack");
  cloud.tenrec("unstack");
  await cloud.startDaemon();
  await cloud.prepare();
  const many = new Many(cloud);
  report.part(`${MANY} servers, ports, rules and volumes: processor time a call, beside the same at ${FEW}`);
  await many.fill(FEW);
  await walkFigures(cloud.client, FEW, report);
  const few = await many.costs();
  await rates(cloud, report);
  const before = await calm(cloud);
  await many.ports(MANY - FEW);
  report.add({ what: "memory, 1,000 ports more", mb: ((await calm(cloud)) - before) / ((MANY - FEW) / 1_000) });
  await many.fill(MANY);
  report.add({ what: `memory, ${MANY} of everything, just made`, mb: cloud.memory() });
  await walkFigures(cloud.client, MANY, report);
  for (const [what, ms] of await many.costs()) report.add({ what, ms, reference: { ms: few.get(what) ?? 0 } });
  await sleep(REST_MS);
  report.add({ what: `memory, ${MANY} of everything, at rest`, mb: cloud.memory() });

  report.part("A start after kill -9");
  await cloud.kill();
  report.add({ what: "the API answers", ms: await cloud.startDaemon() });
  report.add({ what: "all is reconciled, since then", ms: (await timed(() => cloud.reconciled())).ms });
  const { max } = cloud.loopDelay();
  report.add({ what: "longest turn of the event loop", ms: max });
  await bulks(many, cloud, report);
  await loadFigures(cloud, report);
}

/** What another client waits for at most while hundreds are made at once. */
async function bulks(many: Many, cloud: FakeCloud, report: Report): Promise<void> {
  const kinds = [
    ["ports", () => many.ports(AT_ONCE)],
    ["servers", () => cloud.serversInBulk(AT_ONCE, "none")],
  ] as const;
  for (const [what, work] of kinds) {
    let longest = 0;
    let isOver = false;
    const looking = (async () => {
      while (!isOver) longest = Math.max(longest, (await timed(() => cloud.client.must("GET", "/identity/v3"))).ms);
    })();
    await work();
    isOver = true;
    await looking;
    const note = `longest turn since the start: ${cloud.loopDelay().max.toFixed(0)} ms`;
    report.add({ what: `${AT_ONCE} ${what} at once: the longest wait of another`, ms: longest, note });
  }
}

async function rates(cloud: FakeCloud, report: Report): Promise<void> {
  const list = (what: string, path: string) => measure(what, () => cloud.client.call("GET", path));
  const servers = await list("servers in detail, a page of 100", "/compute/v2.1/servers/detail?limit=100");
  const ports = await list("ports, a page of 100", "/networking/v2.0/ports?limit=100");
  const share = (ports.perSecond ?? 0) / (servers.perSecond ?? 1);
  report.add(servers);
  report.add({ ...ports, note: `${share.toFixed(2)} of the servers' rate` });
}

/** Memory after the daemon has had time to give back what it does not need. */
async function calm(cloud: FakeCloud): Promise<number> {
  await sleep(MEMORY_BACK_MS);
  return cloud.memory();
}

class Many {
  readonly #cloud: FakeCloud;
  readonly #made = { servers: 0, ports: 0, rules: 0, volumes: 0 };
  #group = "";
  #number = 0;

  constructor(cloud: FakeCloud) {
    this.#cloud = cloud;
  }

  /** Up to so many of each kind. */
  async fill(total: number): Promise<void> {
    await this.ports(Math.max(0, total - this.#made.ports));
    for (; this.#made.rules < total; this.#made.rules += FEW) await this.#rules();
    await this.#cloud.serversInBulk(total - this.#made.servers, "none");
    this.#made.servers = total;
    for (; this.#made.volumes < total; this.#made.volumes += 50)
      await Promise.all(Array.from({ length: 50 }, () => this.#volume()));
    await until("all volumes are there", 120, async () => {
      const path = `/volume/v3/${this.#cloud.client.projectId}/volumes?status=creating&limit=1`;
      return (await this.#cloud.client.json("GET", path)).volumes.length === 0;
    });
  }

  /** Milliseconds of a processor for one of them. */
  async ports(count: number): Promise<number> {
    const port = { network_id: this.#cloud.network };
    const cpu = await this.#cloud.cpu(async () => {
      for (let left = count; left > 0; left -= AT_ONCE)
        await this.#post("ports", { ports: Array(Math.min(left, AT_ONCE)).fill(port) });
    });
    this.#made.ports += count;
    return count === 0 ? 0 : cpu / count;
  }

  async costs(): Promise<Costs> {
    const { client } = this.#cloud;
    const { projectId } = client;
    const costs: Costs = new Map();
    const tell = async (what: string, times: number, once: () => Promise<unknown>): Promise<void> => {
      // What is compiled and kept by then is no cost of the number of things.
      for (let warm = 0; warm < 10; warm += 1) await once();
      const cpu = await this.#cloud.cpu(async () => {
        for (let n = 0; n < times; n += 1) await once();
      });
      costs.set(what, cpu / times);
    };
    const get = (what: string, path: string) => tell(what, CALLS, () => client.must("GET", path));
    await get("100 servers", "/compute/v2.1/servers/detail?limit=100");
    await get("100 servers by name", "/compute/v2.1/servers/detail?limit=100&name=b");
    await get("100 ports", "/networking/v2.0/ports?limit=100");
    await get("100 ports of a network", `/networking/v2.0/ports?limit=100&network_id=${this.#cloud.network}`);
    await get("100 rules", "/networking/v2.0/security-group-rules?limit=100");
    await get("100 volumes", `/volume/v3/${projectId}/volumes/detail?limit=100`);
    await get("usage", "/compute/v2.1/os-simple-tenant-usage?detailed=0");
    await get("hypervisors", "/compute/v2.1/os-hypervisors/detail");
    await get("quotas of compute", "/compute/v2.1/limits");
    await get("quotas of network", `/networking/v2.0/quotas/${projectId}/details.json`);
    await tell("POST port", CALLS, () => this.#post("ports", { port: { network_id: this.#cloud.network } }));
    await tell("POST rule", CALLS, () => this.#rule());
    await tell("POST server to ACTIVE", CALLS / 2, () => this.#cloud.serversInBulk(1, this.#cloud.networks));
    costs.set("a port", await this.ports(AT_ONCE));
    return costs;
  }

  #post(kind: string, body: object): Promise<unknown> {
    return this.#cloud.client.must("POST", `/networking/v2.0/${kind}`, body);
  }

  async #rules(): Promise<void> {
    const { client } = this.#cloud;
    const group = { security_group: { name: `bench-${this.#made.rules}` } };
    this.#group = (await client.json("POST", "/networking/v2.0/security-groups", group)).security_group.id;
    const rules = Array.from({ length: FEW }, () => this.#next());
    await this.#post("security-group-rules", { security_group_rules: rules });
  }

  #rule(): Promise<unknown> {
    return this.#post("security-group-rules", { security_group_rule: this.#next() });
  }

  #next(): object {
    this.#number = (this.#number % 65_000) + 1;
    const range = { port_range_min: this.#number, port_range_max: this.#number };
    return { security_group_id: this.#group, direction: "ingress", protocol: "tcp", ...range };
  }

  #volume(): Promise<unknown> {
    const { client } = this.#cloud;
    return client.must("POST", `/volume/v3/${client.projectId}/volumes`, { volume: { size: 1 } });
  }
}
