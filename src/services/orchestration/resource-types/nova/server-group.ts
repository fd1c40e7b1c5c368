import { given, lost, NOVA, nameOf, orGone } from "../asking.ts";
import type { Made, ResourceType, Values } from "../types.ts";

type Group = Readonly<Record<string, unknown>> & { readonly id: string; readonly name: string };

async function groupOf({ call, physicalId }: Pick<Made, "call" | "physicalId">): Promise<Group | null> {
  if (physicalId === null) return null;
  const asked = { ...NOVA, params: { id: physicalId } };
  const body = await orGone(() => call<{ server_group: Group }>("compute", "server-groups:show", asked));
  return body?.server_group ?? null;
}

export const serverGroup: ResourceType = {
  name: "OS::Nova::ServerGroup",
  service: { name: "compute", client: "nova" },
  support: { version: "2014.2" },
  description: "Servers that are to be on one host, or not to be.",
  properties: {
    name: { type: "string", description: "Its name." },
    policies: {
      type: "list",
      default: ["anti-affinity"],
      constraints: [{ allowed_values: ["anti-affinity", "affinity", "soft-anti-affinity", "soft-affinity"] }],
      items: { type: "string" },
      description: "The one policy that it has.",
    },
    rules: {
      type: "map",
      fields: {
        max_server_per_host: { type: "number", description: "How many of its servers one host may have." },
      },
      description: "Rules of the policy.",
    },
  },
  attributes: {},
  async create(run) {
    if (run.physicalId !== null) return;
    const name = nameOf(run);
    const left = await lost(run, async () => {
      const body = await run.call<{ server_groups: Group[] }>("compute", "server-groups:list", NOVA);
      return body.server_groups.filter((group) => group.name === name);
    });
    if (left !== null) return run.setPhysicalId(left);
    const { policies, rules } = run.properties as unknown as { policies: string[]; rules: Values | null };
    const server_group = given({ name, policy: policies[0], rules: rules === null ? null : given(rules) });
    const made = await run.call<{ server_group: Group }>("compute", "server-groups:create", {
      ...NOVA,
      body: { server_group },
    });
    run.setPhysicalId(made.server_group.id);
  },
  async delete(run) {
    const { physicalId } = run;
    if (physicalId === null) return;
    await orGone(() => run.call("compute", "server-groups:delete", { ...NOVA, params: { id: physicalId } }));
  },
  show: groupOf,
};
