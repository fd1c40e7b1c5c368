import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { AnyRoute, JsonSchema } from "../../../kernel/http/route.ts";
import { randomString } from "../../../kernel/ids/ids.ts";
import { invalidName } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import type { SnapshotManager } from "../manager/images.ts";
import type { RebuildManager } from "../manager/rebuild.ts";
import type { ServerManager } from "../manager/servers.ts";
import type { ShelveManager } from "../manager/shelve.ts";
import * as common from "../schemas/parameter-types.ts";
import { object } from "../schemas/parameter-types.ts";
import { byVersion } from "../schemas/servers.ts";
import type { Server, ServerChanges } from "../store/servers.ts";
import { canonicalAddress } from "../values/address.ts";
import { isTrue } from "../values/boolean.ts";
import { serverAction } from "./action-helpers.ts";
import type { ServerPresenter } from "./server-view.ts";
import { flavorIdOf, shortened } from "./servers.ts";

interface RebuildBody {
  imageRef: string;
  name?: string;
  adminPass?: string;
  metadata?: Record<string, string>;
  preserve_ephemeral?: boolean | string;
  "OS-DCF:diskConfig"?: "AUTO" | "MANUAL";
  accessIPv4?: string;
  accessIPv6?: string;
  personality?: { path: string; contents: string }[];
  description?: string | null;
  key_name?: string | null;
  user_data?: string | null;
  trusted_image_certificates?: string[] | null;
  hostname?: string;
}

const rebuildSchema = byVersion(["2.19", "2.54", "2.57", "2.63", "2.90"], (version: Microversion): JsonSchema => {
  const since = (text: string, properties: Record<string, JsonSchema>) => (version >= mv(text) ? properties : {});
  return object(
    {
      imageRef: common.uuid,
      name: common.name,
      adminPass: common.adminPassword,
      metadata: common.metadata,
      preserve_ephemeral: common.boolean,
      "OS-DCF:diskConfig": common.diskConfig,
      accessIPv4: common.ipv4OrEmpty,
      accessIPv6: common.ipv6OrEmpty,
      ...(version < mv("2.57") ? { personality: common.personality } : {}),
      ...since("2.19", { description: common.description }),
      ...since("2.54", { key_name: { type: ["string", "null"], minLength: 1, maxLength: 255 } }),
      ...since("2.57", { user_data: { type: ["string", "null"], format: "base64", maxLength: 65535 } }),
      ...since("2.63", { trusted_image_certificates: common.trustedCertificates }),
      ...since("2.90", { hostname: common.hostname }),
    },
    ["imageRef"],
  );
});

const imageSchema = object({ name: common.name, metadata: common.metadata }, ["name"]);
const backupSchema = object(
  {
    name: common.name,
    backup_type: { type: "string" },
    rotation: common.nonNegativeInteger,
    metadata: common.metadata,
  },
  ["name", "backup_type", "rotation"],
);
const resizeSchema = object({ flavorRef: common.flavorRef, "OS-DCF:diskConfig": common.diskConfig }, ["flavorRef"]);
const rescueSchema: JsonSchema = {
  anyOf: [{ type: "null" }, object({ adminPass: common.adminPassword, rescue_image_ref: common.uuid })],
};
const unshelveSchema = byVersion(["2.77", "2.91"], (version) => {
  if (version < mv("2.77")) return true;
  const place =
    version < mv("2.91")
      ? object({ availability_zone: common.name }, ["availability_zone"])
      : object({ availability_zone: { type: ["string", "null"] }, host: { type: "string" } });
  return { anyOf: [{ type: "null" }, place] };
});

export interface RebuildRouteDeps {
  core: Core;
  servers: ServerManager;
  presenter: ServerPresenter;
  rebuild: RebuildManager;
  snapshots: SnapshotManager;
  shelve: ShelveManager;
}

