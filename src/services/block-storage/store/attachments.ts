import type { Database } from "../../../kernel/db/database.ts";
import { oneOf } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { AttachmentStatus } from "../states.ts";
import { type ListColumns, orNull } from "./columns.ts";

export interface AttachmentRow {
  id: string;
  volume_id: string;
  project_id: string;
  /** The server, or null for a host of its own. */
  instance_id: string | null;
  host_name: string | null;
  /** "/dev/vdb" */
  device: string | null;
  /** "rw", "ro", or null while nobody said. */
  mode: string | null;
  status: AttachmentStatus;
  /** Made by the compute service, so only to be undone through it. */
  by_compute: boolean;
  /** As the client sent it; null before it did. */
  connector: Record<string, unknown> | null;
  /** As the API shows it; null before there is a connection. */
  connection_info: Record<string, unknown> | null;
  attached_at: number | null;
  created_at: number;
}

export type AttachmentChanges = Partial<Omit<AttachmentRow, "id" | "volume_id" | "created_at">>;

export const ATTACHMENT_COLUMNS: ListColumns = {
  id: "id",
  volume_id: "volume_id",
  project_id: "project_id",
  instance_id: orNull("instance_id"),
  instance_uuid: orNull("instance_id"),
  status: "status",
  attach_status: "status",
  attached_host: orNull("host_name"),
  mountpoint: orNull("device"),
  attach_mode: orNull("mode"),
  attach_time: orNull("attached_at"),
  created_at: "created_at",
};

/** All the SQL about attachments. */
export class AttachmentStore extends Table<AttachmentRow> {
  constructor(db: Database) {
    super(db, "block_storage_attachments", {
      id: "text",
      volume_id: "text",
      project_id: "text",
      instance_id: "text",
      host_name: "text",
      device: "text",
      mode: "text",
      status: "text",
      by_compute: "boolean",
      connector: "json",
      connection_info: "json",
      attached_at: "integer",
      created_at: "integer",
    });
  }

  /** Oldest first. */
  ofVolume(volumeId: string): AttachmentRow[] {
    return this.list({ volume_id: volumeId }, "created_at, rowid");
  }

  /** Oldest first. */
  ofInstance(instanceId: string): AttachmentRow[] {
    return this.list({ instance_id: instanceId }, "created_at, rowid");
  }

  /** Those that the compute service made attachments for. */
  servers(): string[] {
    const sql = `SELECT DISTINCT instance_id FROM ${this.name} WHERE by_compute = 1 AND instance_id IS NOT NULL`;
    return this.db.prepare<[], string>(sql).pluck().all();
  }

  /** Those of several volumes in one query, by volume, the oldest first. */
  byVolume(volumeIds: readonly string[]): Map<string, AttachmentRow[]> {
    const order = ["created_at", "rowid"].map((expression) => ({ expression, descending: false }));
    const rows = this.selected({ conditions: [oneOf("volume_id", volumeIds)] }, { order });
    return Map.groupBy(rows, (row) => row.volume_id);
  }
}
