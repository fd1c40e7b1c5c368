import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { collector, giveMemoryBack, LOOK_EVERY_MS } from "../../src/kernel/program/idle-memory.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";

const heapMb = () => getHeapStatistics().total_heap_size / 1e6;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** As much as a burst of requests leaves: objects that lived for a while, none of which is needed any more. */
function burst(): void {
  let kept: unknown[] = [];
  for (let n = 0; n < 2_000_000; n += 1) {
    kept.push({ n, text: `request ${n}` });
    if (kept.length > 400_000) kept = [];
  }
}

test("memory that a burst has taken is given back once nothing happens, and not before", async () => {
  burst();
  const full = heapMb();
  assert.ok(full > 80, `${full} MB`);
  let collections = 0;
  const collect = collector();
  const clock = new ManualClock();
  const stop = giveMemoryBack({
    clock,
    collect() {
      collections += 1;
      collect();
    },
  });
  /** What the event loop does until the next look, and how long that takes: its own time, not the clock's. */
  const lookAfter = async (rounds: number, body: () => void) => {
    for (let round = 0; round < rounds; round += 1) {
      body();
      await sleep(10);
    }
    clock.advance(LOOK_EVERY_MS);
  };
  const work = () => {
    for (const end = performance.now() + 5; performance.now() < end; );
  };
  try {
    // A third of one core.
    await lookAfter(20, work);
    assert.equal(collections, 0, "while it is busy");
    // On a busy machine even a sleeper may look like one at work now and then.
    for (let looks = 0; collections === 0 && looks < 50; looks += 1) await lookAfter(30, () => {});
    assert.ok(heapMb() < full / 2, `${heapMb()} of ${full} MB`);
    await lookAfter(30, () => {});
    assert.equal(collections, 1, "there is nothing more to be had");
  } finally {
    stop();
  }
});