/** Images of servers, rebuild, resize, rescue, shelve, password. */
export function rebuildActionRoutes(deps: RebuildRouteDeps): AnyRoute[] {
  const { core, servers, presenter, rebuild, snapshots, shelve } = deps;
  const checkMetadata = (server: Server, metadata: Record<string, string> | undefined) => {
    const limit = core.quotas.limit(server.projectId, "metadata_items", server.userId);
    if (limit >= 0 && Object.keys(metadata ?? {}).length > limit) {
      throw forbidden(`Maximum number of metadata items exceeds ${limit}`);
    }
  };
  return [
    serverAction<RebuildBody>(servers, {
      key: "rebuild",
      policy: "os_compute_api:servers:rebuild",
      schema: rebuildSchema,
      handler(request, server, body) {
        const { microversion, context } = request;
        if (body.name !== undefined && body.name.trim() !== body.name) throw invalidName();
        if (body.trusted_image_certificates !== undefined) {
          request.authorize({ projectId: server.projectId }, "os_compute_api:servers:rebuild:trusted_certs");
        }
        const adminPassword = body.adminPass ?? randomString(12);
        const updated = rebuild.rebuild(context, server, {
          imageRef: body.imageRef,
          adminPassword,
          files: body.personality ?? [],
          keepEphemeral: isTrue(body.preserve_ephemeral ?? false),
          changes: rebuildChanges(core, context.userId, body),
          reimage: microversion >= mv("2.93"),
        });
        const view = presenter.detail(request, updated, { withGroup: true });
        // Since 2.57 its own attribute says it.
        delete view["OS-EXT-SRV-ATTR:user_data"];
        const full = microversion >= mv("2.75") ? view : shortened(updated, view);
        return {
          headers: { location: `${presenter.options(request).base}/servers/${server.id}` },
          body: {
            server: {
              ...full,
              ...(microversion >= mv("2.54") ? { key_name: updated.keyName } : {}),
              ...(microversion >= mv("2.57") ? { user_data: updated.userData } : {}),
              adminPass: adminPassword,
            },
          },
        };
      },
    }),
    serverAction<{ name: string; metadata?: Record<string, string> }>(servers, {
      key: "createImage",
      policy: "os_compute_api:servers:create_image",
      schema: imageSchema,
      handler(request, server, { name, metadata = {} }) {
        checkMetadata(server, metadata);
        if (name.trim() !== name) throw invalidName();
        const image = snapshots.create(request.context, server, { name, metadata, backup: null });
        return imageAnswer(request, image.id, `${core.kernel.settings.api.baseUrl}/image`);
      },
    }),
    serverAction<{ name: string; backup_type: string; rotation: number | string; metadata?: Record<string, string> }>(
      servers,
      {
        key: "createBackup",
        policy: "os_compute_api:os-create-backup",
        schema: backupSchema,
        handler(request, server, { name, backup_type, rotation, metadata = {} }) {
          checkMetadata(server, metadata);
          const backup = { type: backup_type, keep: Number(rotation) };
          const image = snapshots.create(request.context, server, { name, metadata, backup });
          // Nothing is kept of a rotation of 0, so there is nowhere to point to.
          if (backup.keep === 0 && request.microversion < mv("2.45")) return {};
          return imageAnswer(request, image.id, presenter.options(request).base);
        },
      },
    ),
    serverAction<{ flavorRef: string | number; "OS-DCF:diskConfig"?: "AUTO" | "MANUAL" }>(servers, {
      key: "resize",
      policy: "os_compute_api:servers:resize",
      schema: resizeSchema,
      async handler(request, server, body) {
        const diskConfig = body["OS-DCF:diskConfig"];
        await rebuild.resize(
          request.context,
          server,
          flavorIdOf(body.flavorRef),
          diskConfig === undefined ? {} : { diskConfig },
        );
        return {};
      },
    }),
    serverAction(servers, {
      key: "confirmResize",
      policy: "os_compute_api:servers:confirm_resize",
      success: 204,
      handler(request, server) {
        rebuild.confirmResize(request.context, server);
        return {};
      },
    }),
    serverAction(servers, {
      key: "revertResize",
      policy: "os_compute_api:servers:revert_resize",
      handler(request, server) {
        rebuild.revertResize(request.context, server);
        return {};
      },
    }),
    serverAction<{ adminPass?: string; rescue_image_ref?: string } | null>(servers, {
      key: "rescue",
      policy: "os_compute_api:os-rescue",
      schema: rescueSchema,
      success: 200,
      handler(request, server, value) {
        const adminPassword = value?.adminPass ?? randomString(12);
        rebuild.rescue(request.context, server, { imageRef: value?.rescue_image_ref ?? null, adminPassword });
        return { body: { adminPass: adminPassword } };
      },
    }),
    serverAction(servers, {
      key: "unrescue",
      policy: "os_compute_api:os-unrescue",
      handler(request, server) {
        rebuild.unrescue(request.context, server);
        return {};
      },
    }),
    serverAction<{ adminPass: string }>(servers, {
      key: "changePassword",
      policy: "os_compute_api:os-admin-password",
      schema: object({ adminPass: common.adminPassword }, ["adminPass"]),
      handler(request, server, { adminPass }) {
        rebuild.changePassword(request.context, server, adminPass);
        return {};
      },
    }),
    serverAction(servers, {
      key: "shelve",
      policy: "os_compute_api:os-shelve:shelve",
      handler(request, server) {
        shelve.shelve(request.context, server);
        return {};
      },
    }),
    serverAction(servers, {
      key: "shelveOffload",
      policy: "os_compute_api:os-shelve:shelve_offload",
      handler(request, server) {
        shelve.offload(request.context, server);
        return {};
      },
    }),
    serverAction<{ availability_zone?: string | null; host?: string } | null>(servers, {
      key: "unshelve",
      policy: "os_compute_api:os-shelve:unshelve",
      schema: unshelveSchema,
      handler(request, server, value) {
        const { availability_zone: zone, host } = (request.microversion >= mv("2.77") ? value : null) ?? {};
        if (host !== undefined) {
          request.authorize({ projectId: server.projectId }, "os_compute_api:os-shelve:unshelve_to_host");
        }
        shelve.unshelve(request.context, server, {
          ...(zone === undefined ? {} : { zone }),
          ...(host === undefined ? {} : { host }),
        });
        return {};
      },
    }),
  ];

  /** An image is at the image service, a backup under nova's own old images. */
  function imageAnswer(request: Parameters<ServerPresenter["options"]>[0], imageId: string, base: string) {
    if (request.microversion >= mv("2.45")) return { body: { image_id: imageId } };
    return { headers: { ...bareAnswer.headers, location: `${base}/images/${imageId}` } };
  }
}

