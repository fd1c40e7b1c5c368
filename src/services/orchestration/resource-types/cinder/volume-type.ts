import { valueMistake } from "../../language/mistakes.ts";
import { given, orGone } from "../asking.ts";
import { only, thing, without } from "../thing.ts";
import type { Made, ResourceType, Run, Values } from "../types.ts";

const common = thing({
  service: { name: "block-storage", client: "cinder" },
  key: "volume_type",
  records: "types",
  plural: "volume_types",
  parameter: "type_id",
  body({ properties: { name, description, is_public } }) {
    return given({ name, description, "os-volume-type-access:is_public": is_public });
  },
  changes: (_run, changed) => only(changed, "name", "description", "is_public"),
});

const of = (made: Pick<Made, "physicalId">, more: Record<string, string> = {}) => ({
  params: { type_id: made.physicalId ?? "", ...more },
});

async function setSpecs(run: Run, wanted: Values): Promise<void> {
  const { extra_specs: present } = await run.call<{ extra_specs: Values }>(
    "block-storage",
    "extra-specs:list",
    of(run),
  );
  for (const key of without(Object.keys(present), Object.keys(wanted))) {
    await orGone(() => run.call("block-storage", "extra-specs:delete", of(run, { key })));
  }
  if (Object.keys(wanted).length === 0) return;
  const extra_specs = Object.fromEntries(Object.entries(wanted).map(([key, value]) => [key, String(value)]));
  await run.call("block-storage", "extra-specs:create", { ...of(run), body: { extra_specs } });
}

async function setProjects(run: Run, wanted: readonly string[]): Promise<void> {
  const { volume_type_access } = await run.call<{ volume_type_access: { project_id: string }[] }>(
    "block-storage",
    "types:access",
    of(run),
  );
  const present = volume_type_access.map(({ project_id }) => project_id);
  const act = (action: string, project: string) =>
    run.call("block-storage", `types:${action}`, { ...of(run), body: { [action]: { project } } });
  for (const project of without(present, wanted)) await act("removeProjectAccess", project);
  for (const project of without(wanted, present)) await act("addProjectAccess", project);
}

export const volumeType: ResourceType = {
  name: "OS::Cinder::VolumeType",
  support: { version: "2015.1" },
  className: "CinderVolumeType",
  adminOnly: true,
  description: "A type of volumes.",
  properties: {
    name: { type: "string", required: true, update_allowed: true, description: "Its name." },
    metadata: { type: "map", update_allowed: true, description: "Its extra specs." },
    is_public: { type: "boolean", default: true, update_allowed: true, description: "Whether all may use it." },
    description: { type: "string", update_allowed: true, description: "What it is for." },
    projects: {
      type: "list",
      default: [],
      update_allowed: true,
      items: { type: "string", constraints: [{ custom_constraint: "keystone.project" }] },
      description: "Projects that may use it where it is not for all.",
    },
  },
  attributes: {},
  validate({ properties: { projects, is_public } }) {
    if (((projects ?? []) as unknown[]).length > 0 && is_public === true) {
      throw valueMistake('Can not specify property "projects" if the volume type is public.');
    }
  },
  ...common,
  async isCreated(run) {
    const { metadata, projects, is_public } = run.properties;
    await setSpecs(run, (metadata ?? {}) as Values);
    if (is_public === false) await setProjects(run, (projects ?? []) as string[]);
    return true;
  },
  async update(run, changed) {
    await common.update(run, changed);
    if (changed.metadata !== undefined) await setSpecs(run, (changed.metadata ?? {}) as Values);
    if (changed.projects !== undefined && run.properties.is_public === false) {
      await setProjects(run, (changed.projects ?? []) as string[]);
    }
  },
};
