import type { AnyRoute } from "../../../kernel/http/route.ts";
import { metadataNotFound, snapshotMetadataNotFound } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import { absentRoutes } from "./absent.ts";
import { attachmentRoutes } from "./attachments.ts";
import { clusterRoutes } from "./clusters.ts";
import { extensionRoutes } from "./extensions.ts";
import { messageRoutes } from "./messages.ts";
import { metadataRoutes } from "./metadata.ts";
import { bothPaths } from "./paths.ts";
import { quotaRoutes } from "./quotas.ts";
import { serviceRoutes } from "./services.ts";
import { snapshotRoutes } from "./snapshots.ts";
import { typeRoutes } from "./types.ts";
import { versionRoutes } from "./versions.ts";
import { volumeActionRoutes } from "./volume-actions.ts";
import { volumeRoutes } from "./volumes.ts";

/** Every record of this API. */
export function allRoutes({ core, types, volumes, snapshots, attachments }: Managers): AnyRoute[] {
  return [
    ...versionRoutes(),
    ...bothPaths([
      ...volumeRoutes(core, volumes),
      ...volumeActionRoutes(core, volumes, attachments),
      ...metadataRoutes({
        collection: "volumes",
        kind: "volume",
        policies: {
          get: "volume:get_volume_metadata",
          create: "volume:create_volume_metadata",
          update: "volume:update_volume_metadata",
          delete: "volume:delete_volume_metadata",
        },
        get: (context, id) => volumes.get(context, id),
        set: (context, id, values, options) => volumes.setMetadata(context, id, values, options),
        remove: (context, id, key) => volumes.deleteMetadata(context, id, key),
        missing: metadataNotFound,
      }),
      ...snapshotRoutes(core, snapshots),
      ...metadataRoutes({
        collection: "snapshots",
        kind: "snapshot",
        policies: {
          get: "volume:get_snapshot_metadata",
          create: "volume:update_snapshot_metadata",
          update: "volume:update_snapshot_metadata",
          delete: "volume:delete_snapshot_metadata",
        },
        get: (context, id) => snapshots.get(context, id),
        set: (context, id, values, options) => snapshots.setMetadata(context, id, values, options),
        remove: (context, id, key) => snapshots.deleteMetadata(context, id, key),
        missing: snapshotMetadataNotFound,
      }),
      ...attachmentRoutes(core, attachments),
      ...typeRoutes(core, types),
      ...quotaRoutes(core),
      ...serviceRoutes(core, types),
      ...clusterRoutes(),
      ...extensionRoutes(),
      ...messageRoutes(core),
      ...absentRoutes(),
    ]),
  ];
}
