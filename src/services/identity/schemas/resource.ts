import type { JsonSchema } from "../../../kernel/http/route.ts";

type Json = Record<string, unknown>;

/** A body of one resource: `{"<key>": {…}}`. Attributes that are not listed are kept as extras unless `closed`. */
export function resourceSchema(
  key: string,
  properties: Json,
  options: { required?: readonly string[]; closed?: boolean; minProperties?: number } = {},
): JsonSchema {
  return {
    type: "object",
    properties: {
      [key]: {
        type: "object",
        properties,
        required: options.required ?? [],
        additionalProperties: options.closed !== true,
        minProperties: options.minProperties ?? 0,
      },
    },
    required: [key],
  };
}

export const nullableString = { type: ["string", "null"] };
/** [\S]+: at least one character that is no blank. */
export const nameOf = (maxLength: number) => ({ type: "string", minLength: 1, maxLength, pattern: "[\\S]+" });
export const boolean = { type: "boolean" };
