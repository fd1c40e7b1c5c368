import { ApiError } from "../../../../kernel/errors.ts";
import { valueMistake } from "../../language/mistakes.ts";
import { pythonJson } from "../../values/python.ts";
import { given, idOrNull, lost, nameOf, orGone } from "../asking.ts";
import { inError, type Made, type ResourceType, type Run, replace, unknownStatus, type Values } from "../types.ts";

type Volume = Readonly<Record<string, unknown>> & { readonly id: string; readonly status: string };

const of = (constraint: string) => ({ type: "string", constraints: [{ custom_constraint: constraint }] }) as const;

export async function volumeOf(made: Pick<Made, "call">, id: string | null): Promise<Volume | null> {
  if (id === null) return null;
  const body = await orGone(() =>
    made.call<{ volume: Volume }>("block-storage", "volumes:show", { params: { volume_id: id } }),
  );
  return body?.volume ?? null;
}

async function isAvailable(run: Run): Promise<boolean> {
  const volume = await volumeOf(run, run.physicalId);
  if (volume === null) throw new ApiError(404, `Volume ${run.physicalId} could not be found.`);
  if (volume.status === "available" || volume.status === "in-use") return true;
  if (["creating", "downloading", "extending", "retyping", "restoring-backup", "uploading"].includes(volume.status))
    return false;
  if (volume.status.startsWith("error")) throw inError("Unknown", volume.status);
  throw unknownStatus("Volume is not available", volume.status);
}

const attribute = (type: "string" | "map" | "list" | "boolean", description: string) =>
  ({ type, description }) as const;

