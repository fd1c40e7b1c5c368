import { jsonMistake } from "../values/json-mistake.ts";
import { isMap, pythonJson, pythonText, same } from "../values/python.ts";
import { invalidSchema, Mistake, parameterMissing, unknownParameter, ValidationFailed } from "./mistakes.ts";
import {
  booleanOf,
  type Constraint,
  type CustomCheck,
  checkConstraints,
  type Kind,
  numberOf,
  requireFitting,
  type Schema,
  splitCommas,
} from "./schema.ts";

/** Parameters: their declarations in both languages, and their values. */

export interface ParameterSchema extends Schema {
  readonly label: string | null;
  /** Not shown to anybody. */
  readonly isSecret: boolean;
  readonly tags: readonly string[];
}

/** How a language writes declarations. */
export interface ParameterWords {
  readonly kinds: Readonly<Record<string, Kind>>;
  read(name: string, declared: unknown): ParameterSchema;
}

const HOT_KINDS: Readonly<Record<string, Kind>> = {
  string: "string",
  number: "number",
  comma_delimited_list: "list",
  json: "map",
  boolean: "boolean",
};
export const CFN_KINDS: Readonly<Record<string, Kind>> = {
  String: "string",
  Number: "number",
  CommaDelimitedList: "list",
  Json: "map",
  Boolean: "boolean",
};

const wordOf = (kinds: Readonly<Record<string, Kind>>, kind: Kind): string =>
  Object.keys(kinds).find((word) => kinds[word] === kind) ?? kind;

export const cfnWord = (kind: Kind): string => wordOf(CFN_KINDS, kind);
export const hotWord = (kind: Kind): string => (kind === "integer" ? "number" : wordOf(HOT_KINDS, kind));

const HOT_KEYS = ["type", "description", "default", "schema", "constraints", "hidden", "label", "immutable"];
const HOT_CONSTRAINTS = [
  "description",
  "length",
  "range",
  "modulo",
  "allowed_values",
  "allowed_pattern",
  "custom_constraint",
];

/** What changed between versions of HOT. */
export const hotParameters = (version: { modulo: boolean; tags: boolean }): ParameterWords => ({
  kinds: HOT_KINDS,
  read(name, declared) {
    const keys = version.tags ? [...HOT_KEYS, "tags"] : HOT_KEYS;
    const { type, description, constraints, hidden, label, immutable, tags, ...rest } = declaration(
      name,
      declared,
      keys,
      "type",
    );
    if (tags !== undefined && !Array.isArray(tags)) {
      throw invalidSchema(`Tags property should be a list for parameter: ${name}`);
    }
    return {
      ...kindOf(HOT_KINDS, type),
      ...withText(description),
      default: rest.default ?? null,
      required: (rest.default ?? null) === null,
      constraints: hotConstraints(name, constraints, version.modulo),
      isSecret: isTrue(hidden),
      label: typeof label === "string" ? label : null,
      immutable: isTrue(immutable),
      tags: (tags ?? []) as string[],
    };
  },
});

const CFN_KEYS = [
  "Type",
  "Default",
  "NoEcho",
  "AllowedValues",
  "AllowedPattern",
  "MaxLength",
  "MinLength",
  "MaxValue",
  "MinValue",
  "Description",
  "ConstraintDescription",
  "Label",
];

export const cfnParameters: ParameterWords = {
  kinds: CFN_KINDS,
  read(name, declared) {
    const d = declaration(name, declared, CFN_KEYS, "Type");
    const said = withText(d.ConstraintDescription);
    const constraints: Constraint[] = [];
    const range = { ...bound("min", d.MinValue), ...bound("max", d.MaxValue) };
    if (Object.keys(range).length > 0) constraints.push({ range, ...said });
    const length = { ...bound("min", d.MinLength), ...bound("max", d.MaxLength) };
    if (Object.keys(length).length > 0) constraints.push({ length, ...said });
    if (d.AllowedValues !== undefined) constraints.push({ allowed_values: listOf(d.AllowedValues), ...said });
    if (d.AllowedPattern !== undefined) constraints.push({ allowed_pattern: textOf(d.AllowedPattern), ...said });
    return {
      ...kindOf(CFN_KINDS, d.Type),
      ...withText(d.Description),
      default: d.Default ?? null,
      required: (d.Default ?? null) === null,
      constraints,
      isSecret: pythonText(d.NoEcho ?? "false").toLowerCase() === "true",
      label: typeof d.Label === "string" ? d.Label : null,
      tags: [],
    };
  },
};

