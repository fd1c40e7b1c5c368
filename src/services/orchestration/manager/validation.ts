import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, messageOf } from "../../../kernel/errors.ts";
import type { CallInput } from "../../../kernel/http/perform.ts";
import { requestLimitExceeded, typeForbidden, typeUnavailable } from "../errors.ts";
import { Call, OMITTED, references, resolveOr, validateCalls } from "../language/calls.ts";
import { Registry, whole } from "../language/environment.ts";
import { inOrder } from "../language/graph.ts";
import { Mistake, ValidationFailed } from "../language/mistakes.ts";
import { type CustomCheck, cast, type Schema } from "../language/schema.ts";
import { type ResourceDefinition, Template } from "../language/template.ts";
import { checkCustom } from "../resource-types/constraints.ts";
import { whatIsLacking } from "../resource-types/index.ts";
import { ResourceError, type ResourceType, type Wanted } from "../resource-types/types.ts";
import { isMap } from "../values/python.ts";
import { renamed } from "./convergence.ts";
import type { Core } from "./core.ts";
import { StackModel } from "./model.ts";

export interface ValidationOptions {
  /** Values of parameters and properties are asked too; /validate looks at what the template says alone. */
  readonly strict: boolean;
  readonly context: RequestContext;
  /** What is nested is left alone. */
  readonly templateOnly?: boolean;
  readonly depth?: number;
}

/** Whether a stack can be made of a template, as far as can be told before. */
export class Validation {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** The template as a whole. Errors: 400. */
  template(template: Template): void {
    try {
      template.validate();
    } catch (error) {
      if (error instanceof ApiError && error.type !== "StackValidationFailed")
        throw new ValidationFailed(error.message);
      throw error;
    }
    const { maxResources } = this.#core.limits;
    if (maxResources >= 0 && template.resourceCount > maxResources) {
      throw requestLimitExceeded("Maximum resources per stack exceeded.");
    }
  }

  /** Errors: 400. */
  async stack(model: StackModel, options: ValidationOptions): Promise<void> {
    const { template } = model.source;
    const { strict } = options;
    template.validate();
    const customs: CustomCheck[] = [];
    model.parameters.validate({ withValues: strict, later: (check) => customs.push(check) });
    await this.#parameterCustoms(customs, options);
    template.validateGroups(model.parameters);
    for (const [name, condition] of template.conditions()) {
      if (typeof condition !== "boolean" && !(condition instanceof Call)) {
        throw new ValidationFailed(
          `The definition of condition "${name}" is invalid: ${String(condition)}`,
          [],
          "Condition validation error",
        );
      }
      validateCalls(condition, model);
    }
    const { definitions } = model;
    for (const definition of definitions.values()) model.typeOf(definition);
    const twice = [...definitions.keys()].filter((name) => model.parameters.has(name));
    if (twice.length > 0)
      throw new ValidationFailed(`Duplicate names {${twice.map((name) => `'${name}'`).join(", ")}}`);
    for (const name of inOrder(model.needs())) {
      const definition = definitions.get(name);
      if (definition !== undefined) await this.#resource(model, definition, options);
    }
    for (const { name, value } of template.outputs(model)) {
      const { sections, output } = template.dialect;
      validateCalls(value, model, [sections.outputs, name, output.value]);
    }
  }

  async #parameterCustoms(checks: readonly CustomCheck[], options: ValidationOptions): Promise<void> {
    for (const { constraint, value, description, path } of checks) {
      const said = await checkCustom(constraint, value, this.#asking(options.context));
      if (said === null) continue;
      throw new ValidationFailed(`Parameter '${path[0]}' is invalid: ${description ?? said}`);
    }
  }

