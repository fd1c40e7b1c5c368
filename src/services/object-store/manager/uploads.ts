import { hexId } from "../../../kernel/ids/ids.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import type { Gathered } from "../data/joins.ts";
import type { Received } from "../data/receiving.ts";
import { uploadNotFound } from "../errors.ts";
import type { ContainerRow } from "../store/containers.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { UploadPartRow, UploadRow } from "../store/uploads.ts";
import type { Headers } from "./accounts.ts";
import type { Core } from "./core.ts";
import type { ObjectAttributes, ObjectManager, PutOptions } from "./objects.ts";

/** Rows of parts that are read, or removed, in one turn of the loop. */
const AT_ONCE = 200;
/** Milliseconds until what could not be removed is tried again. */
const SWEEP_AGAIN = 30_000;

/**
 * Objects that come in parts, in any order and several at once; nothing of one shows before it is completed. What is done to all of up to ten
 * thousand parts is done a few a turn, and nobody changes the upload meanwhile (`alone`).
 */
export class UploadManager {
  readonly #core: Core;
  readonly #objects: ObjectManager;
  /** Upload → what everybody else waits for. */
  readonly #busy = new Map<string, Promise<unknown>>();
  /** Uploads that ended, whose rows of parts are still there. */
  readonly #ended: string[] = [];
  #sweeping: Promise<void> | null = null;
  #isAsked = false;
  /** Whether there may be uploads whose container is gone. */
  #lost = false;
  #isOver = false;

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

  parts(upload: UploadRow, after: number, limit: number): UploadPartRow[] {
    return this.#core.uploads.parts(upload.id, after, limit);
  }

  /** All of them, read in turns. */
  async allParts({ id }: UploadRow, pause: Pause): Promise<UploadPartRow[]> {
    const all: UploadPartRow[] = [];
    for (;;) {
      const page = this.#core.uploads.parts(id, all.at(-1)?.number ?? 0, AT_ONCE);
      all.push(...page);
      if (page.length < AT_ONCE) return all;
      await pause();
    }
  }

  /** Does something to an upload which takes several turns. Others who would change it wait; they find it changed, or gone. */
  async alone<T>(id: string, body: () => Promise<T>): Promise<T> {
    await this.#free(id);
    const done = body();
    const settled = done.catch(() => {});
    this.#busy.set(id, settled);
    try {
      return await done;
    } finally {
      if (this.#busy.get(id) === settled) this.#busy.delete(id);
    }
  }

  async #free(id: string): Promise<void> {
    for (let other = this.#busy.get(id); other !== undefined; other = this.#busy.get(id)) await other;
  }

  /** Received bytes (or those of another object, shared) become a part, in the place of an earlier one. Errors: 404 for an upload that ended meanwhile. */
  async putPart(
    { id }: UploadRow,
    number: number,
    bytes: { received: Received } | { of: Pick<ObjectRow, "blob" | "size" | "etag"> },
    system: object = {},
  ): Promise<UploadPartRow> {
    try {
      await this.#free(id);
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
      return { blob: this.#core.contents.keep(bytes.received) ?? this.#core.contents.joins.empty(), size, etag: md5 };
    }
    const { blob, size, etag } = bytes.of;
    if (blob === null) return { blob: this.#core.contents.joins.empty(), size, etag };
    this.#core.contents.share(blob);
    return { blob, size, etag };
  }

  /**
   * These parts of an upload, in this order, become the object; its others are given up. Their numbers are kept: one part can be read alone.
   * To be called within `alone`, in which they were read. Errors: 404; those of `options.check`.
   */
  async complete(
    upload: UploadRow,
    { parts, unused }: { parts: readonly UploadPartRow[]; unused: readonly UploadPartRow[] },
    { etag, system, pause, ...options }: PutOptions & Pick<ObjectAttributes, "system"> & { etag: string; pause: Pause },
  ): Promise<ObjectRow> {
    const { content_type, headers } = upload;
    const attributes = { content_type, headers, ...(system === undefined ? {} : { system }) };
    const row = await this.#end(upload, [parts, unused], pause, ([gathered, others]) => {
      if (gathered === undefined) throw new Error("its parts are gathered");
      if (others !== undefined) this.#core.contents.release(others.blob);
      return this.#objects.put({ id: upload.container }, upload.name, { gathered, etag }, attributes, options);
    });
    return row;
  }

  /** Errors: 404 where it ended meanwhile. */
  abort(upload: UploadRow, pause: Pause): Promise<void> {
    return this.alone(upload.id, async () => {
      const all = await this.allParts(upload, pause);
      await this.#end(upload, [all], pause, ([gathered]) => {
        if (gathered !== undefined) this.#core.contents.release(gathered.blob);
      });
    });
  }

  /** Ends an upload in one transaction, however many parts there are: each list of them is one thing in it; undefined where it is empty. */
  async #end<T>(
    { id }: UploadRow,
    lists: readonly (readonly UploadPartRow[])[],
    pause: Pause,
    body: (gathered: readonly (Gathered | undefined)[]) => T extends Promise<unknown> ? never : T,
  ): Promise<T> {
    const { kernel, contents, uploads } = this.#core;
    const gathered: (Gathered | undefined)[] = [];
    let result: T;
    try {
      for (const list of lists) gathered.push(list.length === 0 ? undefined : await contents.joins.gather(list, pause));
      result = kernel.db.transaction(() => {
        if (uploads.get(id) === undefined) throw uploadNotFound();
        uploads.delete(id);
        return body(gathered);
      });
    } catch (error) {
      for (const one of gathered) if (one !== undefined) await contents.joins.forget(one.blob);
      throw error;
    }
    this.#ended.push(id);
    this.sweep();
    return result;
  }

  /** What uploads that ended left is removed; asked for with `containers`, those whose container is gone are aborted: in the background. */
  sweep({ containers = false } = {}): void {
    const { kernel } = this.#core;
    this.#isAsked = true;
    this.#lost ||= containers;
    if (this.#isOver) return;
    this.#sweeping ??= this.#sweep()
      .catch((error: unknown) => {
        kernel.log.named("object-store").error("what uploads leave could not be removed; later it may be", error);
        this.#isAsked = false;
        kernel.clock.after(SWEEP_AGAIN, () => this.sweep());
      })
      .finally(() => {
        this.#sweeping = null;
        if (this.#isAsked) this.sweep();
      });
  }

  async #sweep(): Promise<void> {
    const { kernel, uploads } = this.#core;
    const pause = () => kernel.turns.background();
    this.#isAsked = false;
    for (;;) {
      await pause();
      if (this.#isOver) return;
      const [id] = this.#ended;
      if (id !== undefined) {
        if (!uploads.deleteParts(id, AT_ONCE)) this.#ended.shift();
        continue;
      }
      const lost = this.#lost ? uploads.ofNoContainer() : undefined;
      this.#lost = lost !== undefined;
      if (lost === undefined) return;
      await this.abort(lost, pause);
    }
  }

  /** At a start: what a crash left of uploads that had ended. */
  async recover(): Promise<void> {
    const { kernel, uploads } = this.#core;
    for (let id = uploads.nextWithParts(""); id !== undefined && !this.#isOver; id = uploads.nextWithParts(id)) {
      if (uploads.get(id) === undefined) this.#ended.push(id);
      await kernel.turns.background();
    }
    this.sweep({ containers: true });
    await this.idle();
  }

  async idle(): Promise<void> {
    while (this.#sweeping !== null) await this.#sweeping;
  }

  /** What is left is for the next start. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.idle();
  }
}
