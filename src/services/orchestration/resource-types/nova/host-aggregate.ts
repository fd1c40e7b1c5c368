import { given, NOVA, orGone } from "../asking.ts";
import { only, thing, without } from "../thing.ts";
import type { Made, ResourceType, Run, Values } from "../types.ts";

const common = thing({
  service: { name: "compute", client: "nova" },
  key: "aggregate",
  parameter: "id",
  ...NOVA,
  body: ({ properties: { name, availability_zone } }) => given({ name, availability_zone }),
  changes: (_run, changed) => given(only(changed, "name", "availability_zone")),
});

const act = (run: Run, record: string, body: unknown) =>
  run.call("compute", `aggregates:${record}`, {
    ...NOVA,
    params: { id: run.physicalId ?? "" },
    body: { [record]: body },
  });

async function hostsOf(made: Pick<Made, "call" | "physicalId">): Promise<readonly string[]> {
  return ((await common.show(made))?.hosts ?? []) as string[];
}

async function setHosts(run: Run, wanted: readonly string[]): Promise<void> {
  const present = await hostsOf(run);
  for (const host of without(wanted, present)) await act(run, "add_host", { host });
  for (const host of without(present, wanted)) await orGone(() => act(run, "remove_host", { host }));
}

async function setMetadata(run: Run, metadata: unknown): Promise<void> {
  if (Object.keys((metadata ?? {}) as Values).length > 0) await act(run, "set_metadata", { metadata });
}

export const hostAggregate: ResourceType = {
  name: "OS::Nova::HostAggregate",
  support: { version: "6.0.0" },
  adminOnly: true,
  description: "A group of hosts.",
  properties: {
    name: { type: "string", required: true, update_allowed: true, description: "Its name." },
    availability_zone: { type: "string", update_allowed: true, description: "The zone that it makes of them." },
    hosts: {
      type: "list",
      update_allowed: true,
      items: { type: "string", constraints: [{ custom_constraint: "nova.host" }] },
      description: "The hosts.",
    },
    metadata: { type: "map", default: {}, update_allowed: true, description: "What the scheduler is told of them." },
  },
  attributes: {},
  ...common,
  async isCreated(run) {
    await setMetadata(run, run.properties.metadata);
    await setHosts(run, (run.properties.hosts ?? []) as string[]);
    return true;
  },
  async update(run, changed) {
    if (changed.hosts !== undefined) await setHosts(run, (changed.hosts ?? []) as string[]);
    if (changed.metadata !== undefined) await setMetadata(run, changed.metadata);
    await common.update(run, changed);
  },
  async delete(run) {
    for (const host of await hostsOf(run)) await orGone(() => act(run, "remove_host", { host }));
    await common.delete(run);
  },
};
