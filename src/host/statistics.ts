import { stat } from "node:fs/promises";
import { availableParallelism, loadavg, uptime } from "node:os";
import type { Settings } from "../kernel/config/settings.ts";
import { diskSpace, existingParent, information, type MachineFacts, memoryFacts } from "./facts.ts";

/** After this long a list of file systems does not come: df waits for a file server that is gone. */
const LIST_MS = 2_000;

/** How the machine is doing now, for people and for what watches it. */
export interface HostStatistics {
  /** Seconds since it was booted. */
  uptime: number;
  processors: {
    count: number;
    /** Of the last 1, 5 and 15 minutes; Node's, since systeminformation tells only the greatest of them. */
    load: readonly number[];
    /** Percent of the time in which they worked, over half a second; null unless asked for. */
    busy: number | null;
  };
  memory: MachineFacts["memory"];
  /** Those that the cloud writes to, each once. */
  fileSystems: readonly FileSystemFacts[];
}

export interface FileSystemFacts {
  /** "/dev/sda1"; null where it is of no device that df lists (in memory, a file server). */
  device: string | null;
  /** "ext4" */
  type: string | null;
  mount: string | null;
  /** Bytes. */
  total: number;
  available: number;
  /** The directories of the cloud that are in it, without those that lie in one of them. */
  holds: readonly string[];
}

/** Takes some 20 ms; half a second where it also tells how busy the processors are. */
export async function hostStatistics(
  settings: Pick<Settings, "directories">,
  options: { busy?: boolean } = {},
): Promise<HostStatistics> {
  const [memory, busy, fileSystems] = await Promise.all([
    memoryFacts(),
    options.busy === true ? busyPercent() : null,
    fileSystemsOf(settings.directories.map(({ path }) => path)),
  ]);
  const processors = { count: availableParallelism(), load: loadavg(), busy };
  return { uptime: Math.floor(uptime()), processors, memory, fileSystems };
}

async function busyPercent(): Promise<number> {
  return Math.round((await (await information()).currentLoad()).currentLoad);
}

/** The file systems that hold these directories, or will: of one that is not there yet, its next parent. */
export async function fileSystemsOf(directories: readonly string[]): Promise<FileSystemFacts[]> {
  const listed = await listFileSystems();
  const found = new Map<string, FileSystemFacts>();
  for (const directory of new Set(directories)) {
    const path = existingParent(directory);
    const { dev } = await stat(path);
    const others = found.get(String(dev))?.holds ?? [];
    const holds = others.some((other) => directory.startsWith(`${other}/`)) ? others : [...others, directory];
    const { total, available } = await diskSpace(path);
    const { fs: device = null, type = null, mount = null } = (await ofDevice(listed, dev)) ?? {};
    found.set(String(dev), { device, type, mount, total, available, holds });
  }
  return [...found.values()];
}

interface Listed {
  fs: string;
  type: string;
  mount: string;
}

async function ofDevice(listed: readonly Listed[], dev: number): Promise<Listed | null> {
  for (const system of listed) if ((await stat(system.mount).catch(() => null))?.dev === dev) return system;
  return null;
}

async function listFileSystems(): Promise<Listed[]> {
  const late = Promise.withResolvers<Listed[]>();
  const timer = setTimeout(() => late.resolve([]), LIST_MS);
  try {
    return await Promise.race([(await information()).fsSize(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
