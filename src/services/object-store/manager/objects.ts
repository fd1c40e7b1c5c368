import type { Gathered } from "../data/joins.ts";
import type { Received } from "../data/receiving.ts";
import { containerNotFound, objectNotFound, versionNotFound } from "../errors.ts";
import type { SystemData } from "../states.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow, VersionRow } from "../store/objects.ts";
import { SYNC_TO } from "../values/sync.ts";
import type { Headers } from "./accounts.ts";
import type { Core } from "./core.ts";
import { checkQuotas } from "./quotas.ts";
import { requireUnlocked } from "./s3/object-lock.ts";

export interface ObjectAttributes {
  content_type: string;
  headers: Headers;
  system?: SystemData;
  delete_at?: number | null;
  /** Where it is not the md5 of the bytes. */
  etag?: string;
}

export interface PutOptions {
  /** Sees what has the name at the moment of the change; throws to let it be. */
  check?(current: ObjectRow | undefined): void;
  /** Who may exceed quotas. */
  unlimited?: boolean;
  /** When it was put where it comes from. The current one is older. */
  stamp?: number;
}

const EXPIRED_AT_ONCE = 50;

/** What a delete took away; where versions are kept, the marker of it. */
export interface Deleted {
  deleted: ObjectRow | undefined;
  marker: VersionRow | null;
}

/** Where the bytes of a put come from: received, or those of another object (a copy, without moving them), or blobs joined to one. */
export type Bytes =
  | { received: Received }
  | { of: Pick<ObjectRow, "blob" | "size" | "etag"> }
  | { gathered: Gathered; etag: string };

/**
 * Objects by their names. Every change is one transaction: the row, its bytes, what becomes of the one before, the counts of container
 * and account. Bytes are received before it (Contents.receive), so that nothing waits inside.
 */
export class ObjectManager {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Undefined for one that has expired, too. */
  get(container: number, name: string): ObjectRow | undefined {
    const row = this.#core.objects.get(container, name);
    return row === undefined || this.#hasExpired(row) ? undefined : row;
  }

  /** Current or older, or the marker of a delete; by its stamp, or S3's "null". Errors: 404. */
  version(container: number, name: string, stamp: number | "null"): VersionRow {
    const { objects } = this.#core;
    const current = objects.get(container, name);
    if (current !== undefined && (stamp === "null" ? current.unversioned : current.stamp === stamp))
      return { ...current, marker: false };
    const older =
      stamp === "null" ? objects.newestVersion(container, name, true) : objects.version(container, name, stamp);
    if (older === undefined) throw versionNotFound();
    return older;
  }

