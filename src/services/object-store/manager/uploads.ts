import { hexId } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Contents, Received } from "../data/contents.ts";
import { badRequest, uploadNotFound } from "../errors.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { UploadPartRow, UploadRow, UploadTable } from "../store/uploads.ts";
import type { Headers } from "./accounts.ts";
import type { ObjectAttributes, ObjectManager, PutOptions } from "./objects.ts";
import type { Stamps } from "./stamps.ts";

/** Objects that come in parts, in any order and several at once; nothing of one shows before it is completed. */
export class UploadManager {
  readonly #kernel: Kernel;
  readonly #uploads: UploadTable;
  readonly #contents: Contents;
  readonly #objects: ObjectManager;
  readonly #stamps: Stamps;

  constructor(deps: {
    kernel: Kernel;
    uploads: UploadTable;
    contents: Contents;
    objects: ObjectManager;
    stamps: Stamps;
  }) {
    this.#kernel = deps.kernel;
    this.#uploads = deps.uploads;
    this.#contents = deps.contents;
    this.#objects = deps.objects;
    this.#stamps = deps.stamps;
  }

  begin(
    container: Pick<ContainerRow, "id">,
    name: string,
    { content_type, headers, system = {} }: { content_type: string; headers: Headers; system?: object },
  ): UploadRow {
    const stamp = this.#stamps.next();
    const row: UploadRow = {
      id: hexId(),
      container: container.id,
      name,
      stamp,
      content_type,
      headers,
      system: { ...system },
    };
    this.#uploads.insert(row);
    return row;
  }

  /** Errors: 404, also where the upload is of another container or name. */
  get(container: Pick<ContainerRow, "id">, name: string, id: string): UploadRow {
    const row = this.#uploads.get(id);
    if (row === undefined || row.container !== container.id || row.name !== name) throw uploadNotFound();
    return row;
  }

  list(container: Pick<ContainerRow, "id">, after: { name: string; stamp: number }, limit: number): UploadRow[] {
    return this.#uploads.list(container.id, after, limit);
  }

  parts(upload: UploadRow, after = 0, limit = -1): UploadPartRow[] {
    return this.#uploads.parts(upload.id, after, limit);
  }

  /** Received bytes (or those of another object, shared) become a part, in the place of an earlier one. Errors: 404 for an upload that ended meanwhile. */
  putPart(
    { id }: UploadRow,
    number: number,
    bytes: { received: Received } | { of: Pick<ObjectRow, "blob" | "size" | "etag"> },
    system: object = {},
  ): UploadPartRow {
    try {
      return this.#kernel.db.transaction(() => {
        if (this.#uploads.get(id) === undefined) throw uploadNotFound();
        const before = this.#uploads.part(id, number);
        const held = this.#hold(bytes);
        const row: UploadPartRow = {
          upload: id,
          number,
          ...held,
          stamp: this.#stamps.next(),
          system: { ...system },
        };
        this.#uploads.putPart(row);
        if (before !== undefined) this.#contents.release(before.blob);
        return row;
      });
    } catch (error) {
      if ("received" in bytes) this.#contents.discard(bytes.received);
      throw error;
    }
  }

  /** A part of no bytes has a blob all the same: a part is what its row holds. */
  #hold(bytes: { received: Received } | { of: Pick<ObjectRow, "blob" | "size" | "etag"> }) {
    if ("received" in bytes) {
      const { size, md5 } = bytes.received;
      return { blob: this.#contents.keep(bytes.received) ?? this.#contents.join([]), size, etag: md5 };
    }
    const { blob, size, etag } = bytes.of;
    if (blob === null) return { blob: this.#contents.join([]), size, etag };
    this.#contents.share(blob);
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
    return this.#kernel.db.transaction(() => {
      if (this.#uploads.get(upload.id) === undefined) throw uploadNotFound();
      const parts = new Map(this.#uploads.parts(upload.id).map((part) => [part.number, part]));
      const joined = numbers.map((number) => {
        const part = parts.get(number);
        if (part === undefined) throw badRequest("One or more of the specified parts could not be found.", "InvalidPart");
        parts.delete(number);
        return part;
      });
      const { content_type, headers } = upload;
      const attributes = { content_type, headers, ...(system === undefined ? {} : { system }) };
      const row = this.#objects.put({ id: upload.container }, upload.name, { joined, etag }, attributes, options);
      for (const { blob } of parts.values()) this.#contents.release(blob);
      this.#uploads.delete(upload.id);
      return row;
    });
  }

  abort({ id }: UploadRow): void {
    this.#kernel.db.transaction(() => {
      for (const { blob } of this.#uploads.parts(id)) this.#contents.release(blob);
      this.#uploads.delete(id);
    });
  }
}