const isTrue = (value: unknown): boolean =>
  value === true || (typeof value === "string" && value.toLowerCase() === "true");
const withText = (text: unknown) => (typeof text === "string" ? { description: text } : {});

function kindOf(kinds: Readonly<Record<string, Kind>>, type: unknown): { type: Kind } {
  const kind = typeof type === "string" && Object.hasOwn(kinds, type) ? kinds[type] : undefined;
  if (kind === undefined) throw invalidSchema(`Invalid type (${pythonText(type)})`);
  return { type: kind };
}

function declaration(
  name: string,
  declared: unknown,
  keys: readonly string[],
  type: string,
): Readonly<Record<string, unknown>> {
  const map = mapOf(declared, keys, `parameter (${name})`);
  if (!Object.hasOwn(map, type)) throw invalidSchema(`Missing parameter type for parameter: ${name}`);
  return map;
}

/** Errors: 400. */
function mapOf(value: unknown, keys: readonly string[], entity: string): Readonly<Record<string, unknown>> {
  if (!isMap(value)) throw invalidSchema(`Invalid ${entity}, expected a mapping`);
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw invalidSchema(`Invalid key '${unknown}' for ${entity}`);
  return value;
}

function hotConstraints(name: string, declared: unknown, modulo: boolean): Constraint[] {
  if (declared === undefined || declared === null) return [];
  if (!Array.isArray(declared)) {
    throw invalidSchema(`Invalid parameter constraints for parameter ${name}, expected a list`);
  }
  return declared.map((one): Constraint => {
    const d = mapOf(one, HOT_CONSTRAINTS, "parameter constraints");
    const said = withText(d.description);
    if (modulo && d.modulo !== undefined) return { modulo: moduloOf(d.modulo), ...said };
    if (d.range !== undefined) return { range: bounds(d.range, "range"), ...said };
    if (d.length !== undefined) return { length: bounds(d.length, "length"), ...said };
    if (d.allowed_values !== undefined) return { allowed_values: listOf(d.allowed_values), ...said };
    if (d.allowed_pattern !== undefined) return { allowed_pattern: textOf(d.allowed_pattern), ...said };
    if (d.custom_constraint !== undefined) return { custom_constraint: textOf(d.custom_constraint), ...said };
    throw invalidSchema("No constraint expressed");
  });
}

function bound(key: "min" | "max", value: unknown): { min?: number; max?: number } {
  return value === undefined || value === null ? {} : { [key]: numberOf(value) };
}

function bounds(declared: unknown, what: "range" | "length"): { min?: number; max?: number } {
  const map = mapOf(declared, ["min", "max"], `${what} constraint`);
  const made = { ...bound("min", map.min), ...bound("max", map.max) };
  if (Object.keys(made).length > 0) {
    if (what === "length" && Object.values(made).some((value) => !Number.isInteger(value))) {
      throw invalidSchema("min/max length must be integral");
    }
    return made;
  }
  throw invalidSchema(`A ${what} constraint must have a min value and/or a max value specified.`);
}

