import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Settings } from "../kernel/config/settings.ts";
import { replaceFile } from "./files.ts";

const fileOf = (dataDir: string): string => join(dataDir, "environment.json");

/** Keeps the variables that came from stack's environment (`VIRT_DRIVER=fake ./stack.sh`): at boot nobody types them again. */
export function saveEnvironment(settings: Settings): void {
  const values = settings.explicit.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  replaceFile(fileOf(settings.dataDir), `${JSON.stringify(Object.fromEntries(values), null, 2)}\n`);
}

/** Whether a stack has come so far as to write it: the unit's first start comes before the database. */
export const hasEnvironment = (dataDir: string): boolean => existsSync(fileOf(dataDir));

/** Sets what stack's environment had and this one lacks; for rejoin, before the settings are loaded for good. */
export function restoreEnvironment(dataDir: string): void {
  if (!existsSync(fileOf(dataDir))) return;
  const values = JSON.parse(readFileSync(fileOf(dataDir), "utf8")) as Record<string, string>;
  for (const [name, value] of Object.entries(values)) process.env[name] ??= value;
}
