import { ApiError } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { isMap, pythonJson, pythonText } from "../values/python.ts";
import { valueMistake } from "./mistakes.ts";
import { readYaml } from "./read.ts";
import type { Kind } from "./schema.ts";
import { splitCommas } from "./schema.ts";

/** Environments: values and defaults of parameters, and what types of resources stand for. */

export interface Environment {
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly parameter_defaults: Readonly<Record<string, unknown>>;
  readonly resource_registry: Readonly<Record<string, unknown>>;
  readonly event_sinks: readonly unknown[];
  readonly encrypted_param_names: readonly string[];
}

const SECTIONS = [
  "parameters",
  "resource_registry",
  "parameter_defaults",
  "encrypted_param_names",
  "event_sinks",
  "parameter_merge_strategies",
];

export const EMPTY: Environment = {
  parameters: {},
  parameter_defaults: {},
  resource_registry: {},
  event_sinks: [],
  encrypted_param_names: [],
};

/** Errors: Mistake. */
export function readEnvironment(text: unknown): Readonly<Record<string, unknown>> {
  const data = typeof text === "string" ? (readYaml(text) ?? {}) : (text ?? {});
  if (!isMap(data)) throw valueMistake("The environment is not a valid YAML mapping data type.");
  for (const [section, value] of Object.entries(data)) {
    if (!SECTIONS.includes(section)) throw valueMistake(`environment has wrong section "${section}"`);
    if (value === null) throw valueMistake(`environment has empty section "${section}"`);
  }
  return data;
}

/** With all its sections. Errors: Mistake. */
export function whole(data: Readonly<Record<string, unknown>>): Environment {
  const map = (section: string) => {
    const value = data[section] ?? {};
    if (!isMap(value)) throw valueMistake(`environment has a section "${section}" that is no map`);
    return value;
  };
  const list = (section: string) => (Array.isArray(data[section]) ? (data[section] as unknown[]) : []);
  return {
    parameters: map("parameters"),
    parameter_defaults: map("parameter_defaults"),
    resource_registry: map("resource_registry"),
    event_sinks: list("event_sinks"),
    encrypted_param_names: list("encrypted_param_names").map(String),
  };
}

const STRATEGIES = ["overwrite", "merge", "deep_merge"];

/**
 * The environment that several files make together, in their order; `kinds` tells parameters' types. Errors: 400 for merge strategies
 * that do not fit, Mistake for what is no environment.
 */
export function mergeFiles(
  names: readonly string[],
  files: Readonly<Record<string, unknown>>,
  parameters: Readonly<Record<string, unknown>>,
  kinds: ReadonlyMap<string, Kind>,
): Environment {
  const merged: { [section: string]: Record<string, unknown> } = {
    parameters: {},
    parameter_defaults: {},
    resource_registry: {},
  };
  const sinks: unknown[] = [];
  const strategies: Record<string, string> = {};
  for (const name of names) {
    const file = readEnvironment(files[name] ?? "");
    const declared = isMap(file.parameter_merge_strategies) ? file.parameter_merge_strategies : {};
    Object.assign(strategies, strategiesOf(declared, strategies, name));
    for (const section of ["parameters", "parameter_defaults"]) {
      const target = merged[section] as Record<string, unknown>;
      for (const [key, value] of Object.entries(isMap(file[section]) ? file[section] : {})) {
        const strategy = strategies[key] ?? strategies.default ?? "overwrite";
        target[key] = Object.hasOwn(target, key)
          ? mergeValue(key, target[key], value, strategy, kinds.get(key))
          : value;
      }
    }
    if (isMap(file.resource_registry))
      mergeDeep(merged.resource_registry as Record<string, unknown>, file.resource_registry);
    if (Array.isArray(file.event_sinks)) sinks.push(...file.event_sinks);
  }
  Object.assign(merged.parameters as Record<string, unknown>, parameters);
  return whole({ ...merged, event_sinks: sinks });
}

