import { accessSync, constants, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { projectRoot } from "../kernel/program/program.ts";
import { openrcVariables } from "./accounts.ts";
import type { StackContext } from "./stack.ts";
import type { Step } from "./steps.ts";

const TIMEOUT_MS = 3_600_000;

/** local.sh beside local.conf, run last of all as DevStack does; with admin's OS_* variables, so that it can call the client at once. */
export function localScriptStep({ settings, exec }: StackContext): Step[] {
  const root = projectRoot();
  const directory = settings.configFile === null ? root : dirname(settings.configFile);
  const script = directory === null ? null : join(directory, "local.sh");
  if (directory === null || script === null || !isExecutable(script)) return [];
  return [
    {
      name: "Run local.sh",
      plan: `run ${script}`,
      async run(report) {
        report(script);
        const env = { ...openrcVariables(settings, "admin", "admin"), TOP_DIR: root ?? directory };
        const { stdout } = await exec.run(script, [], { cwd: directory, env, timeout: TIMEOUT_MS });
        return stdout.trim().split("\n").at(-1);
      },
    },
  ];
}

function isExecutable(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
