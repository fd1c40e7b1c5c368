import { forbidden } from "../../../kernel/errors.ts";
import type { Core } from "./core.ts";

/** Limits of what one request brings along: metadata and personality files, of a create or a rebuild. Errors: 403. */
export function checkRequestLimits(
  core: Core,
  projectId: string,
  userId: string,
  request: { metadata: Readonly<Record<string, string>>; files: readonly { path: string; contents: string }[] },
): void {
  const exceeded = (resource: string, value: number): number | null => {
    const limit = core.quotas.limit(projectId, resource, userId);
    return limit >= 0 && value > limit ? limit : null;
  };
  const { metadata, files } = request;
  const items = exceeded("metadata_items", Object.keys(metadata).length);
  if (items !== null) throw forbidden(`Maximum number of metadata items exceeds ${items}`);
  if (exceeded("injected_files", files.length) !== null) throw forbidden("Personality file limit exceeded");
  const longest = (size: (file: { path: string; contents: string }) => number) => Math.max(0, ...files.map(size));
  const path = exceeded(
    "injected_file_path_bytes",
    longest((file) => Buffer.byteLength(file.path)),
  );
  if (path !== null) throw forbidden(`Personality file path exceeds maximum ${path}`);
  const content = exceeded(
    "injected_file_content_bytes",
    longest((file) => Buffer.from(file.contents, "base64").length),
  );
  if (content !== null) throw forbidden(`Personality file content exceeds maximum ${content}`);
}
