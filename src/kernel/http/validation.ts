import type { Ajv2020, ErrorObject, ValidateFunction } from "ajv/dist/2020.js";
import { ISO_TIME } from "../time/moment.ts";
import { exactly } from "./exact-json.ts";
import type { JsonSchema, SchemaIssue } from "./route.ts";

/** One for all: each would compile the schema of schemas for itself. */
let compiler: Ajv2020 | null = null;
let loading: Promise<Ajv2020> | null = null;

/** Ninety files, which the first answer of a start does not wait for. */
async function load(): Promise<Ajv2020> {
  const [{ Ajv2020 }, { default: addFormats }] = await Promise.all([import("ajv/dist/2020.js"), import("ajv-formats")]);
  const ajv = new Ajv2020({ strict: false, allErrors: false, verbose: true, validateFormats: true, logger: false });
  addFormats.default(ajv);
  ajv.addFormat("date-time", ISO_TIME);
  ajv.addFormat("base64", /^(?:[A-Za-z0-9+/]{4}|\s)*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\s*$/);
  // uuid in OpenStack's sense: with or without dashes.
  ajv.addFormat("uuid", /^(?:[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/i);
  compiler = ajv;
  return ajv;
}

/** Null once schemas can be checked, else a promise that they can. */
export function validationLoading(): Promise<unknown> | null {
  if (compiler !== null) return null;
  loading ??= load().finally(() => {
    loading = null;
  });
  return loading;
}

/**
 * JSON Schema checks. A schema is compiled when it is first used (compiling all at the start would cost a second) and
 * kept as long as its object lives, so schemas that depend on a microversion should be built once per range.
 */
export class Validator {
  readonly #compiled = new WeakMap<object, ValidateFunction>();

  /** Null when the value fits. Only after `validationLoading`. */
  check(schema: JsonSchema, value: unknown): SchemaIssue | null {
    if (typeof schema === "boolean") return schema ? null : issueFor({ keyword: "false" }, value);
    let validate = this.#compiled.get(schema);
    if (validate === undefined) {
      if (compiler === null) throw new Error("schemas are checked before what checks them is loaded");
      validate = compiler.compile(schema);
      this.#compiled.set(schema, validate);
    }
    if (validate(value)) return null;
    // A failed anyOf/oneOf comes last, after the failures of its branches: it is the one jsonschema would report.
    const error = validate.errors?.at(-1);
    return error === undefined ? issueFor({ keyword: "false" }, value) : issueFor(error, value);
  }
}

type Failure = Partial<ErrorObject> & { keyword: string };

function issueFor(error: Failure, root: unknown): SchemaIssue {
  const path = (error.instancePath ?? "").split("/").slice(1).map(unescapePointer);
  const value = error.schemaPath === undefined ? root : exactValue(error, root, path);
  return { path, value, message: pythonMessage(error, value), keyword: error.keyword };
}

function exactValue({ data }: Failure, root: unknown, path: readonly (string | number)[]): unknown {
  const name = path.at(-1);
  if (typeof data !== "number" || name === undefined) return data;
  const holder = path
    .slice(0, -1)
    .reduce<unknown>((part, step) => (part as Record<string | number, unknown>)[step], root);
  return exactly(holder as object, name);
}

function unescapePointer(token: string): string | number {
  const text = token.replaceAll("~1", "/").replaceAll("~0", "~");
  return /^\d+$/.test(text) ? Number(text) : text;
}

/** The words of Python's jsonschema, which clients and tests know. */
function pythonMessage(error: Failure, value: unknown): string {
  const shown = pythonRepr(value);
  const params = (error.params ?? {}) as Record<string, unknown>;
  switch (error.keyword) {
    case "type":
      return `${shown} is not of type ${[params.type].flat().map(pythonRepr).join(", ")}`;
    case "required":
      return `${pythonRepr(params.missingProperty)} is a required property`;
    case "additionalProperties":
    case "unevaluatedProperties":
      return unexpected(error.parentSchema ?? {}, value, params.additionalProperty ?? params.unevaluatedProperty);
    case "enum":
      return `${shown} is not one of ${pythonRepr(params.allowedValues)}`;
    case "const":
      return `${pythonRepr(params.allowedValue)} was expected`;
    case "pattern":
      return `${shown} does not match ${pythonRepr(params.pattern)}`;
    case "format":
      return `${shown} is not a ${pythonRepr(params.format)}`;
    case "minLength":
    case "minItems":
      return `${shown} is too short`;
    case "maxLength":
    case "maxItems":
      return `${shown} is too long`;
    case "minimum":
      return `${shown} is less than the minimum of ${params.limit}`;
    case "maximum":
      return `${shown} is greater than the maximum of ${params.limit}`;
    case "minProperties":
      return `${shown} does not have enough properties`;
    case "maxProperties":
      return `${shown} has too many properties`;
    case "uniqueItems":
      return `${shown} has non-unique elements`;
    case "oneOf":
    case "anyOf":
      return `${shown} is not valid under any of the given schemas`;
    case "not":
      return `${shown} should not be valid under ${pythonRepr(error.schema)}`;
    case "propertyNames":
      return `${pythonRepr(params.propertyName)} does not match any of the regexes${regexOf(error.schema)}`;
    default:
      return error.message ?? `${shown} is not allowed`;
  }
}

/** All that an object has too much, not only `first`; with patterns, which none of the names fit. */
function unexpected(schema: Record<string, unknown>, value: unknown, first: unknown): string {
  const known = Object.keys(schema.properties ?? {});
  const patterns = Object.keys(schema.patternProperties ?? {});
  const fits = (name: string) =>
    known.includes(name) || patterns.some((pattern) => new RegExp(pattern, "u").test(name));
  const extra = Object.keys(value ?? {}).filter((name) => !fits(name));
  const names = (extra.length === 0 ? [first] : extra).map(pythonRepr).join(", ");
  const one = extra.length < 2;
  return patterns.length === 0
    ? `Additional properties are not allowed (${names} ${one ? "was" : "were"} unexpected)`
    : `${names} ${one ? "does" : "do"} not match any of the regexes: ${patterns.map(pythonRepr).join(", ")}`;
}

/** For a schema of property names with a pattern, which jsonschema would know as the one of patternProperties. */
function regexOf(schema: unknown): string {
  const pattern = typeof schema === "object" && schema !== null && "pattern" in schema ? schema.pattern : undefined;
  return pattern === undefined ? "" : `: ${pythonRepr(pattern)}`;
}

/** How Python prints a value: None, True, 'text', {'a': 1}. */
export function pythonRepr(value: unknown): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "string") {
    const escaped = value
      .replaceAll("\\", "\\\\")
      .replaceAll("\n", "\\n")
      .replaceAll("\t", "\\t")
      .replaceAll("\r", "\\r");
    return value.includes("'") && !value.includes('"') ? `"${escaped}"` : `'${escaped.replaceAll("'", "\\'")}'`;
  }
  if (Array.isArray(value)) return `[${value.map((_, index) => pythonRepr(exactly(value, index))).join(", ")}]`;
  if (typeof value === "object") {
    return `{${Object.keys(value)
      .map((key) => `${pythonRepr(key)}: ${pythonRepr(exactly(value, key))}`)
      .join(", ")}}`;
  }
  return String(value);
}