function strategiesOf(
  declared: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, string>>,
  file: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(declared).map(([parameter, strategy]) => {
      if (typeof strategy !== "string" || !STRATEGIES.includes(strategy)) {
        throw refused(
          "InvalidMergeStrategyForParam",
          `Invalid merge strategy '${pythonText(strategy)}' for parameter '${parameter}'.`,
        );
      }
      if (parameter !== "default" && before[parameter] !== undefined && before[parameter] !== strategy) {
        throw refused(
          "ConflictingMergeStrategyForParam",
          `Conflicting merge strategy '${strategy}' for parameter '${parameter}' in file '${file}'.`,
        );
      }
      return [parameter, strategy];
    }),
  );
}

const refused = (type: string, message: string) => new ApiError(400, message, { type });

function mergeValue(name: string, old: unknown, value: unknown, strategy: string, kind: Kind | undefined): unknown {
  if (strategy === "overwrite") return value;
  if (kind === "list" || Array.isArray(old)) return [...asList(old), ...asList(value)];
  if (kind === "map" || isMap(old)) {
    const merged = { ...asMap(old) };
    if (strategy === "deep_merge") mergeDeep(merged, asMap(value));
    else Object.assign(merged, asMap(value));
    return merged;
  }
  if (strategy === "merge") return `${pythonText(old)}${pythonText(value)}`;
  throw refused("InvalidMergeStrategyForParam", `Invalid merge strategy '${strategy}' for parameter '${name}'.`);
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : splitCommas(String(value ?? "")));

function asMap(value: unknown): Record<string, unknown> {
  if (isMap(value)) return { ...value };
  try {
    const read: unknown = JSON.parse(String(value));
    if (isMap(read)) return { ...read };
  } catch {
    // Said below.
  }
  throw valueMistake(`${pythonJson(value)} is not a map`);
}

function mergeDeep(target: Record<string, unknown>, source: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(source)) {
    const old = target[key];
    if (isMap(old) && isMap(value)) {
      const copy = { ...old };
      mergeDeep(copy, value);
      target[key] = copy;
    } else target[key] = value;
  }
}

const HOOKS = ["pre-create", "pre-update", "pre-delete", "post-create", "post-update", "post-delete"];
const RESTRICTIONS = ["update", "replace"];

/** What a type of resource stands for. */
export type Registered =
  | { readonly kind: "type"; readonly name: string }
  /** A template, by the name of its file; `type` is what it was asked for as. */
  | { readonly kind: "template"; readonly file: string; readonly type: string };

const isFile = (name: string): boolean => /\.(yaml|template)$/.test(name);

/** What an environment's resource_registry says. */
export class Registry {
  readonly #entries: Readonly<Record<string, unknown>>;
  readonly #resources: Readonly<Record<string, unknown>>;

  /** Errors: 400 for hooks and restrictions that there are not. */
  constructor(registry: Readonly<Record<string, unknown>>) {
    this.#entries = registry;
    this.#resources = isMap(registry.resources) ? registry.resources : {};
    check(registry);
  }

  /**
   * What is to be made for a resource. A mapping for the resource itself comes before those for its type, exact names before wildcards.
   * Null: nothing of that name. `exists`: whether there is such a type.
   */
  find(
    type: string,
    resource: string | null,
    exists: (type: string) => boolean,
    seen: readonly string[] = [],
  ): Registered | null {
    if (isFile(type)) return { kind: "template", file: type, type };
    if (seen.includes(type)) return exists(type) ? { kind: "type", name: type } : null;
    for (const target of this.#targets(type, resource)) {
      if (isFile(target)) return { kind: "template", file: target, type };
      const found = this.find(target, resource, exists, [...seen, type]);
      if (found !== null) return found;
    }
    return exists(type) ? { kind: "type", name: type } : null;
  }

