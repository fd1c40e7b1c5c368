import type { Database } from "../../../kernel/db/database.ts";

/** An object that comes in parts (S3's multipart upload): nothing of it shows before it is completed. */
export interface UploadRow {
  id: string;
  container: number;
  name: string;
  stamp: number;
  content_type: string;
  headers: Readonly<Record<string, string>>;
  system: Readonly<Record<string, unknown>>;
}

export interface UploadPartRow {
  upload: string;
  number: number;
  blob: number;
  size: number;
  etag: string;
  stamp: number;
  /** Checksums that came with it. */
  system: Readonly<Record<string, unknown>>;
}

type Raw = Record<string, unknown>;

/** All the SQL about uploads in parts. */
export class UploadTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  insert(row: UploadRow): void {
    this.#db
      .prepare(
        "INSERT INTO object_uploads (id, container, name, stamp, content_type, headers, system) VALUES (@id, @container, @name, @stamp, @content_type, @headers, @system)",
      )
      .run({ ...row, headers: JSON.stringify(row.headers), system: JSON.stringify(row.system) });
  }

  get(id: string): UploadRow | undefined {
    const raw = this.#db.prepare<[string], Raw>("SELECT * FROM object_uploads WHERE id = ?").get(id);
    return raw === undefined ? undefined : decode(raw);
  }

  /** By name, then by age, from behind one of them. */
  list(container: number, after: { name: string; stamp: number }, limit: number): UploadRow[] {
    return this.#db
      .prepare<object, Raw>(
        "SELECT * FROM object_uploads WHERE container = @container AND (name, stamp) > (@name, @stamp) ORDER BY name, stamp LIMIT @limit",
      )
      .all({ container, ...after, limit })
      .map(decode);
  }

  /** Its parts' rows stay until `deleteParts`. */
  delete(id: string): void {
    this.#db.prepare("DELETE FROM object_uploads WHERE id = ?").run(id);
  }

  /** So many rows of parts. True: there may be more. */
  deleteParts(id: string, limit: number): boolean {
    const sql =
      "DELETE FROM object_upload_parts WHERE upload = @id AND number IN (SELECT number FROM object_upload_parts WHERE upload = @id ORDER BY number LIMIT @limit)";
    return this.#db.prepare<object>(sql).run({ id, limit }).changes === limit;
  }

  /** One whose container is not there any more. */
  ofNoContainer(): UploadRow | undefined {
    const sql = "SELECT * FROM object_uploads WHERE container NOT IN (SELECT id FROM object_containers) LIMIT 1";
    const raw = this.#db.prepare<[], Raw>(sql).get();
    return raw === undefined ? undefined : decode(raw);
  }

  /** The first behind `after` that rows of parts are of, whether it is there itself or not. */
  nextWithParts(after: string): string | undefined {
    const sql = "SELECT upload FROM object_upload_parts WHERE upload > ? ORDER BY upload LIMIT 1";
    return this.#db.prepare<[string], string>(sql).pluck().get(after);
  }

  putPart({ system, ...part }: UploadPartRow): void {
    this.#db
      .prepare(
        "INSERT OR REPLACE INTO object_upload_parts (upload, number, blob, size, etag, stamp, system) VALUES (@upload, @number, @blob, @size, @etag, @stamp, @system)",
      )
      .run({ ...part, system: JSON.stringify(system) });
  }

  part(upload: string, number: number): UploadPartRow | undefined {
    const raw = this.#db
      .prepare<[string, number], Raw>("SELECT * FROM object_upload_parts WHERE upload = ? AND number = ?")
      .get(upload, number);
    return raw === undefined ? undefined : decodePart(raw);
  }

  parts(upload: string, after = 0, limit = -1): UploadPartRow[] {
    return this.#db
      .prepare<[string, number, number], Raw>(
        "SELECT * FROM object_upload_parts WHERE upload = ? AND number > ? ORDER BY number LIMIT ?",
      )
      .all(upload, after, limit)
      .map(decodePart);
  }
}

const decode = (raw: Raw): UploadRow =>
  ({
    ...raw,
    headers: JSON.parse(String(raw.headers)),
    system: JSON.parse(String(raw.system)),
  }) as unknown as UploadRow;
const decodePart = (raw: Raw): UploadPartRow =>
  ({ ...raw, system: JSON.parse(String(raw.system)) }) as unknown as UploadPartRow;
