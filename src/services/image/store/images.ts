import type { Database } from "../../../kernel/db/database.ts";
import type { Condition, Stored } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { ImageStatus, Visibility } from "../states.ts";

export interface ImageRow {
  id: string;
  name: string | null;
  status: ImageStatus;
  owner: string | null;
  visibility: Visibility;
  disk_format: string | null;
  container_format: string | null;
  size: number | null;
  virtual_size: number | null;
  min_disk: number;
  min_ram: number;
  protected: number;
  os_hidden: number;
  checksum: string | null;
  os_hash_algo: string | null;
  os_hash_value: string | null;
  /** JSON object of texts. */
  properties: string;
  /** JSON array of texts. */
  tags: string;
  has_data: number;
  created_at: number;
  updated_at: number;
}

/** All the SQL about images. */
export class ImageStore extends Table<ImageRow> {
  constructor(db: Database) {
    super(db, "images", [
      "id",
      "name",
      "status",
      "owner",
      "visibility",
      "disk_format",
      "container_format",
      "size",
      "virtual_size",
      "min_disk",
      "min_ram",
      "protected",
      "os_hidden",
      "checksum",
      "os_hash_algo",
      "os_hash_value",
      "properties",
      "tags",
      "has_data",
      "created_at",
      "updated_at",
    ]);
  }

  /** How many images a project has in one of the statuses, or in any, and how many bytes those are. */
  use(owner: string, ...statuses: readonly ImageStatus[]): { images: number; bytes: number } {
    const sql = `SELECT ifnull(sum(images), 0) AS images, ifnull(sum(bytes), 0) AS bytes FROM image_use
      WHERE owner = ? AND (? = '[]' OR status IN (SELECT value FROM json_each(?)))`;
    const asked = JSON.stringify(statuses);
    const get = this.db.prepare<string[], { images: number; bytes: number }>(sql);
    return get.get(owner, asked, asked) ?? { images: 0, bytes: 0 };
  }

  /** Whether a query of ids has fewer than so many. */
  isFewer({ sql, params }: Condition, most: number): boolean {
    const counted = this.db.prepare<Stored[], number>(`SELECT count(*) FROM (${sql} LIMIT ?)`).pluck();
    return (counted.get(...params, most) as number) < most;
  }

  addTrash(path: string): void {
    this.db.prepare("INSERT OR IGNORE INTO image_trash (path) VALUES (?)").run(path);
  }

  trash(): string[] {
    return this.db.prepare<[], string>("SELECT path FROM image_trash").pluck().all() as string[];
  }

  removeTrash(path: string): void {
    this.db.prepare("DELETE FROM image_trash WHERE path = ?").run(path);
  }
}
