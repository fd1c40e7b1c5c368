import type { Database } from "../../../kernel/db/database.ts";

/** "inline": in the row; "file": a file of its own; "parts": other blobs one after another. */
export type BlobKind = "inline" | "file" | "parts";
/** "incoming": being written, and nobody's yet; "trash": nobody's any more; "damaged": its file is not what was put. */
export type BlobState = "incoming" | "kept" | "trash" | "damaged";

export interface BlobRow {
  id: number;
  kind: BlobKind;
  state: BlobState;
  size: number;
  md5: string;
  /** How many objects, versions, uploads and other blobs hold it. */
  refs: number;
  /** When it was last read and found whole: milliseconds since the epoch. */
  checked: number;
}

export interface PartRow {
  number: number;
  /** The blob that is this part. */
  part: number;
  /** Where it begins in the whole. */
  start: number;
  size: number;
  etag: string;
  /** Checksums that came with it. */
  system: Readonly<Record<string, unknown>>;
}

const COLUMNS = "id, kind, state, size, md5, refs, checked";
type RawPart = Omit<PartRow, "system"> & { system: string };

/** All the SQL about bytes and where they are. */
export class BlobTable {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  insert(row: Pick<BlobRow, "kind" | "state" | "size" | "md5" | "refs">, bytes: Uint8Array | null = null): number {
    const { lastInsertRowid } = this.#db
      .prepare(
        "INSERT INTO object_blobs (kind, state, size, md5, refs, bytes) VALUES (@kind, @state, @size, @md5, @refs, @bytes)",
      )
      .run({ ...row, bytes });
    return Number(lastInsertRowid);
  }

  /** Of those that there ever were. */
  lastId(): number {
    const sql = "SELECT seq FROM sqlite_sequence WHERE name = 'object_blobs'";
    return this.#db.prepare<[], number>(sql).pluck().get() ?? 0;
  }

  get(id: number): BlobRow | undefined {
    return this.#db.prepare<[number], BlobRow>(`SELECT ${COLUMNS} FROM object_blobs WHERE id = ?`).get(id);
  }

  /** `bytes` is null where they are in a file. */
  bytes(id: number): { state: BlobState; bytes: Buffer | null } | undefined {
    return this.#db
      .prepare<[number], { state: BlobState; bytes: Buffer | null }>(
        "SELECT state, bytes FROM object_blobs WHERE id = ?",
      )
      .get(id);
  }

  /** An incoming one is whole now. */
  keep(id: number, size: number, md5: string, checked: number): void {
    this.#db
      .prepare("UPDATE object_blobs SET state = 'kept', size = ?, md5 = ?, checked = ?, refs = 1 WHERE id = ?")
      .run(size, md5, checked, id);
  }

  addRefs(id: number, count: number): void {
    this.#db.prepare("UPDATE object_blobs SET refs = refs + ? WHERE id = ?").run(count, id);
  }

  setState(id: number, state: BlobState): void {
    this.#db.prepare("UPDATE object_blobs SET state = ? WHERE id = ?").run(state, id);
  }

  setChecked(id: number, checked: number): void {
    this.#db.prepare("UPDATE object_blobs SET checked = ? WHERE id = ?").run(checked, id);
  }

  delete(id: number): void {
    this.#db.prepare("DELETE FROM object_blobs WHERE id = ?").run(id);
  }

  withState(state: Exclude<BlobState, "kept">, after: number, limit: number): BlobRow[] {
    return this.#db
      .prepare<[string, number, number], BlobRow>(
        `SELECT ${COLUMNS} FROM object_blobs WHERE state = ? AND state <> 'kept' AND id > ? ORDER BY id LIMIT ?`,
      )
      .all(state, after, limit);
  }

  /** The file that was not looked at for the longest time, if that is before `checked`. */
  leastChecked(checked: number): BlobRow | undefined {
    return this.#db
      .prepare<[number], BlobRow>(
        `SELECT ${COLUMNS} FROM object_blobs WHERE kind = 'file' AND state = 'kept' AND checked < ? ORDER BY checked LIMIT 1`,
      )
      .get(checked);
  }

  /** Whole rows of bytes behind one, in the order of their ids. */
  inlineAfter(id: number, limit: number): { id: number; md5: string; bytes: Buffer }[] {
    return this.#db
      .prepare<[number, number], { id: number; md5: string; bytes: Buffer }>(
        "SELECT id, md5, bytes FROM object_blobs WHERE id > ? AND kind = 'inline' AND state = 'kept' ORDER BY id LIMIT ?",
      )
      .all(id, limit);
  }

  /** "AUTH_…/container/object" of one that holds it. Looks at all objects: for reports. */
  holderOf(id: number): string | null {
    const sql = `SELECT c.account || '/' || c.name || '/' || o.name FROM objects o JOIN object_containers c ON c.id = o.container
      WHERE o.blob = @id OR o.blob IN (SELECT blob FROM object_blob_parts WHERE part = @id) LIMIT 1`;
    return this.#db.prepare<object, string>(sql).pluck().get({ id }) ?? null;
  }

  addPart(blob: number, { system, ...part }: PartRow): void {
    this.#db
      .prepare(
        "INSERT INTO object_blob_parts (blob, number, part, start, size, etag, system) VALUES (@blob, @number, @part, @start, @size, @etag, @system)",
      )
      .run({ ...part, blob, system: JSON.stringify(system) });
  }

  /** In order, only where they are. */
  spans(blob: number, limit = -1): Pick<PartRow, "number" | "part" | "start" | "size">[] {
    return this.#db
      .prepare<[number, number], PartRow>(
        "SELECT number, part, start, size FROM object_blob_parts WHERE blob = ? ORDER BY number LIMIT ?",
      )
      .all(blob, limit);
  }

  /** In order; from the part after `after`. */
  parts(blob: number, after = 0, limit = -1): PartRow[] {
    return this.#db
      .prepare<[number, number, number], RawPart>(
        "SELECT number, part, start, size, etag, system FROM object_blob_parts WHERE blob = ? AND number > ? ORDER BY number LIMIT ?",
      )
      .all(blob, after, limit)
      .map((raw) => ({ ...raw, system: JSON.parse(raw.system) }));
  }

  /** All, or those up to one. */
  deleteParts(blob: number, upTo = Number.MAX_SAFE_INTEGER): void {
    this.#db.prepare("DELETE FROM object_blob_parts WHERE blob = ? AND number <= ?").run(blob, upTo);
  }
}
