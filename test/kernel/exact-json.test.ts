import assert from "node:assert/strict";
import { test } from "node:test";
import { exactly, jsonSlices, jsonText, parseExactly } from "../../src/kernel/http/exact-json.ts";
import { Validator, validationLoading } from "../../src/kernel/http/validation.ts";

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

test("a number that JavaScript rounds is named with the digits it was sent with; what is not rounded is as ever", async () => {
  const body = parseExactly('{"a": 9007199254740993, "b": [1, -9007199254740993, 1e300], "t": "9007199254740993"}') as {
    a: number;
    b: number[];
  };
  assert.equal(body.a, 9007199254740992);
  assert.deepEqual(
    [exactly(body, "a"), exactly(body.b, 0), exactly(body.b, 1)],
    [9007199254740993n, 1, -9007199254740993n],
  );
  assert.deepEqual(
    [exactly(body.b, 2), exactly(body, "t"), exactly(body, "none")],
    [1e300, "9007199254740993", undefined],
  );
  await validationLoading();
  const said = (properties: object) => new Validator().check({ type: "object", properties }, body);
  assert.equal(said({ a: { maximum: 5 } })?.message, "9007199254740993 is greater than the maximum of 5");
  assert.equal(said({ a: { type: "string" } })?.message, "9007199254740993 is not of type 'string'");
  assert.equal(said({ b: { maxItems: 1 } })?.message, "[1, -9007199254740993, 1e+300] is too long");
  assert.equal(said({ a: { type: "string" } })?.value, 9007199254740993n);
});

test("a text in slices is the same text, and no slice has more than 200 items of a list", () => {
  const items = (count: number) =>
    Array.from({ length: count }, (_, n) => ({ id: n, name: `n${n}`, none: undefined, big: 2n ** 64n }));
  const bodies = [
    { ports: items(1_000), ports_links: [{ rel: "next" }] },
    {
      groups: [
        { id: 1, rules: items(450) },
        { id: 2, rules: [] },
      ],
      empty: [],
      nothing: null,
      none: undefined,
    },
    { usage: { servers: items(399), hours: 1.5 } },
    items(401),
    { a: new Date(0), b: "x", c: {} },
    {},
    [],
  ];
  for (const body of bodies) {
    const slices = [...jsonSlices(body)];
    assert.equal(slices.join(""), jsonText(body));
    for (const slice of slices) assert.ok((slice.match(/"name"/g) ?? []).length <= 200);
  }
  assert.equal([...jsonSlices(bodies[0])].length, 6);
});
