import { Command } from "commander";
import { type OpenedContext, openStackContext } from "../bootstrap/context.ts";
import { writeBundle } from "../bootstrap/doctor/bundle.ts";
import { examine, type Repaired, repair, strikeOff } from "../bootstrap/doctor/doctor.ts";
import { type Examined, isHealthy } from "../bootstrap/doctor/finding.ts";
import { settingsFor } from "../bootstrap/settings.ts";
import { isNothingStacked } from "../bootstrap/unstack.ts";
import { programName } from "../kernel/program/program.ts";
import { type ConfigOption, configOption, examples } from "./options.ts";
import { type Style, styleFor, wrapped } from "./terminal.ts";

interface DoctorOptions extends ConfigOption {
  json?: boolean;
  fix?: boolean;
  bundle?: string;
}

export function doctorCommand(): Command {
  return new Command("doctor")
    .description("Compare what should be with what is, explain each difference, and repair it with --fix")
    .addOption(configOption())
    .option("--fix", "repair what can be repaired; guests that run go on")
    .option("--json", "for machines")
    .option("--bundle <file>", "write one text file for a bug report, without passwords, tokens and user data")
    .addHelpText(
      "after",
      examples(
        `It looks at the machine (disk, memory, packages, KVM, clock), at every row of the ledger, at the box, libvirtd, the daemon, its database and its API. Where nothing is stacked it tells what would be in the way of a stack.

Exit codes: 0 all is well (there may be warnings), 1 something is broken.`,
        [
          ["sudo tenrec doctor", "look, change nothing"],
          ["sudo tenrec doctor --fix", "and repair"],
          ["sudo tenrec doctor --bundle report.txt", "for a bug report"],
        ],
      ),
    )
    .action(doctor);
}

async function doctor(options: DoctorOptions): Promise<void> {
  const { settings } = settingsFor({ file: options.config, write: false });
  const fix = options.fix === true;
  const nothing = await isNothingStacked(settings, { data: true });
  const opened = await openStackContext({
    file: options.config,
    access: fix && !nothing ? "keep" : "look",
    command: "doctor --fix",
  });
  try {
    const result = nothing ? await lookBefore(opened) : await lookAndRepair(opened, fix);
    if (options.json === true) process.stdout.write(`${JSON.stringify(jsonOf(result, !nothing), null, 2)}\n`);
    else print(result, { style: styleFor(settings.logging.color), fix, nothing, dataDir: settings.dataDir });
    if (options.bundle !== undefined) {
      await writeBundle(options.bundle, opened.context, result.areas);
      if (options.json !== true) process.stdout.write(`\nWritten for a bug report: ${options.bundle}\n`);
    }
    if (!isHealthy(result.areas)) process.exitCode = 1;
  } finally {
    opened.close();
  }
}

interface Result {
  areas: Examined[];
  /** Before the repairs; the same as `areas` without --fix. */
  before: Examined[];
  repaired: Repaired[];
  struckOff: string[];
}

async function lookAndRepair({ context }: OpenedContext, fix: boolean): Promise<Result> {
  const before = await examine(context);
  const findings = before.flatMap((area) => area.findings);
  const repaired: Repaired[] = [];
  if (!fix || findings.every((finding) => finding.repair === null))
    return { areas: before, before, repaired, struckOff: [] };
  await repair(context, findings, (one) => repaired.push(one));
  const struckOff = repaired.some(({ error }) => error !== null) ? [] : await strikeOff(context);
  return { areas: await examine(context), before, repaired, struckOff };
}

/** Nothing is stacked: whether something would be in the way. */
async function lookBefore({ context }: OpenedContext): Promise<Result> {
  const { checks } = (await context.host?.preflight({ thorough: true })) ?? { checks: [] };
  const areas = checks.map(({ name, severity, message, hint }): Examined => {
    const finding = { key: name, severity, what: message, why: "stack would meet it", todo: hint, repair: null };
    return {
      name,
      summary: message,
      findings: finding.severity === "ok" ? [] : [{ ...finding, severity: finding.severity }],
    };
  });
  return { areas, before: areas, repaired: [], struckOff: [] };
}

function jsonOf({ areas, before, repaired, struckOff }: Result, stacked: boolean): object {
  return {
    stacked,
    healthy: isHealthy(areas),
    areas: areas.map(({ name, summary }) => ({ name, summary })),
    findings: areas.flatMap(({ findings }) => findings),
    found: before.flatMap(({ findings }) => findings.map(({ key }) => key)),
    repaired,
    struckOff,
  };
}

const NAME_WIDTH = 17;

function print(result: Result, options: { style: Style; fix: boolean; nothing: boolean; dataDir: string }): void {
  const { style, fix, nothing, dataDir } = options;
  const { before, areas, repaired, struckOff } = result;
  const out = (text: string) => process.stdout.write(`${text}\n`);
  if (nothing) out(`Nothing is stacked (data directory ${dataDir}). What a stack would find:\n`);
  printAreas(before, style, out);
  if (repaired.length > 0) {
    out("\nRepairs:\n");
    for (const { done, error } of repaired)
      out(
        `  ${error === null ? style.green("✓") : style.red("✗")} ${wrapped(error === null ? done : `${done}: ${error}`, 4)}`,
      );
    for (const thing of struckOff) out(`  ${style.green("✓")} struck off the ledger: ${thing}`);
    out("\nAfterwards:\n");
    printAreas(areas, style, out);
  }
  const findings = areas.flatMap((area) => area.findings);
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const warnings = findings.length - errors;
  out("");
  if (findings.length === 0) out(style.green("All is well."));
  else out(`${count(errors, "problem")}, ${count(warnings, "warning")}.`);
  if (!fix && findings.some((finding) => finding.repair !== null))
    out(`What is marked "--fix" is repaired by: ${programName()} doctor --fix`);
}

const count = (number: number, word: string): string => `${number} ${word}${number === 1 ? "" : "s"}`;

function printAreas(areas: readonly Examined[], style: Style, out: (text: string) => void): void {
  for (const { name, summary, findings } of areas) {
    const errors = findings.some(({ severity }) => severity === "error");
    const mark = errors ? style.red("✗") : findings.length > 0 ? style.yellow("!") : style.green("✓");
    out(`  ${mark} ${name.padEnd(NAME_WIDTH)} ${wrapped(summary, NAME_WIDTH + 5)}`);
    for (const { severity, what, why, todo, repair: how } of findings) {
      const colour = severity === "error" ? style.red : style.yellow;
      out(`      ${colour(wrapped(what, 6))}`);
      out(`        ${style.dim("why  ")} ${wrapped(why, 14)}`);
      out(`        ${style.dim(how === null ? "do   " : "--fix")} ${wrapped(todo, 14)}`);
    }
  }
}