function rebuildChanges(core: Core, userId: string, body: RebuildBody): ServerChanges {
  const keypair =
    typeof body.key_name === "string" ? core.keypairs.find({ user_id: userId, name: body.key_name }) : undefined;
  if (typeof body.key_name === "string" && keypair === undefined) throw badRequest("Invalid key_name provided.");
  return {
    ...(body.name === undefined ? {} : { name: body.name }),
    ...(body.description === undefined ? {} : { description: body.description }),
    ...(body.hostname === undefined ? {} : { hostname: body.hostname }),
    ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
    ...(body.accessIPv4 === undefined ? {} : { accessIpV4: body.accessIPv4 }),
    ...(body.accessIPv6 === undefined ? {} : { accessIpV6: canonicalAddress(body.accessIPv6) }),
    ...(body["OS-DCF:diskConfig"] === undefined ? {} : { diskConfig: body["OS-DCF:diskConfig"] }),
    ...(body.user_data === undefined ? {} : { userData: body.user_data }),
    ...(body.trusted_image_certificates === undefined ? {} : { trustedCertificates: body.trusted_image_certificates }),
    ...(body.key_name === null ? { keyName: null, keyPair: null } : {}),
    ...(keypair === undefined
      ? {}
      : { keyName: keypair.name, keyPair: { type: keypair.type, publicKey: keypair.public_key } }),
  };
}
