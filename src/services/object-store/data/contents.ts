import { type Chunks, IncomingFile } from "../../../kernel/bytes/incoming-file.ts";
import { collected } from "../../../kernel/http/byte-source.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { clientGone, contentTooLarge, notStored } from "../errors.ts";
import type { BlobRow, BlobTable } from "../store/blobs.ts";
import type { BlobFiles } from "./blob-files.ts";
import { Joins } from "./joins.ts";
import { type OpenContent, openParts } from "./open-content.ts";
import { BlobInMaking, inline, joined, type Received, type ReceiveOptions, storageError } from "./receiving.ts";

/**
 * Up to here bytes are kept in the database, where one sync of its log serves everybody; above, in a file of their own.
 */
export const INLINE_LIMIT = 32 * 1024;

/** Parts that are given up in one turn of the loop. */
const PARTS_AT_ONCE = 100;

/** Milliseconds until what could not be removed is tried again. */
const RECLAIM_AGAIN = 30_000;

/**
 * Bytes: taken in, read, shared and given up. A blob is written once and never changed; objects, versions and parts of uploads hold it by
 * a count (`refs`), so a copy costs no bytes. What nobody holds any more is trash, and is removed once that is durable and nobody reads it.
 */
export class Contents {
  readonly #kernel: Kernel;
  readonly #blobs: BlobTable;
  readonly #files: BlobFiles;
  /** Blob → how many read it now. */
  readonly #readers = new Map<number, number>();
  #reclaiming: Promise<void> | null = null;
  #again = false;
  /** The last blob there was at the start. */
  #before = 0;
  readonly #discarding = new Set<Promise<void>>();
  readonly joins: Joins;

  constructor(kernel: Kernel, blobs: BlobTable, files: BlobFiles) {
    this.#kernel = kernel;
    this.#blobs = blobs;
    this.#files = files;
    this.joins = new Joins(kernel, blobs);
  }

  /**
   * Takes a stream in with constant memory; nothing is left of it on an error.
   * Errors: 413 (limit), 499 (the client went away or sent less than it announced), 507 (disk full).
   */
  async receive(source: Chunks, options: ReceiveOptions): Promise<Received> {
    const { expected = null, limit, sums = [] } = options;
    if (expected !== null && expected > limit) throw contentTooLarge();
    const pieces: Uint8Array[] = [];
    let size = 0;
    let file: BlobInMaking | null = null;
    try {
      for await (const chunk of source) {
        size += chunk.byteLength;
        if (size > limit) throw contentTooLarge();
        if (file !== null) {
          const full = file.bytes.add(chunk);
          if (full !== undefined) await full;
          continue;
        }
        pieces.push(chunk);
        if (size <= INLINE_LIMIT) continue;
        file = await this.#create(source.given, sums);
        for (const piece of pieces.splice(0)) await file.bytes.add(piece);
      }
      if (expected !== null && expected !== size) throw clientGone();
      if (file === null) return inline(joined(pieces), sums);
      const { md5 = "", ...others } = await file.finish();
      return { size, md5, sums: others, bytes: null, blob: file.id };
    } catch (error) {
      if (file !== null) await this.#drop(file);
      throw storageError(error);
    }
  }

  /** Bytes that are at hand. */
  async receiveBytes(bytes: Uint8Array): Promise<Received> {
    if (bytes.byteLength <= INLINE_LIMIT) return inline(bytes, []);
    return this.receive([bytes] as unknown as AsyncIterable<Uint8Array>, { limit: bytes.byteLength });
  }

  /** What a file holds, whose md5 is known: under a further name, or as a copy that is not looked at again. Errors: 507. */
  async adopt(path: string, { size, md5 }: { size: number; md5: string }): Promise<Received> {
    const id = this.#blobs.insert({ kind: "file", state: "incoming", size: 0, md5: "", refs: 0 });
    try {
      await this.#kernel.db.durable();
      await this.#files.adopt(id, path);
      return { size, md5, sums: {}, bytes: null, blob: id };
    } catch (error) {
      this.discard({ blob: id });
      throw storageError(error);
    }
  }

  /** In the transaction that writes the row which holds it. Null: it has no bytes. */
  keep({ size, md5, bytes, blob }: Received): number | null {
    if (blob !== null) {
      this.#blobs.keep(blob, size, md5, this.#kernel.clock.now());
      return blob;
    }
    if (bytes === null || size === 0) return null;
    return this.#blobs.insert({ kind: "inline", state: "kept", size, md5, refs: 1 }, bytes);
  }

  /** What was received is not wanted after all. */
  discard({ blob }: Pick<Received, "blob">): void {
    if (blob === null || this.#blobs.get(blob)?.state !== "incoming") return;
    const discarding = this.#discard(blob).finally(() => this.#discarding.delete(discarding));
    this.#discarding.add(discarding);
  }

  /** The file goes first: where the disk is full, its room is what the change of the row waits for. */
  async #discard(blob: number): Promise<void> {
    await this.#files.remove(blob).catch(() => {});
    this.#kernel.eventually.write(`the bytes of blob ${blob}`, () => this.#blobs.setState(blob, "trash"));
    this.#reclaim();
  }

  /** One more holds it. In a transaction. */
  share(blob: number | null): void {
    if (blob !== null) this.#blobs.addRefs(blob, 1);
  }

  /** One holds it no more. In a transaction; the space is free some time after it. */
  release(blob: number | null): void {
    if (blob === null) return;
    const row = this.#blobs.get(blob);
    if (row === undefined) return;
    if (row.refs > 1) {
      this.#blobs.addRefs(blob, -1);
      return;
    }
    if (row.kind === "inline" && !this.#readers.has(blob)) {
      this.#blobs.delete(blob);
      return;
    }
    this.#blobs.setState(blob, "trash");
    this.#kernel.db.afterCommit(() => this.#reclaim());
  }

