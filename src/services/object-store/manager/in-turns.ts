import type { Kernel } from "../../../kernel/module.ts";

/**
 * Work in the background that writes: done now and then a piece a turn of the loop until nothing is left, so that it holds up nobody
 * however much there is. `piece` answers whether there may be more; where the database cannot be written, it is done again later.
 */
export function inTurns(kernel: Kernel, what: string, piece: () => boolean) {
  let running: Promise<void> | null = null;
  let isOver = false;

  async function run(): Promise<void> {
    for (let more = true; more && !isOver; ) {
      await kernel.turns.background();
      if (isOver) return;
      more = false;
      kernel.eventually.write(what, () => {
        more = piece();
      });
    }
  }

  return {
    run,
    /** One run does not begin before the last is done. What it answers ends it. */
    every(milliseconds: number): () => Promise<void> {
      const log = kernel.log.named("object-store");
      const stop = kernel.clock.every(milliseconds, () => {
        running ??= run()
          .catch((error: unknown) => log.error(`${what} failed`, error))
          .finally(() => {
            running = null;
          });
      });
      return async () => {
        stop();
        isOver = true;
        await running;
      };
    },
  };
}
