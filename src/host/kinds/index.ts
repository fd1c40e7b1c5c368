import type { Exec, Ledger, LedgerDetails, LedgerEntry, LedgerKind } from "../types.ts";
import { firewall } from "./firewall.ts";
import { Hands, type Kind, Look, type Thing } from "./kind.ts";
import { links } from "./links.ts";
import { storage } from "./storage.ts";
import { system } from "./system.ts";

/** Every kind of thing that the ledger knows. A new kind is its details in types.ts and its entry here. */
const KINDS: { readonly [K in LedgerKind]: Kind<K> } = { ...links, ...firewall, ...storage, ...system };

/** The type of a row's details follows from its kind. */
export const kindOf = (kind: LedgerKind): Kind<LedgerKind> => KINDS[kind] as Kind<LedgerKind>;

/** Whether the cloud's users have data in it: then it outlives unstack (not clean). */
export const holdsData = ({ kind, details }: Pick<LedgerEntry, "kind" | "details">): boolean =>
  kindOf(kind).holdsData?.(details) ?? false;

/** Tells a ledger how each kind is taken away again. */
export function registerUndos(ledger: Ledger, exec: Exec): void {
  const hands = new Hands(exec);
  for (const kind of Object.keys(KINDS) as LedgerKind[]) {
    ledger.registerUndo(kind, (entry) => kindOf(kind).undo(entry, hands));
  }
}

/** Whether what rows of the ledger name is on the host now. */
export class Presence {
  readonly #look: Look;
  constructor(exec: Exec) {
    this.#look = new Look(exec);
  }

  /** Null when that cannot be told or does not matter. */
  async isThere(thing: Thing): Promise<boolean | null> {
    const netns = (thing.details as { netns?: unknown }).netns;
    // The namespace's own row says it for all that was in it.
    if (typeof netns === "string" && !(await this.#look.hasNamespace(netns))) return null;
    return kindOf(thing.kind).isThere(thing, this.#look);
  }
}

/** "route tenrec-up:172.24.4.0/24", "rule iptables-nft -t nat -A POSTROUTING …" */
export function describe(thing: Thing): string {
  const { words } = kindOf(thing.kind);
  if (thing.kind !== "iptables-rule") return `${words} ${thing.name}`;
  const { variant, table, chain, rule } = thing.details as LedgerDetails["iptables-rule"];
  return `${words} ${variant} -t ${table} -A ${chain} ${rule.filter((word) => word !== "").join(" ")}`;
}
