import { orGone } from "../asking.ts";
import type { ResourceType, Run, Values } from "../types.ts";
import { roles, setRoles, validateRoles } from "./roles.ts";
import { found, keystone, of, support } from "./thing.ts";

function roleAssignment(actor: "user" | "group", name: string): ResourceType {
  const idOfActor = (run: Run, properties: Values) => orGone(() => found(run, actor, properties[actor]));
  return {
    name,
    service: keystone,
    support: support("5.0.0"),
    className: `Keystone${name.split("::")[2]}`,
    adminOnly: true,
    description: `Roles of a ${actor}.`,
    properties: {
      [actor]: { ...of(actor), required: true, update_allowed: true, description: `The ${actor}, by id or name.` },
      roles,
    },
    attributes: {},
    validate: ({ properties }) => validateRoles(properties),
    async create(run) {
      const id = (await found(run, actor, run.properties[actor])) ?? "";
      await setRoles(run, actor, id, run.properties);
      // It has no id of its own.
      run.setPhysicalId(run.id);
    },
    async update(run) {
      const [former, id] = [await idOfActor(run, run.before), await idOfActor(run, run.properties)];
      if (former !== null && former !== id) await setRoles(run, actor, former, {}, run.before);
      if (id !== null) await setRoles(run, actor, id, run.properties, former === id ? run.before : {});
    },
    async delete(run) {
      if (run.physicalId === null) return;
      const id = await idOfActor(run, run.properties);
      if (id !== null) await setRoles(run, actor, id, {}, run.properties);
    },
  };
}

export const userRoleAssignment = roleAssignment("user", "OS::Keystone::UserRoleAssignment");
export const groupRoleAssignment = roleAssignment("group", "OS::Keystone::GroupRoleAssignment");