  async #resource(model: StackModel, definition: ResourceDefinition, options: ValidationOptions): Promise<void> {
    const { template } = model.source;
    const { sections, keys } = template.dialect;
    const type = model.typeOf(definition);
    this.#requireUsable(type, definition.type, options);
    template.validateResource(definition, model);
    template.deletionPolicy(definition, model);
    const external = definition.externalId !== null;
    if (external) return;
    const path = [sections.resources, definition.name, keys.properties];
    const customs: CustomCheck[] = [];
    const properties = this.#properties(model, type, definition, options.strict, path, customs);
    if (!options.strict) return this.#nested(model, type, definition, properties, options);
    for (const check of customs) {
      const said = await checkCustom(check.constraint, check.value, this.#asking(options.context));
      if (said !== null) throw new ValidationFailed(check.description ?? said, check.path, "Property error");
    }
    const wanted = this.#wanted(model, definition, properties, options.context);
    try {
      await type.validate?.(wanted);
    } catch (error) {
      if (error instanceof ValidationFailed && error.path.length > 0)
        throw error.below([sections.resources, definition.name]);
      if (error instanceof Mistake || error instanceof ResourceError) throw new ValidationFailed(error.message);
      throw error;
    }
    await this.#nested(model, type, definition, properties, options);
  }

  /** Errors: 400 for a type whose service is not part of the cloud, 403 for one that only administrators may use. */
  #requireUsable(type: ResourceType, name: string, { context, templateOnly }: ValidationOptions): void {
    if (type.adminOnly === true && templateOnly !== true && !context.isAdmin) throw typeForbidden(name);
    const lacking = whatIsLacking(type, (service) => this.#core.has(service));
    if (lacking !== null) throw typeUnavailable(name, lacking.client, lacking.reason);
  }

