import assert from "node:assert/strict";
import { test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { migrate } from "../../src/kernel/db/migrations.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";
import { Tracer, traceMigrations } from "../../src/kernel/trace/trace.ts";

test("spans do not grow without end: the oldest go while others come", () => {
  const db = new Database({ path: ":memory:" });
  const clock = new ManualClock();
  migrate(db, traceMigrations, clock.now());
  const tracer = new Tracer(db, clock, 1_000);
  const count = () => Number(db.prepare("SELECT count(*) FROM trace_spans").pluck().get());
  for (let request = 0; request < 100; request += 1) {
    clock.advance(1);
    tracer.run(`req-${request}`, () => {
      for (let span = 0; span < 100; span += 1) tracer.note("note", "x");
    });
    tracer.flush();
    assert.ok(count() <= 3_000, `${count()} after ${request} requests`);
  }
  assert.equal(tracer.read("req-99").length, 100, "the newest is there");
  assert.deepEqual(tracer.read("req-0"), []);
  db.close();
});
