import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waiting that follows progress, not the clock. What takes a second on an idle machine takes minutes on a busy one, so time counts
 * only while nothing is at work: no process of this test (what it has started, and what runs in one of its places) uses a processor,
 * or waits for one or for a disk. What is stuck rests; what is slow does not.
 */
export class Patience {
  readonly #seconds: number;
  readonly #end: number;
  #rested = 0;
  #last = performance.now();

  /** `seconds` of rest end it; so does, for what goes round in circles, a time far beyond that. */
  constructor(seconds: number) {
    this.#seconds = seconds;
    this.#end = this.#last + Math.max(900, seconds * 10) * 1000;
  }

  /** To be asked every now and then, at a moment when the test itself does nothing. */
  isOver(): boolean {
    const now = performance.now();
    // Somebody who comes late to look was kept waiting too, by the machine or by a probe of his own.
    if (!isAnythingAtWork()) this.#rested += Math.min(now - this.#last, MOST_AT_ONCE_MS);
    this.#last = now;
    return this.#rested > this.#seconds * 1000 || now > this.#end;
  }
}

const MOST_AT_ONCE_MS = 1_000;
const FIRST_PAUSE_MS = 20;
const LAST_PAUSE_MS = 200;

/**
 * Waits until `check` answers something other than false, null and undefined; a check that throws is one that failed. After `seconds`
 * of rest (see `Patience`) it rejects, with what the check said last.
 */
export async function until<T>(
  what: string,
  seconds: number,
  check: () => Promise<T | false | null | undefined> | T | false | null | undefined,
): Promise<T> {
  const patience = new Patience(seconds);
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LAST_PAUSE_MS)) {
    // Asked before the check, so that one more is made after the last of the patience.
    const isOver = pause > FIRST_PAUSE_MS && patience.isOver();
    let last: unknown;
    try {
      const value = await check();
      if (value !== false && value !== null && value !== undefined) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (isOver)
      throw new Error(
        `not within ${seconds} s of rest: ${what} (last: ${last instanceof Error ? last.message : last})`,
        {
          cause: last,
        },
      );
    await sleep(pause);
  }
}

/** Directories whose name is in the command lines of what a test's daemons have started: guests, dnsmasq. */
const places = new Set<string>();

/** What runs in a test's own directory belongs to it, whoever has started it. */
export const isPlaceOfTest = (directory: string): void => {
  places.add(directory);
};

function isAnythingAtWork(): boolean {
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (/^\d+$/.test(name)) parents.set(Number(name), Number(statOf(`/proc/${name}/stat`)[1] ?? 0));
  }
  const isOurs = (pid: number): boolean => {
    for (let up = parents.get(pid) ?? 0; up > 1; up = parents.get(up) ?? 0) if (up === process.pid) return true;
    const command = read(`/proc/${pid}/cmdline`);
    return [...places].some((place) => command.includes(place));
  };
  return [...parents.keys()].some((pid) => pid !== process.pid && isOurs(pid) && isAtWork(pid));
}

/** Runs or waits for a processor (R), or waits for a disk (D), with one of its threads. */
function isAtWork(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).some((thread) =>
      /[RD]/.test(statOf(`/proc/${pid}/task/${thread}/stat`)[0] ?? ""),
    );
  } catch {
    // It has ended meanwhile.
    return true;
  }
}

/** State, parent and what else follows the name, which may have blanks and parentheses in it. */
const statOf = (path: string): string[] =>
  read(path)
    .replace(/^.*\) /s, "")
    .split(" ");

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
