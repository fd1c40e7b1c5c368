import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../time/clock.ts";

export const LOOK_EVERY_MS = 10_000;
/** Share of time with work below which nobody is served: a collection stops everything for about 2 ms per MB in use. */
const IDLE_SHARE = 0.02;
const WORTHWHILE_BYTES = 48e6;
/** Above this the pause would be noticed. */
const LARGEST_IN_USE_BYTES = 200e6;

/**
 * Gives memory back that a burst of requests has taken. V8 lets its heap grow as long as the machine has room, and shrinks it only
 * when it is told to; Node never does. Looked at while nothing happens, so no request waits for it. Returns what ends it.
 */
export function giveMemoryBack({
  clock = systemClock,
  collect = collector(),
  busyShare = eventLoopShare(),
} = {}): () => void {
  let least = 0;
  return clock.every(LOOK_EVERY_MS, () => {
    const utilization = busyShare();
    const { total_heap_size: heap, used_heap_size: used } = getHeapStatistics();
    if (utilization > IDLE_SHARE || heap - least < WORTHWHILE_BYTES || used > LARGEST_IN_USE_BYTES) return;
    collect();
    least = getHeapStatistics().total_heap_size;
    // The collection was no work for anybody.
    busyShare();
  });
}

/** How much of the time since it was last asked the event loop was at work, from 0 to 1. */
export function eventLoopShare(): () => number {
  let since = performance.eventLoopUtilization();
  return () => {
    const { utilization } = performance.eventLoopUtilization(since);
    since = performance.eventLoopUtilization();
    return utilization;
  };
}

/** V8's own collector, which nothing else leads to from within; the flag counts for contexts that are made after it. */
export function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc: (options: { type: "major"; flavor: "last-resort" }) => void = runInNewContext("gc");
  return () => gc({ type: "major", flavor: "last-resort" });
}
