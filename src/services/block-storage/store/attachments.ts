import type { Database } from "../../../kernel/db/database.ts";
import type { AttachmentStatus } from "../states.ts";
import { assignments, type ListQuery, select } from "./query.ts";

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
  by_compute: 0 | 1;
  /** JSON, as the client sent it; null before it did. */
  connector: string | null;
  /** JSON, as the API shows it; null before there is a connection. */
  connection_info: string | null;
  attached_at: number | null;
  created_at: number;
}

export type AttachmentChanges = Partial<Omit<AttachmentRow, "id" | "volume_id" | "created_at">>;

const ATTACHMENT = "SELECT a.* FROM block_storage_attachments a";

export const ATTACHMENT_COLUMNS: Readonly<Record<string, string>> = {
  id: "a.id",
  volume_id: "a.volume_id",
  project_id: "a.project_id",
  instance_id: "a.instance_id",
  instance_uuid: "a.instance_id",
  status: "a.status",
  attach_status: "a.status",
  attached_host: "a.host_name",
  mountpoint: "a.device",
  attach_mode: "a.mode",
  attach_time: "a.attached_at",
  created_at: "a.created_at",
};

/** All the SQL about attachments. */
export class AttachmentStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(attachment: AttachmentRow): void {
    const names = Object.keys(attachment);
    this.#db
      .prepare(
        `INSERT INTO block_storage_attachments (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`,
      )
      .run(attachment);
  }

  get(id: string): AttachmentRow | undefined {
    return this.#db.prepare<[string], AttachmentRow>(`${ATTACHMENT} WHERE a.id = ?`).get(id);
  }

  list(query: ListQuery): AttachmentRow[] {
    const { sql, params } = select(ATTACHMENT, query, "a.id");
    return this.#db.prepare<unknown[], AttachmentRow>(sql).all(...params);
  }

  /** Oldest first. */
  ofVolume(volumeId: string): AttachmentRow[] {
    return this.#db
      .prepare<[string], AttachmentRow>(`${ATTACHMENT} WHERE a.volume_id = ? ORDER BY a.created_at, a.rowid`)
      .all(volumeId);
  }

  ofInstance(instanceId: string): AttachmentRow[] {
    return this.#db
      .prepare<[string], AttachmentRow>(`${ATTACHMENT} WHERE a.instance_id = ? ORDER BY a.created_at, a.rowid`)
      .all(instanceId);
  }

  /** Those of several volumes in one query, by volume. */
  byVolume(volumeIds: readonly string[]): Map<string, AttachmentRow[]> {
    const rows = this.#db
      .prepare<[string], AttachmentRow>(
        `${ATTACHMENT} WHERE a.volume_id IN (SELECT value FROM json_each(?)) ORDER BY a.created_at, a.rowid`,
      )
      .all(JSON.stringify(volumeIds));
    return Map.groupBy(rows, (row) => row.volume_id);
  }

  update(id: string, changes: AttachmentChanges): void {
    if (Object.keys(changes).length === 0) return;
    this.#db
      .prepare(`UPDATE block_storage_attachments SET ${assignments(changes)} WHERE id = @id`)
      .run({ ...changes, id });
  }

  delete(id: string): void {
    this.#db.prepare("DELETE FROM block_storage_attachments WHERE id = ?").run(id);
  }
}
