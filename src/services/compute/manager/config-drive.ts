import { metadataFiles } from "../metadata/files.ts";
import type { Server } from "../store/servers.ts";
import type { Core } from "./core.ts";
import { guestMetadata } from "./guest-metadata.ts";

/** Path → content of a server's config drive. Whether it gets one is decided by whoever plugs it in. */
export function configDriveFiles(
  core: Core,
  server: Server,
  secrets: { adminPassword: string; files: readonly { path: string; contents: string }[] },
): Record<string, string | Uint8Array> {
  const guest = guestMetadata(core, server);
  return metadataFiles({ ...guest, adminPassword: secrets.adminPassword }, secrets.files);
}
