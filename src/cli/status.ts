import { Command } from "commander";
import { groupedWarnings } from "../bootstrap/grouped-warnings.ts";
import { settingsFor } from "../bootstrap/settings.ts";
import { type State, stateOf } from "../bootstrap/state.ts";
import { progressText } from "../control/protocol.ts";
import { programName } from "../kernel/program/program.ts";
import { type ConfigOption, configOption, examples } from "./options.ts";
import { formatBytes, formatDuration, type Style, styleFor, wrapped } from "./terminal.ts";

/** As systemctl status: 3 means "not running". */
const NOT_RUNNING = 3;

export function statusCommand(): Command {
  return new Command("status")
    .description("What runs: services, URLs, processes, warnings")
    .addOption(configOption())
    .option("--json", "for machines")
    .addHelpText(
      "after",
      examples("Exit codes: 0 the daemon runs, 3 it does not, 1 it could not be asked.", [
        ["tenrec status --json | jq -r .urls.identity", ""],
      ]),
    )
    .action(async (options: ConfigOption & { json?: boolean }) => {
      const { settings } = settingsFor({ file: options.config, write: false });
      const { status, processes, host } = await stateOf(settings);
      if (options.json === true) {
        const text = { running: status !== null, ...(status ?? {}), processes, host };
        process.stdout.write(`${JSON.stringify(text)}\n`);
      } else if (status === null) {
        process.stdout.write(`tenrec is not running (data directory ${settings.dataDir})\n`);
        const left = processes.filter(({ pid }) => pid !== null).length;
        const hint = left > 0 ? `${left} of its processes are: bring the daemon back with` : "start it with";
        process.stdout.write(`${hint}: ${programName()} ${left > 0 ? "rejoin" : "stack"}\n`);
      } else print({ status, processes, host }, styleFor(settings.logging.color));
      if (status === null) process.exitCode = NOT_RUNNING;
    });
}

function print({ status, processes, host }: State & { status: NonNullable<State["status"]> }, style: Style): void {
  const out = (text: string) => process.stdout.write(`${text}\n`);
  const uptime = formatDuration(Date.now() - status.startedAt);
  const coming = progressText(status);
  const state = status.ready ? `up ${uptime}${coming === "" ? "" : `, bringing back ${coming}`}` : "starting";
  out(
    `${style.bold(`tenrec ${status.version}`)}  pid ${status.pid}, ${state}, ${formatBytes(status.memoryBytes)} of memory\n`,
  );
  const urls = Object.entries(status.urls);
  const width = Math.max(...urls.map(([name]) => name.length), ...processes.map(({ name }) => short(name).length));
  for (const [name, url] of urls) out(`  ${style.green("●")} ${name.padEnd(width)}  ${url}`);
  if (processes.length > 0) out("");
  for (const { name, pid } of processes) {
    const mark = pid === null ? style.red("●") : style.green("●");
    out(`  ${mark} ${short(name).padEnd(width)}  ${pid === null ? style.red("not running") : `pid ${pid}`}`);
  }
  out("");
  for (const [name, text] of hostLines(host)) out(`    ${name.padEnd(width)}  ${text}`);
  for (const { message, hint } of groupedWarnings(status.warnings))
    out(`\n${style.yellow("!")} ${wrapped(message, 2)}\n  ${style.dim(wrapped(hint, 2))}`);
}

/** "memory", "1.9 GiB of 23.5 GiB in use" */
export function hostLines({ processors, memory, fileSystems }: State["host"]): [name: string, text: string][] {
  const { count, load } = processors;
  const inUse = (total: number, free: number) => `${formatBytes(total - free)} of ${formatBytes(total)} in use`;
  const swap = memory.swapTotal === 0 ? "" : `, swap ${inUse(memory.swapTotal, memory.swapTotal - memory.swapUsed)}`;
  return [
    ["processors", `${count}, load ${load.map((value) => value.toFixed(2)).join(" ")}`],
    ["memory", `${inUse(memory.total, memory.available)}${swap}`],
    ...fileSystems.map((system): [string, string] => [
      "disk",
      `${formatBytes(system.available)} of ${formatBytes(system.total)} free, ${placeOf(system)}`,
    ]),
  ];
}

const placeOf = ({ device, type, mount, holds }: State["host"]["fileSystems"][number]): string =>
  `${device === null ? "" : `${device} on ${mount} (${type}), `}for ${holds.join(", ")}`;

/** "dnsmasq 6f0c2a11", "libvirtd" */
function short(name: string): string {
  const [what = "", id] = (name.split("/").at(-1) ?? name).split(":");
  return id === undefined ? what : `${what} ${id.slice(0, 11)}`;
}
