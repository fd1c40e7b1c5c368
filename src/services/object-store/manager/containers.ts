import { containerNotEmpty, containerNotFound, s3Error } from "../errors.ts";
import type { Versioning } from "../states.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ListedObject } from "../store/objects.ts";
import type { Listed, ListQuery } from "../values/listing.ts";
import { SYNC_TO } from "../values/sync.ts";
import { type AccountManager, changed, type Headers } from "./accounts.ts";
import type { Core } from "./core.ts";
import { bucketSettings } from "./s3/settings-of-buckets.ts";
import type { UploadManager } from "./uploads.ts";

export interface ContainerChanges {
  headers?: Headers;
  /** Merged into what is there; undefined values remove. */
  system?: Readonly<Record<string, unknown>>;
  versioning?: Versioning;
  /** Sees the headers as they would be. */
  check?(headers: Headers, current: ContainerRow | undefined): void;
}

/** Containers; S3 calls them buckets. */
export class ContainerManager {
  readonly #core: Core;
  readonly #accounts: AccountManager;
  readonly #uploads: UploadManager;

  constructor(core: Core, accounts: AccountManager, uploads: UploadManager) {
    this.#core = core;
    this.#accounts = accounts;
    this.#uploads = uploads;
  }

  get(account: string, name: string): ContainerRow | undefined {
    return this.#core.containers.get(account, name);
  }

  byId(id: number): ContainerRow | undefined {
    return this.#core.containers.byId(id);
  }

  /** In whatever account. */
  named(name: string): ContainerRow | undefined {
    return this.#core.containers.named(name);
  }

  /** Makes it, or changes what is there. */
  put(account: string, name: string, changes: ContainerChanges = {}): { container: ContainerRow; created: boolean } {
    const { kernel, accounts, containers, stamps } = this.#core;
    return kernel.db.transaction(() => {
      this.#accounts.ensure(account);
      const current = containers.get(account, name);
      if (current !== undefined) return { container: this.#change(current, changes), created: false };
      const { headers = {}, system = {}, versioning = "off" } = changes;
      const kept = changed({}, headers);
      changes.check?.(kept, undefined);
      const container = containers.insert({ account, name, stamp: stamps.next(), headers: kept, system, versioning });
      accounts.add(account, 1, 0, 0);
      return { container, created: true };
    });
  }

  /** Errors: 404. */
  post(account: string, name: string, changes: ContainerChanges): ContainerRow {
    const { kernel, containers } = this.#core;
    return kernel.db.transaction(() => {
      const current = containers.get(account, name);
      if (current === undefined) throw containerNotFound();
      return this.#change(current, changes);
    });
  }

  #change(current: ContainerRow, changes: ContainerChanges): ContainerRow {
    const headers = changed(current.headers, changes.headers ?? {});
    changes.check?.(headers, current);
    // A lock is of versions: without new ones nothing would be locked.
    if (changes.versioning === "suspended" && bucketSettings(current).lock !== undefined)
      throw s3Error("InvalidBucketState");
    const next = {
      ...current,
      headers,
      system: { ...current.system, ...changes.system },
      versioning: changes.versioning ?? current.versioning,
      changed: this.#core.stamps.next(current.changed),
    };
    this.#core.containers.update(current.id, next);
    if (headers[SYNC_TO] !== current.headers[SYNC_TO]) this.#core.syncQueue.addAll(current.id);
    return next;
  }

  /** Errors: 404, 409 while anything is in it. */
  delete(account: string, name: string): void {
    const { kernel, accounts, containers, objects } = this.#core;
    kernel.db.transaction(() => {
      const current = containers.get(account, name);
      if (current === undefined) throw containerNotFound();
      if (objects.hasObjects(current.id) || objects.hasVersions(current.id)) throw containerNotEmpty();
      containers.delete(current.id);
      this.#core.syncQueue.clear(current.id);
      accounts.add(account, -1, 0, 0);
    });
    // Parts of uploads that nobody completed go with it.
    this.#uploads.sweep({ containers: true });
  }

  hasVersions(container: ContainerRow): boolean {
    return this.#core.objects.hasVersions(container.id);
  }

  list(container: ContainerRow, query: ListQuery): Listed<ListedObject>[] {
    return this.#core.objects.list(container.id, query);
  }
}