function moduloOf(declared: unknown): { step: number; offset: number } {
  const map = mapOf(declared, ["step", "offset"], "modulo constraint");
  if (map.step === undefined || map.offset === undefined) {
    throw invalidSchema("A modulo constraint must have a step value and an offset value specified.");
  }
  const [step, offset] = [numberOf(map.step), numberOf(map.offset)];
  if (!Number.isInteger(step) || !Number.isInteger(offset)) throw invalidSchema("step/offset must be integer");
  if (step === 0) throw invalidSchema("step cannot be 0.");
  if (Math.abs(offset) >= Math.abs(step)) throw invalidSchema("offset must be smaller (by absolute value) than step.");
  if (step * offset < 0) throw invalidSchema("step and offset must be both positive or both negative.");
  return { step, offset };
}

function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalidSchema("AllowedValues must be a list");
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw invalidSchema("AllowedPattern must be a string");
}

/** A declaration with what a user gave for it. */
export interface Parameter {
  readonly name: string;
  readonly schema: ParameterSchema;
  /** Null: nothing. */
  readonly given: unknown;
  /** Of the environment, in place of the declaration's; null: none. */
  readonly otherDefault: unknown;
  /** One of the stack's own ("OS::stack_id"). */
  readonly isPseudo: boolean;
}

export const defaultOf = ({ schema, otherDefault }: Parameter): unknown => otherDefault ?? schema.default ?? null;
export const hasValue = (parameter: Parameter): boolean => parameter.given !== null || defaultOf(parameter) !== null;

/** The value as functions see it. Errors: 400 without one; Mistake for what cannot be read. */
export function valueOfParameter(parameter: Parameter): unknown {
  const raw = parameter.given ?? defaultOf(parameter);
  if (raw === null) throw parameterMissing(parameter.name);
  switch (parameter.schema.type) {
    case "number":
      return numberOf(raw);
    case "boolean":
      return booleanOf(raw);
    case "list":
      return readList(raw);
    case "map":
      return readJson(raw);
    default:
      return pythonText(raw);
  }
}

function readList(raw: unknown): unknown[] {
  if (Array.isArray(raw)) return raw.map(pythonText);
  if (typeof raw === "string") return splitCommas(raw);
  throw new Mistake(
    "ValueError",
    `Value must be a comma-delimited list string: '${typeof raw}' object has no attribute 'split'`,
  );
}

function readJson(raw: unknown): unknown {
  if (typeof raw !== "string") return raw;
  if (raw === "") return raw;
  try {
    return JSON.parse(raw);
  } catch {
    throw new Mistake("ValueError", `Value must be valid JSON: ${jsonMistake(raw)}`);
  }
}

/** How the value is shown: hidden ones are not. */
export function shownValue(parameter: Parameter): string {
  if (parameter.schema.isSecret) return "******";
  const value = valueOfParameter(parameter);
  if (parameter.schema.type === "list") return (value as unknown[]).join(",");
  if (parameter.schema.type === "map") return pythonJson(value);
  return pythonText(value);
}

/** All parameters of a stack. */
export class Parameters {
  readonly #byName: ReadonlyMap<string, Parameter>;
  readonly #given: readonly string[];
  readonly #words: ParameterWords;

  constructor(
    words: ParameterWords,
    schemata: ReadonlyMap<string, ParameterSchema>,
    given: Readonly<Record<string, unknown>>,
    defaults: Readonly<Record<string, unknown>>,
    pseudo: Readonly<Record<string, string>>,
  ) {
    this.#words = words;
    this.#given = Object.keys(given);
    const own = Object.entries(pseudo).map(([name, value]): [string, Parameter] => [
      name,
      {
        name,
        schema: {
          type: "string",
          default: value,
          label: null,
          isSecret: false,
          tags: [],
          description: PSEUDO[name] ?? "",
        },
        given: null,
        otherDefault: null,
        isPseudo: true,
      },
    ]);
    const declared = [...schemata].map(([name, schema]): [string, Parameter] => [
      name,
      { name, schema, given: given[name] ?? null, otherDefault: defaults[name] ?? null, isPseudo: false },
    ]);
    this.#byName = new Map([...own, ...declared]);
  }

