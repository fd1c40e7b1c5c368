/** Lets others have their turn: what comes behind it is done in a turn of its own. */
export type Pause = () => Promise<void>;

/** How many things are made in one turn at most, where each takes a fraction of a millisecond. */
export const SLICE = 25;
/** The same of things that are only read and shown. */
export const READ_SLICE = 200;

/** What a slice of writes should take at most, in milliseconds. */
const LONG_MS = 10;

/** How many things are made in the next turn, by how long those before took: code that has not run before is slow, and so are large tables. */
export class SliceSize {
  #size = 5;
  readonly #now: () => number;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** The number, and what `work` made of it. */
  measure<T>(work: (size: number) => T): T {
    const size = this.#size;
    const began = this.#now();
    const made = work(size);
    const took = this.#now() - began;
    if (took > LONG_MS) this.#size = Math.max(1, Math.floor((size * LONG_MS) / took));
    else if (took < LONG_MS / 2) this.#size = Math.min(SLICE, size * 2);
    return made;
  }
}

/** What `work` makes of all items, so many of them a turn. */
export async function inSlices<Item, Made>(
  items: readonly Item[],
  pause: Pause,
  work: (slice: readonly Item[]) => readonly Made[],
  size = READ_SLICE,
): Promise<Made[]> {
  const made: Made[] = [];
  for (let from = 0; from < items.length; from += size) {
    if (from > 0) await pause();
    for (const one of work(items.slice(from, from + size))) made.push(one);
  }
  return made;
}
