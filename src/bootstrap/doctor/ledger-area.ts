import { describe, kindOf, Presence } from "../../host/kinds/index.ts";
import type { Exec, Ledger, LedgerEntry } from "../../host/types.ts";
import type { Examined, Finding, RepairName } from "./finding.ts";

/** Rows whose things are not on the host. */
export async function missingRows(exec: Exec, ledger: Ledger): Promise<LedgerEntry[]> {
  const presence = new Presence(exec);
  const missing: LedgerEntry[] = [];
  for (const entry of ledger.list()) if ((await presence.isThere(entry)) === false) missing.push(entry);
  return missing;
}

/** Every row of the ledger against the host. */
export async function examineLedger(exec: Exec, ledger: Ledger): Promise<Examined> {
  const missing = await missingRows(exec, ledger);
  const count = ledger.list().length;
  const findings = missing.map(findingOf);
  const summary = missing.length === 0 ? `${count} things, all there` : `${missing.length} of ${count} things are gone`;
  return { name: "Ledger and host", summary, findings };
}

/** Who makes a thing again, by the owner it was written down with. */
export function repairOf(owner: string): RepairName {
  if (owner === "box") return "box";
  if (owner === "libvirtd") return "libvirtd";
  if (owner === "systemd") return "unit";
  if (owner === "clouds.yaml") return "client-files";
  if (owner === "block-storage") return "storage";
  return owner === "packages" ? "ledger" : "daemon";
}

function findingOf(entry: LedgerEntry): Finding {
  const { kind, name, owner } = entry;
  const repair = repairOf(owner);
  return {
    key: `${kind}-gone:${name}`,
    severity: "error",
    what: `${describe(entry)} is ${kind === "sysctl" ? "not as it was set" : "gone"} (it belongs to ${owner})`,
    why: kindOf(kind).whenGone ?? "it was there when the ledger was written",
    todo: REPAIR_WORDS[repair],
    repair,
  };
}

/** What --fix does, in words. */
export const REPAIR_WORDS: Record<RepairName, string> = {
  packages: "install the packages (tenrec stack does)",
  box: "make the missing parts of the box again",
  libvirtd: "start libvirtd again; guests that run go on",
  storage: "attach the volume storage again",
  unit: "write the systemd unit again",
  kvm: "try KVM again, and restart the daemon with what came of it",
  certificate: "put the ports' certificate and what clients trust right",
  daemon: "restart the daemon, which puts networks, routers, rules and guests back; guests that run go on",
  "client-files": "write the files for clients again",
  ledger: "strike it off the ledger",
};

/** Strikes rows off that nothing has made again. Returns what was struck off. */
export async function forgetStale(exec: Exec, ledger: Ledger): Promise<string[]> {
  const stale = (await missingRows(exec, ledger)).filter(({ kind }) => kindOf(kind).forgettable);
  await ledger.forget(stale);
  return stale.map(({ kind, name }) => `${kind} ${name}`);
}
