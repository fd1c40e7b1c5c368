import { pythonRepr } from "../../../kernel/http/validation.ts";
import { compilePattern } from "../../../kernel/text/pattern.ts";
import { isMap, pythonClass, pythonInt, pythonJson, pythonText, same, toNumber } from "../values/python.ts";
import { invalidSchema, Mistake, ValidationFailed, valueMistake } from "./mistakes.ts";

/** What parameters and properties may be: types and constraints, as heat's API shows them. */

export type Kind = "string" | "number" | "integer" | "boolean" | "map" | "list" | "any";

export type Constraint = { readonly description?: string } & (
  | { readonly range: { readonly min?: number; readonly max?: number } }
  | { readonly length: { readonly min?: number; readonly max?: number } }
  | { readonly modulo: { readonly step: number; readonly offset: number } }
  | { readonly allowed_values: readonly unknown[] }
  | { readonly allowed_pattern: string }
  | { readonly custom_constraint: string }
);

export interface Schema {
  readonly type: Kind;
  readonly description?: string;
  /** Absent, or null: none. */
  readonly default?: unknown;
  readonly required?: boolean;
  readonly constraints?: readonly Constraint[];
  /** Of a map: its keys. */
  readonly fields?: Schemata;
  /** Of a list: each of its items. */
  readonly items?: Schema;
  /** Changed without making the resource anew. */
  readonly update_allowed?: boolean;
  readonly immutable?: boolean;
  /** Taken of old templates, and not shown. */
  readonly hidden?: boolean;
  /** Texts are taken for lists and maps, as the parameters of a nested template do. */
  readonly converts?: boolean;
}

export type Schemata = Readonly<Record<string, Schema>>;

/** A value whose constraint has to be asked of a service; where it came from. */
export interface CustomCheck {
  readonly constraint: string;
  readonly value: unknown;
  /** Said in place of what the service says. */
  readonly description: string | null;
  readonly path: readonly (string | number)[];
}

/** Which kinds each constraint is for. */
const FOR: Readonly<Record<string, readonly Kind[]>> = {
  range: ["integer", "number"],
  length: ["string", "list", "map"],
  modulo: ["integer", "number"],
  allowed_values: ["string", "integer", "number", "boolean", "list"],
  allowed_pattern: ["string"],
  custom_constraint: ["string", "integer", "number", "boolean", "list"],
};

const CLASSES: Readonly<Record<string, string>> = {
  range: "Range",
  length: "Length",
  modulo: "Modulo",
  allowed_values: "AllowedValues",
  allowed_pattern: "AllowedPattern",
  custom_constraint: "CustomConstraint",
};

const nameOf = (constraint: Constraint): string => Object.keys(constraint).find((key) => key !== "description") ?? "";

/** Errors: 400 where a constraint does not go with the type. `words`: names of the types in the template's own language. */
export function requireFitting({ type, constraints = [] }: Schema, words: (kind: Kind) => string): void {
  for (const constraint of constraints) {
    const name = nameOf(constraint);
    if (!(FOR[name] ?? []).includes(type))
      throw invalidSchema(`${CLASSES[name]} constraint invalid for ${words(type)}`);
  }
}

/**
 * Errors: Mistake, in the constraint's own description where it has one. Custom ones, which services are asked about, are put into `later`.
 */
export function checkConstraints(
  value: unknown,
  schema: Schema,
  later: (constraint: string, description: string | null) => void,
): void {
  for (const constraint of schema.constraints ?? []) {
    const refuse = (message: string) => valueMistake(constraint.description ?? message);
    if ("range" in constraint) requireRange(value, constraint.range, refuse);
    else if ("length" in constraint) requireLength(value, constraint.length, refuse);
    else if ("modulo" in constraint) requireModulo(value, constraint.modulo, refuse);
    else if ("allowed_values" in constraint) requireAllowed(value, schema, constraint.allowed_values, refuse);
    else if ("allowed_pattern" in constraint) requirePattern(value, constraint.allowed_pattern, refuse);
    else later(constraint.custom_constraint, constraint.description ?? null);
  }
}

type Refuse = (message: string) => Mistake;

const shown = (bound: number | undefined): string => (bound === undefined ? "None" : String(bound));

