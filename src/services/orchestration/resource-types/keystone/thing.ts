import { idOf, idOrNull, type Lookup } from "../asking.ts";
import { type ThingOptions, thing } from "../thing.ts";
import type { Run } from "../types.ts";

/** What types of keystone have in common. */

export const keystone = { name: "identity", client: "keystone" } as const;

export const keystoneThing = (options: Omit<ThingOptions, "service" | "parameter"> & { readonly parameter?: string }) =>
  thing({ parameter: `${options.key}_id`, ...options, service: keystone });

export const support = (version: string) => ({ version, message: "Supported versions: keystone v3" });

export const text = { type: "string" } as const;
export const changing = { type: "string", update_allowed: true } as const;
export const enabled = {
  type: "boolean",
  default: true,
  update_allowed: true,
  description: "Whether it is in use.",
} as const;
export const of = (constraint: string) =>
  ({ type: "string", constraints: [{ custom_constraint: `keystone.${constraint}` }] }) as const;
export const domain = {
  ...of("domain"),
  default: "default",
  update_allowed: true,
  description: "Its domain.",
} as const;

export const found = (run: Pick<Run, "call">, kind: Lookup, wanted: unknown): Promise<string | null> =>
  idOrNull(run, kind, wanted as string | null);
export const domainOf = (run: Pick<Run, "call">, wanted: unknown): Promise<string> =>
  idOf(run, "domain", String(wanted ?? "default"));
