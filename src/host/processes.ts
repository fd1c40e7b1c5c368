import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { ProcessIdentity } from "./types.ts";

/** This boot's id: a pid file or cache of an earlier boot means nothing now. */
export async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

interface Stat {
  state: string;
  parent: number;
  startTime: string;
}

/** Fields of /proc/PID/stat; null when there is no such process. */
export async function readStat(pid: number): Promise<Stat | null> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (text === null) return null;
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", parent: Number(fields[1]), startTime: fields[19] ?? "" };
}

/** Null for a pid nobody has, and for a zombie: it only waits for its parent, and may do so for long. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | null> {
  if (!Number.isInteger(pid) || pid <= 1) return null;
  const stat = await readStat(pid);
  if (stat === null || stat.state === "Z" || stat.state === "X") return null;
  return { pid, startTime: stat.startTime, bootId: await bootId() };
}

export async function isSameProcess(identity: ProcessIdentity): Promise<boolean> {
  const now = await identifyProcess(identity.pid);
  return now !== null && now.startTime === identity.startTime && now.bootId === identity.bootId;
}

/** Arguments joined by spaces; "" when there is no such process. */
export async function commandLine(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return text.replaceAll("\0", " ").trim();
}

export async function stopProcess(
  identity: ProcessIdentity,
  options: { graceMs?: number; signal?: NodeJS.Signals } = {},
): Promise<boolean> {
  if (!(await isSameProcess(identity))) return false;
  signal(identity.pid, options.signal ?? "SIGTERM");
  if (await gone(identity, options.graceMs ?? 5_000)) return true;
  if (await isSameProcess(identity)) signal(identity.pid, "SIGKILL");
  if (!(await gone(identity, 5_000))) throw new Error(`process ${identity.pid} does not end, not even by SIGKILL`);
  return true;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function gone(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (let wait = 2; ; wait = Math.min(wait * 2, 50)) {
    if (!(await isSameProcess(identity))) return true;
    if (performance.now() >= deadline) return false;
    await sleep(wait);
  }
}

/** See `Exec.readPidFile`. */
export async function readPidFile(path: string, match?: string): Promise<ProcessIdentity | null> {
  const text = (await readFile(path, "utf8").catch(() => "")).trim();
  if (text.startsWith("{")) {
    const identity = parseIdentity(text);
    return identity !== null && (await isSameProcess(identity)) ? identity : null;
  }
  if (!/^\d+$/.test(text)) return null;
  const pid = Number(text);
  if (match !== undefined && !(await commandLine(pid)).includes(match)) return null;
  return identifyProcess(pid);
}

function parseIdentity(text: string): ProcessIdentity | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const { pid, startTime, bootId: boot } = value as Record<string, unknown>;
    if (typeof pid !== "number" || typeof startTime !== "string" || typeof boot !== "string") return null;
    return { pid, startTime, bootId: boot };
  } catch {
    return null;
  }
}
