import { isMap, pythonClass, pythonText } from "../values/python.ts";
import { Call, type PlacedReference, parse, references, resolve, type Scope, validateCalls } from "./calls.ts";
import { inOrder } from "./graph.ts";
import {
  invalidReference,
  invalidSection,
  keyMistake,
  Mistake,
  typeMistake,
  ValidationFailed,
  valueMistake,
} from "./mistakes.ts";
import { type ParameterSchema, Parameters, validateGroups } from "./parameters.ts";
import { type DeletionPolicy, type Dialect, dialectOf } from "./versions.ts";

export type TemplateData = Readonly<Record<string, unknown>>;

/** A resource as the template has it; calls in its parts are not resolved. */
export interface ResourceDefinition {
  readonly name: string;
  readonly type: string;
  /** A map, or a call that makes one; null: none. */
  readonly properties: unknown;
  readonly metadata: unknown;
  readonly dependsOn: readonly string[];
  readonly deletionPolicy: unknown;
  readonly updatePolicy: unknown;
  readonly description: string;
  /** Of a thing that is there already. */
  readonly externalId: unknown;
  readonly condition: unknown;
}

export interface OutputDefinition {
  readonly name: string;
  readonly value: unknown;
  readonly description: string;
  readonly condition: unknown;
}

/** A template of either language, read with its functions recognised. */
export class Template {
  readonly data: TemplateData;
  readonly dialect: Dialect;

  /** Errors: 400. */
  constructor(data: TemplateData) {
    this.data = data;
    this.dialect = dialectOf(data);
  }

  get description(): string {
    return pythonText(this.data[this.dialect.sections.description] || "No description");
  }