export const volume: ResourceType = {
  name: "OS::Cinder::Volume",
  service: { name: "block-storage", client: "cinder" },
  description: "A volume.",
  className: "CinderVolume",
  renamed: { imageRef: "image" },
  properties: {
    availability_zone: { type: "string", description: "Where it is." },
    size: { type: "integer", update_allowed: true, constraints: [{ range: { min: 1 } }], description: "GiB." },
    snapshot_id: { ...of("cinder.snapshot"), description: "A snapshot it is made of." },
    backup_id: { ...of("cinder.backup"), update_allowed: true, description: "A backup it is made of." },
    name: { type: "string", update_allowed: true, description: "Its name." },
    description: { type: "string", update_allowed: true, description: "What it is for." },
    volume_type: { ...of("cinder.vtype"), update_allowed: true, description: "Its type." },
    metadata: { type: "map", default: {}, update_allowed: true, description: "Notes about it." },
    image: { ...of("glance.image"), description: "An image it is made of, by id or name." },
    source_volid: { ...of("cinder.volume"), description: "A volume it is a copy of." },
    scheduler_hints: { type: "map", description: "What the scheduler is told." },
    multiattach: { type: "boolean", hidden: true, description: "Taken and not looked at: the type says so." },
    read_only: { type: "boolean", update_allowed: true, description: "Whether nobody may write to it." },
  },
  attributes: {
    availability_zone: attribute("string", "Where it is."),
    size: attribute("string", "GiB."),
    snapshot_id: attribute("string", "The snapshot it was made of."),
    display_name: attribute("string", "Its name."),
    display_description: attribute("string", "What it is for."),
    volume_type: attribute("string", "Its type."),
    metadata: attribute("string", "Notes about it, as JSON."),
    source_volid: attribute("string", "The volume it is a copy of."),
    status: attribute("string", "Its status."),
    created_at: attribute("string", "When it was made."),
    bootable: attribute("string", "Whether servers can boot from it."),
    metadata_values: attribute("map", "Notes about it."),
    encrypted: attribute("string", "Whether it is encrypted."),
    attachments: attribute("string", "Where it is attached, as JSON."),
    attachments_list: attribute("list", "Where it is attached."),
    multiattach: attribute("boolean", "Whether several servers may have it."),
  },
  validate({ properties }) {
    const { size, snapshot_id, source_volid, backup_id } = properties as Values;
    if (size === null && snapshot_id === null && source_volid === null && backup_id === null) {
      throw valueMistake(
        'If neither "backup_id" nor "size" is provided, one of "image", "source_volid", "snapshot_id" must be specified',
      );
    }
  },
  async create(run) {
    if (run.physicalId !== null) return;
    const p = run.properties as Values;
    const name = nameOf(run);
    const left = await lost(
      run,
      async () =>
        (await run.call<{ volumes: Volume[] }>("block-storage", "volumes:detail", { query: { name } })).volumes,
    );
    if (left !== null) return run.setPhysicalId(left);
    const body = {
      volume: given({
        name,
        description: p.description,
        size: p.size,
        availability_zone: p.availability_zone,
        snapshot_id: p.snapshot_id,
        source_volid: p.source_volid,
        volume_type: p.volume_type,
        metadata: p.metadata,
        imageRef: await idOrNull(run, "image", p.image as string | null),
      }),
      ...given({ "OS-SCH-HNT:scheduler_hints": p.scheduler_hints }),
    };
    const { volume } = await run.call<{ volume: Volume }>("block-storage", "volumes:create", { body });
    run.setPhysicalId(volume.id);
  },
  async isCreated(run) {
    if (!(await isAvailable(run))) return false;
    if ((run.properties as Values).read_only !== null) await setReadOnly(run);
    return true;
  },
  needsReplace: (run, changed) =>
    typeof changed.size === "number" && changed.size < Number((run.properties as Values).size),
  async update(run, changed) {
    const params = { volume_id: run.physicalId ?? "" };
    const ask = (record: string, body: unknown) => run.call("block-storage", record, { params, body });
    if (typeof changed.size === "number") {
      if (changed.size < Number((run.before as Values).size)) throw replace();
      await ask("volumes:os-extend", { "os-extend": { new_size: changed.size } });
    }
    if (changed.name !== undefined || changed.description !== undefined || changed.metadata !== undefined) {
      const { name, description, metadata } = changed;
      await ask("volumes:update", {
        volume: {
          ...(name === undefined ? {} : { name: nameOf(run) }),
          ...(description === undefined ? {} : { description }),
          ...(metadata === undefined ? {} : { metadata }),
        },
      });
    }
    if (typeof changed.volume_type === "string") {
      await ask("volumes:os-retype", { "os-retype": { new_type: changed.volume_type, migration_policy: "never" } });
    }
    if (changed.read_only !== undefined) await setReadOnly(run);
  },
  isUpdated: isAvailable,
  async delete(run) {
    const found = await volumeOf(run, run.physicalId);
    if (found === null || found.status === "deleting") return;
    if (found.status === "in-use") return;
    await orGone(() => run.call("block-storage", "volumes:delete", { params: { volume_id: found.id } }));
  },
  async isDeleted(run) {
    const found = await volumeOf(run, run.physicalId);
    if (found === null) return true;
    if (found.status === "error_deleting") throw inError("delete", "error_deleting");
    if (found.status === "available") {
      await orGone(() => run.call("block-storage", "volumes:delete", { params: { volume_id: found.id } }));
    }
    return false;
  },
  async snapshot(run) {
    const name = run.physicalName();
    const body = { snapshot: { volume_id: run.physicalId, name, force: true } };
    if (run.data.snapshot_id !== undefined) return;
    const made = await run.call<{ snapshot: { id: string } }>("block-storage", "snapshots:create", { body });
    run.setData("snapshot_id", made.snapshot.id);
  },
  async isSnapshotDone(run) {
    const params = { snapshot_id: String(run.data.snapshot_id) };
    const { snapshot } = await run.call<{ snapshot: { status: string } }>("block-storage", "snapshots:show", {
      params,
    });
    if (snapshot.status === "available") return true;
    if (snapshot.status === "error") throw inError("snapshot", "error");
    return false;
  },
  async check(run) {
    const found = await volumeOf(run, run.physicalId);
    if (found === null) throw new ApiError(404, `Volume ${run.physicalId} could not be found.`);
    if (found.status !== "available" && found.status !== "in-use")
      throw unknownStatus("Volume is not available", found.status);
  },
  show: (made) => volumeOf(made, made.physicalId),
  async attribute(made, name) {
    const found = await volumeOf(made, made.physicalId);
    if (found === null) return null;
    if (name === "metadata") return pythonJson(found.metadata);
    if (name === "metadata_values") return found.metadata;
    if (name === "attachments") return pythonJson(found.attachments);
    if (name === "attachments_list") return found.attachments;
    if (name === "display_name") return found.name;
    if (name === "display_description") return found.description;
    const value = found[name] ?? null;
    return typeof value === "number" || (typeof value === "boolean" && name !== "multiattach") ? String(value) : value;
  },
};

async function setReadOnly(run: Run): Promise<void> {
  const readonly = (run.properties as Values).read_only === true;
  const body = { "os-update_readonly_flag": { readonly } };
  await run.call("block-storage", "volumes:os-update_readonly_flag", {
    params: { volume_id: run.physicalId ?? "" },
    body,
  });
}
