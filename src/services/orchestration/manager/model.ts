import { resolve, type Scope } from "../language/calls.ts";
import { along } from "../language/functions/references.ts";
import { invalidAttribute, invalidReference, ValidationFailed, valueMistake } from "../language/mistakes.ts";
import type { Parameters } from "../language/parameters.ts";
import type { ResourceDefinition } from "../language/template.ts";
import { typeNamed } from "../resource-types/index.ts";
import { templateType } from "../resource-types/template-resource.ts";
import type { Made, ResourceType } from "../resource-types/types.ts";
import { isMap } from "../values/python.ts";
import type { Core, Source } from "./core.ts";
import { addImplied } from "./implied.ts";

export interface ModelOptions {
  readonly id: string | null;
  readonly name: string;
  readonly projectId: string;
  /** A resource as it is now; null while there is nothing of it. */
  made?(name: string): Made | null;
  /** Of a nested stack: what the resource that it stands for says. */
  facade?: Scope["facade"];
}

/** A template with values for its parameters: what a stack consists of. Resolves its functions as far as things are known. */
export class StackModel implements Scope {
  readonly source: Source;
  readonly parameters: Parameters;
  readonly #core: Core;
  readonly #options: ModelOptions;
  readonly #conditions = new Map<string, boolean | "in progress">();
  readonly #types = new Map<string, ResourceType>();
  readonly #attributes = new Map<string, unknown>();
  readonly #missing = new Map<string, () => Promise<unknown>>();
  #definitions: Map<string, ResourceDefinition> | null = null;

  /** Errors: 400. */
  constructor(core: Core, source: Source, options: ModelOptions) {
    this.#core = core;
    this.source = source;
    this.#options = options;
    const { template, environment } = source;
    this.parameters = template.parameters(environment.parameters, environment.parameter_defaults, this.#pseudo());
  }

  #pseudo(): Record<string, string> {
    const { id, name, projectId } = this.#options;
    if (this.source.template.dialect.type === "hot") {
      return { "OS::stack_id": id ?? "None", "OS::project_id": projectId, "OS::stack_name": name };
    }
    const arn = `arn:openstack:heat::${projectId}:stacks/${name}/${id ?? "None"}`;
    const region = this.#core.kernel.settings.regionName;
    return { "AWS::StackId": arn, "AWS::StackName": name, "AWS::Region": region };
  }

  get identity(): ModelOptions {
    return this.#options;
  }

  /** Resources whose conditions hold. Errors: 400. */
  get definitions(): ReadonlyMap<string, ResourceDefinition> {
    this.#definitions ??= this.source.template.resources(this);
    return this.#definitions;
  }

  /** name → names it needs. Errors: 400. */
  needs(): Map<string, Set<string>> {
    const needs = this.source.template.needs(this.definitions, this);
    addImplied(this, needs);
    return needs;
  }

  /** What a resource is an instance of. Errors: 400. */
  typeOf({ name, type }: Pick<ResourceDefinition, "name" | "type">): ResourceType {
    const known = this.#types.get(name);
    if (known !== undefined) return known;
    const found = this.findType(type, name);
    this.#types.set(name, found);
    return found;
  }