  /** What an earlier check allowed may not be allowed any more: `check` is asked in the transaction. Errors: those of `check`, 404, 413 (quota). */
  put(
    container: Pick<ContainerRow, "id">,
    name: string,
    bytes: Bytes,
    attributes: ObjectAttributes,
    options: PutOptions = {},
  ): ObjectRow {
    const { kernel, contents } = this.#core;
    try {
      return kernel.db.transaction(() => this.#put(container.id, name, bytes, attributes, options));
    } catch (error) {
      if ("received" in bytes) contents.discard(bytes.received);
      throw error;
    }
  }

  /** The same, in one transaction with what others put or delete at this moment. */
  async putTogether(
    container: Pick<ContainerRow, "id">,
    name: string,
    received: Received,
    attributes: ObjectAttributes,
    options: PutOptions = {},
  ): Promise<ObjectRow> {
    const { kernel, contents } = this.#core;
    try {
      return await kernel.db.together(() => this.#put(container.id, name, { received }, attributes, options));
    } catch (error) {
      contents.discard(received);
      throw error;
    }
  }

  #put(id: number, name: string, bytes: Bytes, attributes: ObjectAttributes, options: PutOptions): ObjectRow {
    const { objects, stamps } = this.#core;
    // Deleted while the bytes came.
    const container = this.#present(id);
    const current = objects.get(id, name);
    options.check?.(current === undefined || this.#hasExpired(current) ? undefined : current);
    const { blob, size, etag } = this.#hold(bytes);
    if (options.unlimited !== true) checkQuotas(this.#core.accounts.get(container.account), container, size);
    const stamp = options.stamp ?? stamps.next(this.#newestStamp(container, name, current));
    const row: ObjectRow = {
      container: id,
      name,
      stamp,
      posted: stamp,
      size,
      etag: attributes.etag ?? etag,
      content_type: attributes.content_type,
      blob,
      headers: attributes.headers,
      system: attributes.system ?? {},
      delete_at: attributes.delete_at ?? null,
      unversioned: container.versioning !== "enabled",
    };
    const kept = current !== undefined && this.#setAside(container, current);
    objects.put(row);
    const before = kept || current === undefined ? 0 : current.size;
    this.#count(container, current === undefined ? 1 : 0, size - before);
    this.#noteForSync(container, name);
    return row;
  }

  #hold(bytes: Bytes): { blob: number | null; size: number; etag: string } {
    const { contents } = this.#core;
    if ("received" in bytes) {
      const { size, md5 } = bytes.received;
      return { blob: contents.keep(bytes.received), size, etag: md5 };
    }
    if ("of" in bytes) {
      const { blob, size, etag } = bytes.of;
      contents.share(blob);
      return { blob, size, etag };
    }
    contents.joins.keep(bytes.gathered);
    return { ...bytes.gathered, etag: bytes.etag };
  }

  /** What had the name becomes an older version, or goes. True: it is kept. */
  #setAside(container: ContainerRow, current: ObjectRow): boolean {
    const { objects, contents } = this.#core;
    const { versioning } = container;
    if (versioning === "suspended") this.#dropUnversioned(container, current.name);
    if (versioning === "enabled" || (versioning === "suspended" && !current.unversioned)) {
      objects.putVersion({ ...current, marker: false });
      return true;
    }
    contents.release(current.blob);
    return false;
  }

  /** S3 knows one version "null" of a name at most. */
  #dropUnversioned(container: ContainerRow, name: string): void {
    const { objects, contents } = this.#core;
    const older = objects.newestVersion(container.id, name, true);
    if (older === undefined) return;
    objects.deleteVersion(container.id, name, older.stamp);
    contents.release(older.blob);
    this.#count(container, 0, -older.size);
  }

  /** Other headers in the place of those there are (but for what only a put sets). Errors: 404. */
  post(container: number, name: string, change: (current: ObjectRow) => Partial<ObjectAttributes>): ObjectRow {
    const { kernel, objects, stamps } = this.#core;
    return kernel.db.transaction(() => {
      const current = this.get(container, name);
      if (current === undefined) throw objectNotFound();
      const row = { ...current, ...change(current), posted: stamps.next(current.posted) };
      objects.put(row);
      return row;
    });
  }

  /** What a dialect keeps of an object or version, without that its times change. Errors: 404. */
  setSystem(row: ObjectRow, system: SystemData): void {
    const { kernel, objects } = this.#core;
    kernel.db.transaction(() => {
      const version = this.version(row.container, row.name, row.stamp);
      const { marker, ...current } = { ...version, system };
      if (objects.get(row.container, row.name)?.stamp === row.stamp) objects.put(current);
      else {
        objects.deleteVersion(row.container, row.name, row.stamp);
        objects.putVersion({ ...current, marker });
      }
    });
  }

  /**
   * Takes the object away; where versions are kept, that is written down by a marker. Answers what was there, and the marker.
   * Nothing there is no error here: see what comes back.
   */
  delete(container: Pick<ContainerRow, "id">, name: string, options: Pick<PutOptions, "check"> = {}): Deleted {
    return this.#core.kernel.db.transaction(() => this.#delete(container.id, name, options));
  }

  /** The same, in one transaction with what others put or delete at this moment. */
  deleteTogether(
    container: Pick<ContainerRow, "id">,
    name: string,
    options: Pick<PutOptions, "check"> = {},
  ): Promise<Deleted> {
    return this.#core.kernel.db.together(() => this.#delete(container.id, name, options));
  }

  #delete(id: number, name: string, options: Pick<PutOptions, "check">): Deleted {
    const { objects, contents } = this.#core;
    const present = this.#present(id);
    const row = objects.get(present.id, name);
    options.check?.(row === undefined || this.#hasExpired(row) ? undefined : row);
    if (row !== undefined) {
      const kept = present.versioning !== "off" && this.#setAside(present, row);
      if (present.versioning === "off") contents.release(row.blob);
      objects.delete(present.id, name);
      this.#count(present, -1, kept ? 0 : -row.size);
      this.#noteForSync(present, name);
    }
    const marker = present.versioning === "off" ? null : this.#mark(present, name, row);
    return { deleted: row === undefined || this.#hasExpired(row) ? undefined : row, marker };
  }

  #mark(container: ContainerRow, name: string, current: ObjectRow | undefined): VersionRow {
    const { objects, stamps } = this.#core;
    if (container.versioning === "suspended") this.#dropUnversioned(container, name);
    const stamp = stamps.next(this.#newestStamp(container, name, current));
    const marker: VersionRow = {
      container: container.id,
      name,
      stamp,
      posted: stamp,
      size: 0,
      etag: "d41d8cd98f00b204e9800998ecf8427e",
      content_type: "application/x-deleted;swift_versions_deleted=1",
      blob: null,
      headers: {},
      system: {},
      delete_at: null,
      unversioned: container.versioning !== "enabled",
      marker: true,
    };
    objects.putVersion(marker);
    return marker;
  }

  /**
   * One version for good. If it was the current one, the newest that is left takes its place.
   * Errors: 404; 403 while S3's lock holds it, whatever dialect asks. `bypass`: who may pass over a lock of GOVERNANCE.
   */
  deleteVersion(
    container: Pick<ContainerRow, "id">,
    name: string,
    stamp: number | "null",
    { bypass = false }: { bypass?: boolean } = {},
  ): VersionRow {
    const { kernel, objects, contents } = this.#core;
    return kernel.db.transaction(() => {
      const present = this.#present(container.id);
      const version = this.version(present.id, name, stamp);
      requireUnlocked(version, kernel.clock.now(), bypass);
      const current = objects.get(present.id, name);
      const isCurrent = current?.stamp === version.stamp;
      if (isCurrent) objects.delete(present.id, name);
      else objects.deleteVersion(present.id, name, version.stamp);
      contents.release(version.blob);
      this.#count(present, isCurrent ? -1 : 0, -version.size);
      if (isCurrent || current === undefined) this.#promote(present, name);
      return version;
    });
  }

  /** The newest version is the current one, unless it is the marker of a delete. */
  #promote(container: ContainerRow, name: string): void {
    const { objects } = this.#core;
    const newest = objects.newestVersion(container.id, name);
    if (newest === undefined || newest.marker) return;
    const { marker: _, ...row } = newest;
    objects.deleteVersion(container.id, name, newest.stamp);
    objects.put(row);
    this.#count(container, 1, 0);
  }

  /** Makes an older version the current one again (Swift's PUT ?version-id=), as a new one. Errors: 404. */
  restore(container: Pick<ContainerRow, "id">, name: string, stamp: number): ObjectRow {
    const version = this.version(container.id, name, stamp);
    if (version.marker) throw objectNotFound();
    return this.put(container, name, { of: version }, version);
  }

  /** Takes away what has expired, as much as fits into one turn of the loop. True: there may be more. */
  expire(limit = EXPIRED_AT_ONCE): boolean {
    const expired = this.#core.objects.expired(this.#core.stamps.seconds(), limit);
    for (const { container, name } of expired) {
      const row = this.#core.objects.get(container, name);
      if (row !== undefined && this.#hasExpired(row)) this.delete({ id: container }, name);
    }
    return expired.length === limit;
  }

  #hasExpired({ delete_at }: ObjectRow): boolean {
    return delete_at !== null && delete_at <= this.#core.stamps.seconds();
  }

  #newestStamp({ id, versioning }: ContainerRow, name: string, current: ObjectRow | undefined): number {
    const newest = versioning === "off" ? 0 : (this.#core.objects.newestVersion(id, name)?.stamp ?? 0);
    return Math.max(newest, current?.stamp ?? 0);
  }

  #count({ id, account }: ContainerRow, objects: number, bytes: number): void {
    if (objects === 0 && bytes === 0) return;
    this.#core.containers.add(id, objects, bytes);
    this.#core.accounts.add(account, 0, objects, bytes);
  }

  #noteForSync({ id, headers }: ContainerRow, name: string): void {
    if (headers[SYNC_TO] !== undefined) this.#core.syncQueue.add(id, name);
  }

  #present(id: number): ContainerRow {
    const container = this.#core.containers.byId(id);
    if (container === undefined) throw containerNotFound();
    return container;
  }
}
