import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../log/logger.ts";

const FIRST_WAIT_MS = 20;
const LAST_WAIT_MS = 5_000;

/**
 * Whether an error is sqlite's word for a disk that takes no more: full, over quota, gone bad, read-only since. The transaction
 * it broke has changed nothing.
 */
export function isUnwritable(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return /^SQLITE_(FULL|READONLY|IOERR)/.test(code);
}

/**
 * Runs `body`, and again each time the database could not be written, until there is room. It must bear being run again, as after
 * a crash in its midst. Rejects with the last error once `signal` is aborted: the next start goes on from what is written down.
 */
export async function untilWritten<T>(
  what: string,
  body: () => Promise<T>,
  options: { log: Logger; signal: AbortSignal },
): Promise<T> {
  for (let wait = FIRST_WAIT_MS; ; wait = Math.min(wait * 2, LAST_WAIT_MS)) {
    try {
      return await body();
    } catch (error) {
      if (!isUnwritable(error) || options.signal.aborted) throw error;
      if (wait === FIRST_WAIT_MS) options.log.error(`${what} waits: the database cannot be written`, error);
      await sleep(wait, undefined, { signal: options.signal }).catch(() => {});
    }
  }
}
