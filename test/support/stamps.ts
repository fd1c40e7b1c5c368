import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

/** Bytes of one stamp: a page, as a guest's file system writes. */
export const STAMP = 4096;

/** A page that carries a number and a checksum over it. */
export function stamp(n: number): Buffer {
  const page = Buffer.alloc(STAMP, n % 251);
  page.writeBigUInt64BE(BigInt(n), 0);
  createHash("sha256").update(page.subarray(32)).update(page.subarray(0, 8)).digest().copy(page, 8, 0, 24);
  return page;
}

/** The number in a page; 0 for a blank one. Throws for one that was never written so. */
export function numberIn(page: Buffer): number {
  const n = Number(page.readBigUInt64BE(0));
  if (!page.equals(n === 0 ? Buffer.alloc(STAMP) : stamp(n))) throw new Error("a page that nobody wrote");
  return n;
}

/**
 * What a copy holds of a disk on which each number was written at its beginning, made durable, and then at its end. Throws for
 * a copy that the disk never was: a number at the end that is not yet at the beginning, or more than one behind.
 */
export function momentOf(path: string, sizeBytes: number): { begin: number; end: number } {
  const file = openSync(path, "r");
  try {
    const read = (offset: number): number => {
      const page = Buffer.alloc(STAMP);
      readSync(file, page, 0, STAMP, offset);
      return numberIn(page);
    };
    const begin = read(0);
    const end = read(sizeBytes - STAMP);
    if (begin !== end && begin !== end + 1) throw new Error(`never so: ${begin} at the beginning, ${end} at the end`);
    return { begin, end };
  } finally {
    closeSync(file);
  }
}

/** Somebody who writes stamps until killed, as a guest that synchronises each of its writes. */
export class StampWriter {
  /** The last number known to be durable at both places. */
  synced = 0;
  readonly #child: ChildProcess;

  constructor(path: string, sizeBytes: number) {
    this.#child = fork(join(import.meta.dirname, "stamp-writer.ts"), [path, String(sizeBytes)], {
      execArgv: ["--disable-warning=ExperimentalWarning"],
    });
    this.#child.on("message", (n) => {
      this.synced = Number(n);
    });
  }

  /** Resolves once `more` further stamps are durable. */
  async writes(more: number): Promise<void> {
    const wanted = this.synced + more;
    while (this.synced < wanted) {
      if (this.#child.exitCode !== null) throw new Error("the writer ended");
      await new Promise((resolve) => this.#child.once("message", resolve));
    }
  }

  async kill(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}