function requireRange(value: unknown, { min, max }: { min?: number; max?: number }, refuse: Refuse): void {
  const number = numberOf(value);
  if ((min !== undefined && number < min) || (max !== undefined && number > max)) {
    throw refuse(`${pythonText(value)} is out of range (min: ${shown(min)}, max: ${shown(max)})`);
  }
}

function requireLength(value: unknown, { min, max }: { min?: number; max?: number }, refuse: Refuse): void {
  const length = lengthOf(value);
  if ((min !== undefined && length < min) || (max !== undefined && length > max)) {
    throw refuse(`length (${length}) is out of range (min: ${shown(min)}, max: ${shown(max)})`);
  }
}

const lengthOf = (value: unknown): number => {
  if (typeof value === "string") return [...value].length;
  if (typeof value === "object" && value !== null) return Object.keys(value).length;
  throw valueMistake(`object of type '${typeof value}' has no len()`);
};

function requireModulo(value: unknown, { step, offset }: { step: number; offset: number }, refuse: Refuse): void {
  // Python's % has the sign of the divisor.
  const rest = ((numberOf(value) % step) + step) % step;
  if (rest !== offset) throw refuse(`${pythonText(value)} is not a multiple of ${step} with an offset of ${offset}`);
}

function requireAllowed(value: unknown, schema: Schema, allowed: readonly unknown[], refuse: Refuse): void {
  const typed = (one: unknown) => toKind(one, schema.type);
  const fits = Array.isArray(value)
    ? value.every((item) => allowed.some((one) => same(one, item)))
    : allowed.some((one) => same(typed(one), typed(value)));
  if (fits) return;
  throw refuse(`${pythonJson(value)} is not an allowed value [${allowed.map((one) => pythonJson(one)).join(", ")}]`);
}

function requirePattern(value: unknown, pattern: string, refuse: Refuse): void {
  const text = typeof value === "string" ? value : pythonText(value);
  if (patternOf(pattern).test(text)) return;
  throw refuse(`"${text}" does not match pattern "${pattern}"`);
}

const patterns = new Map<string, { test(text: string): boolean }>();

/** The whole text has to match. Linear in its length, whoever wrote it. */
function patternOf(pattern: string): { test(text: string): boolean } {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  const compiled = compilePattern(`^(?:${pattern})$`);
  if (compiled === null) throw invalidSchema(`AllowedPattern "${pattern}" is not understood`);
  if (patterns.size > 500) patterns.clear();
  patterns.set(pattern, compiled);
  return compiled;
}

/** Errors: Mistake. */
export function numberOf(value: unknown): number {
  const number = toNumber(value);
  if (number !== undefined) return number;
  if (typeof value === "object") {
    throw new Mistake(
      "TypeError",
      `int() argument must be a string, a bytes-like object or a real number, not '${pythonClass(value)}'`,
    );
  }
  throw valueMistake(`could not convert string to float: ${pythonRepr(value)}`);
}

const TRUE = ["1", "t", "true", "on", "y", "yes"];
const FALSE = ["0", "f", "false", "off", "n", "no"];

/** oslo's bool_from_string, as parameters take it. Errors: Mistake. */
export function booleanOf(value: unknown): boolean {
  const text = pythonText(value).trim().toLowerCase();
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  const known = [...TRUE, ...FALSE].sort().map((word) => `'${word}'`);
  throw valueMistake(`Unrecognized value ${pythonRepr(pythonText(value))}, acceptable values are: ${known.join(", ")}`);
}

/** Errors: Mistake. */
function toKind(value: unknown, kind: Kind): unknown {
  try {
    if (kind === "integer" || kind === "number") return numberOf(value);
    if (kind === "string") return pythonText(value);
    if (kind === "boolean") return booleanOf(value);
    return value;
  } catch {
    const word = `${kind.charAt(0).toUpperCase()}${kind.slice(1)}`;
    throw valueMistake(`Value "${pythonText(value)}" is invalid for data type "${word}".`);
  }
}

