import { AsyncLocalStorage } from "node:async_hooks";

/** Others have to wait while a transaction runs, in milliseconds: what is left after that goes into the next one. */
const LONGEST_MS = 5;

interface Waiting {
  /** Answers what it threw. Settles nothing yet: whether the commit holds is not known. */
  run(): { error: unknown } | null;
  settle(failure: { error: unknown } | null): void;
}

/** Answers what it threw. */
export type Body = () => { error: unknown } | null;

/** Gathers what is asked for in one turn of the loop, and has it run as one. */
export class Together {
  readonly #runAll: (bodies: readonly Body[]) => void;
  readonly #now: () => number;
  #waiting: Waiting[] = [];
  #planned = false;

  /** `runAll`: runs these in their order, all or nothing of what does not throw. */
  constructor(runAll: (bodies: readonly Body[]) => void, now = () => performance.now()) {
    this.#runAll = runAll;
    this.#now = now;
  }

  add<T>(body: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let outcome: { value: T } | { error: unknown } | null = null;
      this.#waiting.push({
        // As part of the request that asked for it, whoever runs it.
        run: AsyncLocalStorage.bind(() => {
          try {
            outcome = { value: body() };
            return null;
          } catch (error) {
            outcome = { error };
            return outcome;
          }
        }),
        settle(failure) {
          const end = failure ?? outcome ?? { error: new Error("it was not run") };
          if ("error" in end) reject(end.error);
          else resolve(end.value);
        },
      });
      if (!this.#planned) this.#plan();
    });
  }

  #plan(): void {
    this.#planned = true;
    setImmediate(() => {
      this.#planned = false;
      this.#run();
    });
  }

  #run(): void {
    const all = this.#waiting;
    this.#waiting = [];
    const began = this.#now();
    let ran = 0;
    const bodies = all.map(({ run }) => () => {
      if (ran > 0 && this.#now() - began >= LONGEST_MS) return null;
      ran += 1;
      return run();
    });
    let failure: { error: unknown } | null = null;
    try {
      this.#runAll(bodies);
    } catch (error) {
      failure = { error };
    }
    const late = failure === null ? all.slice(ran) : [];
    for (const each of failure === null ? all.slice(0, ran) : all) each.settle(failure);
    if (late.length === 0) return;
    this.#waiting = [...late, ...this.#waiting];
    if (!this.#planned) this.#plan();
  }
}
