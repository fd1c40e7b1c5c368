import type { ChildProcess } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { until } from "./patience.ts";

const SECTOR = 512;
/** Records lie scattered over the disk, no two at one place: a prime, and a factor of none of its multiples. */
const PLACES = 2_000_003;
const STRIDE = 104_729;
const FIRST = 64;
/** The sectors of the two marks: of a disk of 1 GiB, and every larger one. */
const LAST = 2 ** 21 - 1;

const placeOf = (n: number): number => FIRST + ((n * STRIDE) % PLACES);
const checkOf = (n: number): number => (n * 7919 + 104_729) % 99_999_989;

/**
 * A guest's shell loop: each number is written with its checksum at the beginning of the disk, at its own place, and at the end, each
 * made durable before the next, and then told.
 */
export function writerScript(disk: string, first: number): string {
  return [
    "set -e",
    `w() { printf '%010d %010d%491s' $n $(( (n * 7919 + 104729) % 99999989 )) '' |`,
    `  dd of=${disk} bs=${SECTOR} seek=$1 conv=notrunc,fsync 2>/dev/null; }`,
    // Once the disk is gone dd makes a file of its name, which is not what is told of.
    `told() { if test -b ${disk}; then echo $n; else rm -f ${disk}; exit 1; fi; }`,
    `n=${first}`,
    `while :; do w 0; w $(( ${FIRST} + n * ${STRIDE} % ${PLACES} )); w ${LAST}; told; n=$((n + 1)); done`,
  ].join("\n");
}

/** Reads what the loop above tells, over a session with its guest. */
export class RecordWriter {
  /** The last number that the guest knows to be durable, or `first - 1`. */
  synced: number;
  readonly #child: ChildProcess;
  readonly #errors: string[] = [];

  constructor(child: ChildProcess, first: number) {
    this.synced = first - 1;
    this.#child = child;
    let rest = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      this.synced = Number(lines.at(-1) ?? this.synced);
    });
    child.stderr?.on("data", (chunk: Buffer) => this.#errors.push(chunk.toString()));
  }

  async writes(more: number): Promise<void> {
    const wanted = this.synced + more;
    await until(`${more} more records`, 60, () => {
      if (this.#child.exitCode !== null) throw new Error(`the writer ended: ${this.#errors.join("")}`);
      return this.synced >= wanted;
    });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill("SIGKILL");
    await ended;
  }
}

/**
 * The last number on a disk or a copy of one. Throws for one that never was: a number without one before it, or a mark at the end
 * ahead of the one at the beginning.
 */
export function lastRecord(path: string): number {
  const file = openSync(path, "r");
  try {
    const numberAt = (sector: number): number => {
      const text = Buffer.alloc(SECTOR);
      readSync(file, text, 0, SECTOR, sector * SECTOR);
      const found = /^(\d{10}) (\d{10}) {491}$/.exec(text.toString("latin1"));
      const n = Number(found?.[1] ?? 0);
      return found !== null && Number(found[2]) === checkOf(n) ? n : 0;
    };
    const begin = numberAt(0);
    const end = numberAt(LAST);
    if (begin !== end && begin !== end + 1) throw new Error(`never so: ${begin} at the beginning, ${end} at the end`);
    for (let n = 1; n <= end; n += 1) {
      if (numberAt(placeOf(n)) !== n) throw new Error(`never so: record ${n} of ${end} is not there`);
    }
    for (let n = begin + 1; n < begin + 200; n += 1) {
      if (numberAt(placeOf(n)) === n) throw new Error(`never so: record ${n} is there, and the last is ${begin}`);
    }
    return end;
  } finally {
    closeSync(file);
  }
}
