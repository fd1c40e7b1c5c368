import type { JsonSchema } from "../../../kernel/http/route.ts";
import { wrapped } from "../../../kernel/http/schemas.ts";

// cinder/api/validation/parameter_types.py, in its limits and patterns.

const TRUE = [true, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes", "y", "t"];
const FALSE = [false, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no", "n", "f"];

export const boolean = { type: ["boolean", "string"], enum: [...TRUE, ...FALSE] } as const;
export const optionalBoolean = { oneOf: [{ type: "null" }, boolean] } as const;
export const text = { type: ["string", "null"], minLength: 0, maxLength: 255 } as const;
export const uuid = { type: "string", format: "uuid" } as const;
export const optionalUuid = { oneOf: [{ type: "null" }, uuid] } as const;
export const size = { type: ["integer", "string"], pattern: "^[0-9]+$", minimum: 1, maximum: 0x7fffffff } as const;
export const optionalSize = { ...size, type: ["integer", "string", "null"] } as const;

/** What cinder leaves open, but keeps in columns of text. */
const connectorText = { host: text, mountpoint: text, mode: text } as const;
export const connector = { type: "object", properties: connectorText } as const;

/** An object of strings: metadata, extra specs. */
export const strings = (options: { nullable?: boolean; nullValues?: boolean; maxLength?: number } = {}) => ({
  type: options.nullable === true ? ["object", "null"] : "object",
  patternProperties: {
    "^[a-zA-Z0-9-_:. /]{1,255}$": {
      type: options.nullValues === true ? ["string", "null"] : "string",
      maxLength: options.maxLength ?? 255,
    },
  },
  additionalProperties: false,
});

/** Anything at all: cinder does not look at the value of many actions. */
export const anything = (key: string): JsonSchema => wrapped(key, {});

/** A value that `boolean` let pass. */
export function isTrue(value: unknown): boolean {
  return (TRUE as readonly unknown[]).includes(value);
}

/** A boolean of a query as oslo's strutils reads it strictly; null for what is none. */
export function strictBoolean(value: string): boolean | null {
  const text = value.trim().toLowerCase();
  if (["true", "1", "t", "yes", "y", "on"].includes(text)) return true;
  return ["false", "0", "f", "no", "n", "off"].includes(text) ? false : null;
}
