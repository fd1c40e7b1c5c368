import { Command } from "commander";
import { settingsFor } from "../bootstrap/settings.ts";
import { smokeSteps } from "../bootstrap/smoke.ts";
import { runSteps } from "../bootstrap/steps.ts";
import { type ConfigOption, configOption } from "./options.ts";
import { jsonProgress, styleFor, terminalProgress } from "./terminal.ts";

export function smokeCommand(): Command {
  return new Command("smoke")
    .description("Prove that the cloud works: boot a guest, reach it on a floating IP, remove it")
    .addOption(configOption())
    .option("--json", "one JSON object per line, for machines")
    .action(async (options: ConfigOption & { json?: boolean }) => {
      const { settings } = settingsFor({ file: options.config, write: false });
      const { steps, cleanUp } = smokeSteps(settings);
      try {
        await runSteps(
          steps,
          options.json === true ? jsonProgress() : terminalProgress(styleFor(settings.logging.color)),
        );
      } finally {
        await cleanUp();
      }
    });
}
