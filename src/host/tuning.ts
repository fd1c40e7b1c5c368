import { readFile, writeFile } from "node:fs/promises";
import type { Settings } from "../kernel/config/settings.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Ledger } from "./types.ts";

/** A file of /sys whose content is a switch, what it is to be, and what people call it. */
interface Switch {
  what: string;
  path: string;
  value: string;
  /** A kernel may have the feature without this choice: then its own is as good. */
  choice?: boolean;
}

/** What ENABLE_KSM and ENABLE_ZSWAP ask for, as DevStack's lib/host sets it: without ENABLE_ZSWAP zswap stays as it is. */
function switches({ ksm, zswap }: Settings["tuning"], sys: string): Switch[] {
  const parameter = (name: string) => `${sys}/module/zswap/parameters/${name}`;
  return [
    { what: "KSM", path: `${sys}/kernel/mm/ksm/run`, value: ksm ? "1" : "0" },
    ...(zswap === null
      ? []
      : [
          { what: "zswap's compressor", path: parameter("compressor"), value: zswap.compressor, choice: true },
          { what: "zswap's pool", path: parameter("zpool"), value: zswap.pool, choice: true },
          { what: "zswap", path: parameter("enabled"), value: "Y" },
        ]),
  ];
}

/**
 * Shares equal memory of guests and compresses what is swapped out, as configured. What is set is in the ledger with what it was;
 * what is set already is left alone. A kernel that has none of it, or lets nobody change it, is told and no error. Idempotent:
 * a reboot takes it away, the next start sets it again. `sys` is where sysfs is.
 */
export async function tuneKernel(parts: { settings: Settings; ledger: Ledger; sys?: string }): Promise<string[]> {
  const { settings, ledger, sys = "/sys" } = parts;
  const remarks: string[] = [];
  for (const { what, path, value, choice } of switches(settings.tuning, sys)) {
    const previous = await readSwitch(path);
    if (previous === null) {
      if (value !== "0" && choice !== true) remarks.push(`this kernel has no ${what}`);
    } else if (previous !== value) {
      const known = ledger.get("kernel-switch", path) !== null;
      const request = { kind: "kernel-switch" as const, name: path, details: { previous, value }, owner: "tuning" };
      try {
        await ledger.create(request, () => writeFile(path, value));
        remarks.push(
          value === "0" ? `${what} off` : value === "1" || value === "Y" ? `${what} on` : `${what} ${value}`,
        );
      } catch (error) {
        if (!known) await ledger.forget([{ kind: "kernel-switch", name: path }]);
        remarks.push(`${what} cannot be set: ${messageOf(error)}`);
      }
    }
  }
  return remarks;
}

/** What it is now; null where there is no such file. */
export async function readSwitch(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
