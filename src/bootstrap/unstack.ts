import { ControlClient } from "../control/client.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { stopDaemonProcess } from "./daemon-process.ts";
import { hasCloud, isOffHost, removeCloudFiles } from "./data-directory.ts";
import type { StackContext } from "./stack.ts";
import type { Step } from "./steps.ts";

/** Whether there is nothing that unstack (`data`: clean) could take away: then it has nothing to do, and must not make anything either. */
export async function isNothingStacked(settings: Settings, options: { data: boolean }): Promise<boolean> {
  const { dataDir } = settings;
  if (!isOffHost(dataDir) || (options.data && hasCloud(dataDir))) return false;
  return (await new ControlClient(dataDir).statusOrNull()) === null;
}

/** Takes the cloud off the host. `data`: its database, images and disks too (clean.sh, stack --fresh). */
export function removalSteps(context: StackContext, options: { data: boolean }): Step[] {
  const { exec, settings, systemd, host } = context;
  const steps: Step[] = [
    {
      name: "Stop the daemon",
      plan: `stop tenrec's process of ${settings.dataDir}`,
      run: async () => ((await stopDaemonProcess({ exec, settings, systemd })) ? undefined : "was not running"),
    },
  ];
  if (host !== null) {
    steps.push({
      name: "Give the host back",
      plan: "undo everything in the ledger, last first: guests, libvirtd, namespaces, rules, files",
      async run(report) {
        const { undone, failures } = await host.teardown({
          data: options.data,
          progress: ({ entry, done, total }) => report(`${done}/${total} ${entry.kind} ${entry.name}`),
        });
        if (systemd !== null && (await systemd.isUsable())) await systemd.reload();
        if (failures.length > 0) {
          const list = failures.map(({ entry, error }) => `  ${entry.kind} ${entry.name}: ${error.message}`).join("\n");
          throw new Error(
            `${failures.length} of ${undone + failures.length} things could not be removed; they are still in the ledger, so that unstack can be run again:\n${list}`,
          );
        }
        return `${undone} things`;
      },
    });
  }
  if (options.data) {
    steps.push({
      name: "Remove the cloud's data",
      plan: `delete databases, images and disks in ${settings.dataDir}`,
      async run() {
        removeCloudFiles(settings);
        return settings.dataDir;
      },
    });
  }
  return steps;
}
