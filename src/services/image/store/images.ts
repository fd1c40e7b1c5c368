import type { Database } from "../../../kernel/db/database.ts";
import type { Selection } from "../../../kernel/db/list.ts";
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

export type SortKey =
  | "name"
  | "status"
  | "container_format"
  | "disk_format"
  | "size"
  | "id"
  | "created_at"
  | "updated_at";

export interface ListQuery extends Selection {
  sort: readonly { key: SortKey; descending: boolean }[];
  /** The id of an image that the list goes on behind. */
  marker: string | null;
  limit: number;
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

  page({ sort, marker, limit, ...selection }: ListQuery): ImageRow[] {
    const order = sort.map(({ key, descending }) => ({ expression: comparable(key), descending }));
    const after = marker === null ? null : (this.place(marker, order) ?? null);
    return this.selected(selection, { order, after, limit });
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

const NUMBERS: ReadonlySet<SortKey> = new Set(["size", "created_at", "updated_at"]);

const NULLABLE: ReadonlySet<SortKey> = new Set(["name", "container_format", "disk_format", "size"]);

/** Nulls sort before everything, also in comparisons with the marker; the others are left bare, for their index. */
function comparable(key: SortKey): string {
  if (!NULLABLE.has(key)) return key;
  return `ifnull(${key}, ${NUMBERS.has(key) ? "-1" : "''"})`;
}
