import { nameOf } from "../asking.ts";
import { only } from "../thing.ts";
import type { ResourceType, Run } from "../types.ts";
import { changing, enabled, keystoneThing, support } from "./thing.ts";

const common = keystoneThing({
  key: "domain",
  body: (run) => ({ ...run.properties, name: nameOf(run) }),
  changes: (run, changed) => ({
    ...only(changed, "description", "enabled"),
    ...(changed.name === undefined ? {} : { name: nameOf(run) }),
  }),
});

export const keystoneDomain: ResourceType = {
  name: "OS::Keystone::Domain",
  support: support("8.0.0"),
  className: "KeystoneDomain",
  adminOnly: true,
  description: "A domain: a realm of projects, users and groups.",
  properties: {
    name: { ...changing, description: "Its name." },
    description: { ...changing, description: "What it is for." },
    enabled,
  },
  attributes: {},
  ...common,
  async delete(run: Run) {
    // One that is in use is not deleted.
    if ((await common.show(run)) !== null) {
      const params = { domain_id: run.physicalId ?? "" };
      await run.call("identity", "domains:update", { params, body: { domain: { enabled: false } } });
    }
    await common.delete(run);
  },
};
