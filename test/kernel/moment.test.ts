import assert from "node:assert/strict";
import { test } from "node:test";
import { isoMoment } from "../../src/kernel/time/moment.ts";

test("moments without a zone are UTC in any zone of the machine; what is none is NaN", (context) => {
  const before = process.env.TZ;
  context.after(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });
  process.env.TZ = "America/New_York";
  const noon = Date.UTC(2026, 0, 2, 12);
  for (const text of [
    "T12:00",
    " 12:00:00",
    "T12:00:00.0",
    "T12:00:00,0Z",
    "T14:00+02",
    "T07:30:00-0430",
    "T14:00+02:00",
  ])
    assert.equal(isoMoment(`2026-01-02${text}`), noon, text);
  assert.equal(isoMoment("2026-01-02"), Date.UTC(2026, 0, 2));
  for (const text of ["", "2026", "2026-13-01", "2026-01-02 (x)", "2026-01-02T25:00", "1", "2026-01-02T12"])
    assert.ok(Number.isNaN(isoMoment(text)), text);
});
