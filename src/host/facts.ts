import { existsSync } from "node:fs";
import { readdir, readFile, statfs } from "node:fs/promises";
import { arch, hostname, release } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readStat } from "./processes.ts";
import type { Exec } from "./types.ts";

/** Some look every so many seconds only. */
const REAPED_MS = 8_000;

export interface Address {
  interface: string;
  family: 4 | 6;
  address: string;
  prefix: number;
  scope: string;
}

export interface Route {
  /** A CIDR; `0.0.0.0/0` and `::/0` for the default route. */
  destination: string;
  gateway: string | null;
  interface: string | null;
  metric: number;
}

export interface NetworkFacts {
  /** Device and gateway of the IPv4 default route with the lowest metric. */
  defaultRoute: { interface: string; gateway: string | null } | null;
  addresses: readonly Address[];
  routes: readonly Route[];
}

export interface MachineFacts {
  hostname: string;
  arch: string;
  kernel: string;
  /** /etc/os-release: `debian`, `ubuntu`, …; and what it says it is like. */
  os: { id: string; like: readonly string[]; version: string; name: string };
  cpu: {
    count: number;
    sockets: number;
    cores: number;
    threads: number;
    model: string;
    vendor: string;
    flags: readonly string[];
    mhz: number;
  };
  /** Bytes. */
  memory: { total: number; available: number; swapTotal: number; swapUsed: number };
}

/** Loaded where it is asked: most commands, and the daemon on most machines, never need it. */
export const information = async () => (await import("systeminformation")).default;

/**
 * Bytes of the file system that holds `path`; the kernel's own word, since systeminformation's list comes from df: it leaves out what
 * is in memory, runs two shells (8 ms, the daemon stands still for half of it) and waits for ever for a file server that is gone.
 */
export async function diskSpace(path: string): Promise<{ total: number; free: number; available: number }> {
  const { bsize, blocks, bfree, bavail } = await statfs(path);
  return { total: bsize * blocks, free: bsize * bfree, available: bsize * bavail };
}

/** The path, or of one that is not there yet the next parent that is. */
export function existingParent(path: string): string {
  let current = path;
  while (!existsSync(current) && current !== dirname(current)) current = dirname(current);
  return current;
}

/** Bytes, as the kernel counts now (libvirt's node information may be far off inside virtual machines). */
export async function memoryFacts(): Promise<MachineFacts["memory"]> {
  const { total, available, swaptotal, swapused } = await (await information()).mem();
  return { total, available, swapTotal: swaptotal, swapUsed: swapused };
}

/** Takes some tenths of a second: it runs lscpu and others. */
export async function machineFacts(): Promise<MachineFacts> {
  const systeminformation = await information();
  const [cpu, flags, memory, os] = await Promise.all([
    systeminformation.cpu(),
    systeminformation.cpuFlags(),
    memoryFacts(),
    osRelease(),
  ]);
  const sockets = Math.max(1, cpu.processors);
  const cores = Math.max(1, Math.floor(cpu.physicalCores / sockets));
  return {
    hostname: hostname(),
    arch: unameArch(),
    kernel: release(),
    os,
    cpu: {
      count: cpu.cores,
      sockets,
      cores,
      threads: Math.max(1, Math.floor(cpu.cores / (sockets * cores))),
      model: cpu.brand,
      vendor: cpu.vendor,
      flags: flags.split(" ").filter((flag) => flag !== ""),
      mhz: Math.round(cpu.speed * 1000),
    },
    memory,
  };
}

export interface InterfaceFacts {
  name: string;
  /** `wireless` where the other end is an access point, which takes frames of one MAC only. */
  type: string;
  hasLink: boolean;
  /** Mbit/s; null where the driver does not say. */
  speed: number | null;
  mtu: number;
}

/** Network cards and virtual interfaces, without loopback. */
export async function interfaceFacts(): Promise<InterfaceFacts[]> {
  const found = await (await information()).networkInterfaces();
  return [found].flat().flatMap(({ iface, internal, type, operstate, speed, mtu }) =>
    internal
      ? []
      : [
          {
            name: iface,
            type,
            hasLink: operstate === "up" || operstate === "unknown",
            speed: (speed ?? 0) > 0 ? speed : null,
            mtu: mtu ?? 0,
          },
        ],
  );
}

