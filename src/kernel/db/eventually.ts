import { messageOf } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import { isUnwritable, untilWritten } from "./unwritable.ts";

/**
 * Writes that must happen although nobody waits for their success: at once, or as soon as the database can be written again. What a
 * stop or crash cuts off is found by the next start's reconcile.
 */
export class Eventually {
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  readonly #waiting = new Set<Promise<void>>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** `body` looks at the rows anew each time it runs: they may have changed meanwhile. What else it throws is the caller's. */
  write(what: string, body: () => void): void {
    try {
      body();
    } catch (error) {
      if (!isUnwritable(error)) throw error;
      const waiting = untilWritten(what, async () => body(), { log: this.#log, signal: this.#stopping.signal })
        .catch((failure: unknown) => this.#log.error(`${what} failed: ${messageOf(failure)}`, failure))
        .finally(() => this.#waiting.delete(waiting));
      this.#waiting.add(waiting);
    }
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#waiting);
  }
}
