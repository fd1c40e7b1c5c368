import { Command } from "commander";
import { StepFailed } from "../bootstrap/steps.ts";
import { DaemonNotRunning } from "../control/client.ts";
import { ConfigError } from "../kernel/config/errors.ts";
import { isUnwritable } from "../kernel/db/unwritable.ts";
import { messageOf, Problem } from "../kernel/errors.ts";
import { VERSION } from "../version.ts";
import { configMistakes } from "./config-messages.ts";
import { styleFor } from "./terminal.ts";

/** In the order of the help. Each is loaded when it is asked for: most of a command's time goes into starting up. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  stack: async () => (await import("./stack.ts")).stackCommand(),
  unstack: async () => (await import("./unstack.ts")).unstackCommand(),
  clean: async () => (await import("./unstack.ts")).cleanCommand(),
  rejoin: async () => (await import("./rejoin.ts")).rejoinCommand(),
  openrc: async () => (await import("./openrc.ts")).openrcCommand(),
  status: async () => (await import("./status.ts")).statusCommand(),
  doctor: async () => (await import("./doctor.ts")).doctorCommand(),
  smoke: async () => (await import("./smoke.ts")).smokeCommand(),
  logs: async () => (await import("./logs.ts")).logsCommand(),
  explain: async () => (await import("./explain.ts")).explainCommand(),
  version: async () => (await import("./version.ts")).versionCommand(),
  daemon: async () => (await import("./daemon.ts")).daemonCommand(),
  "stop-guests": async () => (await import("./stop-guests.ts")).stopGuestsCommand(),
};
/** What the program starts by itself; the help is silent about these. */
const HIDDEN = new Set(["daemon", "stop-guests"]);

const program = new Command("tenrec")
  .description("A whole OpenStack-compatible cloud in one process on one box.")
  .version(VERSION)
  .showHelpAfterError("(tenrec --help lists the commands)")
  .configureHelp({ sortSubcommands: false });

/** The command that is asked for; all of them where it is none of these, which may be a slip or a call for help. */
async function addCommands(): Promise<void> {
  const [, , asked = ""] = process.argv;
  for (const name of Object.hasOwn(COMMANDS, asked) ? [asked] : Object.keys(COMMANDS)) {
    const command = await COMMANDS[name]?.();
    if (command !== undefined) program.addCommand(command, { hidden: HIDDEN.has(name) });
  }
}

// `tenrec stack | head` must not end stack in the middle: what nobody reads any more is dropped.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// Not awaited at the top level: the single executable is a CommonJS bundle, which has no such thing.
addCommands()
  .then(() => program.parseAsync())
  .catch(async (error: unknown) => {
    process.exitCode = 1;
    // A failed step has been shown where it happened.
    if (!(error instanceof StepFailed)) process.stderr.write(`${explain(error)}\n`);
    else if (process.argv.includes("stack") && !process.argv.includes("--json")) {
      const { continueHint } = await import("./stack.ts");
      process.stderr.write(`\n${continueHint()}\n`);
    }
  });

/** Where nothing can be written, and what to do about it; null for other errors. */
function unwritablePlace(error: unknown): string | null {
  const { code = "", path, syscall = "" } = (error ?? {}) as { code?: string; path?: string; syscall?: string };
  if (typeof path !== "string" || !/^(mkdir|open|rename|write|chmod)/.test(syscall)) return null;
  const elsewhere = "DATA_DIR (and LOGDIR) in local.conf may name another place";
  if (code === "EACCES" || code === "EPERM")
    return `this user may not write ${path}; run it with sudo, or ${elsewhere}`;
  // node's mkdir with its parents says ENOENT on a read-only file system.
  if (code === "EROFS" || (code === "ENOENT" && syscall === "mkdir"))
    return `${path} cannot be made: its file system is mounted read-only; ${elsewhere}`;
  return code === "ENOSPC" ? `no space is left for ${path}; make room, or ${elsewhere}` : null;
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return configMistakes(error, styleFor("auto", process.stderr));
  const unwritable = unwritablePlace(error);
  if (unwritable !== null) return `tenrec: ${unwritable}`;
  if (error instanceof DaemonNotRunning) return `tenrec: ${error.message}`;
  if (isUnwritable(error))
    return `tenrec: the disk of the data directory takes no more (${messageOf(error)}); nothing is lost, make room there and try again`;
  // The daemon's last words go to a file, where a stack helps; for everybody else it is noise.
  const daemon = process.argv.includes("daemon") || process.argv.includes("--foreground");
  const verbose =
    ((daemon && !(error instanceof Problem)) || process.env.TENREC_DEBUG === "1") && error instanceof Error;
  return `tenrec: ${verbose ? error.stack : messageOf(error)}`;
}
