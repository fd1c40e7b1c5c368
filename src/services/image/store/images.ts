import type { Database } from "../../../kernel/db/database.ts";
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
  readonly #db: Database;

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
    this.#db = db;
  }

  countUploading(owner: string): number {
    return this.count("owner = ? AND status IN ('saving', 'uploading', 'importing')", owner);
  }

  /** Bytes. */
  totalSize(owner: string): number {
    return this.#number(
      "SELECT ifnull(sum(size), 0) FROM images WHERE owner = ? AND status IN ('active', 'deactivated')",
      owner,
    );
  }

  stagedSize(owner: string): number {
    return this.#number(
      "SELECT ifnull(sum(size), 0) FROM images WHERE owner = ? AND status IN ('uploading', 'importing')",
      owner,
    );
  }

  addTrash(path: string): void {
    this.#db.prepare("INSERT OR IGNORE INTO image_trash (path) VALUES (?)").run(path);
  }

  trash(): string[] {
    return this.#db.prepare<[], string>("SELECT path FROM image_trash").pluck().all() as string[];
  }

  removeTrash(path: string): void {
    this.#db.prepare("DELETE FROM image_trash WHERE path = ?").run(path);
  }

  #number(sql: string, owner: string): number {
    return this.#db.prepare<[string], number>(sql).pluck().get(owner) as number;
  }
}
