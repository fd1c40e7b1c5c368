import type { Exec, Ledger } from "../types.ts";
import { Conntrack } from "./conntrack.ts";
import { renderRestore, type Table } from "./rules.ts";

/** Members of an ipset; "hash:net" of one family. */
export interface AddressSet {
  readonly name: string;
  readonly family: 4 | 6;
  readonly members: ReadonlySet<string>;
}

/**
 * Applies rules, sets and bridge tables, each as one process whatever their number. The nft variant of iptables is named
 * outright (not the alternatives' link): one `nft list ruleset` then sees all of them, which makes damage cheap to find.
 */
export class Firewall {
  readonly conntrack: Conntrack;
  readonly #exec: Exec;
  readonly #ledger: Ledger;

  constructor(exec: Exec, ledger: Ledger) {
    this.#exec = exec;
    this.#ledger = ledger;
    this.conntrack = new Conntrack(exec);
  }

  /** Own chains among others' rules: one `iptables-restore --noflush`. */
  async restore(netns: string | null, family: 4 | 6, tables: readonly Table[]): Promise<void> {
    const input = renderRestore(tables, { wholeNamespace: false });
    await this.#exec.run(restoreCommand(family), ["-w", "10", "--noflush"], { netns, input });
  }

  /** The whole of the given tables in a namespace that is ours alone. */
  async replace(netns: string, family: 4 | 6, tables: readonly Table[]): Promise<void> {
    const input = renderRestore(tables, { wholeNamespace: true });
    await this.#exec.run(restoreCommand(family), ["-w", "10"], { netns, input });
  }

  /** Makes the chain and puts a jump to it at the head of the built-in one, unless both are there. */
  async hook(
    netns: string,
    family: 4 | 6,
    table: string,
    builtIn: string,
    chain: string,
    owner: string,
  ): Promise<void> {
    const command = family === 4 ? "iptables-nft" : "ip6tables-nft";
    const key = `${netns}/${command}/${table}`;
    const base = { netns, variant: "iptables-nft" as const, family, table };
    const rule = ["-j", chain];
    await this.#ledger.createMany(
      [
        { kind: "iptables-chain", name: `${key}/${chain}`, details: { ...base, chain }, owner },
        {
          kind: "iptables-rule",
          name: `${key}/${builtIn}/${chain}`,
          details: { ...base, chain: builtIn, rule },
          owner,
        },
      ],
      async () => {
        const prefix = ["-w", "10", "-t", table];
        const check = await this.#exec.run(command, [...prefix, "-C", builtIn, ...rule], { netns, allowFailure: true });
        if (check.exitCode === 0) return;
        await this.#exec.run(command, [...prefix, "-N", chain], { netns, allowFailure: true });
        await this.#exec.run(command, [...prefix, "-I", builtIn, "1", ...rule], { netns });
      },
    );
  }

  /** Names of the chains of a table, built-in ones included. */
  async chains(netns: string, family: 4 | 6, table: string): Promise<string[]> {
    const command = family === 4 ? "iptables-nft-save" : "ip6tables-nft-save";
    const { stdout } = await this.#exec.run(command, ["-t", table], { netns });
    return [...stdout.matchAll(/^:(\S+) /gm)].map(([, name = ""]) => name);
  }

  /** The rules of one family as text, which costs much less than `fingerprint` where there are many. */
  async saved(netns: string, family: 4 | 6): Promise<string> {
    return (await this.#exec.run(family === 4 ? "iptables-nft-save" : "ip6tables-nft-save", [], { netns })).stdout;
  }

  /** One nft script: a transaction, all of it or nothing. */
  async nft(netns: string, script: string): Promise<void> {
    await this.#exec.run("nft", ["-f", "-"], { netns, input: script });
  }

  /** Writes the bridge-family table down before its first apply. */
  async declareBridgeTable(netns: string, table: string, owner: string): Promise<void> {
    const details = { netns, family: "bridge" as const, table };
    await this.#ledger.create({ kind: "nft-table", name: `${netns}/bridge/${table}`, details, owner }, () => undefined);
  }

  /** All rules of a namespace as text without counters: equal texts mean that nobody changed anything. */
  async fingerprint(netns: string): Promise<string> {
    return (await this.#exec.run("nft", ["-s", "list", "ruleset"], { netns })).stdout;
  }

  /** Only the given things ("chain", "ip", "filter", "FORWARD"), cheaper than all when there are many; a missing one is left out. */
  async sample(netns: string, things: readonly (readonly [kind: string, ...name: string[]])[]): Promise<string> {
    // One process each: nft loads what the first command needs, and does not find the others then.
    const list = async (thing: readonly string[]): Promise<string> => {
      const args = ["-s", "list", ...thing];
      return (await this.#exec.run("nft", args, { netns, allowFailure: [1] })).stdout;
    };
    return (await Promise.all(things.map(list))).join("");
  }

  /**
   * Brings sets from `before` to `after` by one `ipset restore`. A set whose content before is not known (null) is filled
   * aside and swapped in, so that it is never seen empty.
   */
  async applySets(
    netns: string,
    after: readonly AddressSet[],
    before: ReadonlyMap<string, ReadonlySet<string>> | null,
  ): Promise<void> {
    const lines: string[] = [];
    for (const { name, family, members } of after) {
      const old = before?.get(name);
      const create = (set: string) => `create ${set} hash:net family ${family === 4 ? "inet" : "inet6"} -exist`;
      if (old === undefined) {
        const aside = "tenrec-new";
        lines.push(create(name), create(`${aside}${family}`), `flush ${aside}${family}`);
        for (const member of members) lines.push(`add ${aside}${family} ${member} -exist`);
        lines.push(`swap ${aside}${family} ${name}`, `destroy ${aside}${family}`);
        continue;
      }
      for (const member of members) if (!old.has(member)) lines.push(`add ${name} ${member} -exist`);
      for (const member of old) if (!members.has(member)) lines.push(`del ${name} ${member} -exist`);
    }
    if (lines.length > 0) await this.#exec.run("ipset", ["restore"], { netns, input: `${lines.join("\n")}\n` });
  }

  /** Takes away sets that no rule uses any more. */
  async destroySets(netns: string, names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const input = `${names.map((name) => `destroy ${name}`).join("\n")}\n`;
    await this.#exec.run("ipset", ["restore"], { netns, input, allowFailure: true });
  }

  /** Names of the sets there are. */
  async sets(netns: string): Promise<string[]> {
    const { stdout } = await this.#exec.run("ipset", ["list", "-n"], { netns });
    return stdout.split("\n").filter((name) => name !== "");
  }
}

function restoreCommand(family: 4 | 6): string {
  return family === 4 ? "iptables-nft-restore" : "ip6tables-nft-restore";
}