  /** The bytes of a small one at once; undefined for others. */
  inline(blob: number): Uint8Array | undefined {
    const row = this.#blobs.bytes(blob);
    if (row?.state === "damaged") throw notStored();
    return row?.bytes ?? undefined;
  }

  /** All of it in memory: for manifests, whose size has a limit. */
  async all(blob: number | null): Promise<Uint8Array> {
    if (blob === null) return new Uint8Array();
    const open = await this.open(blob);
    try {
      return await collected(open.range(0, open.size).chunks());
    } finally {
      await open.close();
    }
  }

  parts(blob: number) {
    return this.#blobs.parts(blob);
  }

  /** Opens for reading; whatever happens to the object meanwhile, its bytes stay until `close`. Errors: 404, if the file is not as it was put. */
  async open(blob: number): Promise<OpenContent> {
    const pinned = this.#pin(blob);
    try {
      const row = this.#blobs.get(blob);
      if (row === undefined || row.state === "damaged") throw notStored();
      const parts = row.kind === "parts" ? this.#blobs.spans(blob) : [{ part: blob, start: 0, size: row.size }];
      return await openParts(parts, {
        inline: (id) => this.inline(id),
        file: (id) => this.#files.open(id),
        done: () => this.#unpin(pinned),
      });
    } catch (error) {
      this.#unpin(pinned);
      throw (error as NodeJS.ErrnoException).code === "ENOENT" ? notStored() : error;
    }
  }

  #pin(blob: number): readonly number[] {
    this.#readers.set(blob, (this.#readers.get(blob) ?? 0) + 1);
    return [blob];
  }

  #unpin(blobs: readonly number[]): void {
    for (const blob of blobs) {
      const left = (this.#readers.get(blob) ?? 1) - 1;
      if (left > 0) this.#readers.set(blob, left);
      else {
        this.#readers.delete(blob);
        if (this.#blobs.get(blob)?.state === "trash") this.#reclaim();
      }
    }
  }

  /** At a start, before anybody asks: what is on its way in by now is what a crash left. */
  prepare(): void {
    this.#before = this.#blobs.lastId();
  }

  /** At a start, while clients may be sending already: what was half received is gone, what was given up is removed. */
  async recover(): Promise<void> {
    for (const { id, kind } of this.#pages("incoming")) {
      if (id > this.#before) break;
      if (kind === "parts") await this.joins.forget(id);
      else this.#blobs.setState(id, "trash");
    }
    this.#reclaim();
    await this.idle();
  }

  /** Once what was given up by now is removed. */
  async idle(): Promise<void> {
    await Promise.all(this.#discarding);
    while (this.#reclaiming !== null) await this.#reclaiming;
  }

  #reclaim(): void {
    this.#again = true;
    this.#reclaiming ??= this.#reclaimAll()
      .catch((error: unknown) => {
        this.#kernel.log.named("swift").error("space of objects could not be given back; later it may be", error);
        this.#kernel.clock.after(RECLAIM_AGAIN, () => this.#reclaim());
      })
      .finally(() => {
        this.#reclaiming = null;
      });
  }

  async #reclaimAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      // Not before it is durable that nobody holds it: a power cut could bring the holder back.
      await this.#kernel.db.durable();
      for (const row of this.#pages("trash")) {
        if (this.#readers.has(row.id)) continue;
        // There may be any number.
        await this.#kernel.turns.background();
        await this.#remove(row);
      }
    }
  }

  async #remove({ id, kind }: BlobRow): Promise<void> {
    if (kind === "file") await this.#files.remove(id);
    if (kind === "parts") await this.#releaseParts(id);
    this.#kernel.eventually.write(`the removal of blob ${id}`, () =>
      this.#kernel.db.transaction(() => {
        for (const { part } of kind === "parts" ? this.#blobs.parts(id) : []) this.release(part);
        this.#blobs.deleteParts(id);
        this.#blobs.delete(id);
      }),
    );
  }

  /** All but the last few of what may be ten thousand. A crash in between leaves trash with fewer parts. */
  async #releaseParts(id: number): Promise<void> {
    for (;;) {
      const parts = this.#blobs.parts(id, 0, PARTS_AT_ONCE);
      const last = parts.at(-1);
      if (last === undefined || parts.length < PARTS_AT_ONCE) return;
      this.#kernel.db.transaction(() => {
        for (const { part } of parts) this.release(part);
        this.#blobs.deleteParts(id, last.number);
      });
      await this.#kernel.turns.background();
    }
  }

  *#pages(state: "incoming" | "trash"): Generator<BlobRow> {
    let after = 0;
    for (;;) {
      const page = this.#blobs.withState(state, after, 500);
      yield* page;
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.id;
    }
  }

  /** Written down before it is made, so that the next start finds what a crash leaves. */
  async #create(given: boolean | undefined, sums: readonly string[]): Promise<BlobInMaking> {
    const id = this.#blobs.insert({ kind: "file", state: "incoming", size: 0, md5: "", refs: 0 });
    const written = this.#kernel.db.durable();
    written.catch(() => {});
    try {
      const { handle, named } = await this.#files.create(id);
      return new BlobInMaking(
        id,
        new IncomingFile(handle, this.#files.path(id), { digests: [...new Set(["md5", ...sums])], given }),
        handle,
        Promise.all([written, named]),
      );
    } catch (error) {
      this.discard({ blob: id });
      throw error;
    }
  }

  async #drop(file: BlobInMaking): Promise<void> {
    await file.close();
    this.discard({ blob: file.id });
  }
}
