import type { Database } from "../../../kernel/db/database.ts";
import type { AttachStatus, VolumeStatus } from "../states.ts";
import { assignments, type ListQuery, select } from "./query.ts";

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
  bootable: 0 | 1;
  multiattach: 0 | 1;
  migration_status: string | null;
  snapshot_id: string | null;
  source_volume_id: string | null;
  /** JSON objects of strings. */
  metadata: string;
  admin_metadata: string;
  image_metadata: string;
  created_at: number;
  updated_at: number | null;
}

/** A volume with its type's name. */
export interface Volume extends VolumeRow {
  type_name: string;
}

export type VolumeChanges = Partial<Omit<VolumeRow, "id" | "created_at" | "updated_at">>;

const VOLUME =
  "SELECT v.*, t.name AS type_name FROM block_storage_volumes v JOIN block_storage_types t ON t.id = v.type_id";

/** Filter or sort key of the API → SQL expression. */
export const VOLUME_COLUMNS: Readonly<Record<string, string>> = {
  id: "v.id",
  name: "v.name",
  display_name: "v.name",
  description: "v.description",
  display_description: "v.description",
  status: "v.status",
  size: "v.size_gb",
  project_id: "v.project_id",
  user_id: "v.user_id",
  host: "v.host",
  availability_zone: "v.availability_zone",
  bootable: "v.bootable",
  created_at: "v.created_at",
  updated_at: "v.updated_at",
  volume_type_id: "v.type_id",
  snapshot_id: "v.snapshot_id",
  source_volid: "v.source_volume_id",
  migration_status: "v.migration_status",
  multiattach: "v.multiattach",
  attach_status: "v.attach_status",
};

/** All the SQL about volumes. */
export class VolumeStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(volume: VolumeRow): void {
    const names = Object.keys(volume);
    this.#db
      .prepare(
        `INSERT INTO block_storage_volumes (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`,
      )
      .run(volume);
  }

  get(id: string): Volume | undefined {
    return this.#db.prepare<[string], Volume>(`${VOLUME} WHERE v.id = ?`).get(id);
  }

  many(ids: readonly string[]): Volume[] {
    return this.#db
      .prepare<[string], Volume>(`${VOLUME} WHERE v.id IN (SELECT value FROM json_each(?)) ORDER BY v.created_at, v.id`)
      .all(JSON.stringify(ids));
  }

  /** Every volume there is, for reconciling. */
  all(): Volume[] {
    return this.#db.prepare<[], Volume>(`${VOLUME} ORDER BY v.created_at, v.id`).all();
  }

  list(query: ListQuery): Volume[] {
    const { sql, params } = select(VOLUME, query, "v.id");
    return this.#db.prepare<unknown[], Volume>(sql).all(...params);
  }

  update(id: string, changes: VolumeChanges, now: number): void {
    const all = { ...changes, updated_at: now };
    this.#db.prepare(`UPDATE block_storage_volumes SET ${assignments(all)} WHERE id = @id`).run({ ...all, id });
  }

  delete(id: string): void {
    this.#db.prepare("DELETE FROM block_storage_volumes WHERE id = ?").run(id);
  }

  /** What a project's volumes (of one type, or all with null) use. */
  usage(projectId: string, typeId: string | null): { count: number; gigabytes: number } {
    const row = this.#db
      .prepare<[string, string | null], { count: number; gigabytes: number }>(
        "SELECT count(*) AS count, ifnull(sum(size_gb + growing_gb), 0) AS gigabytes FROM block_storage_volumes WHERE project_id = ? AND type_id = ifnull(?, type_id)",
      )
      .get(projectId, typeId);
    return row ?? { count: 0, gigabytes: 0 };
  }

  /** What each project has on a backend ("box@lvmdriver-1"). */
  byProject(backendHost: string): { project_id: string; volumes: number; volumeGb: number }[] {
    return this.#db
      .prepare<[string], { project_id: string; volumes: number; volumeGb: number }>(
        "SELECT project_id, count(*) AS volumes, sum(size_gb) AS volumeGb FROM block_storage_volumes WHERE host LIKE ? || '#%' GROUP BY project_id ORDER BY project_id",
      )
      .all(backendHost);
  }

  countOfType(typeId: string): number {
    return this.#db
      .prepare<[string], number>("SELECT count(*) FROM block_storage_volumes WHERE type_id = ?")
      .pluck()
      .get(typeId) as number;
  }

  /** GiB promised on a backend ("box@lvmdriver-1"), and how many volumes. */
  provisioned(backendHost: string): { count: number; gigabytes: number } {
    const row = this.#db
      .prepare<[string], { count: number; gigabytes: number }>(
        "SELECT count(*) AS count, ifnull(sum(size_gb), 0) AS gigabytes FROM block_storage_volumes WHERE host LIKE ? || '#%'",
      )
      .get(backendHost);
    return row ?? { count: 0, gigabytes: 0 };
  }
}
