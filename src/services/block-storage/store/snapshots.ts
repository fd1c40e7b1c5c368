import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { SnapshotStatus } from "../states.ts";
import { type ListColumns, orNull } from "./columns.ts";

export interface SnapshotRow {
  id: string;
  project_id: string;
  user_id: string;
  volume_id: string;
  name: string | null;
  description: string | null;
  status: SnapshotStatus;
  /** "0%" … "100%" */
  progress: string;
  size_gb: number;
  type_id: string;
  /** As the volume was: a volume made from it is so, too. */
  bootable: boolean;
  metadata: Record<string, string>;
  image_metadata: Record<string, string>;
  created_at: number;
  updated_at: number | null;
}

export type SnapshotChanges = Partial<Omit<SnapshotRow, "id" | "created_at" | "updated_at">>;

/** Filter or sort key of the API → SQL expression. */
export const SNAPSHOT_COLUMNS: ListColumns = {
  id: "id",
  name: orNull("name"),
  display_name: orNull("name"),
  description: orNull("description"),
  display_description: orNull("description"),
  status: "status",
  volume_size: "size_gb",
  project_id: "project_id",
  user_id: "user_id",
  volume_id: "volume_id",
  created_at: "created_at",
  updated_at: orNull("updated_at"),
  progress: "progress",
  volume_type_id: "type_id",
};

/** What a snapshot is asked about its volume. */
export const ITS_VOLUME = {
  host: "(SELECT v.host FROM block_storage_volumes v WHERE v.id = volume_id)",
  zone: "(SELECT v.availability_zone FROM block_storage_volumes v WHERE v.id = volume_id)",
} as const;

/** All the SQL about snapshots. */
export class SnapshotStore extends Table<SnapshotRow> {
  constructor(db: Database) {
    super(db, "block_storage_snapshots", {
      id: "text",
      project_id: "text",
      user_id: "text",
      volume_id: "text",
      name: "text",
      description: "text",
      status: "text",
      progress: "text",
      size_gb: "integer",
      type_id: "text",
      bootable: "boolean",
      metadata: "json",
      image_metadata: "json",
      created_at: "integer",
      updated_at: "integer",
    });
  }

  /** Newest first. */
  ofProject(projectId: string): SnapshotRow[] {
    return this.list({ project_id: projectId }, "created_at DESC, id DESC");
  }

  /** Oldest first. */
  ofVolume(volumeId: string): SnapshotRow[] {
    return this.list({ volume_id: volumeId }, "created_at, rowid");
  }

  /** What a project's snapshots (of volumes of one type, or all with null) use. */
  usage(projectId: string, typeId: string | null): { count: number; gigabytes: number } {
    const row = this.db
      .prepare<[string, string | null], { count: number; gigabytes: number }>(
        "SELECT count(*) AS count, ifnull(sum(size_gb), 0) AS gigabytes FROM block_storage_snapshots WHERE project_id = ? AND type_id = ifnull(?, type_id)",
      )
      .get(projectId, typeId);
    return row ?? { count: 0, gigabytes: 0 };
  }

  /** What each project has of volumes on a backend ("box@lvmdriver-1"). */
  byProject(backendHost: string): { project_id: string; snapshots: number; snapshotGb: number }[] {
    return this.db
      .prepare<[string], { project_id: string; snapshots: number; snapshotGb: number }>(
        `SELECT s.project_id, count(*) AS snapshots, sum(s.size_gb) AS snapshotGb FROM block_storage_snapshots s
         JOIN block_storage_volumes v ON v.id = s.volume_id WHERE v.host LIKE ? || '#%' GROUP BY s.project_id`,
      )
      .all(backendHost);
  }
}
