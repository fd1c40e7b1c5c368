import { Mistake, ValidationFailed } from "../../language/mistakes.ts";
import { cast, type Kind, type Schema } from "../../language/schema.ts";
import type { ResourceType, Values } from "../types.ts";

const KINDS: Readonly<Record<string, Kind>> = {
  string: "string",
  number: "number",
  comma_delimited_list: "list",
  json: "map",
  boolean: "boolean",
};

function typed({ value, type }: Values): unknown {
  if (typeof type !== "string") return value;
  const schema: Schema = { type: KINDS[type] ?? "any" };
  return cast(value, schema, null, []);
}

export const value: ResourceType = {
  name: "OS::Heat::Value",
  service: null,
  support: { version: "7.0.0" },
  description: "Holds a value, so that what is worked out once can be used in several places.",
  properties: {
    value: { type: "any", required: true, update_allowed: true, description: "The value, of any kind." },
    type: {
      type: "string",
      update_allowed: true,
      constraints: [{ allowed_values: Object.keys(KINDS) }],
      description: "What kind of value it has to be.",
    },
  },
  attributes: { value: { description: "The value." } },
  validate({ properties }) {
    try {
      typed(properties);
    } catch (error) {
      if (error instanceof Mistake)
        throw new ValidationFailed(error.message, ["properties", "value"], "Property error");
      throw error;
    }
  },
  create: (run) => run.setPhysicalId(run.physicalName()),
  update() {},
  reference: ({ physicalName }) => physicalName(),
  attribute: ({ properties }) => typed(properties),
  show: async () => null,
  check() {},
};
