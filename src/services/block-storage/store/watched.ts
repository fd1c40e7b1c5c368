import type { WatchedTable } from "../../../kernel/events/changes.ts";

export const watched: readonly WatchedTable[] = [
  { kind: "block-storage.volume", table: "block_storage_volumes", id: "row.id", project: "row.project_id" },
  { kind: "block-storage.volume", table: "block_storage_attachments", id: "row.volume_id", project: "row.project_id" },
  { kind: "block-storage.snapshot", table: "block_storage_snapshots", id: "row.id", project: "row.project_id" },
  { kind: "block-storage.type", table: "block_storage_types", id: "row.id", public: "row.is_public" },
  { kind: "block-storage.message", table: "block_storage_messages", id: "row.id", project: "row.project_id" },
];
