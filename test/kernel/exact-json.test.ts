import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonText } from "../../src/kernel/http/exact-json.ts";

test("numbers beyond those of JavaScript are written with all their digits, wherever they are", () => {
  const most = 2n ** 64n - 2n;
  assert.equal(jsonText({ a: [{ total_ips: most }], b: 1.5 }), '{"a":[{"total_ips":18446744073709551614}],"b":1.5}');
  assert.equal(jsonText(-(10n ** 30n)), "-1000000000000000000000000000000");
  assert.equal(jsonText({ none: undefined, zero: 0n, text: "1" }), '{"zero":0,"text":"1"}');
});

test("what JSON cannot say is an error as it was", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  assert.throws(() => jsonText(circle), TypeError);
});
