import { join } from "node:path";
import { Command } from "commander";
import { openStackContext } from "../bootstrap/context.ts";
import { hasCloud } from "../bootstrap/data-directory.ts";
import { findForDemo } from "../bootstrap/next-commands.ts";
import { combinedProgress } from "../bootstrap/progress.ts";
import { type StackContext, stackSteps } from "../bootstrap/stack.ts";
import type { StackLog } from "../bootstrap/stack-log.ts";
import { runSteps } from "../bootstrap/steps.ts";
import { stackSummary } from "../bootstrap/summary.ts";
import { isNothingStacked, removalSteps } from "../bootstrap/unstack.ts";
import { formatProblem } from "../kernel/config/errors.ts";
import type { ConfigWarning, Settings } from "../kernel/config/settings.ts";
import { programName, projectRoot } from "../kernel/program/program.ts";
import { VERSION } from "../version.ts";
import { configWarnings } from "./config-messages.ts";
import { sayWhenInterrupted } from "./interrupt.ts";
import { type ConfigOption, configOption, examples } from "./options.ts";
import { printPlan } from "./plan.ts";
import { jsonProgress, type Style, styleFor, terminalProgress, wrapped } from "./terminal.ts";

interface StackOptions extends ConfigOption {
  dryRun?: boolean;
  json?: boolean;
  fresh?: boolean;
}

export function stackCommand(): Command {
  return new Command("stack")
    .description("From a bare box to a usable cloud; run again, it continues or adds what is missing")
    .addOption(configOption())
    .option("--dry-run", "print what would be done, change nothing")
    .option("--json", "one JSON object per line, for machines")
    .option("--fresh", "remove the cloud of this data directory first, with all its guests and data")
    .addHelpText(
      "after",
      examples(
        `What it does is in the ledger (DATA_DIR/ledger.db): unstack gives the host back as it was. A stack that failed or was interrupted is continued by running it again. LOGFILE in local.conf keeps a log of it; VERBOSE=True shows every command.`,
        [
          ["sudo tenrec stack", "local.conf of this directory, or the defaults"],
          ["sudo tenrec stack --dry-run", "what it would do"],
          ["VIRT_DRIVER=fake tenrec stack", "the whole API without guests; needs no root"],
        ],
      ),
    )
    .action(async (options: StackOptions) => stack(options));
}

async function stack(options: StackOptions): Promise<void> {
  const start = performance.now();
  const json = options.json === true;
  const dryRun = options.dryRun === true;
  let say: (text: string) => void = () => {};
  const { context, warnings, stackLog, close } = await openStackContext({
    file: options.config,
    access: dryRun ? "look" : "make",
    command: "stack",
    detail: (text) => say(text),
  });
  const { settings } = context;
  const style = styleFor(settings.logging.color);
  try {
    const fresh = options.fresh === true && !(await isNothingStacked(settings, { data: true }));
    if (!json) printHead(settings, warnings, style);
    if (fresh && !json && !dryRun) process.stdout.write(`${style.yellow(freshNotice(context))}\n\n`);
    const steps = [...(fresh ? removalSteps(context, { data: true }) : []), ...stackSteps(context)];
    if (dryRun) {
      printPlan(steps, json, style);
      return;
    }
    stackLog?.write(`tenrec ${VERSION} stack, ${settings.configFile ?? "without local.conf"}`);
    for (const warning of warnings) stackLog?.write(`${warning.severity}: ${formatProblem(warning)}`);
    const shown = json ? jsonProgress() : terminalProgress(style);
    if (!json) say = terminalDetail(style);
    sayWhenInterrupted("stack", "what is done stays; run stack again to continue, or unstack to take it back");
    await runSteps(steps, stackLog === null ? shown : combinedProgress(shown, stackLog.progress));
    await finish(context, { seconds: (performance.now() - start) / 1000, json, config: options.config, stackLog });
  } finally {
    close();
  }
}

function printHead(settings: Settings, warnings: readonly ConfigWarning[], style: Style): void {
  const file = settings.configFile ?? "defaults (no local.conf)";
  const about = wrapped(`${file}, VIRT_DRIVER=${settings.virtDriver}`, `tenrec ${VERSION}  `.length);
  process.stdout.write(`${style.bold(`tenrec ${VERSION}`)}  ${style.dim(about)}\n`);
  const said = configWarnings(warnings, style);
  process.stdout.write(`${said !== "" && process.stdout.isTTY === true ? "\n" : ""}${said}\n`);
}

/** What --fresh takes away, before it does. It asks nothing: it was asked for by name. */
function freshNotice({ settings, host }: StackContext): string {
  const guests = host?.ledger.list({ kind: "domain" }).length ?? 0;
  const things = [
    ...(guests === 0 ? [] : [`${guests} guest${guests === 1 ? "" : "s"} with their disks`]),
    ...(hasCloud(settings.dataDir) ? ["all users, projects, images and volumes"] : []),
    ...(host === null ? [] : ["everything on the host that belongs to it"]),
  ];
  return wrapped(`--fresh removes the cloud of ${settings.dataDir} first: ${things.join(", ")}. Passwords stay.`, 2);
}

/** A line between the steps' lines. */
function terminalDetail(style: Style): (text: string) => void {
  return (text) => {
    process.stdout.write(`${process.stdout.isTTY === true ? "\r\u001b[2K" : ""}      ${style.dim(text)}\n`);
  };
}

async function finish(
  context: StackContext,
  options: { seconds: number; json: boolean; config: string | undefined; stackLog: StackLog | null },
): Promise<void> {
  const { settings, outcome } = context;
  const { seconds, json, config, stackLog } = options;
  if (outcome.status === null) throw new Error("the daemon's status is not known");
  const notes = [...outcome.notes];
  if (settings.hostIp.startsWith("127.") && !settings.explicit.includes("HOST_IP"))
    notes.push(
      `HOST_IP is ${settings.hostIp}: this machine has no other address, so the cloud answers to itself only\n  set HOST_IP in local.conf once it has one`,
    );
  const said = { seconds, openrc: openrcHint(settings, config), found: await findForDemo(settings) };
  const summary = stackSummary(settings, outcome.status, { ...said, notes });
  stackLog?.summary(summary);
  if (json) process.stdout.write(`${JSON.stringify({ event: "done", seconds, status: outcome.status, notes })}\n`);
  else {
    const narrow = notes.map((note) => wrapped(note, 2));
    process.stdout.write(`\n${stackSummary(settings, outcome.status, { ...said, notes: narrow })}`);
  }
}

/** What to source for demo's variables: bin/openrc finds the default local.conf by itself, any other case has its file in accrc/. */
function openrcHint(settings: Settings, config: string | undefined): string {
  const root = projectRoot();
  const own = config !== undefined || root === null;
  return own ? `${settings.dataDir}/accrc/demo/demo` : `${join(root, "bin/openrc")} demo demo`;
}

/** How to go on after a step has failed. */
export function continueHint(): string {
  return `What was done before it stays and is in the ledger. Put right what failed and run ${programName()} stack again:\nit continues there. ${programName()} unstack takes everything back instead.`;
}
