import { existsSync } from "node:fs";
import { lstat, readFile } from "node:fs/promises";
import type { Exec, LedgerDetails, LedgerEntry, LedgerKind } from "./types.ts";

/** What a row of the ledger says of a thing; the row itself need not be there. */
export type Thing<K extends LedgerKind = LedgerKind> = Pick<LedgerEntry<K>, "kind" | "name" | "details">;

/** Whether what a row of the ledger names is on the host now; null when that cannot be told or does not matter. */
type Look<K extends LedgerKind> = (thing: Thing<K>) => Promise<boolean | null>;
type Looks = { [K in LedgerKind]: Look<K> };

/** Looks at the host once per topic, however many rows ask. Changes nothing. */
export class Presence {
  readonly #exec: Exec;
  readonly #cache = new Map<string, Promise<string>>();
  readonly #looks: Looks;

  constructor(exec: Exec) {
    this.#exec = exec;
    const link: Look<"bridge" | "tap" | "veth" | "link"> = ({ name, details }) =>
      this.#hasLink(bareName(name), details.netns);
    this.#looks = {
      namespace: ({ name }) => this.#hasNamespace(name),
      bridge: link,
      tap: link,
      veth: link,
      link,
      nic: ({ name, details }) => this.#hasLink(name, details.netns),
      address: ({ details }) => this.#hasAddress(details),
      route: ({ details }) => this.#hasRoute(details),
      "proxy-neighbour": async ({ details: { netns, address, device } }) =>
        (await this.#text("ip", ["neigh", "show", "proxy", "dev", device], netns)).includes(`${address} `),
      "iptables-rule": ({ details: { netns, variant, family, table, chain, rule } }) =>
        this.#succeeds(withFamily(variant, family), ["-w", "-t", table, "-C", chain, ...rule], netns),
      "iptables-chain": ({ details: { netns, variant, family, table, chain } }) =>
        this.#succeeds(withFamily(variant, family), ["-w", "-t", table, "-S", chain], netns),
      // A table shared with others was only looked at; whether it is there is not ours to say.
      "nft-table": async ({ details: { netns, family, table, onlyEmpty } }) =>
        onlyEmpty === undefined ? this.#succeeds("nft", ["list", "table", family, table], netns) : null,
      "nft-rule": async ({ details: { netns, family, table, chain, rule } }) =>
        (await this.#text("nft", ["list", "chain", family, table, chain], netns)).includes(rule),
      ipset: async ({ name, details: { netns } }) =>
        (await this.#text("ipset", ["list", "-name"], netns)).split("\n").includes(bareName(name)),
      sysctl: async ({ name, details }) => {
        // What the kernel sets along with another key says nothing by itself.
        if (details.always === true) return null;
        const path = `/proc/sys/${name.slice(name.indexOf(":") + 1)}`;
        return (await this.#text("cat", [path], details.netns)).trim() === details.value;
      },
      process: async ({ name, details }) => {
        // It lives for moments only, while libvirtd starts.
        if (name.endsWith("/libvirtd-holder")) return null;
        return (await exec.readPidFile(details.pidFile, details.match)) !== null;
      },
      loop: async ({ details }) =>
        (await this.#text("losetup", ["--list", "--noheadings", "-O", "BACK-FILE"], null))
          .split("\n")
          .some((line) => line.trim() === details.backingFile),
      "volume-group": async ({ name }) =>
        (await this.#text("vgs", ["--noheadings", "-o", "vg_name"], null)).split(/\s+/).includes(name),
      "logical-volume": async ({ details: { volumeGroup, volume } }) =>
        (await this.#text("lvs", ["--noheadings", "-o", "vg_name,lv_name"], null))
          .split("\n")
          .some((line) => line.trim().split(/\s+/).join("/") === `${volumeGroup}/${volume}`),
      domain: async ({ details: { socket, uuid } }) => {
        const uri = `qemu:///system?socket=${socket}`;
        const options = { allowFailure: true, timeout: 10_000 };
        const list = this.#once(`virsh ${uri}`, async () => {
          const { exitCode, stdout } = await exec.run("virsh", ["-c", uri, "list", "--all", "--uuid"], options);
          return exitCode === 0 ? stdout : "unknown";
        });
        const text = await list;
        return text === "unknown" ? null : text.includes(uuid);
      },
      mount: async ({ details }) => (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${details.target} `),
      file: async ({ details }) => isThere(details.path),
      directory: async ({ details }) => existsSync(details.path),
      // libvirt makes and removes them as guests come and go.
      cgroup: async () => null,
      "apt-package": async () => null,
    };
  }

  async isThere(thing: Thing): Promise<boolean | null> {
    const netns = (thing.details as { netns?: unknown }).netns;
    // The namespace's own row says it for all that was in it.
    if (typeof netns === "string" && !(await this.#hasNamespace(netns))) return null;
    const look = this.#looks[thing.kind] as Look<LedgerKind>;
    return look(thing);
  }

  async #hasNamespace(name: string): Promise<boolean> {
    return (await readFile("/proc/self/mountinfo", "utf8")).includes(` /run/netns/${name} `);
  }

  async #hasLink(name: string, netns: string | null): Promise<boolean> {
    const lines = (await this.#text("ip", ["-o", "link"], netns)).split("\n");
    return lines.some((line) => line.split(": ")[1]?.split("@")[0] === name);
  }

  async #hasAddress({ netns, device, address }: LedgerDetails["address"]): Promise<boolean> {
    const lines = (await this.#text("ip", ["-o", "address"], netns)).split("\n");
    return lines.some((line) => line.includes(` ${device} `) && line.includes(` ${address}`));
  }

  async #hasRoute({ netns, spec, family }: LedgerDetails["route"]): Promise<boolean> {
    const lines = (await this.#text("ip", [`-${family}`, "route"], netns)).split("\n");
    const [destination = "", ...rest] = spec;
    // `ip route` leaves out the prefix of a single address.
    const shown = destination.replace(family === 4 ? /\/32$/ : /\/128$/, "");
    return lines.some((line) => `${line} `.startsWith(`${shown} ${rest.join(" ")} `));
  }

  async #succeeds(command: string, args: readonly string[], netns: string | null): Promise<boolean> {
    return (await this.#exec.run(command, args, { netns, allowFailure: true })).exitCode === 0;
  }

  #text(command: string, args: readonly string[], netns: string | null): Promise<string> {
    return this.#once(`${netns ?? ""} ${command} ${args.join(" ")}`, async () => {
      return (await this.#exec.run(command, args, { netns, allowFailure: true })).stdout;
    });
  }

  #once(key: string, look: () => Promise<string>): Promise<string> {
    let found = this.#cache.get(key);
    if (found === undefined) {
      found = look();
      this.#cache.set(key, found);
    }
    return found;
  }
}

const WORDS: Partial<Record<LedgerKind, string>> = {
  veth: "link",
  tap: "guest's network interface",
  nic: "network card",
  "iptables-rule": "rule",
  "iptables-chain": "chain",
  "nft-table": "nft table",
  "nft-rule": "nft rule",
  sysctl: "kernel setting",
  domain: "guest",
  "proxy-neighbour": "proxy ARP entry",
};

/** "route tenrec-up:172.24.4.0/24", "rule iptables-nft -t nat -A POSTROUTING …" */
export function describe(thing: Thing): string {
  const words = WORDS[thing.kind] ?? thing.kind;
  if (thing.kind !== "iptables-rule") return `${words} ${thing.name}`;
  const { variant, table, chain, rule } = thing.details as LedgerDetails["iptables-rule"];
  return `${words} ${variant} -t ${table} -A ${chain} ${rule.filter((word) => word !== "").join(" ")}`;
}

const bareName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);
const withFamily = (variant: string, family: 4 | 6): string =>
  family === 6 ? variant.replace("iptables", "ip6tables") : variant;

/** Also a symbolic link that leads nowhere counts. */
function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
