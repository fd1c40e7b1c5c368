import type { Parameter } from "../language/parameters.ts";
import type { Schema, Schemata } from "../language/schema.ts";
import type { AttributeSchema, ResourceType } from "../resource-types/types.ts";

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

/** A property as heat tells of it. */
function propertyView(schema: Schema): Record<string, unknown> {
  const inner = schema.fields ?? (schema.items === undefined ? undefined : { "*": schema.items });
  return {
    type: schema.type,
    ...(schema.description === undefined ? {} : { description: schema.description }),
    ...(isPresent(schema.default) ? { default: schema.default } : {}),
    ...(inner === undefined ? {} : { schema: propertiesView(inner) }),
    required: schema.required ?? false,
    ...(schema.constraints === undefined || schema.constraints.length === 0 ? {} : { constraints: schema.constraints }),
    update_allowed: schema.update_allowed ?? false,
    immutable: schema.immutable ?? false,
  };
}

const propertiesView = (schemata: Schemata): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(schemata).flatMap(([name, schema]) =>
      schema.hidden === true ? [] : [[name, propertyView(schema)]],
    ),
  );

const attributeView = ({ type, description }: AttributeSchema) => ({
  ...(description === undefined ? {} : { description }),
  ...(type === undefined ? {} : { type }),
});

export function typeView(type: ResourceType, show: string, withDescription: boolean) {
  const { status = "SUPPORTED", version = null, message = null } = type.support ?? {};
  const attributes = { ...type.attributes, show: { type: "map" as const, description: show } };
  return {
    resource_type: type.name,
    properties: propertiesView(type.properties),
    attributes: Object.fromEntries(Object.entries(attributes).map(([name, one]) => [name, attributeView(one)])),
    support_status: { status, message, version, previous_status: null },
    ...(withDescription ? { description: type.description ?? "" } : {}),
  };
}

/** A parameter as /validate tells of it: in the words of CFN. `kind`: the type's. */
export function parameterView({ name, schema, given, otherDefault }: Parameter, kind: string): Record<string, unknown> {
  const preset = otherDefault ?? schema.default;
  const view: Record<string, unknown> = {
    Type: kind,
    Description: schema.description ?? "",
    NoEcho: schema.isSecret ? "true" : "false",
    Label: schema.label ?? name,
    ...(isPresent(preset) ? { Default: preset } : {}),
    ...(given === null || given === "" || given === false || given === 0 ? {} : { Value: given }),
    ...(schema.tags.length === 0 ? {} : { Tags: schema.tags }),
  };
  const said: string[] = [];
  for (const constraint of schema.constraints ?? []) {
    if ("length" in constraint) Object.assign(view, bounds("Length", constraint.length));
    else if ("range" in constraint) Object.assign(view, bounds("Value", constraint.range));
    else if ("modulo" in constraint)
      Object.assign(view, { Step: constraint.modulo.step, Offset: constraint.modulo.offset });
    else if ("allowed_values" in constraint) view.AllowedValues = constraint.allowed_values;
    else if ("allowed_pattern" in constraint) view.AllowedPattern = constraint.allowed_pattern;
    else view.CustomConstraint = constraint.custom_constraint;
    if (constraint.description !== undefined) said.push(constraint.description);
  }
  if (said.length > 0) view.ConstraintDescription = said.join(" ");
  return view;
}

const bounds = (what: string, { min, max }: { min?: number; max?: number }) => ({
  ...(min === undefined ? {} : { [`Min${what}`]: min }),
  ...(max === undefined ? {} : { [`Max${what}`]: max }),
});
