import { Command } from "commander";
import { openStackContext } from "../bootstrap/context.ts";
import { hasCloud } from "../bootstrap/data-directory.ts";
import { hasEnvironment, restoreEnvironment } from "../bootstrap/environment.ts";
import { settingsFor } from "../bootstrap/settings.ts";
import { rejoinSteps } from "../bootstrap/stack.ts";
import { runSteps } from "../bootstrap/steps.ts";
import { programName } from "../kernel/program/program.ts";
import { runDaemon } from "./daemon.ts";
import { type ConfigOption, configOption, examples } from "./options.ts";
import { jsonProgress, styleFor, terminalProgress, wrapped } from "./terminal.ts";

interface RejoinOptions extends ConfigOption {
  json?: boolean;
  foreground?: boolean;
}

export function rejoinCommand(): Command {
  return new Command("rejoin")
    .description("Bring the cloud back after a reboot: networks, routers, rules, and the guests that ran")
    .addOption(configOption())
    .option("--json", "one JSON object per line, for machines")
    .option("--foreground", "stay, being the daemon; this is what the systemd unit runs")
    .addHelpText(
      "after",
      examples(
        `Where there is systemd this happens by itself at boot. Guests that ran start again; with resume_guests_state_on_host_boot = False under [[post-config|$NOVA_CONF]] [DEFAULT] in local.conf they stay SHUTOFF. Run it any time: what is there already is left alone.`,
        [],
      ),
    )
    .action(rejoin);
}

async function rejoin(options: RejoinOptions): Promise<void> {
  const { dataDir } = settingsFor({ file: options.config, write: false }).settings;
  const foreground = options.foreground === true;
  if (!hasCloud(dataDir) && !(foreground && hasEnvironment(dataDir)))
    throw new Error(`there is no cloud in ${dataDir} to bring back; make one with: ${programName()} stack`);
  restoreEnvironment(dataDir);
  // The daemon itself makes what is missing of the box, as at every start. No lock: stack has it, which starts the unit too.
  if (foreground) {
    await runDaemon(options.config);
    return;
  }
  const { context, warnings, close } = await openStackContext({
    file: options.config,
    access: "keep",
    command: "rejoin",
  });
  try {
    const { color } = context.settings.logging;
    const progress = options.json === true ? jsonProgress() : terminalProgress(styleFor(color));
    await runSteps(rejoinSteps(context), progress);
    const { status, notes } = context.outcome;
    if (options.json === true) process.stdout.write(`${JSON.stringify({ event: "done", status, notes })}\n`);
    else {
      for (const note of notes) process.stdout.write(`\nNote: ${wrapped(note, 2)}\n`);
      for (const { message, hint } of warnings)
        process.stdout.write(`\nWarning: ${wrapped(`${message}\n${hint}`, 2)}\n`);
      process.stdout.write(`\nThe cloud is back at ${context.settings.identity.authUrl}/\n`);
    }
  } finally {
    close();
  }
}
