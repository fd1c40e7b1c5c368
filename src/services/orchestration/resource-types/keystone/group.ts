import { given, nameOf } from "../asking.ts";
import { only } from "../thing.ts";
import type { ResourceType } from "../types.ts";
import { roles, setRoles, validateRoles } from "./roles.ts";
import { changing, domain, domainOf, keystoneThing, support } from "./thing.ts";

const common = keystoneThing({
  key: "group",
  async body(run) {
    const { description, domain } = run.properties;
    return given({ name: nameOf(run), description, domain_id: await domainOf(run, domain) });
  },
  changes: (run, changed) => ({
    ...only(changed, "description"),
    ...(changed.name === undefined ? {} : { name: nameOf(run) }),
  }),
});

export const keystoneGroup: ResourceType = {
  name: "OS::Keystone::Group",
  support: support("2015.1"),
  className: "KeystoneGroup",
  adminOnly: true,
  description: "A group of users.",
  properties: {
    name: { ...changing, description: "Its name." },
    domain,
    description: { ...changing, default: "", description: "What it is for." },
    roles,
  },
  attributes: {},
  validate: ({ properties }) => validateRoles(properties),
  ...common,
  async isCreated(run) {
    await setRoles(run, "group", run.physicalId ?? "", run.properties);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.roles !== undefined) await setRoles(run, "group", run.physicalId ?? "", run.properties, run.before);
  },
};
