import type { Database } from "../../../kernel/db/database.ts";
import type { Versioning } from "../states.ts";
import type { Listed, ListQuery } from "../values/listing.ts";
import { NameListing } from "./listing.ts";

export interface ContainerRow {
  id: number;
  /** "AUTH_<project>" */
  account: string;
  name: string;
  /** When it was made, and when its metadata or the rows of its listing last changed: in units of 10 µs. */
  stamp: number;
  changed: number;
  /** Given back as they are: x-container-meta-*, x-container-read, x-versions-location, … */
  headers: Readonly<Record<string, string>>;
  /** What a dialect keeps that the other does not show: an S3 policy, lifecycle, … */
  system: Readonly<Record<string, unknown>>;
  versioning: Versioning;
  /** Of current objects. */
  object_count: number;
  /** Of current objects and older versions. */
  bytes_used: number;
}

export type ListedContainer = Pick<ContainerRow, "name" | "stamp" | "changed" | "object_count" | "bytes_used">;

type Raw = Record<string, unknown>;

/** All the SQL about containers. */
export class ContainerTable {
  readonly #db: Database;
  readonly #listing: NameListing<ListedContainer>;

  constructor(db: Database) {
    this.#db = db;
    this.#listing = new NameListing(
      db,
      "SELECT name, stamp, changed, object_count, bytes_used FROM object_containers WHERE account = @owner",
    );
  }

  insert(row: Pick<ContainerRow, "account" | "name" | "stamp" | "headers" | "system" | "versioning">): ContainerRow {
    const { lastInsertRowid } = this.#db
      .prepare(
        `INSERT INTO object_containers (account, name, stamp, changed, headers, system, versioning)
         VALUES (@account, @name, @stamp, @stamp, @headers, @system, @versioning)`,
      )
      .run({ ...row, headers: JSON.stringify(row.headers), system: JSON.stringify(row.system) });
    return { ...row, id: Number(lastInsertRowid), changed: row.stamp, object_count: 0, bytes_used: 0 };
  }

  get(account: string, name: string): ContainerRow | undefined {
    return decode(
      this.#db
        .prepare<[string, string], Raw>("SELECT * FROM object_containers WHERE account = ? AND name = ?")
        .get(account, name),
    );
  }

  byId(id: number): ContainerRow | undefined {
    return decode(this.#db.prepare<[number], Raw>("SELECT * FROM object_containers WHERE id = ?").get(id));
  }

  /** In whatever account: names of buckets are one for all. The oldest, where Swift's clients made several. */
  named(name: string): ContainerRow | undefined {
    return decode(
      this.#db
        .prepare<[string], Raw>("SELECT * FROM object_containers WHERE name = ? ORDER BY stamp, id LIMIT 1")
        .get(name),
    );
  }

  /** Those whose `system` has something at a path of JSON ("$.s3.lifecycle"). */
  withSetting(path: string): ContainerRow[] {
    return this.#db
      .prepare<[string], Raw>("SELECT * FROM object_containers WHERE json_extract(system, ?) IS NOT NULL ORDER BY id")
      .all(path)
      .map((raw) => decode(raw) as ContainerRow);
  }

  update(id: number, row: Pick<ContainerRow, "changed" | "headers" | "system" | "versioning">): void {
    this.#db
      .prepare(
        "UPDATE object_containers SET changed = @changed, headers = @headers, system = @system, versioning = @versioning WHERE id = @id",
      )
      .run({ ...row, id, headers: JSON.stringify(row.headers), system: JSON.stringify(row.system) });
  }

  /** Counts what came (or, below zero, went). */
  add(id: number, objects: number, bytes: number): void {
    this.#db
      .prepare("UPDATE object_containers SET object_count = object_count + ?, bytes_used = bytes_used + ? WHERE id = ?")
      .run(objects, bytes, id);
  }

  delete(id: number): void {
    this.#db.prepare("DELETE FROM object_containers WHERE id = ?").run(id);
  }

  list(account: string, query: ListQuery): Listed<ListedContainer>[] {
    return this.#listing.list(account, query);
  }
}

function decode(raw: Raw | undefined): ContainerRow | undefined {
  if (raw === undefined) return undefined;
  const { headers, system } = raw;
  return {
    ...raw,
    headers: parsed(headers),
    system: parsed(system),
  } as unknown as ContainerRow;
}

/** Most have nothing of their own. */
const parsed = (text: unknown): unknown => (text === "{}" ? {} : JSON.parse(String(text)));
