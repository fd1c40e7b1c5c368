import type { JsonSchema } from "../../../kernel/http/route.ts";

/** Schemas of single values, named as in nova/api/validation/parameter_types.py. */
export const boolean: JsonSchema = {
  type: ["boolean", "string"],
  enum: [
    true,
    "True",
    "TRUE",
    "true",
    "1",
    "ON",
    "On",
    "on",
    "YES",
    "Yes",
    "yes",
    false,
    "False",
    "FALSE",
    "false",
    "0",
    "OFF",
    "Off",
    "off",
    "NO",
    "No",
    "no",
  ],
};

export const name: JsonSchema = { type: "string", minLength: 1, maxLength: 255 };
export const description: JsonSchema = { type: ["string", "null"], minLength: 0, maxLength: 255 };
export const positiveInteger: JsonSchema = {
  type: ["integer", "string"],
  pattern: "^[0-9]*$",
  minimum: 1,
  minLength: 1,
};
export const nonNegativeInteger: JsonSchema = {
  type: ["integer", "string"],
  pattern: "^[0-9]*$",
  minimum: 0,
  minLength: 1,
};
export const uuid: JsonSchema = { type: "string", format: "uuid" };
export const uuidOrNull: JsonSchema = { type: ["string", "null"], format: "uuid" };
export const imageRefOrEmpty: JsonSchema = {
  type: "string",
  anyOf: [{ format: "uuid" }, { maxLength: 0 }],
};
export const flavorRef: JsonSchema = { type: ["string", "integer"], minLength: 1 };
export const adminPassword: JsonSchema = { type: "string" };
export const ipv4OrEmpty: JsonSchema = { type: "string", format: "ipv4" };
export const ipv6OrEmpty: JsonSchema = { type: "string", format: "ipv6" };
export const ipAddress: JsonSchema = { type: "string", anyOf: [{ format: "ipv4" }, { format: "ipv6" }] };
export const diskConfig: JsonSchema = { type: "string", enum: ["AUTO", "MANUAL"] };
export const hostname: JsonSchema = { type: "string", minLength: 1, maxLength: 255, pattern: "^[a-zA-Z0-9-._]*$" };
export const tag: JsonSchema = { type: "string", minLength: 1, maxLength: 60, pattern: "^[^,/]*$" };
export const tags: JsonSchema = { type: "array", items: tag, maxItems: 50 };
export const metadata: JsonSchema = {
  type: "object",
  propertyNames: { pattern: "^[a-zA-Z0-9-_:. ]{1,255}$" },
  additionalProperties: { type: "string", maxLength: 255 },
};
export const trustedCertificates: JsonSchema = {
  type: ["array", "null"],
  minItems: 1,
  maxItems: 50,
  uniqueItems: true,
  items: { type: "string", minLength: 1 },
};
export const personality: JsonSchema = {
  type: "array",
  items: {
    type: "object",
    properties: { path: { type: "string" }, contents: { type: "string", format: "base64" } },
    required: ["path", "contents"],
    additionalProperties: false,
  },
};

/** An object with exactly these properties. */
export function object(properties: Record<string, JsonSchema>, required: readonly string[] = []): JsonSchema {
  return { type: "object", properties, required, additionalProperties: false };
}

/** `{"reboot": {…}}`: the body of an action. */
export const action = (name: string, schema: JsonSchema): JsonSchema => object({ [name]: schema }, [name]);

/**
 * A query of repeatable parameters (those in `single` may stand once); unknown ones are let through, as nova does in its old versions,
 * unless `strict`.
 */
export function query(
  properties: Record<string, JsonSchema>,
  options: { strict?: boolean; single?: readonly string[] } = {},
): { [key: string]: unknown } {
  const once = (key: string) => (options.single?.includes(key) === true ? { maxItems: 1 } : {});
  const arrays = Object.fromEntries(
    Object.entries(properties).map(([key, items]) => [key, { type: "array", items, ...once(key) }]),
  );
  return { type: "object", properties: arrays, additionalProperties: options.strict !== true };
}

export const queryInteger: JsonSchema = { type: "string", pattern: "^[0-9]*$", minLength: 1 };
export const queryString: JsonSchema = { type: "string" };
export const queryTime: JsonSchema = { type: "string", format: "date-time" };
