import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../src/kernel/time/clock.ts";

test("on a clock that is moved by hand what is due happens, each at its time and in order; the rest may be called off", () => {
  const clock = new ManualClock(0);
  const said: string[] = [];
  const say = (what: string) => () => said.push(`${what} ${clock.now()}`);
  clock.after(25, say("once"));
  const stop = clock.every(10, say("every"));
  clock.after(20, () => clock.after(3, say("from within")));
  clock.after(15, say("never"))();
  clock.advance(9);
  assert.deepEqual(said, []);
  clock.advance(21);
  assert.deepEqual(said.splice(0), ["every 10", "every 20", "from within 23", "once 25", "every 30"]);
  stop();
  clock.advance(1_000);
  assert.deepEqual([said, clock.now()], [[], 1_030]);
});

test("a body that calls off its own repetition is heard once", () => {
  const clock = new ManualClock(0);
  let heard = 0;
  const stop = clock.every(10, () => {
    heard += 1;
    stop();
  });
  clock.advance(100);
  assert.equal(heard, 1);
});