  *#targets(type: string, resource: string | null): Iterable<string> {
    const own = resource === null ? undefined : this.#resources[resource];
    if (isMap(own) && typeof own[type] === "string") yield own[type];
    const exact = Object.hasOwn(this.#entries, type) ? this.#entries[type] : undefined;
    if (typeof exact === "string") yield exact;
    for (const [pattern, target] of Object.entries(this.#entries)) {
      if (!pattern.endsWith("*") || typeof target !== "string" || target === type) continue;
      const prefix = pattern.slice(0, -1);
      if (!type.startsWith(prefix)) continue;
      yield target.endsWith("*") ? target.slice(0, -1) + type.slice(prefix.length) : target;
    }
  }

  /** Files that it maps types to. */
  files(): string[] {
    return filesIn(this.#entries);
  }

  hasHook(resource: string, hook: string): boolean {
    return this.#of(resource, "hooks").includes(hook);
  }

  /** "update", "replace" */
  restricted(resource: string): string[] {
    return this.#of(resource, "restricted_actions");
  }

  #of(resource: string, key: "hooks" | "restricted_actions"): string[] {
    return Object.entries(this.#resources).flatMap(([pattern, entry]) => {
      if (!isMap(entry) || !matches(pattern, resource)) return [];
      const value = entry[key];
      return typeof value === "string" ? [value] : Array.isArray(value) ? value.map(String) : [];
    });
  }

  /** The part of it that a nested stack of that resource has. */
  below(resource: string): Record<string, unknown> {
    const inner: Record<string, unknown> = {};
    for (const [pattern, entry] of Object.entries(this.#resources)) {
      if (isMap(entry) && matches(pattern, resource)) Object.assign(inner, entry);
    }
    const own = this.#resources[resource];
    if (isMap(own)) Object.assign(inner, own);
    return { ...this.#entries, resources: inner };
  }
}

function filesIn(entries: Readonly<Record<string, unknown>>): string[] {
  return Object.values(entries).flatMap((value) => {
    if (typeof value === "string") return isFile(value) ? [value] : [];
    return isMap(value) ? filesIn(value) : [];
  });
}

function check(registry: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(registry)) {
    if (key === "hooks") requireWords(value, HOOKS, "InvalidBreakPointHook", hookMessage(value));
    else if (key === "restricted_actions")
      requireWords(value, RESTRICTIONS, "InvalidRestrictedAction", restrictionMessage(value));
    else if (isMap(value)) check(value);
  }
}

const tuple = (words: readonly string[]): string => `(${words.map(pythonRepr).join(", ")})`;

const hookMessage = (value: unknown): string =>
  `Invalid hook type "${pythonText(value)}" for resource breakpoint, acceptable hook types are: ${tuple(HOOKS)}`;
const restrictionMessage = (value: unknown): string =>
  `Invalid restricted_action type "${pythonText(value)}" for resource, acceptable restricted_action types are: ${tuple(RESTRICTIONS)}`;

function requireWords(value: unknown, words: readonly string[], type: string, message: string): void {
  const given: unknown[] = Array.isArray(value) ? value : [value];
  if (given.every((word) => typeof word === "string" && words.includes(word))) return;
  throw new ApiError(400, message, { type });
}

/** fnmatch with * and ? alone. */
export function matches(pattern: string, name: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === name;
  // The usual two-pointer walk: linear but for the last star.
  let [p, n, star, mark] = [0, 0, -1, 0];
  while (n < name.length) {
    if (pattern[p] === "*") {
      star = p;
      mark = n;
      p += 1;
    } else if (pattern[p] === "?" || pattern[p] === name[n]) {
      p += 1;
      n += 1;
    } else if (star >= 0) {
      p = star + 1;
      mark += 1;
      n = mark;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}

/** What the API shows of it. */
export const shown = ({ parameters, parameter_defaults, resource_registry, event_sinks }: Environment) => ({
  resource_registry: { resources: {}, ...resource_registry },
  parameters,
  parameter_defaults,
  event_sinks,
});
