import type { Exec } from "../types.ts";
import { type Part, part } from "./part.ts";

interface Chain {
  family: "ip" | "inet";
  table: string;
  name: string;
}

interface ChainJson extends Omit<Chain, "family"> {
  family: string;
  hook?: string;
  policy?: string;
}

/** Tables that iptables manages: its own commands see to those. */
const OF_IPTABLES = new Set(["filter", "nat", "mangle", "raw", "security"]);

/**
 * Chains of nftables itself (firewalld's, an /etc/nftables.conf) in which forwarded traffic may be dropped: by the policy, or by a last
 * rule that catches all. What another chain has accepted passes them all the same, so each needs rules of its own.
 */
async function droppingChains(exec: Exec): Promise<Chain[]> {
  const { exitCode, stdout } = await exec.run("nft", ["-j", "list", "chains"], { allowFailure: true });
  if (exitCode !== 0) return [];
  const { nftables } = JSON.parse(stdout) as { nftables: { chain?: ChainJson }[] };
  const found: Chain[] = [];
  for (const { chain } of nftables) {
    if (chain?.hook !== "forward" || (chain.family !== "ip" && chain.family !== "inet")) continue;
    const { family, table, name, policy } = chain;
    if (family === "ip" && OF_IPTABLES.has(table)) continue;
    if (policy === "drop" || (await endsInDrop(exec, { family, table, name }))) found.push({ family, table, name });
  }
  return found;
}

async function endsInDrop(exec: Exec, chain: Chain): Promise<boolean> {
  const lines = (await listChain(exec, chain)).split("\n").map((line) => line.trim());
  const rules = lines.filter((line) => line !== "" && line !== "}" && !/^(table|chain|type) /.test(line));
  return /^(log .*)?(counter packets \d+ bytes \d+ )?(drop|reject\b.*)$/.test(rules.at(-1) ?? "");
}

async function listChain(exec: Exec, { family, table, name }: Chain): Promise<string> {
  const { stdout } = await exec.run("nft", ["list", "chain", family, table, name], { allowFailure: true });
  return stdout;
}

/** Lets what comes from the box and goes to it through, ahead of everything else in those chains. */
export async function nftForwardParts(
  exec: Exec,
  hostLink: string,
  netns: string,
): Promise<{ parts: Part[]; notes: string[] }> {
  const parts: Part[] = [];
  const notes: string[] = [];
  for (const chain of await droppingChains(exec)) {
    const { family, table, name } = chain;
    for (const side of ["iifname", "oifname"]) {
      const rule = `${side} "${hostLink}" accept comment "tenrec ${netns}"`;
      const details = { netns: null, family, table, chain: name, rule };
      parts.push(
        part("nft-rule", `${family} ${table} ${name}: ${rule}`, details, async () => {
          if ((await listChain(exec, chain)).includes(rule)) return;
          await exec.run("nft", ["-f", "-"], { input: `insert rule ${family} ${table} ${name} ${rule}\n` });
        }),
      );
    }
    notes.push(
      `a firewall drops what is forwarded: traffic of the box is let through in ${family} ${table} ${name} (nftables)`,
    );
  }
  return { parts, notes };
}
