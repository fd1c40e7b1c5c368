import type { Database } from "../../../kernel/db/database.ts";
import { oneOf } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { AttachStatus, VolumeStatus } from "../states.ts";
import { type ListColumns, orNull } from "./columns.ts";

export interface VolumeRow {
  id: string;
  project_id: string;
  user_id: string;
  name: string | null;
  description: string | null;
  size_gb: number;
  /** GiB that an extension under way adds; its quota is taken already. */
  growing_gb: number;
  status: VolumeStatus;
  /** What it was before work on it began, and will be afterwards. */
  previous_status: VolumeStatus | null;
  attach_status: AttachStatus;
  type_id: string;
  availability_zone: string;
  /** "box@lvmdriver-1#lvmdriver-1"; null until a backend is chosen. */
  host: string | null;
  bootable: boolean;
  multiattach: boolean;
  migration_status: string | null;
  snapshot_id: string | null;
  source_volume_id: string | null;
  metadata: Record<string, string>;
  admin_metadata: Record<string, string>;
  image_metadata: Record<string, string>;
  created_at: number;
  updated_at: number | null;
}

/** A volume with its type's name. */
export interface Volume extends VolumeRow {
  type_name: string;
}

export type VolumeChanges = Partial<Omit<VolumeRow, "id" | "created_at" | "updated_at">>;

/** Filter or sort key of the API → SQL expression. */
export const VOLUME_COLUMNS: ListColumns = {
  id: "id",
  name: orNull("name"),
  display_name: orNull("name"),
  description: orNull("description"),
  display_description: orNull("description"),
  status: "status",
  size: "size_gb",
  project_id: "project_id",
  user_id: "user_id",
  host: orNull("host"),
  availability_zone: "availability_zone",
  bootable: "bootable",
  created_at: "created_at",
  updated_at: orNull("updated_at"),
  volume_type_id: "type_id",
  snapshot_id: orNull("snapshot_id"),
  source_volid: orNull("source_volume_id"),
  migration_status: orNull("migration_status"),
  multiattach: "multiattach",
  attach_status: "attach_status",
};

/** What users and administrators have noted of a volume, in one object. */
export const METADATA_OF_ALL = "json_patch(metadata, admin_metadata)";
/** Volumes are in no group. */
export const NO_GROUP = "NULL";

/** All the SQL about volumes. */
export class VolumeStore extends Table<VolumeRow, Volume> {
  constructor(db: Database) {
    const columns = {
      id: "text",
      project_id: "text",
      user_id: "text",
      name: "text",
      description: "text",
      size_gb: "integer",
      growing_gb: "integer",
      status: "text",
      previous_status: "text",
      attach_status: "text",
      type_id: "text",
      availability_zone: "text",
      host: "text",
      bootable: "boolean",
      multiattach: "boolean",
      migration_status: "text",
      snapshot_id: "text",
      source_volume_id: "text",
      metadata: "json",
      admin_metadata: "json",
      image_metadata: "json",
      created_at: "integer",
      updated_at: "integer",
    } as const;
    const type = "(SELECT name FROM block_storage_types t WHERE t.id = type_id) AS type_name";
    super(db, "block_storage_volumes", columns, undefined, type);
  }

  /** Newest first. */
  ofProject(projectId: string): Volume[] {
    return this.list({ project_id: projectId }, "created_at DESC, id DESC");
  }

  /** Oldest first. */
  many(ids: readonly string[]): Volume[] {
    return this.selected({ conditions: [oneOf("id", ids)] }, { order: OLDEST_FIRST });
  }

  /** Every volume there is, oldest first, for reconciling. */
  all(): Volume[] {
    return this.selected({}, { order: OLDEST_FIRST });
  }

  /** How many a project has (null: all projects), their GiB, and every metadata key with all values that it has somewhere. */
  summary(projectId: string | null): { count: number; gigabytes: number; metadata: Record<string, string[]> } {
    const where = projectId === null ? "1" : "project_id = ?";
    const params = projectId === null ? [] : [projectId];
    const sums = this.db
      .prepare<unknown[], { count: number; gigabytes: number }>(
        `SELECT count(*) AS count, ifnull(sum(size_gb), 0) AS gigabytes FROM block_storage_volumes WHERE ${where}`,
      )
      .get(...params) ?? { count: 0, gigabytes: 0 };
    const pairs = this.db
      .prepare<unknown[], { key: string; value: string }>(
        `SELECT one.key, one.value FROM block_storage_volumes v, json_each(v.metadata) one WHERE ${where}
         GROUP BY one.key, one.value ORDER BY max(v.id) DESC`,
      )
      .all(...params);
    const byKey = Map.groupBy(pairs, ({ key }) => key);
    const metadata = Object.fromEntries([...byKey].map(([key, found]) => [key, found.map(({ value }) => value)]));
    return { ...sums, metadata };
  }

  /** What a project's volumes (of one type, or all with null) use. */
  usage(projectId: string, typeId: string | null): { count: number; gigabytes: number } {
    const row = this.db
      .prepare<[string, string | null], { count: number; gigabytes: number }>(
        "SELECT count(*) AS count, ifnull(sum(size_gb + growing_gb), 0) AS gigabytes FROM block_storage_volumes WHERE project_id = ? AND type_id = ifnull(?, type_id)",
      )
      .get(projectId, typeId);
    return row ?? { count: 0, gigabytes: 0 };
  }

  /** What each project has on a backend ("box@lvmdriver-1"). */
  byProject(backendHost: string): { project_id: string; volumes: number; volumeGb: number }[] {
    return this.db
      .prepare<[string], { project_id: string; volumes: number; volumeGb: number }>(
        "SELECT project_id, count(*) AS volumes, sum(size_gb) AS volumeGb FROM block_storage_volumes WHERE host LIKE ? || '#%' GROUP BY project_id ORDER BY project_id",
      )
      .all(backendHost);
  }

  countOfType(typeId: string): number {
    return this.db
      .prepare<[string], number>("SELECT count(*) FROM block_storage_volumes WHERE type_id = ?")
      .pluck()
      .get(typeId) as number;
  }

  /** GiB promised on a backend ("box@lvmdriver-1"), and how many volumes. */
  provisioned(backendHost: string): { count: number; gigabytes: number } {
    const row = this.db
      .prepare<[string], { count: number; gigabytes: number }>(
        "SELECT count(*) AS count, ifnull(sum(size_gb), 0) AS gigabytes FROM block_storage_volumes WHERE host LIKE ? || '#%'",
      )
      .get(backendHost);
    return row ?? { count: 0, gigabytes: 0 };
  }
}

const OLDEST_FIRST = ["created_at", "id"].map((expression) => ({ expression, descending: false }));