const TMPFS = 0x01021994;

/** Whether what is written there is gone after a reboot. */
export async function isInMemory(path: string): Promise<boolean> {
  return (await statfs(path)).type === TMPFS;
}

export function unameArch(): string {
  const names: Record<string, string> = { x64: "x86_64", arm64: "aarch64" };
  return names[arch()] ?? arch();
}

export async function osRelease(): Promise<MachineFacts["os"]> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  const value = (key: string): string =>
    (new RegExp(`^${key}=(.*)$`, "m").exec(text)?.[1] ?? "").replaceAll(/^["']|["']$/g, "");
  return {
    id: value("ID"),
    like: value("ID_LIKE")
      .split(" ")
      .filter((word) => word !== ""),
    version: value("VERSION_ID"),
    name: value("PRETTY_NAME"),
  };
}

/** Links, addresses and routes of a network namespace (null: the program's own). */
export async function networkFacts(exec: Exec, netns: string | null = null): Promise<NetworkFacts> {
  const json = async <T>(...args: string[]): Promise<T[]> => {
    const { stdout } = await exec.run("ip", ["-j", ...args], { netns });
    const value: unknown = JSON.parse(stdout.trim() === "" ? "[]" : stdout);
    return Array.isArray(value)
      ? value.filter((item) => typeof item === "object" && item !== null && Object.keys(item).length > 0)
      : [];
  };
  const links = await json<IpAddress>("address", "show");
  const addresses = links.flatMap((link) =>
    link.addr_info.flatMap((info): Address[] =>
      info.family === "inet" || info.family === "inet6"
        ? [
            {
              interface: link.ifname,
              family: info.family === "inet" ? 4 : 6,
              address: info.local,
              prefix: info.prefixlen,
              scope: info.scope,
            },
          ]
        : [],
    ),
  );
  const v4 = (await json<IpRoute>("-4", "route", "show")).map((route) => routeOf(route, 4));
  const v6 = (await json<IpRoute>("-6", "route", "show")).map((route) => routeOf(route, 6));
  const defaults = v4.filter((route) => route.destination === "0.0.0.0/0" && route.interface !== null);
  const best = defaults.sort((one, other) => one.metric - other.metric)[0];
  return {
    defaultRoute: best?.interface == null ? null : { interface: best.interface, gateway: best.gateway },
    addresses,
    routes: [...v4, ...v6],
  };
}

interface IpAddress {
  ifname: string;
  addr_info: { family: string; local: string; prefixlen: number; scope: string }[];
}

interface IpRoute {
  dst: string;
  gateway?: string;
  dev?: string;
  metric?: number;
}

function routeOf(route: IpRoute, family: 4 | 6): Route {
  const host = family === 4 ? 32 : 128;
  const destination =
    route.dst === "default"
      ? family === 4
        ? "0.0.0.0/0"
        : "::/0"
      : route.dst.includes("/")
        ? route.dst
        : `${route.dst}/${host}`;
  return { destination, gateway: route.gateway ?? null, interface: route.dev ?? null, metric: route.metric ?? 0 };
}

/**
 * Whether the first process takes leave of ended ones, which libvirt waits for. In a container it may be a program that never does:
 * then they are there. Takes seconds where some have just ended.
 */
export async function reapsOrphans(): Promise<boolean> {
  const deadline = performance.now() + REAPED_MS;
  for (let ended = await endedOrphans(await readdir("/proc")); ended.length > 0; ended = await endedOrphans(ended)) {
    if (performance.now() > deadline) return false;
    await sleep(50);
  }
  return true;
}

/** Of these processes, those that have ended and wait for the first one. */
async function endedOrphans(pids: readonly string[]): Promise<string[]> {
  const stats = await Promise.all(pids.map((pid) => readStat(Number(pid))));
  return pids.filter((_, index) => stats[index]?.state === "Z" && stats[index].parent === 1);
}