  #section(name: "parameters" | "resources" | "outputs" | "conditions"): unknown {
    const key = this.dialect.sections[name];
    return this.dialect.known.includes(key) ? this.data[key] || {} : {};
  }

  /** Names of resources and how many, whatever is in them. */
  get resourceCount(): number {
    const section = this.#section("resources");
    return isMap(section) ? Object.keys(section).length : 0;
  }

  /** What it is as a whole: sections there are, resources with types, outputs with values. Errors: 400. */
  validate(): void {
    const { dialect } = this;
    const unknown = Object.keys(this.data).find((section) => !dialect.known.includes(section));
    if (unknown !== undefined) throw invalidSection(unknown);
    this.#requireMaps("resources", dialect.keys.type, dialect.resourceKeys, "resource");
    this.#requireMaps("outputs", dialect.output.value, dialect.outputKeys, "output");
  }

  /** Errors: 400, in the words of HOT or CFN. */
  #requireMaps(name: "resources" | "outputs", needed: string, keys: readonly string[], word: string): void {
    const section = this.#section(name);
    const isHot = this.dialect.type === "hot";
    if (!isMap(section)) {
      throw new ValidationFailed(
        `"${this.dialect.sections[name]}" must contain a map of ${word} maps. Found a [<class '${pythonClass(section)}'>] instead`,
      );
    }
    const names = Object.keys(section);
    if (isHot) names.sort();
    for (const one of names) {
      const entry = section[one];
      if (!isHot) {
        if (name === "outputs") continue;
        if (entry !== null && !isMap(entry))
          throw new ValidationFailed(
            `Resources must contain Resource. Found a [<class '${pythonClass(entry)}'>] instead`,
          );
        if (!isMap(entry) || !entry[needed]) throw new ValidationFailed("Each Resource must contain a Type key.");
        continue;
      }
      const missing = new ValidationFailed(`Each ${word} must contain a ${needed} key.`);
      if (entry === null || entry === "" || (isMap(entry) && Object.keys(entry).length === 0)) throw missing;
      if (!isMap(entry)) {
        throw new ValidationFailed(
          `"${name}" must contain a map of ${word} maps. Found a [<class '${pythonClass(entry)}'>] instead`,
        );
      }
      const wrong = Object.keys(entry).find((key) => !keys.includes(key));
      if (wrong !== undefined)
        throw new ValidationFailed(`"${wrong}" is not a valid keyword inside a ${word} definition`);
      if (!Object.hasOwn(entry, needed)) throw missing;
      if (name === "resources" && !entry[needed]) throw new ValidationFailed("Each Resource must contain a Type key.");
    }
  }

  /** Errors: 400. */
  parameterSchemata(): Map<string, ParameterSchema> {
    const section = this.#section("parameters");
    if (!isMap(section))
      throw new ValidationFailed(`"${this.dialect.sections.parameters}" must contain a map of parameter maps`);
    const { parameters } = this.dialect;
    return new Map(Object.entries(section).map(([name, declared]) => [name, parameters.read(name, declared)]));
  }

  /** Errors: 400. */
  parameters(
    given: Readonly<Record<string, unknown>>,
    defaults: Readonly<Record<string, unknown>>,
    pseudo: Readonly<Record<string, string>>,
  ): Parameters {
    return new Parameters(this.dialect.parameters, this.parameterSchemata(), given, defaults, pseudo);
  }

  get parameterGroups(): unknown {
    return this.dialect.type === "hot" ? this.data.parameter_groups : undefined;
  }

  /** Errors: 400. */
  validateGroups(parameters: Parameters): void {
    validateGroups(
      this.parameterGroups,
      parameters.all().map(({ name }) => name),
    );
  }

  /** Errors: 400. */
  conditions(): Map<string, unknown> {
    const { conditions, sections } = this.dialect;
    if (conditions === null) return new Map();
    const section = this.#section("conditions");
    if (!isMap(section)) {
      throw new ValidationFailed(
        `Condition definitions must be a map. Found a ${pythonClass(section)} instead`,
        [],
        "Conditions validation error",
      );
    }
    return new Map(
      Object.entries(section).map(([name, one]) => [
        name,
        parse(this.#conditionFunctions(), one, `${sections.conditions}.${name}`),
      ]),
    );
  }

  #conditionFunctions() {
    return this.dialect.conditions ?? {};
  }

  mapping(name: unknown, first: unknown, second: unknown): unknown {
    const maps = this.data[this.dialect.sections.mappings];
    const inner = isMap(maps) ? maps[String(name)] : undefined;
    const entry = isMap(inner) ? inner[String(first)] : undefined;
    const found = isMap(entry) ? entry[String(second)] : undefined;
    if (found === undefined)
      throw keyMistake(String(inner === undefined ? name : entry === undefined ? first : second));
    return found;
  }

  #all = new Map<string, ResourceDefinition>();
  #isRead = false;

  /** Every resource that it names, whatever its condition. Errors: 400. */
  allResources(): ReadonlyMap<string, ResourceDefinition> {
    if (this.#isRead) return this.#all;
    const section = this.#section("resources");
    for (const [name, snippet] of Object.entries(isMap(section) ? section : {})) {
      try {
        this.#all.set(name, this.#definition(name, snippet));
      } catch (error) {
        if (error instanceof Mistake) throw new ValidationFailed(error.message);
        throw error;
      }
    }
    this.#isRead = true;
    return this.#all;
  }

  #definition(name: string, snippet: unknown): ResourceDefinition {
    const { keys, resourceKeys, functions, sections, deletionPolicies, type: language } = this.dialect;
    if (!isMap(snippet)) throw typeMistake(`Resource ${name} is no map`);
    const invalid = Object.keys(snippet).filter((key) => !resourceKeys.includes(key));
    if (language === "hot" && invalid.length > 0) {
      throw valueMistake(`Invalid keyword(s) inside a resource definition: ${invalid.join(", ")}`);
    }
    if (!Object.hasOwn(snippet, keys.type)) throw keyMistake(`Resource ${name} is missing "${keys.type}"`);
    const part = (key: string, types: string, fits: (value: unknown) => boolean): unknown => {
      if (key === "" || !Object.hasOwn(snippet, key)) return null;
      const value = parse(functions, snippet[key], `${sections.resources}.${name}.${key}`);
      if (fits(value)) return value;
      throw typeMistake(`Resource ${name} ${key} type must be ${types}`);
    };
    const isText = (value: unknown) => typeof value === "string";
    const isObject = (value: unknown) => isMap(value);
    const depends = part(keys.dependsOn, "list or string", (value) => isText(value) || Array.isArray(value));
    const dependsOn = typeof depends === "string" ? [depends] : ((depends ?? []) as unknown[]);
    if (!dependsOn.every(isText)) {
      throw new ValidationFailed(`Resource ${name} ${keys.dependsOn} must be a list of strings`);
    }
    const policy = part(keys.deletionPolicy, "string", (value) => isText(value) || value instanceof Call);
    if (typeof policy === "string" && !Object.hasOwn(deletionPolicies, policy)) {
      throw new ValidationFailed(`Invalid deletion policy "${policy}"`);
    }
    const condition = Object.hasOwn(snippet, keys.condition)
      ? parse(this.#conditionFunctions(), snippet[keys.condition], `${sections.resources}.${name}.${keys.condition}`)
      : null;
    if (condition !== null && !isText(condition) && typeof condition !== "boolean" && !(condition instanceof Call)) {
      throw typeMistake(`Resource ${name} ${keys.condition} type must be string or boolean`);
    }
    return {
      name,
      type: part(keys.type, "string", isText) as string,
      properties: part(keys.properties, "object", isObject),
      metadata: part(keys.metadata, "object", isObject),
      dependsOn: dependsOn as string[],
      deletionPolicy: policy,
      updatePolicy: part(keys.updatePolicy, "object", isObject),
      description: (part(keys.description, "string", isText) ?? "") as string,
      externalId: part(keys.externalId, "string", (value) => isText(value) || value instanceof Call),
      condition,
    };
  }

  /** Those whose conditions hold. Errors: 400. */
  resources(scope: Scope): Map<string, ResourceDefinition> {
    const { sections, keys } = this.dialect;
    const enabled = [...this.allResources()].filter(([name, { condition }]) =>
      this.#holds(condition, scope, [sections.resources, name, keys.condition]),
    );
    return new Map(enabled);
  }

  #holds(condition: unknown, scope: Scope, path: readonly string[]): boolean {
    if (condition === null || condition === undefined) return true;
    try {
      const resolved = resolve(condition, scope);
      return typeof resolved === "boolean" ? resolved : scope.holds(resolved);
    } catch (error) {
      if (error instanceof Mistake) throw new ValidationFailed(error.message, path);
      throw error;
    }
  }

  /** What a resource is to be done with when it goes. Errors: 400. */
  deletionPolicy({ deletionPolicy, externalId }: ResourceDefinition, scope: Scope): DeletionPolicy {
    if (externalId !== null) return "Retain";
    const resolved = resolve(deletionPolicy, scope);
    if (resolved === null || resolved === "") return "Delete";
    const policy = this.dialect.deletionPolicies[String(resolved)];
    if (policy === undefined) throw new ValidationFailed(`Invalid deletion policy "${pythonText(resolved)}"`);
    return policy;
  }

  /** Outputs in the template's order; those whose condition does not hold have the value null. Errors: 400. */
  outputs(scope: Scope): OutputDefinition[] {
    const { sections, output, functions } = this.dialect;
    const section = this.#section("outputs");
    const fail = (name: string, message: string) =>
      new ValidationFailed(message, [sections.outputs, name], "Output validation error");
    return Object.entries(isMap(section) ? section : {}).map(([name, snippet]) => {
      if (!isMap(snippet))
        throw fail(name, `Output definitions must be a map. Found a ${pythonClass(snippet)} instead`);
      if (!Object.hasOwn(snippet, output.value)) {
        throw fail(name, `Each output definition must contain a ${output.value} key.`);
      }
      const path = `${sections.outputs}.${name}`;
      const condition =
        this.dialect.conditions === null
          ? null
          : parse(this.#conditionFunctions(), snippet[output.condition] ?? null, `${path}.${output.condition}`);
      const enabled = this.#holds(condition, scope, [sections.outputs, name, output.condition]);
      return {
        name,
        value: enabled ? parse(functions, snippet[output.value], `${path}.${output.value}`) : null,
        description: pythonText(snippet[output.description] ?? "No description given"),
        condition,
      };
    });
  }

  /**
   * What each of these resources needs, with the places where it says so. Names that are not there at all are an error; those whose
   * condition does not hold are left out.
   */
  needs(definitions: ReadonlyMap<string, ResourceDefinition>, scope: Scope): Map<string, Set<string>> {
    return new Map([...definitions].map(([name, one]) => [name, new Set(this.#needsOf(one, definitions, scope))]));
  }

  #needsOf(
    definition: ResourceDefinition,
    definitions: ReadonlyMap<string, ResourceDefinition>,
    scope: Scope,
  ): string[] {
    const { name, properties, metadata, dependsOn } = definition;
    const explicit = dependsOn.map((resource): PlacedReference => ({ resource, attribute: null, where: name }));
    const placed = [
      ...explicit,
      ...references(properties, scope, `${name}.Properties`),
      ...references(metadata, scope, `${name}.Metadata`),
    ];
    return placed.flatMap(({ resource, where }) => {
      if (definitions.has(resource)) return [resource];
      if (where === name && this.allResources().has(resource)) return [];
      throw invalidReference(resource, where);
    });
  }

  /** Errors: 400 for a circle. */
  order(definitions: ReadonlyMap<string, ResourceDefinition>, scope: Scope): string[] {
    return inOrder(this.needs(definitions, scope));
  }

  /** Asks the functions in a resource. Errors: 400. */
  validateResource(definition: ResourceDefinition, scope: Scope): void {
    const { sections, keys } = this.dialect;
    const path = [sections.resources, definition.name];
    validateCalls(definition.properties, scope, [...path, keys.properties]);
    validateCalls(definition.metadata, scope, [...path, keys.metadata]);
    validateCalls(definition.updatePolicy, scope, [...path, keys.updatePolicy]);
  }
}
