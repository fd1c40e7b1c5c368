import { given, nameOf } from "../asking.ts";
import type { ResourceType } from "../types.ts";
import { changing, found, keystoneThing, of, support } from "./thing.ts";

export const keystoneRole: ResourceType = {
  name: "OS::Keystone::Role",
  support: support("2015.1"),
  className: "KeystoneRole",
  adminOnly: true,
  description: "A role.",
  properties: {
    name: { ...changing, description: "Its name." },
    domain: { ...of("domain"), description: "Its domain; without one it is for all." },
  },
  attributes: {},
  ...keystoneThing({
    key: "role",
    body: async (run) => given({ name: nameOf(run), domain_id: await found(run, "domain", run.properties.domain) }),
    changes: (run) => ({ name: nameOf(run) }),
  }),
};
