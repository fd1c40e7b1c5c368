import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Facades } from "../../../kernel/module.ts";
import { compilePattern } from "../../../kernel/text/pattern.ts";
import { entityNotFound, heatError, typeForbidden, typeUnavailable } from "../errors.ts";
import { cfnWord, hotWord, type Parameter } from "../language/parameters.ts";
import type { Constraint, Kind, Schema, Schemata } from "../language/schema.ts";
import { DIALECTS, type Dialect } from "../language/versions.ts";
import { typeNamed, typesOf, whatIsLacking } from "../resource-types/index.ts";
import type { ResourceType } from "../resource-types/types.ts";

/** Types of resources and versions of the languages, as the API tells of them. */
export class TypeManager {
  readonly #has: (service: keyof Facades) => boolean;

  constructor(has: (service: keyof Facades) => boolean) {
    this.#has = has;
  }

  list(
    context: RequestContext,
    filters: { status: string | null; name: string | null; version: string | null },
  ): readonly ResourceType[] {
    if (filters.status !== null && !STATUSES.includes(filters.status)) {
      const known = `('${STATUSES.join("', '")}')`;
      throw heatError("Invalid", `Data supplied was not valid: Invalid support status and should be one of ${known}`);
    }
    const pattern = filters.name === null ? undefined : compilePattern(`^(?:${filters.name})`);
    if (pattern === null) return [];
    return typesOf(this.#has).filter((type) => {
      if (type.adminOnly === true && !context.isAdmin) return false;
      const { status = "SUPPORTED", version = null } = type.support ?? {};
      if (status === "HIDDEN") return false;
      if (filters.status !== null && status !== filters.status) return false;
      if (filters.version !== null && version !== filters.version) return false;
      return pattern === undefined || pattern.test(type.name);
    });
  }

  /** Errors: 404, 400 for one whose service is not part of the cloud, 403 for one that only administrators may use. */
  get(context: RequestContext, name: string): ResourceType {
    const type = typeNamed(name);
    if (type === undefined) throw entityNotFound("Resource Type", name);
    if (type.adminOnly === true && !context.isAdmin) throw typeForbidden(name);
    const lacking = whatIsLacking(type, this.#has);
    if (lacking !== null) throw typeUnavailable(name, lacking.client, lacking.reason);
    return type;
  }

  /** What is said of the attribute that every type has. */
  readonly show = SHOW;

  /** The type of a parameter in CFN's words. */
  kindWord({ schema }: Parameter): string {
    return cfnWord(schema.type);
  }

  get versions(): readonly Dialect[] {
    return DIALECTS;
  }

  /** Errors: 404. */
  functions(version: string, withConditions: boolean): { name: string; description: string }[] {
    const dialect = DIALECTS.find(({ name, aliases }) => name === version || aliases.includes(version));
    if (dialect === undefined) throw heatError("NotFound", `Template with version ${version} not found`, 404);
    const all = { ...dialect.functions, ...(withConditions ? dialect.conditions : {}) };
    return Object.entries(all)
      .filter(([, { removed }]) => removed !== true)
      .map(([name, { description }]) => ({ name, description }));
  }

  /** A template with one resource of the type, whose properties are parameters. */
  templateOf(type: ResourceType, language: "hot" | "cfn"): Record<string, unknown> {
    const name = type.className ?? type.name.split("::").at(-1) ?? type.name;
    const description = `Initial template of ${name}`;
    const properties = Object.keys(type.properties);
    const attributes = Object.entries({ ...type.attributes, show: { description: SHOW } });
    if (language === "hot") {
      return {
        heat_template_version: "2016-10-14",
        description,
        parameters: mapValues(type.properties, hotParameter),
        resources: {
          [name]: {
            type: type.name,
            properties: Object.fromEntries(properties.map((key) => [key, { get_param: key }])),
          },
        },
        outputs: {
          ...Object.fromEntries(
            attributes.map(([key, { description: said }]) => [
              key,
              { value: { get_attr: [name, key] }, description: said ?? null },
            ]),
          ),
          "OS::stack_id": { value: { get_resource: name } },
        },
      };
    }
    const asProperty = (key: string, { type: kind }: Schema) =>
      kind === "list" ? { "Fn::Split": [",", { Ref: key }] } : { Ref: key };
    return {
      HeatTemplateFormatVersion: "2012-12-12",
      Description: description,
      Parameters: mapValues(type.properties, cfnParameter),
      Resources: {
        [name]: { Type: type.name, Properties: mapValues(type.properties, (schema, key) => asProperty(key, schema)) },
      },
      Outputs: {
        ...Object.fromEntries(
          attributes.map(([key, { description: said }]) => [
            key,
            { Value: { "Fn::GetAtt": [name, key] }, Description: said ?? null },
          ]),
        ),
        "OS::stack_id": { Value: { Ref: name } },
      },
    };
  }
}

const STATUSES = ["UNKNOWN", "SUPPORTED", "UNSUPPORTED", "DEPRECATED", "HIDDEN"];
const SHOW = "All that its service tells of it.";

/** Of those that are shown. */
const mapValues = <T>(schemata: Schemata, map: (schema: Schema, key: string) => T): Record<string, T> =>
  Object.fromEntries(
    Object.entries(schemata).flatMap(([key, schema]) => (schema.hidden === true ? [] : [[key, map(schema, key)]])),
  );

/** What a parameter is called that stands for a property; anything stays a text of JSON. */
const parameterKind = (kind: Kind): Kind => (kind === "integer" ? "number" : kind === "any" ? "map" : kind);

function common(schema: Schema): { description?: string; preset?: unknown } {
  const preset = schema.default ?? undefined;
  return {
    ...(schema.description === undefined ? {} : { description: schema.description }),
    ...(preset === undefined ? {} : { preset }),
  };
}

function hotParameter(schema: Schema): Record<string, unknown> {
  const { description, preset } = common(schema);
  const constraints = (schema.constraints ?? []).map(
    (constraint): Partial<Constraint> => ("custom_constraint" in constraint ? {} : constraint),
  );
  return {
    type: hotWord(parameterKind(schema.type)),
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    ...(constraints.length === 0 ? {} : { constraints }),
  };
}

function cfnParameter(schema: Schema): Record<string, unknown> {
  const { description, preset } = common(schema);
  const made: Record<string, unknown> = {
    Type: cfnWord(parameterKind(schema.type)),
    ...(description === undefined ? {} : { Description: description }),
    ...(preset === undefined ? {} : { Default: preset }),
  };
  for (const constraint of schema.constraints ?? []) {
    if ("length" in constraint) Object.assign(made, bounds("Length", constraint.length));
    else if ("range" in constraint) Object.assign(made, bounds("Value", constraint.range));
    else if ("allowed_values" in constraint) made.AllowedValues = constraint.allowed_values;
    else if ("allowed_pattern" in constraint) made.AllowedPattern = constraint.allowed_pattern;
  }
  if (schema.type === "boolean") made.AllowedValues = ["True", "true", "False", "false"];
  return made;
}

const bounds = (what: string, { min, max }: { min?: number; max?: number }) => ({
  ...(min === undefined ? {} : { [`Min${what}`]: min }),
  ...(max === undefined ? {} : { [`Max${what}`]: max }),
});
