import { badRequest } from "../../../kernel/errors.ts";

export type Json = Record<string, unknown>;

/** Attributes of a body that the resource does not know, kept as they are. */
export function extras(body: Json, known: readonly string[]): Json {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !known.includes(name)));
}

/** `extra` after a PATCH: given attributes replace, null removes. */
export function mergeExtras(stored: string, changes: Json): string {
  const merged = { ...(JSON.parse(stored) as Json), ...changes };
  return JSON.stringify(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
}

/** A PATCH may repeat the id but not change it. Errors: 400. */
export function requireSameId(body: Json, id: string, what: string): void {
  if (body.id !== undefined && body.id !== id) throw badRequest(`Cannot change ${what} ID`);
}

export const text = (value: unknown): string => (typeof value === "string" ? value : "");
export const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);
