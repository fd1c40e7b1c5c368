import { Command } from "commander";
import { awaitPidFile, noteDaemonSettings } from "../bootstrap/daemon-process.ts";
import { settingsFor } from "../bootstrap/settings.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { isUnwritable } from "../kernel/db/unwritable.ts";
import { Problem } from "../kernel/errors.ts";
import type { Daemon } from "../main.ts";
import { type ConfigOption, configOption } from "./options.ts";

/** The daemon itself, in the foreground; `stack` starts it. */
export function daemonCommand(): Command {
  return new Command("daemon")
    .description("Run the daemon in the foreground (stack and the systemd unit do)")
    .addOption(configOption())
    .option("--spawned-by <pid>", "the stack that starts it and notes its pid down")
    .action(async (options: ConfigOption & { spawnedBy?: string }) => {
      if (options.spawnedBy !== undefined) {
        const { dataDir } = settingsFor({ file: options.config, write: false }).settings;
        await awaitPidFile(dataDir, Number(options.spawnedBy));
      }
      await runDaemon(options.config);
    });
}

/** How long a stop may take; what is then still under way is left to the next start, as in a crash. */
const STOP_WITHIN_MS = 10_000;

/** Resolves once the daemon answers; the process ends when it is stopped. */
export async function runDaemon(config: string | undefined): Promise<void> {
  // Loaded here: no other command needs the services, and starting up is what most of their time goes into.
  const { startDaemon } = await import("../main.ts");
  const { settings } = settingsFor({ file: config, write: true });
  let daemon: Daemon | null = null;
  let stopping = false;
  const stop = () => {
    // Still on its way up, or asked twice: every step can be left at any moment, as in a crash.
    if (daemon === null || stopping) process.exit(0);
    stopping = true;
    setTimeout(() => process.exit(0), STOP_WITHIN_MS).unref();
    void daemon.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // Sent after logs were moved away. Settings are read at the start only.
  process.on("SIGHUP", () => daemon?.reopenLogs());
  try {
    noteDaemonSettings(settings);
    daemon = await startDaemon({ settings, onStopRequest: stop });
  } catch (error) {
    // What did come up would keep the process alive, and stack would wait for it.
    process.exitCode = 1;
    setImmediate(() => process.exit());
    throw isFull(error) ? new Problem(noRoom(settings), { cause: error }) : error;
  }
}

function isFull(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return code === "ENOSPC" || code === "EDQUOT" || isUnwritable(error);
}

const noRoom = ({ dataDir, logging }: Settings): string =>
  `no space is left for ${dataDir} (or ${logging.dir}); nothing is lost, make room and start again`;
