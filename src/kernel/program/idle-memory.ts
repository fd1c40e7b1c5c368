import { getHeapStatistics, type HeapInfo, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { systemClock } from "../time/clock.ts";

export const LOOK_EVERY_MS = 10_000;
/** Share of time with work below which nobody is served: a collection stops everything for about 2 ms per MB in use. */
const IDLE_SHARE = 0.02;
/** Below this somebody is served now and then (a dashboard that asks for news): a pause for `SHORT_KEPT_BYTES` is bearable. */
const CALM_SHARE = 0.1;
const WORTHWHILE_BYTES = 48e6;
/** Above this the pause would be noticed. */
const LARGEST_IN_USE_BYTES = 200e6;
const SHORT_KEPT_BYTES = 100e6;
/** After so many looks in a row it is not just a moment between two requests. */
const MANY_LOOKS = 6;

/**
 * Gives memory back that a burst of requests has taken. V8 lets its heap grow as long as the machine has room, and shrinks it only
 * when it is told to; Node never does. Looked at while nothing happens, so no request waits for it; while little does, once a minute
 * at most. Returns what ends it.
 */
export function giveMemoryBack({
  clock = systemClock,
  collect = collector(),
  busyShare = eventLoopShare(),
  heapStatistics = getHeapStatistics as () => Pick<HeapInfo, "total_heap_size" | "used_heap_size">,
  /** Lets go of what is kept for speed alone; at rest, before memory is given back. */
  forget = () => {},
} = {}): () => void {
  let least = 0;
  /** What was still in use after the last collection. */
  let kept = 0;
  let idleLooks = 0;
  let calmLooks = 0;
  /** What is in use may have become less since, or can be let go, and the heap not: nothing tells but a collection. */
  let wasBusy = true;
  return clock.every(LOOK_EVERY_MS, () => {
    const share = busyShare();
    idleLooks = share <= IDLE_SHARE ? idleLooks + 1 : 0;
    calmLooks = share <= CALM_SHARE ? calmLooks + 1 : 0;
    wasBusy ||= share > IDLE_SHARE;
    const { total_heap_size: heap, used_heap_size: used } = heapStatistics();
    const hasGrown = heap - least >= WORTHWHILE_BYTES;
    const isRest = idleLooks >= MANY_LOOKS && (hasGrown || wasBusy);
    const isIdle = idleLooks > 0 && hasGrown && used <= LARGEST_IN_USE_BYTES;
    const isCalm = calmLooks >= MANY_LOOKS && hasGrown && kept <= SHORT_KEPT_BYTES;
    if (!isRest && !isIdle && !isCalm) return;
    if (isRest) forget();
    collect();
    ({ total_heap_size: least, used_heap_size: kept } = heapStatistics());
    calmLooks = 0;
    if (isRest) wasBusy = false;
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
