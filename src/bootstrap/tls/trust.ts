import { readFileSync } from "node:fs";
import { setDefaultCACertificates } from "node:tls";
import type { Settings } from "../../kernel/config/settings.ts";
import { messageOf } from "../../kernel/errors.ts";
import { bundleFile } from "./places.ts";

/** For a command that asks the cloud's API as its clients do: trusts what OS_CACERT names, and nothing else. */
export function trustOwnCloud(settings: Settings): void {
  if (settings.api.protocol !== "https") return;
  const path = bundleFile(settings.dataDir);
  try {
    setDefaultCACertificates([readFileSync(path, "utf8")]);
  } catch (error) {
    throw new Error(`clients are to trust what is in ${path}: ${messageOf(error)}; tenrec doctor --fix writes it`, {
      cause: error,
    });
  }
}
