import { createHash } from "node:crypto";
import type { Kernel } from "../../../kernel/module.ts";
import type { BlobTable } from "../store/blobs.ts";
import type { BlobFiles } from "./blob-files.ts";

/** What was found whole is looked at again after this long, in milliseconds. */
const AGAIN_AFTER = 7 * 24 * 3_600_000;
/** Milliseconds between looks for something that is due. */
const LOOK_EVERY = 60_000;
/** Milliseconds after the start before rows are read: whoever starts has other things to do. */
const ROWS_AFTER = 600_000;
/** Bytes read at one turn, and milliseconds between turns: 8 MiB a second, so that clients do not feel it. */
const READ_PER_TURN = 4 * 1024 * 1024;
const PAUSE = 500;
/** What a file counts beside its bytes. */
const LEAST_SPENT = 64 * 1024;
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
  /** When rows are to be read next: milliseconds since the epoch. */
  #rowsAt: number;
  #spent = 0;
  #wake: () => void = () => {};
  #turn: Promise<void> | null = null;
  #stopping = false;

  constructor(kernel: Kernel, blobs: BlobTable, files: BlobFiles) {
    this.#kernel = kernel;
    this.#blobs = blobs;
    this.#files = files;
    this.#rowsAt = kernel.clock.now() + ROWS_AFTER;
  }

  start(): () => Promise<void> {
    const callOff = this.#kernel.clock.every(LOOK_EVERY, () => {
      this.#turn ??= this.turn()
        .catch((error: unknown) => this.#kernel.log.named("swift").error("scrubbing failed", error))
        .finally(() => {
          this.#turn = null;
        });
    });
    return async () => {
      this.#stopping = true;
      callOff();
      this.#wake();
      await this.#turn;
    };
  }

  /** All that is due. */
  async turn(): Promise<void> {
    const { clock } = this.#kernel;
    for (;;) {
      const due = this.#blobs.leastChecked(clock.now() - AGAIN_AFTER);
      if (due === undefined || this.#stopping) break;
      await this.#scrubFile(due.id, due.md5);
    }
    if (clock.now() >= this.#rowsAt) await this.#scrubRows();
  }

  /** Rests once enough was read since the last time. */
  async #spend(bytes: number): Promise<void> {
    this.#spent += bytes;
    if (this.#spent < READ_PER_TURN || this.#stopping) return;
    this.#spent = 0;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#kernel.clock.after(PAUSE, resolve);
    });
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
        await this.#spend(LEAST_SPENT);
        for (;;) {
          if (this.#stopping) return null;
          const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, null);
          if (bytesRead === 0) return sum.digest("hex");
          sum.update(buffer.subarray(0, bytesRead));
          await this.#spend(bytesRead);
        }
      } finally {
        await handle.close();
      }
    } catch {
      return "";
    }
  }

  async #scrubRows(): Promise<void> {
    for (let last = 0; !this.#stopping; ) {
      const rows = this.#blobs.inlineAfter(last, ROWS_PER_TURN);
      for (const { id, md5, bytes } of rows) {
        if (createHash("md5").update(bytes).digest("hex") === md5) continue;
        this.#kernel.eventually.write(`what is known of blob ${id}`, () => this.#blobs.setState(id, "damaged"));
        this.#report(id, "the database");
      }
      last = rows.at(-1)?.id ?? 0;
      if (last === 0) break;
      await this.#spend(READ_PER_TURN);
    }
    this.#rowsAt = this.#kernel.clock.now() + AGAIN_AFTER;
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
