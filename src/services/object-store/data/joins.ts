import type { Kernel } from "../../../kernel/module.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import type { BlobTable } from "../store/blobs.ts";

/** Parts that are written or forgotten in one turn of the loop. */
const AT_ONCE = 100;

export interface Joined {
  blob: number;
  number: number;
  size: number;
  etag: string;
  system: object;
}

/** Blobs gathered to one, which is nobody's yet: `Contents.joins.keep`, `Contents.release` or `forget` ends that. */
export interface Gathered {
  blob: number;
  size: number;
}

/**
 * Blobs that are others one after another, of which there may be ten thousand: they are gathered a few a turn of the loop. As long as that
 * goes on, who held the parts still holds them, so a crash changes nothing but that the next start forgets what was gathered.
 */
export class Joins {
  readonly #kernel: Kernel;
  readonly #blobs: BlobTable;

  constructor(kernel: Kernel, blobs: BlobTable) {
    this.#kernel = kernel;
    this.#blobs = blobs;
  }

  /** One of no bytes, which whoever asks holds. In a transaction. */
  empty(): number {
    return this.#blobs.insert({ kind: "parts", state: "kept", size: 0, md5: "", refs: 1 });
  }

  /** In this order. Their holders must not let go of them meanwhile. */
  async gather(parts: readonly Joined[], pause: Pause): Promise<Gathered> {
    const { db } = this.#kernel;
    const blob = this.#blobs.insert({ kind: "parts", state: "incoming", size: 0, md5: "", refs: 0 });
    let size = 0;
    try {
      for (let from = 0; from < parts.length; from += AT_ONCE) {
        if (from > 0) await pause();
        const slice = parts.slice(from, from + AT_ONCE);
        db.transaction(() => {
          for (const { blob: part, number, size: length, etag, system } of slice) {
            this.#blobs.addPart(blob, { number, part, start: size, size: length, etag, system: { ...system } });
            size += length;
          }
        });
      }
    } catch (error) {
      await this.forget(blob);
      throw error;
    }
    return { blob, size };
  }

  /** An object holds it, and it holds its parts in the place of who did. In a transaction. */
  keep({ blob, size }: Gathered): void {
    this.#blobs.keep(blob, size, "", 0);
  }

  /** What was gathered is not wanted; its parts stay with who holds them. Where the database cannot be written, the next start does it. */
  async forget(blob: number): Promise<void> {
    const { db, eventually, turns } = this.#kernel;
    for (let more = true; more; ) {
      more = false;
      eventually.write(`what was gathered as blob ${blob}`, () => {
        const last = this.#blobs.spans(blob, AT_ONCE).at(-1);
        db.transaction(() => {
          if (last === undefined) this.#blobs.delete(blob);
          else this.#blobs.deleteParts(blob, last.number);
        });
        more = last !== undefined;
      });
      if (more) await turns.background();
    }
  }
}
