import { closeSync, existsSync, openSync, readdirSync, readSync, statSync, watch } from "node:fs";
import { basename, join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { settingsFor } from "../bootstrap/settings.ts";
import { type ConfigOption, configOption } from "./options.ts";

const MAX_LINES = 1_000_000;

export function logsCommand(): Command {
  return new Command("logs")
    .description("Show the logs, one per service name under LOGDIR")
    .argument("[service]", "identity, compute, network, image, operations, host, …; all without it")
    .addOption(configOption())
    .option("-f, --follow", "go on as lines are written")
    .option("-n, --lines <count>", "last lines of each", lineCount, 20)
    .action(async (service: string | undefined, options: ConfigOption & { follow?: boolean; lines: number }) => {
      const { settings } = settingsFor({ file: options.config, write: false });
      const directory = settings.logging.dir;
      const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith(".log")) : [];
      const chosen = service === undefined ? names : names.filter((name) => name === `${service}.log`);
      if (chosen.length === 0)
        throw new Error(
          `no log${service === undefined ? "" : ` of ${service}`} in ${directory}; there are: ${names.join(", ") || "none"}`,
        );
      for (const name of chosen) show(join(directory, name), options.lines);
      if (options.follow === true) await Promise.all(chosen.map((name) => follow(join(directory, name))));
    });
}

/** Errors: what is no natural number, or more lines than any log has. */
function lineCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count > MAX_LINES) throw new InvalidArgumentError(`a number from 0 to ${MAX_LINES}`);
  return count;
}

function readFrom(path: string, offset: number): string {
  const size = statSync(path).size;
  const buffer = Buffer.alloc(Math.max(0, size - offset));
  const fd = openSync(path, "r");
  const read = readSync(fd, buffer, 0, buffer.length, offset);
  closeSync(fd);
  return buffer.toString("utf8", 0, read);
}

function show(path: string, count: number): void {
  const size = statSync(path).size;
  if (count === 0) return;
  const lines = readFrom(path, Math.max(0, size - count * 2_000))
    .trimEnd()
    .split("\n")
    .slice(-count);
  for (const line of lines) process.stdout.write(`${readable(line, basename(path, ".log"))}\n`);
}

function follow(path: string): Promise<never> {
  let offset = statSync(path).size;
  let rest = "";
  return new Promise(() => {
    watch(path, () => {
      if (statSync(path).size < offset) offset = 0;
      const text = rest + readFrom(path, offset);
      offset = statSync(path).size;
      const lines = text.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) process.stdout.write(`${readable(line, basename(path, ".log"))}\n`);
    });
  });
}

/** A structured line for people; anything else as it is. */
function readable(line: string, name: string): string {
  try {
    const { time, level, req, msg, name: _name, ...fields } = JSON.parse(line) as Record<string, unknown>;
    const rest = Object.entries(fields).map(
      ([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`,
    );
    return [time, String(level).toUpperCase().padEnd(7), name, req ?? "-", msg, ...rest].join(" ");
  } catch {
    return line;
  }
}
