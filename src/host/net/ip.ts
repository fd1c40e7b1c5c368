import type { Exec } from "../types.ts";

/** One line of `ip -json -details address show`, the parts that are used. */
export interface Link {
  name: string;
  /** The bridge it is plugged into, or null. */
  master: string | null;
  mac: string;
  mtu: number;
  up: boolean;
  /** IFLA_GROUP: a number the kernel keeps for each link; ours on bridges is the conntrack zone. */
  group: number;
  /** "bridge", "veth", "tun", … or null for a real card. */
  kind: string | null;
  /** "10.0.0.1/24"; link-local IPv6 addresses included. */
  addresses: readonly string[];
}

export interface Route {
  family: 4 | 6;
  /** "0.0.0.0/0" and "::/0" for the default route. */
  destination: string;
  nexthop: string | null;
  device: string | null;
}

interface IpLinkJson {
  ifname: string;
  master?: string;
  address?: string;
  mtu: number;
  flags: string[];
  group?: string;
  linkinfo?: { info_kind?: string };
  addr_info?: { local: string; prefixlen: number }[];
}

/** `ip` in one namespace after another: state is read as JSON, changes go in as one batch. */
export class Ip {
  readonly #exec: Exec;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  /** All links of a namespace by name, with their addresses. */
  async links(netns: string | null): Promise<Map<string, Link>> {
    const { stdout } = await this.#exec.run("ip", [...inside(netns), "-N", "-json", "-details", "address", "show"]);
    const rows = JSON.parse(stdout === "" ? "[]" : stdout) as Partial<IpLinkJson>[];
    const links = new Map<string, Link>();
    for (const row of rows) {
      // `ip` prints an empty object for a link that vanished while it read.
      if (row.ifname === undefined) continue;
      links.set(row.ifname, {
        name: row.ifname,
        master: row.master ?? null,
        mac: row.address ?? "",
        mtu: row.mtu ?? 0,
        up: row.flags?.includes("UP") ?? false,
        group: groupNumber(row.group),
        kind: row.linkinfo?.info_kind ?? null,
        addresses: (row.addr_info ?? []).map(({ local, prefixlen }) => `${local}/${prefixlen}`),
      });
    }
    return links;
  }

  /** The routes of the main table that were put there by hand (`proto static`). */
  async staticRoutes(netns: string | null): Promise<Route[]> {
    const routes: Route[] = [];
    for (const family of [4, 6] as const) {
      const args = [...inside(netns), `-${family}`, "-json", "route", "show", "proto", "static"];
      const { stdout } = await this.#exec.run("ip", args);
      const rows = JSON.parse(stdout.trim() === "" ? "[]" : stdout) as {
        dst: string;
        gateway?: string;
        dev?: string;
      }[];
      for (const { dst, gateway, dev } of rows) {
        routes.push({
          family,
          destination: fullDestination(dst, family),
          nexthop: gateway ?? null,
          device: dev ?? null,
        });
      }
    }
    return routes;
  }

  /** Runs the commands in order as one process; stops and throws at the first that fails. */
  async batch(netns: string | null, commands: readonly (readonly string[])[]): Promise<void> {
    if (commands.length === 0) return;
    for (const word of commands.flat()) {
      // A batch line is split at white space, and `#` begins a comment: such a word would become another command.
      if (!/^[\w.:/@%+=,-]+$/.test(word)) throw new Error(`not a word for ip: ${JSON.stringify(word)}`);
    }
    const input = `${commands.map((words) => words.join(" ")).join("\n")}\n`;
    await this.#exec.run("ip", [...inside(netns), "-batch", "-"], { input });
  }

  /** Sets kernel variables of a namespace; keys with dots ("net.ipv4.ip_forward"; a dot in an interface's name as a slash). */
  async sysctl(netns: string | null, values: Readonly<Record<string, string | number>>): Promise<void> {
    const args = Object.entries(values).map(([key, value]) => `${key}=${value}`);
    if (args.length > 0) await this.#exec.run("sysctl", ["-q", "-w", ...args], { netns });
  }
}

function inside(netns: string | null): string[] {
  return netns === null ? [] : ["-n", netns];
}

function groupNumber(group: string | undefined): number {
  const number = Number(group);
  return Number.isInteger(number) ? number : 0;
}

function fullDestination(destination: string, family: 4 | 6): string {
  if (destination === "default") return family === 4 ? "0.0.0.0/0" : "::/0";
  if (destination.includes("/")) return destination;
  return `${destination}/${family === 4 ? 32 : 128}`;
}
