import { isMap } from "../values/python.ts";
import { Mistake, ValidationFailed } from "./mistakes.ts";

/** What stands for "as if nothing were written here": the value of an `if` without a third argument. */
export const OMITTED = Symbol("omitted");

/** What functions are resolved with: a stack as one of its resources or outputs sees it. */
export interface Scope {
  /** Errors: 400, there is none of this name. */
  parameter(name: string): unknown;
  /** What get_resource stands for. Errors: 400, there is none of this name. */
  reference(resource: string, where: string): unknown;
  /** Null where it is not known yet. `attribute` null: all of them. Errors: 400, there is no such resource. */
  attribute(resource: string, attribute: string | null, path: readonly unknown[]): unknown;
  /** Names of a resource's attributes, null where they are not known. Errors: 400, there is no such resource. */
  attributeNames(resource: string, where: string): ReadonlySet<string> | null;
  /** Undefined: none was sent. */
  file(name: string): unknown;
  /** Errors: Mistake, 400. */
  holds(name: unknown): boolean;
  /** Of CFN's mappings. Errors: Mistake. */
  mapping(name: unknown, first: unknown, second: unknown): unknown;
  availabilityZones(): readonly string[];
  /** What the resource that stands for this stack in its parent says; null without one. */
  facade(what: "metadata" | "deletion_policy" | "update_policy"): unknown;
}

/** A function in a template with its arguments, in which further ones may stand. */
export class Call {
  readonly name: string;
  readonly args: unknown;
  readonly definition: FunctionDefinition;

  constructor(name: string, args: unknown, definition: FunctionDefinition) {
    this.name = name;
    this.args = args;
    this.definition = definition;
  }

  /** Errors: Mistake, 400. */
  result(scope: Scope): unknown {
    return this.definition.result(this.args, scope, this.name);
  }
}

export interface FunctionDefinition {
  /** What GET /template_versions/…/functions says of it. */
  readonly description: string;
  /** What can be told of its arguments without resolving them. Errors: Mistake. */
  check?(args: unknown, name: string): void;
  /** What is asked where a template is validated, with parameters at hand. Errors: Mistake, 400. */
  validate?(args: unknown, scope: Scope, name: string): void;
  result(args: unknown, scope: Scope, name: string): unknown;
  /** The part of the arguments that counts: of an `if` the branch taken. */
  chosen?(args: unknown, scope: Scope, name: string): unknown;
  /** What it refers to by itself, beside what its arguments do. */
  refers?(args: unknown, scope: Scope): readonly Reference[];
  /** There in old versions of the language and no longer: not in the list of functions. */
  readonly removed?: boolean;
}

/** A resource that something refers to, and which of its attributes: null for the resource itself, "" for all attributes. */
export interface Reference {
  readonly resource: string;
  readonly attribute: string | null;
}

/** The same with the place it stands at: "v.Properties.value". */
export interface PlacedReference extends Reference {
  readonly where: string;
}

export type Functions = Readonly<Record<string, FunctionDefinition>>;

/** A snippet with its calls recognised: a map of one key that is a function's name. Errors: 400. */
export function parse(functions: Functions, snippet: unknown, path: string): unknown {
  if (Array.isArray(snippet)) return snippet.map((item, index) => parse(functions, item, `${path}[${index}]`));
  if (!isMap(snippet)) return snippet;
  const keys = Object.keys(snippet);
  const [name = ""] = keys;
  const definition = keys.length === 1 && Object.hasOwn(functions, name) ? functions[name] : undefined;
  if (definition === undefined) {
    return Object.fromEntries(keys.map((key) => [key, parse(functions, snippet[key], `${path}.${key}`)]));
  }
  const inside = `${path}.${name}`;
  const args = parse(functions, snippet[name], inside);
  try {
    definition.check?.(args, name);
  } catch (error) {
    if (error instanceof Mistake) throw new ValidationFailed(error.message, [inside]);
    throw error;
  }
  return new Call(name, args, definition);
}

/** The value with every call replaced by its result. Errors: Mistake, 400. */
export function resolve(value: unknown, scope: Scope): unknown {
  const resolved = resolveOr(value, scope);
  return resolved === OMITTED ? null : resolved;
}

/** The same; OMITTED for what is to be left out. */
export function resolveOr(value: unknown, scope: Scope): unknown {
  if (value instanceof Call) return value.result(scope);
  if (Array.isArray(value)) return value.map((item) => resolveOr(item, scope)).filter((item) => item !== OMITTED);
  if (!isMap(value)) return value;
  const entries = Object.keys(value).map((key) => [key, resolveOr(value[key], scope)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== OMITTED));
}

/** Asks every call in it that takes part. Errors: 400. */
export function validateCalls(value: unknown, scope: Scope, path: readonly string[] = []): void {
  if (value instanceof Call) {
    const { definition, args, name } = value;
    const here = [...path, name];
    inPlace(here, () => {
      const part = definition.chosen === undefined ? args : definition.chosen(args, scope, name);
      validateCalls(part, scope, definition.chosen === undefined ? here : path);
      definition.validate?.(args, scope, name);
    });
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) validateCalls(item, scope, [...path, String(index)]);
  } else if (isMap(value)) for (const key of Object.keys(value)) validateCalls(value[key], scope, [...path, key]);
}

function inPlace(path: readonly string[], body: () => void): void {
  try {
    body();
  } catch (error) {
    if (error instanceof ValidationFailed) throw error;
    if (error instanceof Error && "type" in error && error.type !== "InvalidTemplateVersion") {
      throw new ValidationFailed(error.message, path, "");
    }
    if (error instanceof Mistake) throw new ValidationFailed(error.message, path, "");
    throw error;
  }
}

/** The resources that a value refers to, in their order; twice where it does so twice. Errors: Mistake, 400. */
export function references(value: unknown, scope: Scope, where: string): PlacedReference[] {
  if (value instanceof Call) {
    const { definition, args, name } = value;
    if (definition.chosen !== undefined) return references(definition.chosen(args, scope, name), scope, where);
    const own = definition.refers?.(args, scope) ?? [];
    return [...references(args, scope, `${where}.${name}`), ...own.map((reference) => ({ ...reference, where }))];
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => references(item, scope, `${where}[${index}]`));
  if (!isMap(value)) return [];
  return Object.keys(value).flatMap((key) => references(value[key], scope, `${where}.${key}`));
}

/** The snippet that was parsed. */
export function unparse(value: unknown): unknown {
  if (value instanceof Call) return { [value.name]: unparse(value.args) };
  if (Array.isArray(value)) return value.map(unparse);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, unparse(value[key])]));
}