  /** The properties as far as they are known. Errors: 400. */
  #properties(
    model: StackModel,
    type: ResourceType,
    definition: ResourceDefinition,
    strict: boolean,
    path: readonly string[],
    customs: CustomCheck[],
  ): Record<string, unknown> {
    const known: Record<string, unknown> = {};
    const fail = (message: string, where: readonly (string | number)[] = path) =>
      new ValidationFailed(message, where, "Property error");
    const { properties } = definition;
    const raw = properties instanceof Call ? resolveOr(properties, model) : properties;
    const given = renamed(type, isMap(raw) ? raw : {});
    if (type.takesAnything === true) return given;
    const unknown = Object.keys(given).find((key) => !Object.hasOwn(type.properties, key));
    if (unknown !== undefined) throw fail(`Unknown Property ${unknown}`);
    if (!strict) return this.#asFarAsKnown(model, type, given);
    for (const [key, schema] of Object.entries(type.properties)) {
      known[key] = this.#property(model, key, schema, given, [...path, key], path, customs);
    }
    return known;
  }

  /** Values of parameters may be missing; what is nested is looked at with what there is. */
  #asFarAsKnown(
    model: StackModel,
    { properties }: ResourceType,
    given: Record<string, unknown>,
  ): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(properties).map(([key, schema]) => {
        try {
          const value = Object.hasOwn(given, key) ? resolveOr(given[key], model) : (schema.default ?? null);
          return [key, value === OMITTED ? null : value === null ? null : asFarAsKnown(value, schema)];
        } catch {
          return [key, null];
        }
      }),
    );
  }

  #property(
    model: StackModel,
    key: string,
    schema: Schema,
    given: Record<string, unknown>,
    path: readonly (string | number)[],
    outside: readonly string[],
    customs: CustomCheck[],
  ): unknown {
    const fail = (message: string, where: readonly (string | number)[]) =>
      new ValidationFailed(message, where, "Property error");
    try {
      const value = Object.hasOwn(given, key) ? resolveOr(given[key], model) : OMITTED;
      const dependsOnOthers = Object.hasOwn(given, key) && references(given[key], model, key).length > 0;
      if (dependsOnOthers) return value === null || value === OMITTED ? "" : asFarAsKnown(value, schema);
      if (value === OMITTED) {
        if ((schema.default ?? null) !== null) return cast(null, schema, (check) => customs.push(check), path);
        if (schema.required === true) throw fail(`Property ${key} not assigned`, outside);
        return null;
      }
      return cast(value, schema, (check) => customs.push(check), path);
    } catch (error) {
      if (error instanceof ValidationFailed) throw new ValidationFailed(error.reason, error.path, "Property error");
      if (error instanceof Mistake || error instanceof ApiError) throw fail(messageOf(error), path);
      throw error;
    }
  }

  /** What is nested in a resource is asked what its template says. */
  async #nested(
    model: StackModel,
    type: ResourceType,
    definition: ResourceDefinition,
    properties: Record<string, unknown>,
    options: ValidationOptions,
  ): Promise<void> {
    if (type.nestedTemplate === undefined || options.templateOnly === true) return;
    const { depth = 0 } = options;
    const { maxDepth } = this.#core.limits;
    if (depth + 1 > maxDepth) throw requestLimitExceeded(`Recursion depth exceeds ${maxDepth}.`);
    const { sections } = model.source.template.dialect;
    try {
      const child = this.child(model, type, definition, properties, options.context);
      if (child !== null) await this.stack(child, { ...options, strict: false, depth: depth + 1 });
    } catch (error) {
      if (type.nestedMistake !== undefined && error instanceof ApiError) {
        const wanted = this.#wanted(model, definition, properties, options.context);
        throw new ValidationFailed(type.nestedMistake(wanted, error.message));
      }
      if (error instanceof ValidationFailed) throw error.below([sections.resources, definition.name], error.error);
      throw error;
    }
  }

  /** The stack that a resource would be; null where that cannot be told yet. Errors: 400. */
  child(
    model: StackModel,
    type: ResourceType,
    definition: ResourceDefinition,
    properties: Record<string, unknown>,
    context: RequestContext,
  ): StackModel | null {
    const wanted = this.#wanted(model, definition, properties, context);
    let nested: ReturnType<NonNullable<ResourceType["nestedTemplate"]>>;
    try {
      nested = type.nestedTemplate?.(wanted) ?? null;
    } catch (error) {
      if (error instanceof ApiError) throw error;
      // Its definition depends on what is not there yet.
      return null;
    }
    if (nested === null) return null;
    const { surroundings } = wanted;
    const environment = {
      ...whole({}),
      parameters: nested.parameters,
      parameter_defaults: surroundings.parameterDefaults,
      resource_registry: nested.registry ?? surroundings.registry,
    };
    const source = {
      template: new Template(nested.template),
      files: nested.files ?? surroundings.files,
      environment,
      registry: new Registry(environment.resource_registry),
    };
    const { name, projectId } = model.identity;
    return new StackModel(this.#core, source, { id: null, name: `${name}-${definition.name}`, projectId });
  }

  #wanted(
    model: StackModel,
    definition: ResourceDefinition,
    properties: Record<string, unknown>,
    context: RequestContext,
  ): Wanted {
    const { id, name, projectId } = model.identity;
    return {
      name: definition.name,
      stack: { id: id ?? "", name, projectId, rootId: id ?? "" },
      properties,
      declared: (name) => model.definitions.get(name) ?? null,
      region: this.#core.kernel.settings.regionName,
      context,
      surroundings: model.surroundings(definition.name, definition.type),
      ...this.#asking(context),
    };
  }

  #asking(context: RequestContext): Pick<Wanted, "call" | "ask" | "has" | "baseUrl"> {
    const ask: Wanted["ask"] = (service, record, input = {}) => this.#core.kernel.call(service, record, context, input);
    return {
      has: (service) => this.#core.has(service),
      ask,
      call: async <Body>(service: string, record: string, input: CallInput = {}): Promise<Body> =>
        (await ask(service, record, input)).body as Body,
      baseUrl: this.#core.kernel.settings.api.baseUrl,
    };
  }
}

/** What it depends on is not there yet, so its form may be another one still. */
function asFarAsKnown(value: unknown, schema: Schema): unknown {
  try {
    return cast(value, schema, null, []);
  } catch (error) {
    if (error instanceof Mistake || error instanceof ValidationFailed) return value;
    throw error;
  }
}

/** The same error as it is after it has gone through heat's messaging: the parts of its text have their colons twice. */
export function overTheWire(error: unknown): unknown {
  if (!(error instanceof ValidationFailed)) return error;
  const where = error.message.slice(
    error.error === "" ? 0 : error.error.length + 2,
    error.message.length - error.reason.length,
  );
  if (error.error === "" && where === "") return error;
  const first = error.error === "" ? "" : `${error.error}: : `;
  const second = where === "" ? "" : `${where}: `;
  return new ApiError(400, `${first}${second}${error.reason}`, { type: "StackValidationFailed" });
}
