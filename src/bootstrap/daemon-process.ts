import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ControlClient } from "../control/client.ts";
import { type DaemonStatus, progressText } from "../control/protocol.ts";
import { readPidFile } from "../host/processes.ts";
import type { Exec, ProcessIdentity } from "../host/types.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { messageOf, Problem } from "../kernel/errors.ts";
import { selfCommand } from "../kernel/program/program.ts";
import { VERSION } from "../version.ts";
import { replaceFile } from "./files.ts";
import type { Systemd } from "./systemd.ts";

/** After a reboot it starts the guests first. */
const ASK_SYSTEMD_EVERY_MS = 2_000;
const STOP_DEADLINE_MS = 30_000;
/** Until it has its control socket, which comes early. */
const COMING_UP_MS = 30_000;

const pidFile = (dataDir: string) => join(dataDir, "tenrec.pid");
const outputFile = (settings: Settings) => join(settings.logging.dir, "daemon.out");
const fingerprintFile = (dataDir: string) => join(dataDir, "daemon.settings");

export interface DaemonParts {
  exec: Exec;
  settings: Settings;
  systemd: Systemd | null;
}

/** The daemon notes what it was started with, so that the next stack knows whether local.conf says something else by now. */
export function noteDaemonSettings(settings: Settings): void {
  // Of a daemon that was started without a stack, this is the first file.
  mkdirSync(settings.dataDir, { recursive: true, mode: 0o755 });
  replaceFile(fingerprintFile(settings.dataDir), fingerprint(settings));
}

function fingerprint(settings: Settings): string {
  // What the user set explicitly or by default makes no difference to the daemon.
  const text = JSON.stringify({ ...settings, explicit: [] });
  return createHash("sha256").update(VERSION).update(text).digest("hex");
}

function hasCurrentSettings(settings: Settings): boolean {
  try {
    return readFileSync(fingerprintFile(settings.dataDir), "utf8") === fingerprint(settings);
  } catch {
    return false;
  }
}

/** Starts the daemon and waits until it answers. One that runs already is left alone, unless local.conf or the program changed. */
export async function startDaemonProcess(
  parts: DaemonParts,
  report: (remark: string) => void,
): Promise<{ status: DaemonStatus; how: "started" | "already running" | "restarted" }> {
  const { exec, settings, systemd } = parts;
  const client = new ControlClient(settings.dataDir);
  const running = (await client.statusOrNull()) ?? (await startingDaemon(parts, client, report));
  const current = running !== null && hasCurrentSettings(settings);
  if (running !== null && !current) {
    report("local.conf has changed: starting it anew");
    await stopDaemonProcess(parts);
  }
  const how = current ? "already running" : running === null ? "started" : "restarted";
  const logFile = outputFile(settings);
  let ended: number | string | null = null;
  let already: ProcessIdentity | null = null;
  let unit: Systemd | null = null;
  if (current && running !== null) {
    // Not a child of this command: whether it lives is to be asked.
    already = await exec.identify(running.pid);
    if (already === null) ended = "in the midst of its start";
  } else if (systemd?.isInstalled(settings) === true && (await systemd.isUsable())) {
    unit = systemd;
    await systemd.start(settings);
  } else {
    const configuration = settings.configFile === null ? [] : ["-c", settings.configFile];
    const [command, ...args] = selfCommand("daemon", "--spawned-by", String(process.pid), ...configuration);
    const options = { pidFile: pidFile(settings.dataDir), logFile, cwd: process.cwd() };
    const daemon = await exec.spawnDaemon(command, args, options);
    void daemon.exited.then(({ exitCode, signal }) => {
      ended = exitCode ?? signal ?? "unknown";
    });
  }

  const deadline = Date.now() + settings.serviceTimeout * 1000;
  let asked = Date.now();
  while (Date.now() < deadline) {
    if (ended !== null)
      throw new Error(`the daemon ended at once (${ended}). Its last words:\n${await lastLines(logFile)}`);
    if (already !== null && !(await exec.isAlive(already))) ended = "in the midst of its start";
    // The control socket is there from the first moment.
    const status = await client.statusOrNull();
    if (status?.ready === true) return { status: await broughtBack(client, status, report), how };
    report(status === null ? "waiting for its first answer" : "it opens its ports");
    // Seldom: each time a command is run, on a machine that may be busy with its start.
    if (unit !== null && status === null && Date.now() - asked > ASK_SYSTEMD_EVERY_MS) {
      asked = Date.now();
      const failure = await unit.failure(settings);
      if (failure !== null) throw new Error(`the daemon does not stay up. Its last words:\n${failure}`);
    }
    await new Promise((resolve) => setTimeout(resolve, unit === null ? 20 : 200));
  }
  throw new Error(
    `the daemon did not answer within ${settings.serviceTimeout} s (SERVICE_TIMEOUT). Its last words:\n${await (unit?.lastWords(settings) ?? lastLines(logFile))}`,
  );
}

/** Waits while networks and guests come back, with the API open; however long, as long as it goes on. */
async function broughtBack(
  client: ControlClient,
  ready: DaemonStatus,
  report: (remark: string) => void,
): Promise<DaemonStatus> {
  let status = ready;
  while (status.progress.length > 0) {
    report(`the API is open; ${progressText(status)} are back`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    status = await client.status();
  }
  return status;
}

/**
 * For the daemon that a stack (process `parent`) has spawned: goes on once its pid file names it. Without that a stack killed at
 * this very moment would leave a daemon behind that no unstack finds.
 */
export async function awaitPidFile(dataDir: string, parent: number): Promise<void> {
  for (;;) {
    const orphaned = process.ppid !== parent;
    if ((await readPidFile(pidFile(dataDir)))?.pid === process.pid) return;
    if (orphaned) break;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Problem("whoever started this daemon ended before noting it down; start it again with: tenrec stack");
}

/** Ends the daemon and waits until it is gone. True when one was running. Guests go on. */
export async function stopDaemonProcess({ exec, settings, systemd }: DaemonParts): Promise<boolean> {
  const client = new ControlClient(settings.dataDir);
  const status = await client.statusOrNull().catch(() => null);
  const identity =
    status === null ? await exec.readPidFile(pidFile(settings.dataDir)) : await exec.identify(status.pid);
  // Otherwise systemd would take its end for a failure and start it again.
  if (systemd?.isInstalled(settings) === true && (await systemd.isUsable())) await systemd.stop(settings);
  if (identity === null) return false;
  if (status === null) {
    // It is only starting, or it hangs.
    await exec.stop(identity);
    return true;
  }
  await client.stop().catch(() => undefined);
  const deadline = Date.now() + STOP_DEADLINE_MS;
  while (Date.now() < deadline) {
    if (!(await exec.isAlive(identity))) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await exec.stop(identity);
  return true;
}

/**
 * A daemon that an interrupted command has left on its way up, once it answers; null when there is none. One that does not come
 * up is ended.
 */
async function startingDaemon(
  { exec, settings }: DaemonParts,
  client: ControlClient,
  report: (remark: string) => void,
): Promise<DaemonStatus | null> {
  const identity = await exec.readPidFile(pidFile(settings.dataDir));
  if (identity === null) return null;
  report("a daemon is starting already");
  const deadline = Date.now() + COMING_UP_MS;
  while (Date.now() < deadline && (await exec.isAlive(identity))) {
    const status = await client.statusOrNull();
    if (status !== null) return status;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await exec.stop(identity);
  return null;
}

async function lastLines(file: string): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trimEnd().split("\n").slice(-15).join("\n");
  } catch (error) {
    return `(no output: ${messageOf(error)})`;
  }
}
