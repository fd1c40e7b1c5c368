import { ApiError } from "../../../../kernel/errors.ts";
import { given, NOVA, orGone } from "../asking.ts";
import { type ResourceType, type Run, unknownStatus, type Values } from "../types.ts";
import { volumeOf } from "./volume.ts";

interface Properties {
  instance_uuid: string;
  volume_id: string;
  mountpoint: string | null;
}

const of = (run: Run) => run.properties as unknown as Properties;

async function attach(run: Run): Promise<void> {
  const { instance_uuid, volume_id, mountpoint } = of(run);
  const params = { server_id: instance_uuid };
  const there = await orGone(() =>
    run.call("compute", "volume-attachments:show", { ...NOVA, params: { ...params, volume_id } }),
  );
  if (there === null) {
    const body = { volumeAttachment: given({ volumeId: volume_id, device: mountpoint === "" ? null : mountpoint }) };
    await run.call("compute", "volume-attachments:create", { ...NOVA, params, body });
  }
  run.setPhysicalId(volume_id);
}

async function detach(run: Run, { instance_uuid, volume_id }: Properties): Promise<void> {
  const params = { server_id: instance_uuid, volume_id };
  try {
    await orGone(() => run.call("compute", "volume-attachments:delete", { ...NOVA, params }));
  } catch (error) {
    // It is on its way off already.
    if (!(error instanceof ApiError && (error.status === 400 || error.status === 409))) throw error;
  }
}

async function isAttached(run: Run): Promise<boolean> {
  const volume = await volumeOf(run, of(run).volume_id);
  if (volume === null) throw new ApiError(404, `Volume ${of(run).volume_id} could not be found.`);
  if (volume.status === "in-use") return true;
  if (["available", "attaching", "reserved", "detaching"].includes(volume.status)) return false;
  throw unknownStatus("Volume attachment failed", volume.status);
}

export const volumeAttachment: ResourceType = {
  name: "OS::Cinder::VolumeAttachment",
  service: { name: "block-storage", client: "cinder" },
  description: "Attaches a volume to a server.",
  className: "CinderVolumeAttachment",
  properties: {
    instance_uuid: { type: "string", required: true, update_allowed: true, description: "The server." },
    volume_id: {
      type: "string",
      required: true,
      update_allowed: true,
      constraints: [{ custom_constraint: "cinder.volume" }],
      description: "The volume.",
    },
    mountpoint: {
      type: "string",
      update_allowed: true,
      description: "The device it is to be in the guest, as a wish.",
    },
  },
  attributes: {},
  create: attach,
  isCreated: isAttached,
  async update(run) {
    await detach(run, run.before as unknown as Properties);
    run.setData("detaching", run.before);
  },
  async isUpdated(run) {
    const before = run.data.detaching as Properties | undefined;
    if (before !== undefined) {
      if (!(await isOff(run, before))) return false;
      await attach(run);
      run.setData("detaching", null);
    }
    return isAttached(run);
  },
  async delete(run) {
    if (run.physicalId !== null) await detach(run, of(run));
  },
  isDeleted: (run) => run.physicalId === null || isOff(run, of(run)),
  show: (made) => volumeOf(made, (made.properties as Values).volume_id as string),
};

async function isOff(run: Run, { instance_uuid, volume_id }: Properties): Promise<boolean> {
  const params = { server_id: instance_uuid, volume_id };
  const there = await orGone(() => run.call("compute", "volume-attachments:show", { ...NOVA, params }));
  if (there !== null) return false;
  const volume = await volumeOf(run, volume_id);
  return volume === null || volume.status !== "detaching";
}
