import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, type Route, route } from "../../../kernel/http/route.ts";
import type { AttachmentManager, Connector } from "../manager/attachments.ts";
import type { Core } from "../manager/core.ts";
import type { VolumeManager } from "../manager/volumes.ts";
import { isTrue } from "../schemas/parameter-types.ts";
import { actions, type UploadBody, uploadImage } from "../schemas/volumes.ts";
import type { Volume } from "../store/volumes.ts";
import { withoutPath } from "../views/attachments.ts";
import { uploadView } from "../views/volumes.ts";
import { volumeOf } from "./touched.ts";

// biome-ignore lint/suspicious/noConfusingVoidType: most actions answer nothing at all
type Result = ApiResponse | undefined | void;

/** POST /volumes/{id}/action: one record per action. */
export function volumeActionRoutes(core: Core, volumes: VolumeManager, attachments: AttachmentManager): AnyRoute[] {
  const volume = volumeOf(volumes);
  /** Hands over the action's own part of the body, and the volume. */
  const action = <Key extends string, Value>(
    key: Key,
    policy: string,
    request: NonNullable<Route["request"]>,
    run: (request: ApiRequest<Record<Key, Value>>, value: Value, volume: Volume) => Promise<Result> | Result,
    success = 202,
  ): AnyRoute =>
    route<Record<Key, Value>, Volume>({
      name: `volumes:${key}`,
      method: "POST",
      path: "/volumes/:volume_id/action",
      action: key,
      policy,
      of: volume,
      request,
      success,
      handler: async (asked) => (await run(asked, asked.body[key], asked.thing)) ?? undefined,
    });
  const member = (name: string) => `volume_extension:volume_actions:${name}`;
  const admins = (name: string) => `volume_extension:volume_admin_actions:${name}`;

  return [
    action<"os-attach", { instance_uuid?: string; host_name?: string; mountpoint: string; mode?: "rw" | "ro" }>(
      "os-attach",
      member("attach"),
      actions.attach,
      ({ context }, value, { id }) =>
        attachments.attach(context, id, {
          instanceId: value.instance_uuid ?? null,
          hostName: value.host_name ?? null,
          device: value.mountpoint,
          mode: value.mode ?? "rw",
        }),
    ),
    action<"os-detach", { attachment_id?: string | null } | null>(
      "os-detach",
      member("detach"),
      actions.detach,
      ({ context }, value, { id }) => attachments.detach(context, id, value?.attachment_id ?? null),
    ),
    action("os-reserve", member("reserve"), actions.reserve, ({ context }, _value, { id }) =>
      attachments.reserve(context, id),
    ),
    action("os-unreserve", member("unreserve"), actions.unreserve, ({ context }, _value, { id }) =>
      attachments.unreserve(context, id),
    ),
    action("os-begin_detaching", member("begin_detaching"), actions.beginDetaching, ({ context }, _value, { id }) =>
      attachments.beginDetaching(context, id),
    ),
    action("os-roll_detaching", member("roll_detaching"), actions.rollDetaching, ({ context }, _value, { id }) =>
      attachments.rollDetaching(context, id),
    ),
    action<"os-initialize_connection", { connector: Connector }>(
      "os-initialize_connection",
      member("initialize_connection"),
      actions.initialise,
      async ({ context }, { connector }, { id }) => {
        const { data, ...info } = await attachments.initialise(context, id, connector);
        const paths = context.isAdmin || context.roles.has("service");
        const shown = withoutPath(data as Record<string, unknown>, { paths });
        return { body: { connection_info: { ...info, data: shown, enforce_multipath: false } } };
      },
      200,
    ),
    action(
      "os-terminate_connection",
      member("terminate_connection"),
      actions.terminate,
      ({ context }, _value, { id }) => attachments.terminate(context, id),
    ),
    action<"os-extend", { new_size: number | string }>(
      "os-extend",
      "volume:extend",
      actions.extend,
      (request, { new_size }, volume) => {
        const inUse = request.microversion >= mv("3.42") && volume.status === "in-use";
        if (inUse) request.authorize({ projectId: volume.project_id }, "volume:extend_attached_volume");
        volumes.extend(request.context, volume.id, Number(new_size), inUse);
      },
    ),
    route<{ "os-reimage": { image_id: string; reimage_reserved?: boolean | string } }, Volume>({
      name: "volumes:os-reimage",
      method: "POST",
      path: "/volumes/:volume_id/action",
      action: "os-reimage",
      policy: "volume:reimage",
      of: volume,
      microversions: { min: mv("3.68") },
      request: actions.reimage,
      success: 202,
      handler(request) {
        const { id, project_id, status } = request.thing;
        if (status === "reserved") request.authorize({ projectId: project_id }, "volume:reimage_reserved");
        const { image_id, reimage_reserved } = request.body["os-reimage"];
        volumes.reimage(request.context, id, image_id, { reserved: isTrue(reimage_reserved) });
        return undefined;
      },
    }),
    action<"os-retype", { new_type: string }>(
      "os-retype",
      "volume:retype",
      actions.retype,
      ({ context }, { new_type }, { id }) => volumes.retype(context, id, new_type),
    ),
    action<"os-set_bootable", { bootable: boolean | string }>(
      "os-set_bootable",
      "volume:set_bootable",
      actions.setBootable,
      ({ context }, { bootable }, { id }) => {
        volumes.update(context, id, { bootable: isTrue(bootable) });
      },
      200,
    ),
    action<"os-update_readonly_flag", { readonly: boolean | string }>(
      "os-update_readonly_flag",
      "volume:update_readonly_flag",
      actions.setReadOnly,
      ({ context }, { readonly }, { id }) => volumes.setReadOnly(context, id, isTrue(readonly)),
    ),
    action<
      "os-reset_status",
      { status?: string | null; attach_status?: string | null; migration_status?: string | null }
    >("os-reset_status", admins("reset_status"), actions.resetStatus, ({ context }, value, { id }) =>
      volumes.resetStatus(context, id, value),
    ),
    action("os-force_delete", admins("force_delete"), actions.forceDelete, ({ context }, _value, { id }) =>
      volumes.delete(context, id, { force: true }),
    ),
    action<"os-force_detach", { attachment_id?: string | null }>(
      "os-force_detach",
      admins("force_detach"),
      actions.forceDetach,
      ({ context }, value, { id }) => attachments.detach(context, id, value.attachment_id ?? null),
    ),
    action<"os-set_image_metadata", { metadata: Record<string, string> }>(
      "os-set_image_metadata",
      "volume_extension:volume_image_metadata:set",
      actions.setImageMetadata,
      ({ context }, { metadata }, { id }) => ({
        body: { metadata: volumes.changeImageMetadata(context, id, metadata) },
      }),
      200,
    ),
    action<"os-unset_image_metadata", { key: string }>(
      "os-unset_image_metadata",
      "volume_extension:volume_image_metadata:remove",
      actions.unsetImageMetadata,
      ({ context }, { key }, { id }) => {
        volumes.changeImageMetadata(context, id, { [key]: null });
        return bareAnswer;
      },
      200,
    ),
    action(
      "os-show_image_metadata",
      "volume_extension:volume_image_metadata:show",
      { type: "object" },
      (_request, _value, volume) => ({ body: { metadata: volume.image_metadata } }),
      200,
    ),
    route<UploadBody, Volume>({
      name: "volumes:os-volume_upload_image",
      method: "POST",
      path: "/volumes/:volume_id/action",
      action: "os-volume_upload_image",
      policy: member("upload_image"),
      of: volume,
      request: uploadImage,
      success: 202,
      handler(request) {
        const target = { projectId: request.thing.project_id };
        const wanted = request.body["os-volume_upload_image"];
        if (wanted.visibility === "public") request.authorize(target, member("upload_public"));
        const chosen = {
          name: wanted.image_name,
          force: isTrue(wanted.force),
          diskFormat: wanted.disk_format ?? "raw",
          containerFormat: wanted.container_format ?? "bare",
          visibility: request.microversion >= mv("3.1") ? (wanted.visibility ?? "private") : null,
          protected: isTrue(wanted.protected),
        };
        const { volume, imageId } = volumes.upload(request.context, request.thing.id, chosen);
        const type = core.types.get(volume.type_id);
        if (type === undefined) throw new Error(`volume type ${volume.type_id} is gone`);
        const image = { ...chosen, id: imageId, visibility: chosen.visibility ?? "shared" };
        return { body: { "os-volume_upload_image": uploadView(volume, type, image) } };
      },
    }),
  ];
}
