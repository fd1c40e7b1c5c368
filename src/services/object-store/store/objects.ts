import type { Database } from "../../../kernel/db/database.ts";
import type { SystemData } from "../states.ts";
import type { Listed, ListQuery } from "../values/listing.ts";
import { NameListing } from "./listing.ts";

/** One object, or one version of it. */
export interface ObjectRow {
  container: number;
  name: string;
  /** When it was put, in units of 10 µs since the epoch. Grows from version to version of a name, whatever the clock does. */
  stamp: number;
  /** When its metadata was last posted; `stamp` when never. */
  posted: number;
  /** Of the bytes it has itself: of a manifest, not of what it leads to. */
  size: number;
  /** Without quotes. md5 of the bytes where nothing else is said of it. */
  etag: string;
  content_type: string;
  /** Null: it has no bytes. */
  blob: number | null;
  /** Headers that are given back as they are, in lower case: x-object-meta-*, content-encoding, … */
  headers: Readonly<Record<string, string>>;
  system: SystemData;
  /** Seconds since the epoch, after which it is not there any more. */
  delete_at: number | null;
  /** Put while its container kept no versions: what S3 calls version "null". */
  unversioned: boolean;
}

export interface VersionRow extends ObjectRow {
  /** No version but the sign that the object was deleted. */
  marker: boolean;
}

/** What listings tell of an object. */
export type ListedObject = Pick<ObjectRow, "name" | "stamp" | "size" | "etag" | "content_type" | "system">;

export interface ListedVersion extends ListedObject {
  marker: boolean;
  unversioned: boolean;
  latest: boolean;
}

type Raw = Record<string, unknown>;

const COLUMNS = [
  "container",
  "name",
  "stamp",
  "posted",
  "size",
  "etag",
  "content_type",
  "blob",
  "headers",
  "system",
  "delete_at",
  "unversioned",
] as const;
const names = COLUMNS.join(", ");
const values = COLUMNS.map((column) => `@${column}`).join(", ");
const changes = COLUMNS.slice(2)
  .map((column) => `${column} = @${column}`)
  .join(", ");
const LISTED = "name, stamp, size, etag, content_type, system";

/** All the SQL about objects and their versions. */
export class ObjectTable {
  readonly #db: Database;
  readonly #listing: NameListing<ListedObject>;

  constructor(db: Database) {
    this.#db = db;
    this.#listing = new NameListing(db, `SELECT ${LISTED} FROM objects WHERE container = @owner`, decodeListed);
  }

  get(container: number, name: string): ObjectRow | undefined {
    const raw = this.#db
      .prepare<[number, string], Raw>(`SELECT ${names} FROM objects WHERE container = ? AND name = ?`)
      .get(container, name);
    return raw === undefined ? undefined : decode(raw);
  }

  /** Puts it in the place of what has the name. */
  put(row: ObjectRow): void {
    this.#db
      .prepare(
        `INSERT INTO objects (${names}) VALUES (${values}) ON CONFLICT (container, name) DO UPDATE SET ${changes}`,
      )
      .run(encode(row));
  }

  delete(container: number, name: string): void {
    this.#db.prepare("DELETE FROM objects WHERE container = ? AND name = ?").run(container, name);
  }

  list(container: number, query: ListQuery): Listed<ListedObject>[] {
    return this.#listing.list(container, query);
  }

  /** Expired by now, the longest first. */
  expired(now: number, limit: number): { container: number; name: string }[] {
    return this.#db
      .prepare<[number, number], { container: number; name: string }>(
        "SELECT container, name FROM objects WHERE delete_at IS NOT NULL AND delete_at <= ? ORDER BY delete_at LIMIT ?",
      )
      .all(now, limit);
  }

  /** A version that is not the current one, or a delete marker. */
  version(container: number, name: string, stamp: number): VersionRow | undefined {
    const raw = this.#db
      .prepare<[number, string, number], Raw>(
        `SELECT ${names}, marker FROM object_versions WHERE container = ? AND name = ? AND stamp = ?`,
      )
      .get(container, name, stamp);
    return raw === undefined ? undefined : decodeVersion(raw);
  }

