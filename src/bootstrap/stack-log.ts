import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { LoggingSettings } from "../kernel/config/settings.ts";
import type { LogRecord, LogSink } from "../kernel/log/logger.ts";
import type { Progress } from "./steps.ts";

/** LOGFILE: what stack did, for later: every step and every host command, with times. */
export interface StackLog {
  /** With its time stamp. */
  path: string;
  /** Takes the host layer's records, commands included. */
  sink: LogSink;
  progress: Progress;
  write(text: string): void;
  /** The text shown at the end, also kept as `LOGFILE.<time>.summary`. */
  summary(text: string): void;
  close(): void;
}

/**
 * Opens a new log as DevStack does: `LOGFILE.<TIMESTAMP_FORMAT>` and the same with `.summary`, with symbolic links
 * `LOGFILE` and `LOGFILE.summary` to the newest. Those older than LOGDAYS are removed. Null without LOGFILE.
 */
export function openStackLog(logging: LoggingSettings, now: Date): StackLog | null {
  const { file, days, timestampFormat, noTimestamp } = logging;
  if (file === null) return null;
  mkdirSync(dirname(file), { recursive: true });
  removeOld(file, days, now);
  const path = `${file}.${strftime(timestampFormat, now)}`;
  const summaryPath = `${path}.summary`;
  const fd = openSync(path, "a", 0o640);
  linkTo(file, path);

  const write = (text: string) => {
    const stamp = noTimestamp ? "" : `${strftime("%F %T", new Date())} | `;
    for (const line of text.trimEnd().split("\n")) writeSync(fd, `${stamp}${line}\n`);
  };
  return {
    path,
    write,
    sink: (record) => write(lineOf(record)),
    progress: {
      begin: (step) => write(`# ${step}`),
      update: (remark) => write(`  ${remark}`),
      end: (step, milliseconds, remark) => write(`= ${step}: ${(milliseconds / 1000).toFixed(2)} s ${remark ?? ""}`),
      fail: (step, milliseconds, error) =>
        write(`! ${step} failed after ${(milliseconds / 1000).toFixed(2)} s: ${error.stack ?? error.message}`),
    },
    summary(text) {
      // Who may read the log is no reason to know the password; the summary is its owner's alone.
      write(text.replace(/^(The password: ).*$/m, "$1***"));
      writeFileSync(summaryPath, text, { mode: 0o600 });
      linkTo(`${file}.summary`, summaryPath);
    },
    close: () => closeSync(fd),
  };
}

function lineOf({ level, message, fields }: LogRecord): string {
  const rest = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `  ${level === "debug" || level === "info" ? "" : `${level}: `}${message}${rest.join("")}`;
}

/** The link is replaced in one step; a plain file of that name (an older program's log) is kept beside. */
function linkTo(link: string, target: string): void {
  try {
    if (statSync(link, { throwIfNoEntry: false })?.isFile() && !isLink(link)) renameSync(link, `${link}.before`);
    const temporary = `${link}.new`;
    rmSync(temporary, { force: true });
    symlinkSync(basename(target), temporary);
    renameSync(temporary, link);
  } catch (error) {
    // The log itself is there; a file system without links does not stop a stack.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") throw error;
  }
}

function isLink(path: string): boolean {
  return readdirSync(dirname(path), { withFileTypes: true }).some(
    (entry) => entry.name === basename(path) && entry.isSymbolicLink(),
  );
}

function removeOld(file: string, days: number, now: Date): void {
  const oldest = now.getTime() - days * 86_400_000;
  const prefix = `${basename(file)}.`;
  for (const entry of readdirSync(dirname(file), { withFileTypes: true })) {
    // Only what has a time stamp, which begins with a digit.
    if (!entry.isFile() || !entry.name.startsWith(prefix) || !/^\d/.test(entry.name.slice(prefix.length))) continue;
    const path = join(dirname(file), entry.name);
    if (statSync(path).mtimeMs < oldest) rmSync(path);
  }
}

/** The conversions of date(1) that time stamps are made of; others stay as they are. */
export function strftime(format: string, date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const values: Record<string, string> = {
    Y: String(date.getFullYear()),
    y: two(date.getFullYear() % 100),
    m: two(date.getMonth() + 1),
    d: two(date.getDate()),
    H: two(date.getHours()),
    M: two(date.getMinutes()),
    S: two(date.getSeconds()),
    N: String(date.getMilliseconds()).padStart(3, "0").padEnd(9, "0"),
    F: day,
    T: `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`,
    R: `${two(date.getHours())}:${two(date.getMinutes())}`,
    s: String(Math.floor(date.getTime() / 1000)),
    "%": "%",
  };
  return format.replaceAll(/%(.)/g, (whole, letter: string) => values[letter] ?? whole);
}
