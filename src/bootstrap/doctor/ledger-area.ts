import { describe, Presence } from "../../host/presence.ts";
import type { Exec, Ledger, LedgerEntry, LedgerKind } from "../../host/types.ts";
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

const CONSEQUENCES: Partial<Record<LedgerKind, string>> = {
  namespace: "a reboot, or somebody's `ip netns del`; everything in it is gone with it",
  bridge: "guests of its network reach nobody",
  veth: "what it joined is cut off",
  tap: "the guest's network card leads nowhere",
  nic: "the card was unplugged, or taken back into the host's own namespace",
  route: "floating addresses are not reached from this host and through it",
  "iptables-rule":
    "rules were flushed or reloaded by somebody (a firewall service?); traffic of guests is dropped or not translated",
  "iptables-chain": "rules were flushed by somebody; security groups or address translation do not work",
  "nft-table": "rules were flushed by somebody; spoofed packets are not dropped",
  "nft-rule": "rules were flushed or reloaded by somebody (firewalld?); traffic of guests is dropped",
  "proxy-neighbour": "the host no longer answers ARP for that floating address",
  sysctl: "somebody set it since; packets are not forwarded",
  process: "it ended or was killed",
  loop: "a reboot, or somebody's `losetup -d`; volumes on it are unreachable",
  "volume-group": "its device is gone or it was removed; volumes are unreachable",
  "logical-volume": "the volume's data is gone",
  domain: "libvirt does not know this guest any more",
  file: "somebody removed it",
  directory: "somebody removed it, or it lay in /run and the host was rebooted",
  mount: "it was unmounted",
};

function findingOf(entry: LedgerEntry): Finding {
  const { kind, name, owner } = entry;
  const repair = repairOf(owner);
  return {
    key: `${kind}-gone:${name}`,
    severity: "error",
    what: `${describe(entry)} is ${kind === "sysctl" ? "not as it was set" : "gone"} (it belongs to ${owner})`,
    why: CONSEQUENCES[kind] ?? "it was there when the ledger was written",
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

/** Kinds whose row may be struck off when the thing is gone for good: undoing it would do nothing. */
const STALE: ReadonlySet<LedgerKind> = new Set([
  "namespace",
  "bridge",
  "veth",
  "tap",
  "link",
  "address",
  "route",
  "proxy-neighbour",
  "iptables-rule",
  "iptables-chain",
  "nft-table",
  "nft-rule",
  "ipset",
  "process",
  "loop",
  "domain",
  "mount",
  "directory",
]);

/** Strikes rows off that nothing has made again. Returns what was struck off. */
export async function forgetStale(exec: Exec, ledger: Ledger): Promise<string[]> {
  const stale = (await missingRows(exec, ledger)).filter(({ kind }) => STALE.has(kind));
  await ledger.forget(stale);
  return stale.map(({ kind, name }) => `${kind} ${name}`);
}
