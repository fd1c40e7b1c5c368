import type { LedgerDetails, LedgerKind, LedgerRequest } from "../types.ts";

export const OWNER = "box";

/** One thing of ours in the host's main namespace: how it is written down, and how it is made. `make` is idempotent. */
export interface Part {
  request: LedgerRequest<LedgerKind>;
  make(): Promise<unknown>;
}

export function part<K extends LedgerKind>(
  kind: K,
  name: string,
  details: LedgerDetails[K],
  make: () => Promise<unknown>,
): Part {
  return { request: { kind, name, details, owner: OWNER }, make };
}

/** What a part is called where some are to be left alone: "route x-up:172.24.4.0/24". */
export const partKey = ({ kind, name }: { kind: LedgerKind; name: string }): string => `${kind} ${name}`;
