import type { TypedKind, TypedParam, TypedValue } from "./codecs.ts";

/** Typed parameters as a plain object by name; the last one wins when a name repeats. */
export function paramsToObject(params: readonly TypedParam[]): Record<string, TypedValue> {
  return Object.fromEntries(params.map(({ name, value }) => [name, value]));
}

/** A plain object as typed parameters, all of one kind; undefined values are left out. */
export function objectToParams(
  kind: TypedKind,
  values: Readonly<Record<string, TypedValue | undefined>>,
): readonly TypedParam[] {
  const params: TypedParam[] = [];
  for (const [name, value] of Object.entries(values)) if (value !== undefined) params.push({ name, kind, value });
  return params;
}
