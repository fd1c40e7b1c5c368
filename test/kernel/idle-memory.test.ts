import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { collector, giveMemoryBack } from "../../src/kernel/program/idle-memory.ts";

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

test("memory that a burst has taken is given back once nothing happens, and not before", {
  timeout: 60_000,
}, async () => {
  burst();
  const full = heapMb();
  assert.ok(full > 80, `${full} MB`);
  let collections = 0;
  const collect = collector();
  const stop = giveMemoryBack({
    everyMs: 1_000,
    collect() {
      collections += 1;
      collect();
    },
  });
  try {
    // Busy: a third of one core.
    for (const end = performance.now() + 3_500; performance.now() < end; await sleep(20)) {
      for (const until = performance.now() + 10; performance.now() < until; );
    }
    assert.equal(collections, 0, "while it is busy");
    const deadline = performance.now() + 30_000;
    while (collections === 0 && performance.now() < deadline) await sleep(100);
    assert.ok(heapMb() < full / 2, `${heapMb()} of ${full} MB`);
    await sleep(2_500);
    assert.equal(collections, 1, "there is nothing more to be had");
  } finally {
    stop();
  }
});
