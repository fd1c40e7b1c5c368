import { given, nameOf } from "../asking.ts";
import { only } from "../thing.ts";
import type { ResourceType } from "../types.ts";
import { changing, domain, domainOf, enabled, found, keystoneThing, of, support } from "./thing.ts";

const common = keystoneThing({
  key: "project",
  async body(run) {
    const { description, enabled, tags } = run.properties;
    return given({
      name: nameOf(run),
      description,
      enabled,
      tags,
      domain_id: await domainOf(run, run.properties.domain),
      parent_id: await found(run, "project", run.properties.parent),
    });
  },
  changes: (run, changed) => ({
    ...only(changed, "description", "enabled", "tags"),
    ...(changed.name === undefined ? {} : { name: nameOf(run) }),
  }),
});

export const keystoneProject: ResourceType = {
  name: "OS::Keystone::Project",
  support: support("2015.1"),
  className: "KeystoneProject",
  adminOnly: true,
  description: "A project.",
  properties: {
    name: { ...changing, description: "Its name." },
    domain,
    description: { ...changing, default: "", description: "What it is for." },
    enabled,
    parent: { ...of("project"), description: "The project above it." },
    tags: { type: "list", default: [], update_allowed: true, description: "Its tags." },
  },
  attributes: {
    name: { type: "string", description: "Its name." },
    parent_id: { type: "string", description: "The project above it." },
    domain_id: { type: "string", description: "Its domain." },
    enabled: { type: "boolean", description: "Whether it is in use." },
    is_domain: { type: "boolean", description: "Whether it stands for a domain." },
  },
  ...common,
};