  findType(type: string, name: string | null): ResourceType {
    if (type === "") throw new ValidationFailed(`Resource "${name}" has no type`);
    const registered = this.source.registry.find(type, name, (one) => typeNamed(one) !== undefined);
    if (registered === null) throw new ValidationFailed(`The Resource Type (${type}) could not be found.`);
    if (registered.kind === "template") {
      return templateType(registered.type, registered.file, this.source.files, this.#core.limits.maxTemplateSize);
    }
    const found = typeNamed(registered.name);
    if (found === undefined) throw new ValidationFailed(`The Resource Type (${type}) could not be found.`);
    return found;
  }

  /** The value, with attributes asked of services as far as it needs them. Errors: Mistake, 400. */
  async resolved<T>(body: () => T): Promise<T> {
    for (;;) {
      this.#missing.clear();
      const attempt = tried(body);
      if (this.#missing.size === 0) {
        if ("error" in attempt) throw attempt.error;
        return attempt.value;
      }
      const asked = [...this.#missing];
      const values = await Promise.all(asked.map(([, ask]) => ask()));
      for (const [index, [key]] of asked.entries()) this.#attributes.set(key, values[index] ?? null);
    }
  }

  resolve(value: unknown): Promise<unknown> {
    return this.resolved(() => resolve(value, this));
  }

  /** What was asked is asked again: something changed. */
  forget(name: string): void {
    for (const key of [...this.#attributes.keys()]) if (key.startsWith(`${name}\n`)) this.#attributes.delete(key);
  }

  parameter(name: string): unknown {
    return this.parameters.value(name);
  }

  #definition(name: string, where: string): ResourceDefinition {
    const definition = this.definitions.get(name);
    if (definition === undefined) throw invalidReference(name, where);
    return definition;
  }

  reference(name: string, where: string): unknown {
    const definition = this.#definition(name, where);
    const made = this.#options.made?.(name) ?? null;
    if (made === null) return name;
    if (typeof made.data.external_id === "string") return made.physicalId;
    return this.typeOf(definition).reference?.(made) ?? made.physicalId ?? name;
  }

  attributeNames(name: string, where: string): ReadonlySet<string> | null {
    const type = this.typeOf(this.#definition(name, where));
    if (type.takesAnything === true) return null;
    if (type.takesPath === true) return null;
    return new Set([...Object.keys(type.attributes), ...Object.keys(type.formerAttributes ?? {}), "show"]);
  }

  attribute(name: string, attribute: string | null, path: readonly unknown[]): unknown {
    const type = this.typeOf(this.#definition(name, "unknown"));
    if (attribute === null) {
      const names = Object.keys(type.attributes);
      return Object.fromEntries(names.map((one) => [one, this.attribute(name, one, [])]));
    }
    const made = this.#options.made?.(name) ?? null;
    if (made === null || made.action === "INIT" || made.action === "DELETE") return null;
    const own = type.takesPath === true ? path : [];
    const key = `${name}\n${attribute}\n${JSON.stringify(own)}`;
    if (!this.#attributes.has(key)) {
      this.#missing.set(key, () => attributeOf(type, made, attribute, own));
      return null;
    }
    const value = this.#attributes.get(key);
    return type.takesPath === true ? value : along(value, path, null);
  }

  file(name: string): unknown {
    return Object.hasOwn(this.source.files, name) ? this.source.files[name] : undefined;
  }

  holds(name: unknown): boolean {
    if (name === null) return true;
    const definitions = this.source.template.conditions();
    if (typeof name !== "string" || !definitions.has(name)) throw valueMistake(`Invalid condition "${String(name)}"`);
    const known = this.#conditions.get(name);
    const wrong = (message: string) => new ValidationFailed(message, [], "Condition validation error");
    if (known === "in progress") throw wrong(`Circular definition for condition "${name}"`);
    if (known !== undefined) return known;
    this.#conditions.set(name, "in progress");
    const resolved = resolve(definitions.get(name), this);
    if (typeof resolved !== "boolean") {
      throw wrong(`The definition of condition "${name}" is invalid: ${String(resolved)}`);
    }
    this.#conditions.set(name, resolved);
    return resolved;
  }

  mapping(name: unknown, first: unknown, second: unknown): unknown {
    return this.source.template.mapping(name, first, second);
  }

  availabilityZones(): readonly string[] {
    return ["nova"];
  }

  facade(what: "metadata" | "deletion_policy" | "update_policy"): unknown {
    return this.#options.facade?.(what) ?? null;
  }

  /** What is nested in a resource sees of the environment. */
  surroundings(name: string, type: string) {
    const { files, registry, environment, template } = this.source;
    const below = registry.below(name);
    // A template that stands for its own type would stand for itself in itself.
    const mapped = below[type];
    const { [type]: _own, ...without } = below;
    return {
      files,
      registry: typeof mapped === "string" && /\.(yaml|template)$/.test(mapped) ? without : below,
      parameterDefaults: environment.parameter_defaults,
      isCfn: template.dialect.type === "cfn",
    };
  }

  /** What a definition says of its metadata. */
  async metadata({ metadata }: ResourceDefinition): Promise<Record<string, unknown>> {
    const value = await this.resolve(metadata);
    return isMap(value) ? value : {};
  }
}

function tried<T>(body: () => T): { value: T } | { error: unknown } {
  try {
    return { value: body() };
  } catch (error) {
    return { error };
  }
}

/** Errors: 400 for one that its type does not have. */
export async function attributeOf(
  type: ResourceType,
  made: Made,
  name: string,
  path: readonly unknown[],
): Promise<unknown> {
  if (name === "show" && type.show !== undefined) return (await type.show(made)) ?? null;
  if (type.attribute !== undefined) return (await type.attribute(made, name, path)) ?? null;
  if (name === "show") return null;
  throw invalidAttribute(made.name, name);
}
