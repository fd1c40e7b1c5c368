import { setTimeout as sleep } from "node:timers/promises";
import { MEMORY_BACK_MS } from "./api.ts";
import { type Client, measure, timed, until } from "./client.ts";
import type { FakeCloud } from "./fake-cloud.ts";
import { loadFigures } from "./load.ts";
import type { Report } from "./report.ts";
import { walkFigures } from "./walk.ts";

const FEW = 100;
const MANY = 10_000;
const AT_ONCE = 500;
const MORE_PORTS = 2_000;
/** Requests of the real use that memory is compared after. */
const USES = 4_900;
/** After a minute without requests the daemon lets go of what it keeps for speed. */
const REST_MS = 75_000;
/** How often a call is made to tell what it costs. */
const CALLS = 100;
/** The same for one that takes long. */
const LONG_CALLS = 48;

/** What each call costs the daemon, in milliseconds of a processor. */
type Costs = Map<string, number>;

/** Ten thousand servers, ports, rules, volumes, images and users: what a call costs beside them and beside a hundred, memory, and a start after a kill. */
export async function scaleFigures(cloud: FakeCloud, report: Report): Promise<void> {
  cloud.tenrec("stack");
  cloud.tenrec("unstack");
  await cloud.startDaemon();
  await cloud.prepare();
  const many = new Many(cloud);
  report.part(
    `${MANY} servers, ports, rules, volumes, images and users: processor time a call, beside the same at ${FEW}`,
  );
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

  await use(cloud, report);

  report.part(`A start after kill -9, ${MANY} servers and ${MANY + MORE_PORTS} ports`);
  await many.ports(MORE_PORTS);
  await cloud.kill();
  report.add({ what: "the API answers", ms: await cloud.startDaemon() });
  report.add({ what: "all is reconciled, since then", ms: (await timed(() => cloud.reconciled())).ms });
  const { max, own } = cloud.loopDelay();
  report.add({ what: "longest turn of the event loop", ms: max, note: `${own.max} ms of its own work` });
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
    const note = await cloud.turns(async () => {
      const looking = (async () => {
        while (!isOver) longest = Math.max(longest, (await timed(() => cloud.client.must("GET", "/identity/v3"))).ms);
      })();
      await work();
      isOver = true;
      await looking;
    });
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

/** What is left of memory of thousands of requests that make, show and delete things. */
async function use(cloud: FakeCloud, report: Report): Promise<void> {
  const { client } = cloud;
  const before = cloud.memory();
  const kinds = [
    ["/networking/v2.0/ports", { port: { network_id: cloud.network } }],
    ["/networking/v2.0/networks", { network: { name: "use" } }],
    ["/networking/v2.0/security-groups", { security_group: { name: "use" } }],
    ["/image/v2/images", { name: "use" }],
    ["/identity/v3/users", { user: { name: "use" } }],
    [`/volume/v3/${client.projectId}/volumes`, { volume: { size: 1 } }],
    ["/compute/v2.1/servers", cloud.serverBody("use", cloud.networks)],
  ] as const;
  for (let done = 0; done < USES; done += 3 * kinds.length)
    for (const [path, body] of kinds) await makeAndDelete(client, path, body, done);
  const now = cloud.memory();
  await sleep(REST_MS);
  const rested = cloud.memory();
  const note = `${now.toFixed(0)} MB right after it, ${(rested / before).toFixed(2)} of before`;
  report.add({
    what: `memory, ${USES} requests and a minute of rest later`,
    mb: rested,
    reference: { mb: before },
    note,
  });
}

async function makeAndDelete(client: Client, path: string, body: object, number: number): Promise<void> {
  const text = JSON.stringify(body).replace('"use"', `"use-${number}"`);
  const made = await client.json("POST", path, JSON.parse(text));
  const { id } = made.id === undefined ? made[Object.keys(made)[0] ?? ""] : made;
  await until(
    "it is there",
    60,
    async () => !/"creating"|"BUILD"/.test((await client.must("GET", `${path}/${id}`)).text),
  );
  await client.must("DELETE", `${path}/${id}`);
}

/** Memory after the daemon has had time to give back what it does not need. */
async function calm(cloud: FakeCloud): Promise<number> {
  await sleep(MEMORY_BACK_MS);
  return cloud.memory();
}

class Many {
  readonly #cloud: FakeCloud;
  readonly #made = { servers: 0, ports: 0, rules: 0, volumes: 0, images: 0, users: 0 };
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
    const { client } = this.#cloud;
    const each = async (kind: "volumes" | "images" | "users", make: (number: number) => Promise<unknown>) => {
      for (; this.#made[kind] < total; this.#made[kind] += 50)
        await Promise.all(Array.from({ length: 50 }, (_, n) => make(this.#made[kind] + n)));
    };
    await each("volumes", () => this.#volume());
    const image = { disk_format: "raw", container_format: "bare", os_distro: "bench" };
    await each("images", (n) => client.must("POST", "/image/v2/images", { ...image, name: `bench-${n}` }));
    await each("users", (n) => client.must("POST", "/identity/v3/users", { user: { name: `bench-${n}` } }));
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
      // All rounds together: the kernel tells a process's time in steps that may be longer than a round.
      const cpu = await this.#cloud.cpu(async () => {
        for (let n = 0; n < times; n += 1) await once();
      });
      costs.set(what, cpu / times);
    };
    const get = (what: string, path: string) => tell(what, CALLS, () => client.must("GET", path));
    for (const [what, path] of this.#filters()) await get(what, path);
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
    await tell("POST server to ACTIVE", LONG_CALLS, () => this.#cloud.serversInBulk(1, this.#cloud.networks));
    costs.set("a port", await this.ports(AT_ONCE));
    return costs;
  }

  /** A page of each kind, narrowed in the ways that users narrow it: to few of all, or to none. */
  #filters(): [what: string, path: string][] {
    const volumes = `/volume/v3/${this.#cloud.client.projectId}/volumes/detail?limit=100`;
    const lists = {
      servers: ["/compute/v2.1/servers/detail?limit=100", "ip=10.9.9.9", "status=ERROR", "all_tenants=1&host=nobody"],
      ports: [
        "/networking/v2.0/ports?limit=100",
        "fixed_ips=ip_address%3D10.200.0.9",
        "tags=seldom",
        "description=nobody",
        "device_id=nobody",
      ],
      rules: ["/networking/v2.0/security-group-rules?limit=100", "protocol=udp", `security_group_id=${this.#group}`],
      volumes: [volumes, "name=nobody", "status=error", "metadata=%7B%27a%27:%27b%27%7D"],
      images: [
        "/image/v2/images?limit=100",
        "name=in:bench-7,bench-9",
        "tag=seldom",
        "os_distro=nobody",
        "size_min=1000000000",
        "status=active",
      ],
      users: ["/identity/v3/users?limit=100", "name=bench-7", "name__contains=nch-77"],
    };
    const pages = Object.entries(lists).flatMap(([kind, [page = "", ...filters]]) => [
      ...(["images", "users"].includes(kind) ? [[`100 ${kind}`, page] as [string, string]] : []),
      ...filters.map((filter): [string, string] => [`${kind} by ${filter.slice(0, 30)}`, `${page}&${filter}`]),
    ]);
    return [
      ...pages,
      ["usage of placement", `/placement/usages?project_id=${this.#cloud.client.projectId}`],
      ["candidates of placement", "/placement/allocation_candidates?resources=VCPU:1,MEMORY_MB:64"],
      ["usage of images", "/image/v2/info/usage"],
    ];
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
