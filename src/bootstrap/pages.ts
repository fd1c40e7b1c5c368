import { join } from "node:path";
import type { Exec } from "../host/types.ts";
import { messageOf } from "../kernel/errors.ts";
import { projectRoot } from "../kernel/program/program.ts";
import type { Step } from "./steps.ts";

const TIMEOUT_MS = 300_000;

/**
 * The pages of the dashboard, in a checkout whose sources have changed since they were built (bin/install-packages builds them for the first
 * time); the single executable has them inside. They are made beside the other steps.
 */
export function pagesStep({ exec, notes }: { exec: Exec; notes: string[] }): Step[] {
  const root = projectRoot();
  if (root === null) return [];
  const script = join(root, "src/dashboard/build.ts");
  const build = async () => {
    try {
      await exec.run(process.execPath, ["--disable-warning=ExperimentalWarning", script], { timeout: TIMEOUT_MS });
      return undefined;
    } catch (error) {
      // The cloud is of use without them.
      notes.push(`the dashboard's pages could not be built: ${messageOf(error)}\n  make dashboard tries again`);
      return "not built";
    }
  };
  let building: Promise<string | undefined> | null = null;
  return [
    {
      name: "Build the dashboard",
      plan: "make the pages of the dashboard beside all this, or take those built before",
      begin: () => {
        building = build();
      },
      run: () => building ?? build(),
    },
  ];
}
