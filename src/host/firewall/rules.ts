/** Rules as data. What is written here is all there is: whatever else is in these chains is taken away by applying it. */
export interface Rule {
  /** As after `-A CHAIN`, without the comment: ["-p", "tcp", "--dport", "22", "-j", "ACCEPT"]. */
  readonly spec: readonly string[];
  /** Why the rule is there: the id of the object it stands for. At most 255 characters, no quotes. */
  readonly comment: string;
}

export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
}

export interface Table {
  readonly table: "filter" | "nat" | "raw" | "mangle";
  readonly chains: readonly Chain[];
  /** Chains of an earlier apply that are to go. They must not be referred to any more. */
  readonly removed?: readonly string[];
}

/** Chains the kernel calls by itself. They are never declared anew with --noflush: others may have rules in them. */
const BUILT_IN: ReadonlySet<string> = new Set(["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]);

/**
 * The input of `iptables-restore`. Declaring a chain empties it, so each chain has exactly the rules given here after.
 * `wholeNamespace`: built-in chains may be given too, for a namespace that is ours alone (restore without --noflush).
 */
export function renderRestore(tables: readonly Table[], options: { wholeNamespace: boolean }): string {
  const lines: string[] = [];
  for (const { table, chains, removed = [] } of tables) {
    lines.push(`*${table}`);
    for (const { name } of chains) {
      if (!BUILT_IN.has(name)) lines.push(`:${name} - [0:0]`);
      else if (options.wholeNamespace) lines.push(`:${name} ACCEPT [0:0]`);
      else throw new Error(`${name} is not a chain of ours`);
    }
    for (const name of removed) lines.push(`:${name} - [0:0]`);
    for (const { name, rules } of chains) {
      for (const rule of rules) lines.push(renderRule(name, rule));
    }
    for (const name of removed) lines.push(`-X ${name}`);
    lines.push("COMMIT");
  }
  return `${lines.join("\n")}\n`;
}

function renderRule(chain: string, { spec, comment }: Rule): string {
  for (const word of spec) {
    if (!/^[\w.:/,+!-]+$/.test(word)) throw new Error(`not a word for iptables: ${JSON.stringify(word)}`);
  }
  const at = spec.findIndex((word) => word === "-j" || word === "-g");
  const match = at < 0 ? spec : spec.slice(0, at);
  const target = at < 0 ? [] : spec.slice(at);
  const text = comment.replaceAll(/[^\w .:/,+-]/g, "").slice(0, 255);
  return ["-A", chain, ...match, "-m", "comment", "--comment", `"${text}"`, ...target].join(" ");
}
