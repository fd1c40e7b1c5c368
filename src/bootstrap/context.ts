import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { HostCommandError, HostExec } from "../host/exec.ts";
import { createHost, type Host } from "../host/index.ts";
import { openLedgerDatabase } from "../host/ledger.ts";
import type { Settings } from "../kernel/config/settings.ts";
import type { Database } from "../kernel/db/database.ts";
import { fileSink } from "../kernel/log/file-sink.ts";
import { Logger, type LogLevel, type LogSink } from "../kernel/log/logger.ts";
import { systemClock } from "../kernel/time/clock.ts";
import { hasCloud, isOffHost } from "./data-directory.ts";
import { hostSetup } from "./host-steps.ts";
import { lockDataDirectory } from "./lock.ts";
import { type LoadedSettings, remember, settingsFor } from "./settings.ts";
import type { StackContext } from "./stack.ts";
import { openStackLog, type StackLog } from "./stack-log.ts";
import { Systemd } from "./systemd.ts";

/**
 * `make`: everything may be written, also what is missing (stack). `keep`: only where something is already (unstack, rejoin,
 * doctor). `look`: nothing at all is written, not even passwords or the ledger's file (--dry-run, doctor without --fix).
 */
export type Access = "make" | "keep" | "look";

export interface OpenOptions {
  file?: string | undefined;
  access: Access;
  /** Named in the lock that keeps a second command away; without it (and with `look`) none is taken. */
  command?: string;
  /** Is told every host command and other detail (VERBOSE). */
  detail?: (text: string) => void;
}

export interface OpenedContext extends LoadedSettings {
  context: StackContext;
  /** LOGFILE; null when it is not set or nothing may be written. */
  stackLog: StackLog | null;
  close(): void;
}

/**
 * What stack, unstack, clean, rejoin and doctor work with: settings, commands, the host.
 * @throws ConfigError, DataDirectoryBusy
 */
export async function openStackContext(options: OpenOptions): Promise<OpenedContext> {
  const { access } = options;
  const ownAddresses = options.command === "stack";
  const loaded = settingsFor({ file: options.file, write: access === "make", ownAddresses });
  const { dataDir, logging } = loaded.settings;
  const closers: (() => void)[] = [];
  const close = () => {
    for (const closer of closers.splice(0).reverse()) closer();
  };
  try {
    const mayWrite = access === "make" || (access === "keep" && existsSync(dataDir));
    if (mayWrite && options.command !== undefined) {
      mkdirSync(dataDir, { recursive: true, mode: 0o755 });
      closers.push(lockDataDirectory(dataDir, options.command));
    }
    const files = mayWrite ? fileSink({ directory: logging.dir, keepDays: logging.days }) : null;
    if (files !== null) closers.push(() => files.close());
    const stackLog = mayWrite && access === "make" ? openStackLog(logging, new Date()) : null;
    if (stackLog !== null) closers.push(() => stackLog.close());
    const log = stackLogger(loaded.settings, files?.sink ?? null, stackLog, options.detail);

    // A cloud with VIRT_DRIVER=fake has nothing on the host; but an earlier one of this data directory may have.
    if (loaded.settings.virtDriver === "fake" && (access === "make" || isOffHost(dataDir))) {
      const exec = new HostExec({ log, tracer: null });
      const context = {
        settings: loaded.settings,
        exec,
        host: null,
        setup: null,
        systemd: null,
        outcome: { status: null, notes: [] },
      };
      return { ...loaded, context, stackLog, close };
    }

    const memory = mayWrite ? null : openLedgerCopy(dataDir);
    if (memory !== null) closers.push(() => memory.close());
    const open = (settings: Settings): Host =>
      createHost({ settings, log, ...(memory === null ? {} : { db: memory }) });
    const { settings, warnings, host } = await withFreeRanges(loaded, options, open);
    closers.push(() => host.close());
    const outcome = { status: null, notes: [] };
    const systemd = new Systemd({ exec: host.exec, ledger: host.ledger });
    const context: StackContext = {
      settings,
      exec: host.exec,
      host,
      setup: hostSetup(host, settings, systemd, outcome.notes),
      systemd,
      outcome,
    };
    return { settings, warnings, context, stackLog, close };
  } catch (error) {
    close();
    throw error;
  }
}

/** The ledger as it is, to look at: the file itself where there is one, so that nothing is made where there is none. */
function openLedgerCopy(dataDir: string): Database {
  const path = join(dataDir, "ledger.db");
  return openLedgerDatabase(existsSync(path) ? path : ":memory:", systemClock);
}

/** Details go to LOGFILE, and to the terminal with VERBOSE; the rest to LOGDIR/stack.log. */
function stackLogger(
  settings: Settings,
  files: LogSink | null,
  stackLog: StackLog | null,
  detail: ((text: string) => void) | undefined,
): Logger {
  const { debug, verbose } = settings.logging;
  const say = verbose ? detail : undefined;
  const level: LogLevel = debug || stackLog !== null || say !== undefined ? "debug" : "info";
  const sink: LogSink = (record) => {
    if (files !== null && (debug || record.level !== "debug")) files(record);
    stackLog?.sink(record);
    say?.(record.message);
  };
  return new Logger("stack", { sink, level });
}

/** Moves ranges that collide with the host's routes out of the way, and loads the settings again with what was chosen. */
async function withFreeRanges(
  loaded: LoadedSettings,
  options: OpenOptions,
  open: (settings: Settings) => Host,
): Promise<LoadedSettings & { host: Host }> {
  const host = open(loaded.settings);
  // Ranges are chosen when a cloud is made: its subnets have them from then on.
  if (options.access === "keep" || hasCloud(loaded.settings.dataDir)) return { ...loaded, host };
  let plan: Awaited<ReturnType<Host["box"]["planRanges"]>>;
  try {
    plan = await host.box.planRanges();
  } catch (error) {
    // Without iproute2 there is nothing to ask yet; it is among the packages that stack installs.
    if (error instanceof HostCommandError && error.notFound) return { ...loaded, host };
    throw error;
  }
  const moved = plan.collisions.flatMap(({ variable, movedTo }) =>
    movedTo === null ? [] : [[variable, movedTo] as const],
  );
  if (moved.length === 0) return { ...loaded, host };
  host.close();
  const values = Object.fromEntries(moved);
  if (options.access === "make") remember(loaded.settings.dataDir, values);
  const { settings, warnings } = settingsFor({ file: options.file, write: options.access === "make", values });
  const said = plan.collisions.map(({ variable, range, route, interface: device, movedTo }) => ({
    file: null,
    line: null,
    message: `${variable}=${range} collides with this host's route to ${route}${device === null ? "" : ` (${device})`}`,
    hint: `${movedTo} is used instead; set ${variable} in local.conf to choose another`,
    severity: "warning" as const,
  }));
  return { settings, warnings: [...warnings, ...said], host: open(settings) };
}
