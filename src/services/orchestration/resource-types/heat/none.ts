import type { ResourceType } from "../types.ts";

/** Stands in for any type: takes all properties, has all attributes, and is nothing. */
export const none: ResourceType = {
  name: "OS::Heat::None",
  service: null,
  support: { version: "5.0.0" },
  description: "Stands in for a resource that is not wanted: takes any property, has any attribute.",
  properties: {},
  attributes: {},
  takesAnything: true,
  create: (run) => run.setPhysicalId(run.physicalName()),
  update() {},
  reference: ({ physicalName }) => physicalName(),
  attribute: () => null,
  check() {},
};
