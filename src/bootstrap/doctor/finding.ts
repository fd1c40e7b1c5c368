/** What can be done again to put things right, each at most once per run. In the order they are to be run. */
export const REPAIRS = [
  "packages",
  "box",
  "libvirtd",
  "storage",
  "unit",
  "certificate",
  "kvm",
  "daemon",
  "client-files",
  "ledger",
] as const;
export type RepairName = (typeof REPAIRS)[number];

/** One difference between how things are and how they should be, told so that it needs no looking up. */
export interface Finding {
  /** "box-route", "process-gone:dnsmasq:6f0c…": stable, for scripts. */
  key: string;
  /** `error`: something does not work. `warning`: it works, but a person should know. */
  severity: "error" | "warning";
  /** What is the matter. */
  what: string;
  /** What follows from it, or where it probably comes from. */
  why: string;
  /** What a person can do; where `repair` is set, --fix does it. */
  todo: string;
  repair: RepairName | null;
}

/** One area that was looked at. */
export interface Examined {
  name: string;
  /** "27 things, all there" */
  summary: string;
  findings: Finding[];
}

export const isHealthy = (areas: readonly Examined[]): boolean =>
  areas.every(({ findings }) => findings.every(({ severity }) => severity !== "error"));
