import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { type: "major"; flavor: "last-resort" }) => void;

const LOOK_EVERY_MS = 10_000;
/** Share of one core below which nobody is served: a collection stops everything for about 2 ms per MB in use. */
const IDLE_SHARE = 0.02;
const WORTHWHILE_BYTES = 48e6;
/** Above this the pause would be noticed. */
const LARGEST_IN_USE_BYTES = 200e6;

/**
 * Gives memory back that a burst of requests has taken. V8 lets its heap grow as long as the machine has room, and shrinks it only
 * when it is told to; Node never does. Looked at while nothing happens, so no request waits for it. Returns what ends it.
 */
export function giveMemoryBack({ everyMs = LOOK_EVERY_MS } = {}): () => void {
  // The only way to V8's collector from within; the flag counts for contexts made after it.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  let least = 0;
  let cpu = process.cpuUsage();
  let since = performance.now();
  const timer = setInterval(() => {
    const { user, system } = process.cpuUsage(cpu);
    const share = (user + system) / 1000 / (performance.now() - since);
    cpu = process.cpuUsage();
    since = performance.now();
    const { total_heap_size: heap, used_heap_size: used } = getHeapStatistics();
    if (share > IDLE_SHARE || heap - least < WORTHWHILE_BYTES || used > LARGEST_IN_USE_BYTES) return;
    collect({ type: "major", flavor: "last-resort" });
    least = getHeapStatistics().total_heap_size;
    // The collection is no work for anybody.
    cpu = process.cpuUsage();
    since = performance.now();
  }, everyMs).unref();
  return () => clearInterval(timer);
}
