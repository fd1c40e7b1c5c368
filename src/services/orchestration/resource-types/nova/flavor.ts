import { given, NOVA, nameOf, orGone } from "../asking.ts";
import { thing, without } from "../thing.ts";
import type { Made, ResourceType, Run, Values } from "../types.ts";

const common = thing({
  service: { name: "compute", client: "nova" },
  key: "flavor",
  parameter: "flavor_id",
  ...NOVA,
  body(run) {
    const { flavorid, ram, vcpus, disk, swap, ephemeral, rxtx_factor, is_public } = run.properties;
    return {
      name: nameOf(run),
      id: flavorid || "auto",
      ...given({ ram, vcpus, disk, swap, rxtx_factor }),
      "OS-FLV-EXT-DATA:ephemeral": ephemeral,
      "os-flavor-access:is_public": is_public,
    };
  },
});

const of = (run: Pick<Made, "physicalId">, more: Record<string, string> = {}) => ({
  ...NOVA,
  params: { flavor_id: run.physicalId ?? "", ...more },
});

async function specsOf(made: Pick<Made, "call" | "physicalId">): Promise<Record<string, string>> {
  const body = await orGone(() =>
    made.call<{ extra_specs: Record<string, string> }>("compute", "flavor-extra-specs:list", of(made)),
  );
  return body?.extra_specs ?? {};
}

async function setSpecs(run: Run, wanted: Values): Promise<void> {
  for (const key of without(Object.keys(await specsOf(run)), Object.keys(wanted))) {
    await orGone(() => run.call("compute", "flavor-extra-specs:delete", of(run, { key })));
  }
  if (Object.keys(wanted).length === 0) return;
  const extra_specs = Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, String(value)]));
  await run.call("compute", "flavor-extra-specs:create", { ...of(run), body: { extra_specs } });
}

/** One that is not for all is for the stack's own project where no other is named. */
async function setTenants(run: Run, wanted: readonly string[]): Promise<void> {
  const { flavor_access } = await run.call<{ flavor_access: { tenant_id: string }[] }>(
    "compute",
    "flavor-access:list",
    of(run),
  );
  const present = flavor_access.map(({ tenant_id }) => tenant_id);
  for (const tenant of without(present, wanted)) {
    await run.call("compute", "flavor-access:remove", { ...of(run), body: { removeTenantAccess: { tenant } } });
  }
  for (const tenant of without(wanted, present)) {
    await run.call("compute", "flavor-access:add", { ...of(run), body: { addTenantAccess: { tenant } } });
  }
}

const whole = (description: string, preset?: number) =>
  ({ type: "integer", ...(preset === undefined ? { required: true } : { default: preset }), description }) as const;

export const flavor: ResourceType = {
  name: "OS::Nova::Flavor",
  support: { version: "2014.2" },
  className: "NovaFlavor",
  adminOnly: true,
  description: "A flavor: how large servers are.",
  properties: {
    ram: whole("MiB of memory."),
    vcpus: whole("Virtual processors."),
    disk: whole("GiB of the root disk.", 0),
    swap: whole("MiB of swap.", 0),
    ephemeral: whole("GiB of a disk that goes with the server.", 0),
    rxtx_factor: { type: "number", default: 1.0, description: "A factor of the network's bandwidth." },
    extra_specs: { type: "map", update_allowed: true, description: "What the scheduler and the driver are told." },
    is_public: { type: "boolean", default: true, description: "Whether all projects may use it." },
    flavorid: { type: "string", description: "Its id; one is made where none is given." },
    name: { type: "string", description: "Its name." },
    tenants: {
      type: "list",
      default: [],
      update_allowed: true,
      items: { type: "string", constraints: [{ custom_constraint: "keystone.project" }] },
      description: "Projects that may use it where it is not for all.",
    },
  },
  attributes: {
    is_public: { type: "boolean", description: "Whether all projects may use it." },
    extra_specs: { type: "map", description: "What the scheduler and the driver are told." },
  },
  ...common,
  async isCreated(run) {
    const { extra_specs, is_public, tenants } = run.properties as Values & { tenants: string[] | null };
    await setSpecs(run, (extra_specs ?? {}) as Values);
    const wanted = (tenants ?? []).length === 0 ? [run.stack.projectId] : (tenants ?? []);
    if (is_public === false) await setTenants(run, wanted);
    return true;
  },
  async update(run, changed) {
    if (changed.extra_specs !== undefined) await setSpecs(run, (changed.extra_specs ?? {}) as Values);
    if (changed.tenants !== undefined && run.properties.is_public === false) {
      await setTenants(run, (changed.tenants ?? []) as string[]);
    }
  },
  async attribute(made, name) {
    if (name === "extra_specs") return specsOf(made);
    const shown = await common.show(made);
    return name === "is_public" ? (shown?.["os-flavor-access:is_public"] ?? null) : (shown?.[name] ?? null);
  },
};