/** What a property's value becomes by its type; null stands for the default, or the type's own nothing. Errors: Mistake, 400. */
export function cast(value: unknown, schema: Schema, check: Check | null, path: readonly (string | number)[]): unknown {
  const made = castPlain(value, schema, check, path);
  if (check !== null && made !== undefined) {
    try {
      checkConstraints(made, schema, (constraint, description) =>
        check({ constraint, value: made, description, path }),
      );
    } catch (error) {
      if (error instanceof Mistake) throw new ValidationFailed(error.message, path);
      throw error;
    }
  }
  return made;
}

/** Takes what is to be asked of services; null: nothing is checked. */
export type Check = (custom: CustomCheck) => void;

function castPlain(value: unknown, schema: Schema, check: Check | null, path: readonly (string | number)[]): unknown {
  const given = value === null || value === undefined ? (schema.default ?? null) : value;
  switch (schema.type) {
    case "string":
      if (given === null || typeof given === "string") return given ?? "";
      if (typeof given === "boolean" || (typeof given === "number" && Number.isInteger(given)))
        return pythonText(given);
      throw valueMistake(`Value must be a string; got ${pythonRepr(given)}`);
    case "integer": {
      if (given === null) return 0;
      const number = pythonInt(given);
      if (number !== undefined) return number;
      throw new Mistake("TypeError", `Value '${pythonText(given)}' is not an integer`);
    }
    case "number":
      return given === null ? 0 : numberOf(given);
    case "boolean":
      return castBoolean(given);
    case "map":
      return castMap(given ?? {}, schema, check, path);
    case "list":
      return castList(given ?? [], schema, check, path);
    case "any":
      return given;
  }
}

/** Only true and false, unlike those of parameters. */
function castBoolean(value: unknown): boolean {
  if (value === null) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "string") {
    const text = value.toLowerCase();
    if (text === "true" || text === "false") return text === "true";
    throw valueMistake(`"${text}" is not a valid boolean`);
  }
  throw new Mistake("TypeError", `"${pythonText(value)}" is not a valid boolean`);
}

function castMap(value: unknown, schema: Schema, check: Check | null, path: readonly (string | number)[]): unknown {
  if (!isMap(value)) {
    if (schema.converts === true && typeof value === "string") return value;
    if (schema.converts === true && Array.isArray(value)) return pythonJson(value);
    throw new Mistake("TypeError", `"${pythonText(value)}" is not a map`);
  }
  if (schema.fields === undefined) return value;
  return castFields(value, schema.fields, check, path);
}

function castList(value: unknown, schema: Schema, check: Check | null, path: readonly (string | number)[]): unknown {
  const list = schema.converts === true && typeof value === "string" ? splitCommas(value) : value;
  if (!Array.isArray(list))
    throw new Mistake("TypeError", `"${pythonRepr(pythonRepr(list)).slice(1, -1)}" is not a list`);
  const { items } = schema;
  if (items === undefined) return list;
  return list.map((item, index) => castAt(item, items, check, [...path, index]));
}

export const splitCommas = (text: string): string[] => (text === "" ? [] : text.split(","));

/** Each of a map's fields: those that are not there are null, or have their default. Errors: 400. */
export function castFields(
  value: Readonly<Record<string, unknown>>,
  fields: Schemata,
  check: Check | null,
  path: readonly (string | number)[],
): Record<string, unknown> {
  const unknown = check === null ? undefined : Object.keys(value).find((key) => !Object.hasOwn(fields, key));
  if (unknown !== undefined) throw new ValidationFailed(`Unknown Property ${unknown}`, path);
  return Object.fromEntries(
    Object.entries(fields).map(([key, schema]) => {
      if (Object.hasOwn(value, key) && value[key] !== undefined)
        return [key, castAt(value[key], schema, check, [...path, key])];
      if (schema.default !== undefined && schema.default !== null)
        return [key, castAt(null, schema, check, [...path, key])];
      if (schema.required === true && check !== null) throw new ValidationFailed(`Property ${key} not assigned`, path);
      return [key, null];
    }),
  );
}

function castAt(value: unknown, schema: Schema, check: Check | null, path: readonly (string | number)[]): unknown {
  try {
    return cast(value, schema, check, path);
  } catch (error) {
    if (error instanceof Mistake) throw new ValidationFailed(error.message, path);
    throw error;
  }
}
