import fc from "fast-check";
import type { JsonSchema } from "../../../src/kernel/http/route.ts";
import type { Json } from "../../support/json.ts";
import { hostileString, realId } from "./hostile.ts";

/** Values that mostly fit a schema (patterns and formats are met by a few likely words): close enough to come past validation often. */
export function fromSchema(schema: JsonSchema, depth = 0, name = ""): fc.Arbitrary<Json> {
  if (typeof schema === "boolean") return wordFor(name, {});
  const one = schema as Record<string, Json>;
  if (depth > 8) return fc.constant(null);
  if (Array.isArray(one.enum)) return fc.constantFrom(...one.enum);
  if (Object.hasOwn(one, "const")) return fc.constant(one.const);
  const branches = one.oneOf ?? one.anyOf;
  if (Array.isArray(branches))
    return fc.oneof(
      ...branches.map((branch: Record<string, Json>) =>
        fromSchema({ ...one, oneOf: undefined, anyOf: undefined, ...branch }, depth + 1, name),
      ),
    );
  if (Array.isArray(one.allOf)) {
    return fromSchema(Object.assign({}, { ...one, allOf: undefined }, ...one.allOf), depth + 1, name);
  }
  const types: string[] = [one.type ?? (one.properties === undefined ? "string" : "object")].flat();
  return fc.oneof(...types.map((type) => ofType(type, one, depth, name)));
}

const CANDIDATES = [
  "a",
  "name",
  "1",
  "true",
  "10.9.0.5",
  "fd00::5",
  "2027-01-01T00:00:00Z",
  "2027-01-01T00:00:00.000000Z",
  "http://127.0.0.1:1/x",
  "dGV4dA==",
  "6c1ef1f0-aaaa-4bbb-8ccc-000000000001",
  "6c1ef1f0aaaa4bbb8ccc000000000001",
  "CUSTOM_A",
  "MEMORY_MB",
  "/dev/vdb",
  "tcp",
  "GET",
  "/v2/**",
];

/** What a property of this name probably wants: the id of what it is called after. */
function named(name: string): string[] {
  const kind = name.replace(/(_?[iI]ds?|Ref|_uuid)$/, "");
  const known: Record<string, string[]> = {
    uuid: ["@@network@@", "@@volume@@", "@@image@@"],
    port: ["@@port@@", "22"],
    fixed_ip: ["10.9.0.9"],
    key_name: ["@@keypair@@"],
    project: ["@@alpha@@", "@@a project@@"],
    tenant: ["@@alpha@@"],
    user: ["@@member@@", "@@a user@@"],
    trustor_user: ["@@member@@"],
    trustee_user: ["@@other@@"],
    role: ["@@a role@@"],
    group: ["@@a group@@", "@@server_group@@"],
    domain: ["default", "@@a domain@@"],
    service: ["@@a service@@"],
    flavor: ["42", "@@flavor@@"],
    net: ["@@network@@"],
    instance: ["@@server@@"],
    server: ["@@server@@"],
    host: ["@@host@@"],
    password: ["secret"],
    original_password: ["secret"],
    type: ["ssh", "x"],
  };
  if (Object.hasOwn(known, kind)) return known[kind] ?? [];
  return kind === name ? [] : [`@@${kind}@@`];
}

const FORMATS: Readonly<Record<string, RegExp>> = {
  ipv4: /^\d+\.\d+\.\d+\.\d+$/,
  ipv6: /::/,
  uuid: /^[0-9a-f]{8}-/,
  "date-time": /^\d{4}-.*Z$/,
  uri: /^http/,
  base64: /==$/,
};

/** Mostly something that the pattern allows. */
function wordFor(name: string, schema: Record<string, Json>): fc.Arbitrary<Json> {
  const pattern = typeof schema.pattern === "string" ? new RegExp(schema.pattern, "u") : null;
  const format = FORMATS[schema.format] ?? /(?:)/;
  const fits = (text: string) =>
    text.startsWith("@@") || ((pattern === null || pattern.test(text)) && format.test(text));
  const fitting = CANDIDATES.filter(fits);
  const likely = [...named(name).filter(fits), ...named(name).filter(fits), ...fitting];
  return fc.oneof(
    { weight: 8, arbitrary: likely.length === 0 ? hostileString : fc.constantFrom(...likely) },
    { weight: 1, arbitrary: realId },
    { weight: 1, arbitrary: hostileString },
  );
}

function ofType(type: string, schema: Record<string, Json>, depth: number, name: string): fc.Arbitrary<Json> {
  switch (type) {
    case "object":
      return objectOf(schema, depth);
    case "array":
      return fc.array(fromSchema(schema.items ?? true, depth + 1, name), {
        minLength: Math.min(Number(schema.minItems ?? 0), 3),
        maxLength: Math.max(Number(schema.minItems ?? 0), 2),
      });
    case "integer":
    case "number": {
      const min = Math.max(Number(schema.minimum ?? -2), -(2 ** 53));
      const max = Math.max(min, Math.min(Number(schema.maximum ?? 2 ** 40), 2 ** 53));
      return fc.constantFrom(min, Math.min(min + 1, max), max);
    }
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    default:
      return wordFor(name, schema).map((value) =>
        String(value)
          .slice(0, Number(schema.maxLength ?? 1000))
          .padEnd(Number(schema.minLength ?? 0), "a"),
      );
  }
}

function objectOf(schema: Record<string, Json>, depth: number): fc.Arbitrary<Json> {
  const properties: Record<string, JsonSchema> = schema.properties ?? {};
  const required: string[] = schema.required ?? [];
  const entries = Object.keys(properties).map((key) =>
    // Optional parts are there one time in three: bodies stay small.
    required.includes(key) || (depth === 0 && Object.keys(properties).length === 1)
      ? fromSchema(properties[key] ?? true, depth + 1, key).map((value): [string, Json][] => [[key, value]])
      : fc.oneof(
          { weight: 2, arbitrary: fc.constant<[string, Json][]>([]) },
          {
            weight: 1,
            arbitrary: fromSchema(properties[key] ?? true, depth + 1, key).map((value): [string, Json][] => [
              [key, value],
            ]),
          },
        ),
  );
  const extra = schema.additionalProperties ?? Object.values(schema.patternProperties ?? {})[0];
  if (typeof extra === "object" || (extra === true && entries.length === 0)) {
    entries.push(
      fc.array(fc.tuple(fc.constantFrom("a", "b", "hw:x"), fromSchema(extra as JsonSchema, depth + 1)), {
        maxLength: 2,
      }),
    );
  }
  return fc.tuple(...entries).map((parts) => Object.fromEntries(parts.flat()));
}

/** Every property name anywhere in a schema: keys worth adding. */
export function keysOf(schema: JsonSchema, found = new Set<string>()): Set<string> {
  const walk = (value: Json) => {
    if (typeof value !== "object" || value === null) return;
    if (typeof value.properties === "object") for (const key of Object.keys(value.properties)) found.add(key);
    for (const inner of Object.values(value)) walk(inner);
  };
  walk(schema);
  return found;
}
