import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { AttachmentRow } from "../store/attachments.ts";

export const attachmentSummary = (row: AttachmentRow) => ({
  id: row.id,
  status: row.status,
  instance: row.instance_id,
  volume_id: row.volume_id,
});

/** `paths`: whether the caller may know where on the host the data lies (admins and services). */
export const attachmentDetail = (row: AttachmentRow, options: { paths: boolean }) => ({
  ...attachmentSummary(row),
  attached_at: row.attached_at === null ? "" : isoMicrosNaive(row.attached_at),
  detached_at: "",
  attach_mode: row.mode ?? "null",
  connection_info: connectionInfo(row.connection_info ?? {}, options),
});

/** cinder shows `data` merged into its parent. */
export function connectionInfo(
  info: { driver_volume_type?: string; data?: Record<string, unknown> },
  options: { paths: boolean },
): Record<string, unknown> {
  const { data = {}, ...rest } = info;
  return { ...rest, ...withoutPath(data, options) };
}

export function withoutPath(data: Record<string, unknown>, options: { paths: boolean }): Record<string, unknown> {
  if (options.paths) return data;
  const { device_path, ...others } = data;
  return others;
}
