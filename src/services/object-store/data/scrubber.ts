import { createHash } from "node:crypto";
import type { Kernel } from "../../../kernel/module.ts";
import type { BlobTable } from "../store/blobs.ts";
import type { BlobFiles } from "./blob-files.ts";

/** A file is looked at again after this long, in milliseconds. */
const AGAIN_AFTER = 7 * 24 * 3_600_000;
/** Bytes read at one turn, and milliseconds between turns: 8 MiB a second, so that clients do not feel it. */
const READ_PER_TURN = 4 * 1024 * 1024;
export const SCRUB_TURN = 500;
/** Rows of bytes looked at in one turn. */
const ROWS_PER_TURN = 50;

/**
 * Reads what is kept and compares it with the sum it came with. What is another by now is put aside, told as a warning and in the log, and
 * no client is given it. Works in turns; one file at a time.
 */
export class Scrubber {
  readonly #kernel: Kernel;
  readonly #blobs: BlobTable;
  readonly #files: BlobFiles;
  /** Rows up to here were looked at since the start. */
  #row = 0;
  #turn: Promise<void> | null = null;
  #stopping = false;

  constructor(kernel: Kernel, blobs: BlobTable, files: BlobFiles) {
    this.#kernel = kernel;
    this.#blobs = blobs;
    this.#files = files;
  }

  start(): () => Promise<void> {
    const callOff = this.#kernel.clock.every(SCRUB_TURN, () => {
      this.#turn ??= this.turn()
        .catch((error: unknown) => this.#kernel.log.named("swift").error("scrubbing failed", error))
        .finally(() => {
          this.#turn = null;
        });
    });
    return async () => {
      this.#stopping = true;
      callOff();
      await this.#turn;
    };
  }

  /** One file that is due, and some rows. */
  async turn(): Promise<void> {
    this.#scrubRows();
    const due = this.#blobs.leastChecked(this.#kernel.clock.now() - AGAIN_AFTER);
    if (due !== undefined) await this.#scrubFile(due.id, due.md5);
  }

  async #scrubFile(id: number, md5: string): Promise<void> {
    const found = await this.#sumOf(id);
    if (found === null) return;
    this.#kernel.eventually.write(`what is known of blob ${id}`, () => {
      if (found === md5) this.#blobs.setChecked(id, this.#kernel.clock.now());
      // Given up meanwhile: not a loss.
      else if (this.#blobs.get(id)?.state === "kept") this.#blobs.setState(id, "damaged");
    });
    if (found === md5 || this.#blobs.get(id)?.state !== "damaged") return;
    this.#report(id, await this.#files.quarantine(id));
  }

  /** Null: the cloud stops. "": it cannot be read. */
  async #sumOf(id: number): Promise<string | null> {
    const sum = createHash("md5");
    try {
      const handle = await this.#files.open(id);
      try {
        const buffer = Buffer.allocUnsafe(1024 * 1024);
        let sinceTurn = 0;
        for (;;) {
          if (this.#stopping) return null;
          const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, null);
          if (bytesRead === 0) return sum.digest("hex");
          sum.update(buffer.subarray(0, bytesRead));
          sinceTurn += bytesRead;
          if (sinceTurn < READ_PER_TURN) continue;
          sinceTurn = 0;
          await new Promise<void>((resolve) => this.#kernel.clock.after(SCRUB_TURN, resolve));
        }
      } finally {
        await handle.close();
      }
    } catch {
      return "";
    }
  }

  #scrubRows(): void {
    const rows = this.#blobs.inlineAfter(this.#row, ROWS_PER_TURN);
    for (const { id, md5, bytes } of rows) {
      if (createHash("md5").update(bytes).digest("hex") !== md5) {
        this.#blobs.setState(id, "damaged");
        this.#report(id, "the database");
      }
    }
    this.#row = rows.at(-1)?.id ?? 0;
  }

  #report(id: number, path: string): void {
    const message = `The bytes of ${this.#blobs.holderOf(id) ?? `blob ${id}`} are not what was stored; they are kept in ${path}.`;
    this.#kernel.log.named("swift").error(message);
    this.#kernel.warnings.raise(
      `object-damaged:${id}`,
      message,
      "Put the object again from another copy; look at the disk (dmesg, smartctl).",
    );
  }
}
