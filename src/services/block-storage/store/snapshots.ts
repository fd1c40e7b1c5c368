import type { Database } from "../../../kernel/db/database.ts";
import type { SnapshotStatus } from "../states.ts";
import { assignments, type ListQuery, select } from "./query.ts";

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
  bootable: 0 | 1;
  metadata: string;
  image_metadata: string;
  created_at: number;
  updated_at: number | null;
}

export type SnapshotChanges = Partial<Omit<SnapshotRow, "id" | "created_at" | "updated_at">>;

const SNAPSHOT = "SELECT s.* FROM block_storage_snapshots s";

/** Filter or sort key of the API → SQL expression. */
export const SNAPSHOT_COLUMNS: Readonly<Record<string, string>> = {
  id: "s.id",
  name: "s.name",
  display_name: "s.name",
  description: "s.description",
  display_description: "s.description",
  status: "s.status",
  volume_size: "s.size_gb",
  project_id: "s.project_id",
  user_id: "s.user_id",
  volume_id: "s.volume_id",
  created_at: "s.created_at",
  updated_at: "s.updated_at",
  progress: "s.progress",
  volume_type_id: "s.type_id",
};

/** All the SQL about snapshots. */
export class SnapshotStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(snapshot: SnapshotRow): void {
    const names = Object.keys(snapshot);
    this.#db
      .prepare(
        `INSERT INTO block_storage_snapshots (${names.join(", ")}) VALUES (${names.map((name) => `@${name}`).join(", ")})`,
      )
      .run(snapshot);
  }

  get(id: string): SnapshotRow | undefined {
    return this.#db.prepare<[string], SnapshotRow>(`${SNAPSHOT} WHERE s.id = ?`).get(id);
  }

  list(query: ListQuery): SnapshotRow[] {
    const { sql, params } = select(SNAPSHOT, query, "s.id");
    return this.#db.prepare<unknown[], SnapshotRow>(sql).all(...params);
  }

  /** Oldest first. */
  ofVolume(volumeId: string): SnapshotRow[] {
    return this.#db
      .prepare<[string], SnapshotRow>(`${SNAPSHOT} WHERE s.volume_id = ? ORDER BY s.created_at, s.rowid`)
      .all(volumeId);
  }

  update(id: string, changes: SnapshotChanges, now: number): void {
    const all = { ...changes, updated_at: now };
    this.#db.prepare(`UPDATE block_storage_snapshots SET ${assignments(all)} WHERE id = @id`).run({ ...all, id });
  }

  delete(id: string): void {
    this.#db.prepare("DELETE FROM block_storage_snapshots WHERE id = ?").run(id);
  }

  /** What a project's snapshots (of volumes of one type, or all with null) use. */
  usage(projectId: string, typeId: string | null): { count: number; gigabytes: number } {
    const row = this.#db
      .prepare<[string, string | null], { count: number; gigabytes: number }>(
        "SELECT count(*) AS count, ifnull(sum(size_gb), 0) AS gigabytes FROM block_storage_snapshots WHERE project_id = ? AND type_id = ifnull(?, type_id)",
      )
      .get(projectId, typeId);
    return row ?? { count: 0, gigabytes: 0 };
  }

  /** What each project has of volumes on a backend ("box@lvmdriver-1"). */
  byProject(backendHost: string): { project_id: string; snapshots: number; snapshotGb: number }[] {
    return this.#db
      .prepare<[string], { project_id: string; snapshots: number; snapshotGb: number }>(
        `SELECT s.project_id, count(*) AS snapshots, sum(s.size_gb) AS snapshotGb FROM block_storage_snapshots s
         JOIN block_storage_volumes v ON v.id = s.volume_id WHERE v.host LIKE ? || '#%' GROUP BY s.project_id`,
      )
      .all(backendHost);
  }
}
