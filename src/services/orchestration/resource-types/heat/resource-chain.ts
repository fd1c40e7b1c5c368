import { nestedHandlers } from "../nested.ts";
import type { NestedTemplate, ResourceType, Values, Wanted } from "../types.ts";
import { memberAttribute } from "./resource-group.ts";

interface Properties {
  readonly resources: readonly string[];
  readonly concurrent: boolean;
  readonly resource_properties: Values | null;
}

function templateOf({ properties }: Pick<Wanted, "properties">): NestedTemplate {
  const { resources, concurrent, resource_properties } = properties as unknown as Properties;
  const members = resources.map((type, index) => [
    String(index),
    {
      type,
      ...(resource_properties === null ? {} : { properties: resource_properties }),
      ...(index === 0 || concurrent ? {} : { depends_on: [String(index - 1)] }),
    },
  ]);
  return {
    template: { heat_template_version: "2015-04-30", resources: Object.fromEntries(members) },
    parameters: {},
  };
}

export const resourceChain: ResourceType = {
  name: "OS::Heat::ResourceChain",
  service: null,
  support: { version: "6.0.0" },
  description: "Resources of several types with the same properties, one after another.",
  properties: {
    resources: { type: "list", required: true, update_allowed: true, description: "Their types." },
    concurrent: { type: "boolean", default: false, description: "Whether they are made at the same time." },
    resource_properties: { type: "map", description: "The properties of each." },
  },
  attributes: {
    refs: { type: "list", description: "What get_resource gives for each of them." },
    attributes: { type: "map", description: "An attribute of each of them, by its name." },
  },
  takesPath: true,
  nestedTemplate: templateOf,
  ...nestedHandlers(templateOf),
  attribute: (made, name, path) => (name === "show" ? null : memberAttribute(made.nested.members(), name, path)),
};
