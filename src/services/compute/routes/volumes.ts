import { badRequest } from "../../../kernel/errors.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type JsonSchema, route } from "../../../kernel/http/route.ts";
import { wrongState } from "../errors.ts";
import type { ServerManager } from "../manager/servers.ts";
import type { VolumeManager } from "../manager/volumes.ts";
import { boolean, object, tag, uuid } from "../schemas/parameter-types.ts";
import { listVolumeAttachments } from "../schemas/queries.ts";
import { byVersion } from "../schemas/servers.ts";
import { TRANSITIONS, type Transition } from "../states.ts";
import type { BlockDevice, Server } from "../store/servers.ts";
import { isTrue } from "../values/boolean.ts";
import { pagedByOffset } from "./paging.ts";
import { serverOf } from "./touched.ts";

const policy = (verb: string) => `os_compute_api:os-volumes-attachments:${verb}`;
const device: JsonSchema = { type: ["string", "null"], pattern: "(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$" };
const attachBody = byVersion(["2.49", "2.79"], (version) =>
  object(
    {
      volumeAttachment: object(
        {
          volumeId: uuid,
          device,
          ...(version >= mv("2.49") ? { tag } : {}),
          ...(version >= mv("2.79") ? { delete_on_termination: boolean } : {}),
        },
        ["volumeId"],
      ),
    },
    ["volumeAttachment"],
  ),
);
const updateBody = byVersion(["2.85"], (version) =>
  object(
    {
      volumeAttachment: object(
        version >= mv("2.85")
          ? { volumeId: uuid, device, tag, delete_on_termination: boolean, serverId: uuid, id: uuid }
          : { volumeId: uuid },
        ["volumeId"],
      ),
    },
    ["volumeAttachment"],
  ),
);

/** os-volume_attachments. */
export function volumeRoutes(
  servers: ServerManager,
  volumes: VolumeManager,
  { maxLimit }: { maxLimit: number },
): AnyRoute[] {
  const server = serverOf(servers);
  const view = (server: Server, item: BlockDevice, version: Microversion, created = false) => ({
    ...(version < mv("2.89") || created ? { id: item.volumeId } : {}),
    serverId: server.id,
    volumeId: item.volumeId,
    device: created && server.host === null ? null : item.device,
    ...(version >= mv("2.70") ? { tag: item.tag } : {}),
    ...(version >= mv("2.79") ? { delete_on_termination: item.deleteOnTermination } : {}),
    ...(version >= mv("2.89") && !created ? { attachment_id: item.attachmentId, bdm_uuid: item.id } : {}),
  });
  const path = "/servers/:server_id/os-volume_attachments";
  return [
    route({
      name: "volume-attachments:list",
      method: "GET",
      path,
      policy: policy("index"),
      of: server,
      query: listVolumeAttachments,
      success: 200,
      handler(request) {
        const server = request.thing;
        const page = pagedByOffset(request, volumes.list(server), maxLimit);
        return { body: { volumeAttachments: page.map((item) => view(server, item, request.microversion)) } };
      },
    }),
    route<
      {
        volumeAttachment: {
          volumeId: string;
          device?: string | null;
          tag?: string;
          delete_on_termination?: boolean | string;
        };
      },
      Server
    >({
      name: "volume-attachments:create",
      method: "POST",
      path,
      policy: policy("create"),
      of: server,
      request: attachBody,
      success: 200,
      handler(request) {
        const server = request.thing;
        const wish = request.body.volumeAttachment;
        requireShelvedKnown(request.microversion, server, TRANSITIONS.attachVolume);
        const item = volumes.attach(request.context, server, {
          volumeId: wish.volumeId,
          device: wish.device ?? null,
          tag: wish.tag ?? null,
          deleteOnTermination: isTrue(wish.delete_on_termination ?? false),
          multiattach: request.microversion >= mv("2.60"),
        });
        return { body: { volumeAttachment: view(server, item, request.microversion, true) } };
      },
    }),
    route({
      name: "volume-attachments:show",
      method: "GET",
      path: `${path}/:volume_id`,
      policy: policy("show"),
      of: server,
      success: 200,
      handler(request) {
        const server = request.thing;
        const item = volumes.get(server, request.param("volume_id"));
        return { body: { volumeAttachment: view(server, item, request.microversion) } };
      },
    }),
    route<{ volumeAttachment: UpdateWish }, Server>({
      name: "volume-attachments:update",
      method: "PUT",
      path: `${path}/:volume_id`,
      policy: policy("update"),
      of: server,
      request: updateBody,
      success: 202,
      handler(request) {
        const server = request.thing;
        const id = request.param("volume_id");
        const wish = request.body.volumeAttachment;
        const onlySwap = request.microversion < mv("2.85");
        const swaps = onlySwap || wish.volumeId !== id;
        if (swaps) request.authorize({ projectId: server.projectId }, policy("swap"));
        if (!onlySwap) {
          requireSame(server, volumes.get(server, id), wish);
          if (wish.delete_on_termination !== undefined) {
            volumes.setDeleteOnTermination(server, id, isTrue(wish.delete_on_termination));
          }
        }
        if (swaps) volumes.refuseSwap(request.context, server, id, wish.volumeId);
        return {};
      },
    }),
    route({
      name: "volume-attachments:delete",
      method: "DELETE",
      path: `${path}/:volume_id`,
      policy: policy("delete"),
      of: server,
      success: 202,
      handler(request) {
        const server = request.thing;
        requireShelvedKnown(request.microversion, server, TRANSITIONS.detachVolume);
        volumes.detach(request.context, server, request.param("volume_id"));
        return {};
      },
    }),
  ];
}

interface UpdateWish {
  volumeId: string;
  id?: string;
  serverId?: string;
  device?: string | null;
  tag?: string;
  delete_on_termination?: boolean | string;
}

/** What says what is so already may be sent along since 2.85, but not changed. Errors: 400. */
function requireSame(
  server: Server,
  device: BlockDevice,
  { id, serverId, device: name, tag: named }: UpdateWish,
): void {
  for (const [property, wanted, is] of [
    ["id", id, device.volumeId],
    ["serverId", serverId, server.id],
    ["device", name, device.device],
    ["tag", named, device.tag],
  ] as const) {
    if (wanted !== undefined && wanted !== is) throw badRequest(`The ${property} property is not mutable`);
  }
}

/** Volumes of shelved servers came with 2.20. Errors: 409. */
function requireShelvedKnown(version: Microversion, server: Server, { verb }: Transition): void {
  if (version >= mv("2.20") || !server.vmState.startsWith("shelved")) return;
  throw wrongState(server, verb, "vm_state", server.vmState);
}