  all(): Parameter[] {
    return [...this.#byName.values()];
  }

  /** Those that the template declares. */
  declared(): Parameter[] {
    return this.all().filter(({ isPseudo }) => !isPseudo);
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Errors: 400. */
  value(name: string): unknown {
    const parameter = this.#byName.get(name);
    if (parameter === undefined) throw parameterMissing(name);
    return valueOfParameter(parameter);
  }

  /** Errors: 400. What services have to be asked about is put into `later`. */
  validate(options: { withValues: boolean; later: (check: CustomCheck) => void }): void {
    const unknown = this.#given.find((name) => this.#byName.get(name)?.isPseudo !== false);
    if (unknown !== undefined) throw unknownParameter(unknown);
    for (const parameter of this.all()) this.#validate(parameter, options);
  }

  #validate(
    parameter: Parameter,
    { withValues, later }: { withValues: boolean; later: (check: CustomCheck) => void },
  ): void {
    const { name, schema } = parameter;
    const invalid = (message: string) => `Parameter '${name}' is invalid: ${message}`;
    try {
      requireFitting(schema, (kind) => wordOf(this.#words.kinds, kind));
      this.#requireGoodDefault(schema);
    } catch (error) {
      if (error instanceof Error) throw invalidSchema(invalid(error.message));
      throw error;
    }
    if (!withValues) return;
    if (!hasValue(parameter)) throw parameterMissing(name);
    try {
      const value = valueOfParameter(parameter);
      checkConstraints(value, schema, (constraint, description) =>
        later({ constraint, value, description, path: [name] }),
      );
    } catch (error) {
      if (error instanceof Mistake) throw new ValidationFailed(invalid(error.message));
      throw error;
    }
  }

  #requireGoodDefault(schema: ParameterSchema): void {
    const preset = schema.default ?? null;
    if (preset === null || schema.constraints?.length === 0) return;
    try {
      const value = schema.type === "list" ? readList(preset) : preset;
      checkConstraints(value, schema, () => {});
    } catch (error) {
      if (error instanceof Mistake) {
        throw new Mistake("ValueError", `Invalid default ${pythonText(preset)} (${error.message})`);
      }
      throw error;
    }
  }

  /** Names of those that may not change and would by `newer`. */
  immutableChanged(newer: Parameters): string[] {
    return newer
      .declared()
      .filter(
        ({ name, schema }) =>
          schema.immutable === true &&
          this.#byName.get(name)?.isPseudo === false &&
          !same(this.value(name), newer.value(name)),
      )
      .map(({ name }) => name);
  }
}

const PSEUDO: Readonly<Record<string, string>> = {
  "OS::stack_id": "Stack ID",
  "OS::project_id": "Project ID",
  "OS::stack_name": "Stack Name",
};

/** Errors: 400 for parameter groups that do not go together. */
export function validateGroups(groups: unknown, names: readonly string[]): void {
  if (groups === undefined || groups === null) return;
  const refuse = (message: string, label?: unknown) =>
    new ValidationFailed(
      message,
      label === undefined ? ["parameter_groups"] : ["parameter_groups", pythonText(label)],
      "Parameter Groups error",
    );
  if (!Array.isArray(groups)) throw refuse("The parameter_groups should be a list.");
  const seen = new Set<unknown>();
  for (const group of groups) {
    const { parameters, label = "" } = isMap(group) ? group : { parameters: undefined };
    if (parameters === undefined || parameters === null) {
      throw refuse("The parameters must be provided for each parameter group.", label);
    }
    if (!Array.isArray(parameters)) throw refuse("The parameters of parameter group should be a list.", label);
    for (const name of parameters) {
      if (seen.has(name))
        throw refuse(`The ${pythonText(name)} parameter must be assigned to one parameter group only.`, label);
      seen.add(name);
      if (!names.includes(name)) {
        throw refuse(`The grouped parameter ${pythonText(name)} does not reference a valid parameter.`, label);
      }
    }
  }
}