  /** The newest, of those that S3 calls "null" where asked. */
  newestVersion(container: number, name: string, unversioned = false): VersionRow | undefined {
    const raw = this.#db
      .prepare<[number, string], Raw>(
        `SELECT ${names}, marker FROM object_versions WHERE container = ? AND name = ?${unversioned ? " AND unversioned = 1" : ""} ORDER BY stamp DESC LIMIT 1`,
      )
      .get(container, name);
    return raw === undefined ? undefined : decodeVersion(raw);
  }

  putVersion(row: VersionRow): void {
    this.#db
      .prepare(`INSERT INTO object_versions (${names}, marker) VALUES (${values}, @marker)`)
      .run({ ...encode(row), marker: row.marker ? 1 : 0 });
  }

  deleteVersion(container: number, name: string, stamp: number): void {
    this.#db
      .prepare("DELETE FROM object_versions WHERE container = ? AND name = ? AND stamp = ?")
      .run(container, name, stamp);
  }

  hasVersions(container: number): boolean {
    return this.#db.prepare("SELECT 1 FROM object_versions WHERE container = ? LIMIT 1").get(container) !== undefined;
  }

  hasObjects(container: number): boolean {
    return this.#db.prepare("SELECT 1 FROM objects WHERE container = ? LIMIT 1").get(container) !== undefined;
  }

  /**
   * Current objects, older versions and delete markers in the order of names, of one name the newest first, from behind `after`
   * (a name, or one of its versions). With a delimiter, as `list`: what it would find once is passed over in one step by the caller.
   */
  versions(
    container: number,
    from: { name: string; stamp: number | null; inclusive?: boolean },
    before: string | null,
    limit: number,
  ): ListedVersion[] {
    const { name, stamp, inclusive = false } = from;
    const bound =
      stamp === null
        ? inclusive
          ? "name >= @name"
          : "name > @name"
        : "(name, -stamp) > (@name, -@stamp) AND name >= @name";
    const end = before === null ? "" : " AND name < @before";
    const where = `container = @container AND ${bound}${end}`;
    const sql = `SELECT * FROM (
      SELECT ${LISTED}, unversioned, 0 AS marker, 1 AS latest FROM objects WHERE ${where}
      UNION ALL SELECT ${LISTED}, unversioned, marker, 0 AS latest FROM object_versions WHERE ${where})
      ORDER BY name, stamp DESC LIMIT @limit`;
    const rows = this.#db
      .prepare<object, Raw>(sql)
      .all({ container, name, before, limit, ...(stamp === null ? {} : { stamp }) });
    return rows.map((raw) => ({
      ...decodeListed(raw as never),
      marker: raw.marker === 1,
      unversioned: raw.unversioned === 1,
      latest: raw.latest === 1 || (raw.marker === 1 && this.#isNewest(container, String(raw.name), Number(raw.stamp))),
    }));
  }

  #isNewest(container: number, name: string, stamp: number): boolean {
    if (this.get(container, name) !== undefined) return false;
    return this.newestVersion(container, name)?.stamp === stamp;
  }
}

function encode(row: ObjectRow): Record<string, unknown> {
  return {
    ...row,
    headers: JSON.stringify(row.headers),
    system: JSON.stringify(row.system),
    unversioned: row.unversioned ? 1 : 0,
  };
}

const parsed = <T>(text: unknown): T => (text === "{}" ? {} : JSON.parse(String(text))) as T;

const decode = (raw: Raw): ObjectRow =>
  ({
    ...raw,
    headers: parsed(raw.headers),
    system: parsed(raw.system),
    unversioned: raw.unversioned === 1,
  }) as unknown as ObjectRow;

const decodeVersion = (raw: Raw): VersionRow => ({ ...decode(raw), marker: raw.marker === 1 });

/** In place: a page has ten thousand. */
function decodeListed(raw: ListedObject): ListedObject {
  raw.system = parsed(raw.system);
  return raw;
}
