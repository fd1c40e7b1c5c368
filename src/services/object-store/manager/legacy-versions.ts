import { preconditionFailed } from "../errors.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import { isSubdir } from "../values/listing.ts";
import { timestampOf } from "../values/stamps.ts";
import type { ContainerManager } from "./containers.ts";
import type { Core } from "./core.ts";
import type { ObjectManager } from "./objects.ts";

const MARKER = "application/x-deleted;swift_versions_deleted=1";

/**
 * X-Versions-Location and X-History-Location, Swift's older ways to keep versions: what is overwritten is copied to another container under
 * "<length of the name, three hexadecimal digits><name>/<timestamp>". The bytes are shared, so a copy costs a row.
 */
export class LegacyVersions {
  readonly #core: Core;
  readonly #containers: ContainerManager;
  readonly #objects: ObjectManager;

  constructor(core: Core, containers: ContainerManager, objects: ObjectManager) {
    this.#core = core;
    this.#containers = containers;
    this.#objects = objects;
  }

  /** In the transaction of what takes its place. Errors: 412 where the container of versions is not there. */
  archive(container: ContainerRow, current: ObjectRow | undefined): void {
    const location = locationOf(container);
    // A manifest's bytes are elsewhere: its copy would change with them.
    if (location === null || current === undefined || current.headers["x-object-manifest"] !== undefined) return;
    const to = this.#containerOf(container, location.name);
    this.#objects.put(to, `${prefixOf(current.name)}${timestampOf(current.stamp)}`, { of: current }, current);
  }

  /** True: it has done the delete. "stack": the last version is the object again; "history": it is kept, with a sign of the delete. */
  delete(container: ContainerRow, name: string, check: (current: ObjectRow | undefined) => void): boolean {
    const location = locationOf(container);
    if (location === null) return false;
    return this.#core.kernel.db.transaction(() => {
      const current = this.#objects.get(container.id, name);
      check(current);
      const to = this.#containerOf(container, location.name);
      if (location.mode === "history") {
        this.archive(container, current);
        const stamp = timestampOf(this.#core.stamps.next(current?.stamp));
        const nothing = { blob: null, size: 0, etag: "d41d8cd98f00b204e9800998ecf8427e" };
        this.#objects.put(to, `${prefixOf(name)}${stamp}`, { of: nothing }, { content_type: MARKER, headers: {} });
        return false;
      }
      return this.#restore(container, name, to);
    });
  }

  #restore(container: ContainerRow, name: string, from: ContainerRow): boolean {
    const listed = this.#containers.list(from, { limit: 2, prefix: prefixOf(name), reverse: true });
    for (const entry of listed) {
      if (isSubdir(entry)) continue;
      const version = this.#objects.get(from.id, entry.name);
      if (version === undefined) continue;
      if (version.content_type === MARKER) {
        this.#objects.delete(from, entry.name);
        continue;
      }
      this.#objects.put(container, name, { of: version }, version);
      this.#objects.delete(from, entry.name);
      return true;
    }
    return false;
  }

  #containerOf({ account }: ContainerRow, name: string): ContainerRow {
    const container = this.#containers.get(account, name);
    if (container === undefined) throw preconditionFailed();
    return container;
  }
}

function locationOf({ headers }: ContainerRow): { name: string; mode: "stack" | "history" } | null {
  const stack = headers["x-versions-location"];
  const history = headers["x-history-location"];
  if (stack !== undefined) return { name: unquoted(stack), mode: "stack" };
  return history === undefined ? null : { name: unquoted(history), mode: "history" };
}

function unquoted(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const prefixOf = (name: string): string => `${Buffer.byteLength(name).toString(16).padStart(3, "0")}${name}/`;
