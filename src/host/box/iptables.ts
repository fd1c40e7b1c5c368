import { readFile } from "node:fs/promises";
import { iptablesCommand, MADE_BY_US } from "../kinds/firewall.ts";
import type { Exec, IptablesVariant, Ledger } from "../types.ts";
import { type Part, part } from "./part.ts";

/** The variant behind the plain name `iptables`, which is what the administrator's own tools use. */
export async function iptablesVariant(exec: Exec): Promise<IptablesVariant> {
  const { stdout } = await exec.run("iptables", ["--version"]);
  return stdout.includes("legacy") ? "iptables-legacy" : "iptables-nft";
}

/** Variants that hold rules now. The legacy one is only asked where its tables exist: asking would make them. */
export async function variantsInUse(exec: Exec): Promise<IptablesVariant[]> {
  const current = await iptablesVariant(exec);
  const legacyTables = await readFile("/proc/thread-self/net/ip_tables_names", "utf8").catch(() => "");
  const found = new Set<IptablesVariant>([current]);
  if (legacyTables.includes("filter")) found.add("iptables-legacy");
  const { exitCode } = await exec.run("nft", ["list", "table", "ip", "filter"], { allowFailure: true });
  if (exitCode === 0) found.add("iptables-nft");
  return [...found];
}

export interface OwnRule {
  variant: IptablesVariant;
  table: "filter" | "nat" | "mangle";
  chain: string;
  rule: readonly string[];
  /** Before everything else in the chain, instead of at its end. */
  first: boolean;
}

/**
 * One rule of ours in the program's own namespace, once, with what it takes to leave no trace: the nft variant makes table and base
 * chain with the first rule and leaves them, so what was there before is written down ahead of the rule.
 */
export async function ruleParts(exec: Exec, ledger: Ledger, own: OwnRule): Promise<Part[]> {
  const { variant, table, chain, rule, first } = own;
  const command = iptablesCommand(variant, 4);
  const details = { netns: null, variant, family: 4 as const, table, chain, rule };
  const name = `${variant}:${table}:${chain}:${rule.join(" ")}`;
  const add = part("iptables-rule", name, details, async () => {
    const { exitCode } = await exec.run(command, ["-w", "-t", table, "-C", chain, ...rule], { allowFailure: true });
    if (exitCode === 0) return;
    if (variant === "iptables-nft") await makeMarked(exec, table, chain);
    await exec.run(command, ["-w", "-t", table, first ? "-I" : "-A", chain, ...rule]);
  });
  return variant === "iptables-nft" ? [await nftTablePart(exec, ledger, table), add] : [add];
}

async function nftTablePart(exec: Exec, ledger: Ledger, table: string): Promise<Part> {
  const name = `ip ${table}`;
  const nothing = () => Promise.resolve();
  const known = ledger.get("nft-table", name);
  if (known !== null) return part("nft-table", name, known.details, nothing);
  const { exitCode, stdout } = await exec.run("nft", ["list", "table", "ip", table], { allowFailure: true });
  const chainsBefore = exitCode === 0 ? chainNames(stdout) : null;
  return part("nft-table", name, { netns: null, family: "ip", table, onlyEmpty: { chainsBefore } }, nothing);
}

/** As iptables makes them. */
const BASE_CHAINS: Record<string, string> = {
  POSTROUTING: "type nat hook postrouting priority srcnat; policy accept;",
};

/**
 * Table and base chain, where they are missing, with a mark: several clouds may use them, and the last to leave has to know that they
 * are one of ours' and not the host's. An nft without comments there (before 1.0) leaves it to iptables to make them.
 */
async function makeMarked(exec: Exec, table: string, chain: string): Promise<void> {
  const base = BASE_CHAINS[chain];
  if (base === undefined) return;
  const { exitCode, stdout } = await exec.run("nft", ["list", "table", "ip", table], { allowFailure: true });
  const mark = `comment "${MADE_BY_US}";`;
  const script: string[] = [];
  if (exitCode !== 0) script.push(`create table ip ${table} { ${mark} }`);
  if (exitCode !== 0 || !chainNames(stdout).includes(chain))
    script.push(`create chain ip ${table} ${chain} { ${base} ${mark} }`);
  if (script.length > 0) await exec.run("nft", ["-f", "-"], { input: `${script.join("\n")}\n`, allowFailure: true });
}

export function chainNames(listing: string): string[] {
  return [...listing.matchAll(/^\tchain (\S+) \{$/gm)].map((match) => match[1] ?? "");
}

/**
 * Where forwarded traffic would be dropped by someone's policy, and the chain in which a rule of ours comes first: Docker
 * sets FORWARD's policy to DROP and keeps DOCKER-USER for others' rules.
 */
export async function droppingForwards(
  exec: Exec,
): Promise<{ variant: IptablesVariant; chain: string; why: string }[]> {
  const found: { variant: IptablesVariant; chain: string; why: string }[] = [];
  for (const variant of await variantsInUse(exec)) {
    const { exitCode, stdout } = await exec.run(variant, ["-w", "-S"], { allowFailure: true });
    if (exitCode !== 0) continue;
    const docker = /^-N DOCKER-USER$/m.test(stdout);
    const policy = /^-P FORWARD DROP$/m.test(stdout);
    const rejects = /^-A FORWARD (?!.*DOCKER).*-j (REJECT|DROP)\b/m.test(stdout);
    if (!policy && !rejects && !docker) continue;
    const why = docker ? "Docker" : policy ? "the FORWARD policy is DROP" : "FORWARD has a rule that drops";
    found.push({
      variant,
      chain: docker && /^-A FORWARD -j DOCKER-USER$/m.test(stdout) ? "DOCKER-USER" : "FORWARD",
      why,
    });
  }
  return found;
}
