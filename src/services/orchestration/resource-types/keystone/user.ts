import { given, nameOf, orGone } from "../asking.ts";
import { only, without } from "../thing.ts";
import type { ResourceType, Run, Values } from "../types.ts";
import { roles, setRoles, validateRoles } from "./roles.ts";
import { changing, domain, domainOf, enabled, found, keystoneThing, of, support } from "./thing.ts";

const common = keystoneThing({
  key: "user",
  async body(run) {
    const { description, enabled, email, password, domain, default_project } = run.properties as Values;
    const default_project_id = await found(run, "project", default_project);
    return given({
      name: nameOf(run),
      description,
      enabled,
      email,
      password,
      domain_id: await domainOf(run, domain),
      default_project_id,
    });
  },
  changes: async (run, changed) => ({
    ...given(only(changed, "description", "enabled", "email", "password")),
    ...(changed.name === undefined ? {} : { name: nameOf(run) }),
    ...given({ default_project_id: await found(run, "project", changed.default_project ?? null) }),
  }),
});

async function groupsOf(run: Run, { groups }: Values): Promise<string[]> {
  const ids = await Promise.all(((groups ?? []) as string[]).map((group) => orGone(() => found(run, "group", group))));
  return ids.filter((id) => id !== null);
}

async function setGroups(run: Run, now: Values, before: Values): Promise<void> {
  const user_id = run.physicalId ?? "";
  const wanted = await groupsOf(run, now);
  const former = await groupsOf(run, before);
  for (const group_id of wanted) await run.call("identity", "groups:add-user", { params: { group_id, user_id } });
  for (const group_id of without(former, wanted)) {
    await orGone(() => run.call("identity", "groups:remove-user", { params: { group_id, user_id } }));
  }
}

export const keystoneUser: ResourceType = {
  name: "OS::Keystone::User",
  support: support("2015.1"),
  className: "KeystoneUser",
  adminOnly: true,
  description: "A user.",
  properties: {
    name: { ...changing, description: "The name." },
    domain,
    description: { ...changing, default: "", description: "Who it is." },
    enabled,
    email: { ...changing, description: "An address for mail." },
    password: { ...changing, description: "The password." },
    default_project: { ...of("project"), update_allowed: true, description: "The project where none is named." },
    groups: { type: "list", update_allowed: true, items: of("group"), description: "Groups it is in." },
    roles,
  },
  attributes: {
    name: { type: "string", description: "The name." },
    default_project_id: { type: "string", description: "The project where none is named." },
    domain_id: { type: "string", description: "Its domain." },
    enabled: { type: "boolean", description: "Whether it is in use." },
    password_expires_at: { type: "string", description: "When the password ends." },
  },
  validate: ({ properties }) => validateRoles(properties),
  ...common,
  async isCreated(run) {
    await setGroups(run, run.properties, {});
    await setRoles(run, "user", run.physicalId ?? "", run.properties);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.groups !== undefined) await setGroups(run, run.properties, run.before);
    if (changed.roles !== undefined) await setRoles(run, "user", run.physicalId ?? "", run.properties, run.before);
  },
};
