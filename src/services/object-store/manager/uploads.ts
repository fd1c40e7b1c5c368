import { hexId } from "../../../kernel/ids/ids.ts";
import type { Received } from "../data/contents.ts";
import { badRequest, uploadNotFound } from "../errors.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { UploadPartRow, UploadRow } from "../store/uploads.ts";
import type { Headers } from "./accounts.ts";
import type { Core } from "./core.ts";
import type { ObjectAttributes, ObjectManager, PutOptions } from "./objects.ts";

/** Objects that come in parts, in any order and several at once; nothing of one shows before it is completed. */
export class UploadManager {
  readonly #core: Core;
  readonly #objects: ObjectManager;

  constructor(core: Core, objects: ObjectManager) {
    this.#core = core;
    this.#objects = objects;
  }

  begin(
    container: Pick<ContainerRow, "id">,
    name: string,
    { content_type, headers, system = {} }: { content_type: string; headers: Headers; system?: object },
  ): UploadRow {
    const stamp = this.#core.stamps.next();
    const row: UploadRow = {
      id: hexId(),
      container: container.id,
      name,
      stamp,
      content_type,
      headers,
      system: { ...system },
    };
    this.#core.uploads.insert(row);
    return row;
  }

  /** Errors: 404, also where the upload is of another container or name. */
  get(container: Pick<ContainerRow, "id">, name: string, id: string): UploadRow {
    const row = this.#core.uploads.get(id);
    if (row === undefined || row.container !== container.id || row.name !== name) throw uploadNotFound();
    return row;
  }

  list(container: Pick<ContainerRow, "id">, after: { name: string; stamp: number }, limit: number): UploadRow[] {
    return this.#core.uploads.list(container.id, after, limit);
  }

  parts(upload: UploadRow, after = 0, limit = -1): UploadPartRow[] {
    return this.#core.uploads.parts(upload.id, after, limit);
  }

  /** Received bytes (or those of another object, shared) become a part, in the place of an earlier one. Errors: 404 for an upload that ended meanwhile. */
  putPart(
    { id }: UploadRow,
    number: number,
    bytes: { received: Received } | { of: Pick<ObjectRow, "blob" | "size" | "etag"> },
    system: object = {},
  ): UploadPartRow {
    try {
      return this.#core.kernel.db.transaction(() => {
        if (this.#core.uploads.get(id) === undefined) throw uploadNotFound();
        const before = this.#core.uploads.part(id, number);
        const held = this.#hold(bytes);
        const row: UploadPartRow = {
          upload: id,
          number,
          ...held,
          stamp: this.#core.stamps.next(),
          system: { ...system },
        };
        this.#core.uploads.putPart(row);
        if (before !== undefined) this.#core.contents.release(before.blob);
        return row;
      });
    } catch (error) {
      if ("received" in bytes) this.#core.contents.discard(bytes.received);
      throw error;
    }
  }

  /** A part of no bytes has a blob all the same: a part is what its row holds. */
  #hold(bytes: { received: Received } | { of: Pick<ObjectRow, "blob" | "size" | "etag"> }) {
    if ("received" in bytes) {
      const { size, md5 } = bytes.received;
      return { blob: this.#core.contents.keep(bytes.received) ?? this.#core.contents.join([]), size, etag: md5 };
    }
    const { blob, size, etag } = bytes.of;
    if (blob === null) return { blob: this.#core.contents.join([]), size, etag };
    this.#core.contents.share(blob);
    return { blob, size, etag };
  }

  /**
   * The parts named, in this order, become the object; the others are given up. Their numbers are kept: one part can be read alone.
   * Errors: 404; 400 for a part that is not there; those of `options.check`.
   */
  complete(
    upload: UploadRow,
    numbers: readonly number[],
    etag: string,
    system: ObjectAttributes["system"],
    options: PutOptions = {},
  ): ObjectRow {
    return this.#core.kernel.db.transaction(() => {
      if (this.#core.uploads.get(upload.id) === undefined) throw uploadNotFound();
      const parts = new Map(this.#core.uploads.parts(upload.id).map((part) => [part.number, part]));
      const joined = numbers.map((number) => {
        const part = parts.get(number);
        if (part === undefined)
          throw badRequest("One or more of the specified parts could not be found.", "InvalidPart");
        parts.delete(number);
        return part;
      });
      const { content_type, headers } = upload;
      const attributes = { content_type, headers, ...(system === undefined ? {} : { system }) };
      const row = this.#objects.put({ id: upload.container }, upload.name, { joined, etag }, attributes, options);
      for (const { blob } of parts.values()) this.#core.contents.release(blob);
      this.#core.uploads.delete(upload.id);
      return row;
    });
  }

  abort({ id }: UploadRow): void {
    this.#core.kernel.db.transaction(() => {
      for (const { blob } of this.#core.uploads.parts(id)) this.#core.contents.release(blob);
      this.#core.uploads.delete(id);
    });
  }
}
