import { Command } from "commander";
import { openStackContext } from "../bootstrap/context.ts";
import { removeCloudFiles, removeLastFiles } from "../bootstrap/data-directory.ts";
import { settingsFor } from "../bootstrap/settings.ts";
import { runSteps } from "../bootstrap/steps.ts";
import { isNothingStacked, removalSteps } from "../bootstrap/unstack.ts";
import { sayWhenInterrupted } from "./interrupt.ts";
import { type ConfigOption, configOption, examples } from "./options.ts";
import { printPlan } from "./plan.ts";
import { jsonProgress, styleFor, terminalProgress } from "./terminal.ts";

interface UnstackOptions extends ConfigOption {
  json?: boolean;
  dryRun?: boolean;
}

export function unstackCommand(): Command {
  return command(
    "unstack",
    "Give the host back as it was; images, databases and guests' disks stay for the next stack",
    false,
  ).addHelpText(
    "after",
    examples(
      "Everything in the ledger is undone, last first. What cannot be undone is named and stays in the ledger: run it again.\nWhere nothing is stacked it says so and does nothing.",
      [],
    ),
  );
}

export function cleanCommand(): Command {
  return command(
    "clean",
    "unstack, and remove the cloud's data as well: database, images, disks, passwords, logs",
    true,
  );
}

function command(name: string, description: string, data: boolean): Command {
  return new Command(name)
    .description(description)
    .addOption(configOption())
    .option("-a, --all", "as in DevStack; it makes no difference here")
    .option("--dry-run", "print what would be done, change nothing")
    .option("--json", "one JSON object per line, for machines")
    .action(async (options: UnstackOptions) => {
      const { settings } = settingsFor({ file: options.config, write: false });
      const json = options.json === true;
      if (await isNothingStacked(settings, { data })) {
        // What a stack wrote before it was killed, passwords and logs belong to clean; unstack leaves them for the next stack.
        if (data && options.dryRun !== true) {
          removeCloudFiles(settings);
          removeLastFiles(settings);
        }
        const text = `nothing is stacked (data directory ${settings.dataDir}), nothing was changed`;
        process.stdout.write(json ? `${JSON.stringify({ event: "done", nothing: true })}\n` : `${text}\n`);
        return;
      }
      const dryRun = options.dryRun === true;
      const { context, close } = await openStackContext({
        file: options.config,
        access: dryRun ? "look" : "keep",
        command: name,
      });
      try {
        const steps = removalSteps(context, { data });
        const style = styleFor(settings.logging.color);
        if (dryRun) {
          printPlan(steps, json, style);
          return;
        }
        sayWhenInterrupted(name, `run ${name} again to continue; what is left is in the ledger`);
        await runSteps(steps, json ? jsonProgress() : terminalProgress(style));
      } finally {
        close();
      }
      if (data && !dryRun) removeLastFiles(settings);
      if (json) process.stdout.write(`${JSON.stringify({ event: "done", nothing: false })}\n`);
    });
}
