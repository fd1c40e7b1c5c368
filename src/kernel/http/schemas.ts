import type { JsonSchema } from "./route.ts";

/** An object of these properties and, unless told, no others. */
export const object = (
  properties: Record<string, unknown>,
  options: { required?: readonly string[]; additional?: boolean; anyOf?: readonly unknown[] } = {},
): JsonSchema => ({
  type: "object",
  properties,
  ...(options.required === undefined ? {} : { required: options.required }),
  ...(options.anyOf === undefined ? {} : { anyOf: options.anyOf }),
  additionalProperties: options.additional ?? false,
});

/** `{"<key>": {…}}`: how bodies and actions are wrapped. */
export const wrapped = (key: string, inner: JsonSchema): JsonSchema => object({ [key]: inner }, { required: [key] });
