import assert from "node:assert/strict";
import { test } from "node:test";
import { getHeapStatistics } from "node:v8";
import { collector, eventLoopShare, giveMemoryBack, LOOK_EVERY_MS } from "../../src/kernel/program/idle-memory.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";

const heapMb = () => getHeapStatistics().total_heap_size / 1e6;

/** As much as a burst of requests leaves: objects that lived for a while, none of which is needed any more. */
function burst(): void {
  let kept: unknown[] = [];
  for (let n = 0; n < 2_000_000; n += 1) {
    kept.push({ n, text: `request ${n}` });
    if (kept.length > 400_000) kept = [];
  }
}

test("memory that a burst has taken is given back once nothing happens, and not before", () => {
  burst();
  const full = heapMb();
  assert.ok(full > 80, `${full} MB`);
  let collections = 0;
  let share = 0.3;
  const collect = collector();
  const clock = new ManualClock();
  const stop = giveMemoryBack({
    clock,
    busyShare: () => share,
    collect() {
      collections += 1;
      collect();
    },
  });
  try {
    clock.advance(LOOK_EVERY_MS);
    assert.equal(collections, 0, "while it is busy");
    share = 0.01;
    clock.advance(LOOK_EVERY_MS);
    assert.equal(collections, 1);
    assert.ok(heapMb() < full / 2, `${heapMb()} of ${full} MB`);
    clock.advance(LOOK_EVERY_MS);
    assert.equal(collections, 1, "there is nothing more to be had");
  } finally {
    stop();
  }
});

/** A heap that a burst has left large, and that no collection of these tests makes smaller: how large the real one is, V8 decides. */
const heapStatistics = () => ({ total_heap_size: 150e6, used_heap_size: 60e6 });

/** How often memory was given back in each of some looks, at these shares of time with work. */
function collectionsAt(shares: readonly number[]): number[] {
  let collections = 0;
  let share = 0;
  const clock = new ManualClock();
  const collect = () => {
    collections += 1;
  };
  const stop = giveMemoryBack({ clock, busyShare: () => share, collect, heapStatistics });
  const made = shares.map((now) => {
    share = now;
    const before = collections;
    clock.advance(LOOK_EVERY_MS);
    return collections - before;
  });
  stop();
  return made;
}

const times = (count: number, share: number): number[] => Array.from({ length: count }, () => share);

test("whoever asks now and then does not keep the memory of a burst", () => {
  assert.deepEqual(collectionsAt([0.5, ...times(6, 0.06)]), [...times(6, 0), 1]);
});

test("after a minute of rest what was used less since is given back, too, and once", () => {
  assert.deepEqual(collectionsAt([0.5, 0]), [0, 1]);
  assert.deepEqual(collectionsAt([0.5, 0, 0.5, ...times(7, 0)]), [0, 1, 0, ...times(5, 0), 1, 0]);
});

test("what is kept for speed is let go before, at rest and not between two requests", () => {
  const done: string[] = [];
  let share = 0.5;
  const clock = new ManualClock();
  const stop = giveMemoryBack({
    clock,
    busyShare: () => share,
    heapStatistics,
    collect: () => void done.push("collected"),
    forget: () => void done.push("forgotten"),
  });
  clock.advance(LOOK_EVERY_MS);
  share = 0;
  clock.advance(LOOK_EVERY_MS);
  assert.deepEqual(done, ["collected"]);
  for (let look = 0; look < 10; look += 1) clock.advance(LOOK_EVERY_MS);
  stop();
  assert.deepEqual(done, ["collected", "forgotten", "collected"]);
});

test("an event loop at work is known to be", async () => {
  const share = eventLoopShare();
  await new Promise((resolve) => setImmediate(resolve));
  share();
  for (const end = performance.now() + 30; performance.now() < end; );
  assert.ok(share() > 0.5);
});
