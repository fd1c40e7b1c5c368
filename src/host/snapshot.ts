import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Exec } from "./types.ts";

/** A picture of everything on the host that a stack could leave behind: text lines by topic, sorted. */
export type HostSnapshot = Readonly<Record<string, readonly string[]>>;

export interface SnapshotOptions {
  /** Directories that belong to the stack: not looked into, and processes that name them count as ours. */
  ownDirectories?: readonly string[];
}

export interface SnapshotDifference {
  topic: string;
  /** `gone`: was there before. `left`: was not. */
  change: "gone" | "left";
  line: string;
}

const COMMANDS: readonly (readonly [topic: string, command: string, args: readonly string[]])[] = [
  ["links", "ip", ["-o", "link"]],
  ["addresses", "ip", ["-o", "address"]],
  ["routes IPv4", "ip", ["-4", "route", "show", "table", "all"]],
  ["routes IPv6", "ip", ["-6", "route", "show", "table", "all"]],
  ["routing rules", "ip", ["rule"]],
  ["proxy neighbours", "ip", ["neighbour", "show", "proxy"]],
  ["namespaces", "ip", ["netns", "list"]],
  ["iptables-nft", "iptables-nft-save", []],
  ["ip6tables-nft", "ip6tables-nft-save", []],
  ["iptables-legacy", "iptables-legacy-save", []],
  ["ip6tables-legacy", "ip6tables-legacy-save", []],
  ["nft", "nft", ["list", "ruleset"]],
  ["loop devices", "losetup", ["--list", "--noheadings", "--output", "NAME,BACK-FILE"]],
  ["volume groups", "vgs", ["--noheadings", "-o", "vg_name,vg_uuid"]],
  ["ipsets", "ipset", ["list", "-name"]],
];

/** Where a program like this one could put files outside of its own directories. Depth keeps the walk short. */
const DIRECTORIES: readonly (readonly [path: string, depth: number])[] = [
  ["/etc", 3],
  ["/run", 2],
  ["/var/lib", 2],
  ["/var/cache", 2],
  ["/var/log", 1],
  ["/usr/local", 3],
];
/** Other programs' daily life. */
const OTHERS =
  /^\/(var\/(lib|cache|log)\/(apt|dpkg|man-db|systemd|logrotate|journal)|run\/(systemd|udev|user|lock|utmp)|run\/netns)(\/|$)/;

/** The keys that decide what the host does with packets and memory; not the counters beside them. */
const SYSCTL_DIRECTORIES = [
  "net/ipv4",
  "net/ipv6/conf",
  "net/bridge",
  "net/core",
  "net/netfilter",
  "vm",
  "kernel/keys",
];
const VOLATILE_SYSCTL =
  /(nf_conntrack_count|route\/(gc_|flush)|stat_refresh|fastopen_key|stable_secret|netdev_rss_key|netdev_budget|tcp_available|tcp_allowed|udp_child_ehash|tcp_ehash|tcp_child_ehash|compact_memory|drop_caches|neigh\/)/;

export async function takeSnapshot(exec: Exec, options: SnapshotOptions = {}): Promise<HostSnapshot> {
  const own = options.ownDirectories ?? [];
  const picture: Record<string, readonly string[]> = {};
  for (const [topic, command, args] of COMMANDS) {
    const result = await exec.run(command, args, { allowFailure: true }).catch(() => null);
    picture[topic] = clean(result?.exitCode === 0 ? result.stdout : "", topic);
  }
  picture.mounts = (await readFile("/proc/self/mounts", "utf8"))
    .split("\n")
    .filter((line) => line !== "")
    .sort();
  picture.sysctls = await sysctls();
  picture["control groups"] = await controlGroups();
  picture.processes = await processes(own);
  picture.files = await files(own);
  return picture;
}

/** Empty when the two are equal. */
export function diff(before: HostSnapshot, after: HostSnapshot): SnapshotDifference[] {
  const differences: SnapshotDifference[] = [];
  for (const topic of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = new Set(before[topic] ?? []);
    const now = new Set(after[topic] ?? []);
    for (const line of old) if (!now.has(line)) differences.push({ topic, change: "gone", line });
    for (const line of now) if (!old.has(line)) differences.push({ topic, change: "left", line });
  }
  return differences;
}

function clean(text: string, topic: string): string[] {
  const lines = text
    .split("\n")
    // Counters and life times change by themselves; comments carry a time.
    .map((line) =>
      line
        .replace(/\[\d+:\d+\]/g, "")
        // A card that was away comes back under another number.
        .replace(/^\d+: /, "")
        .replace(/@if\d+:/, ":")
        .replace(/(valid|preferred)_lft \S+/g, "")
        .replace(/expires \d+sec/g, "")
        .replace(/packets \d+ bytes \d+/g, "")
        .trimEnd(),
    )
    .filter((line) => line !== "" && !line.startsWith("#"));
  return (topic.includes("tables-") ? withoutEmptyTables(lines) : lines).sort();
}

/** A table of iptables without rules does nothing; the legacy variant cannot remove one once it was there. */
function withoutEmptyTables(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let table: string[] = [];
  for (const line of lines) {
    table.push(line);
    if (line !== "COMMIT") continue;
    const empty = table.every((entry) => /^(\*\w+|:\w+ ACCEPT|COMMIT)\s*$/.test(entry));
    if (!empty) kept.push(...table.map((entry) => `${table[0] ?? ""} ${entry}`));
    table = [];
  }
  return kept;
}

async function sysctls(): Promise<string[]> {
  const lines: string[] = [];
  const walk = async (directory: string): Promise<void> => {
    // By way of the thread's own view: /proc/sys/net is that of the reader's network namespace.
    for (const entry of await readdir(join("/proc/sys", directory), { withFileTypes: true }).catch(() => [])) {
      const key = `${directory}/${entry.name}`;
      if (entry.isDirectory()) await walk(key);
      else if (!VOLATILE_SYSCTL.test(key)) {
        const value = await readFile(join("/proc/sys", key), "utf8").catch(() => null);
        if (value !== null) lines.push(`${key} = ${value.trim()}`);
      }
    }
  };
  for (const directory of SYSCTL_DIRECTORIES) await walk(directory);
  return lines.sort();
}

async function controlGroups(): Promise<string[]> {
  const found: string[] = [];
  const walk = async (directory: string, depth: number): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory()) continue;
      const path = join(directory, entry.name);
      found.push(path);
      if (depth > 1) await walk(path, depth - 1);
    }
  };
  await walk("/sys/fs/cgroup", 3);
  return found.sort();
}

async function processes(own: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    const command = text.replaceAll("\0", " ").trim();
    if (own.some((directory) => command.includes(directory))) found.push(command);
  }
  return found.sort();
}

async function files(own: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const walk = async (directory: string, depth: number): Promise<void> => {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const path = join(directory, entry.name);
      if (OTHERS.test(path) || own.includes(path)) continue;
      found.push(path);
      if (entry.isDirectory() && depth > 1) await walk(path, depth - 1);
    }
  };
  for (const [path, depth] of DIRECTORIES) await walk(path, depth);
  return found.sort();
}
