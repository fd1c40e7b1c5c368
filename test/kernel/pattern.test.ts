import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { compilePattern } from "../../src/kernel/text/pattern.ts";

test("it finds what JavaScript's own expressions find", () => {
  const atom = fc.constantFrom(
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "\\d",
    "\\w",
    "\\.",
    "x",
    "^",
    "$",
    "\\b",
    "[a-c1]",
    "[[:digit:]]",
  );
  const { pattern } = fc.letrec<{ pattern: string; part: string }>((tie) => ({
    part: fc.oneof(
      { depthSize: "small" },
      atom,
      fc
        .tuple(
          atom.filter((text) => !/^(\^|\$|\\b)$/.test(text)),
          fc.constantFrom("*", "+", "?", "{2}", "{1,}", "{0,2}", "*?"),
        )
        .map((both) => both.join("")),
      fc.tuple(tie("pattern"), fc.constantFrom("", "*", "?", "+")).map(([inner, times]) => `(${inner})${times}`),
      fc.tuple(tie("pattern"), tie("pattern")).map(([one, other]) => `(?:${one}|${other})`),
      fc.tuple(fc.constantFrom("?=", "?!"), tie("pattern")).map(([kind, inner]) => `(${kind}${inner})`),
    ),
    pattern: fc.array(tie("part"), { maxLength: 4 }).map((parts) => parts.join("")),
  }));
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "1", ".", " ", "A"), maxLength: 8 });
  fc.assert(
    fc.property(pattern, text, fc.boolean(), (source, input, ignoreCase) => {
      const ours = compilePattern(source, { ignoreCase });
      if (ours === null) return;
      const theirs = new RegExp(source.replaceAll("[[:digit:]]", "[0-9]"), ignoreCase ? "iu" : "u");
      assert.equal(ours.test(input), theirs.test(input), `${source} in ${JSON.stringify(input)}`);
    }),
    { seed: 7, numRuns: 3_000 },
  );
});

test("patterns that make others backtrack for minutes answer at once", () => {
  const begin = performance.now();
  for (const source of [
    "(a+)+$",
    "^(a|a)*$",
    "(.*a){20}$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "(a*)*b",
    "((a{1,9}){1,9})$",
    "^(?=(a+)+$)(?!.*(a*)*b)(a|a)*$",
  ]) {
    compilePattern(source, { ignoreCase: true })?.test(`${"a".repeat(250)}!`);
  }
  assert.ok(performance.now() - begin < 1_000, `${performance.now() - begin} ms`);
});

test("nonsense, looking behind, backreferences and giants are no patterns", () => {
  for (const source of [
    "[",
    "(",
    ")",
    "*",
    "a{2,1}",
    "(?<!a)",
    "(a)\\1",
    "[z-a]",
    "\\",
    "(a{999}){999}",
    `a${"b?".repeat(600)}`,
    "(".repeat(100),
    "[[:nothing:]]",
  ]) {
    assert.equal(compilePattern(source), null, source);
  }
});

test("a name without special characters is found anywhere, in either case when asked", () => {
  assert.equal(compilePattern("eb-0")?.test("web-01"), true);
  assert.equal(compilePattern("WEB")?.test("web-01"), false);
  assert.equal(compilePattern("WEB", { ignoreCase: true })?.test("web-01"), true);
});

test("rules of passwords look ahead, and characters are named by their numbers", () => {
  const rule = compilePattern("^(?=.*\\d)(?=.*[A-Z])(?!.*[\\r\\n ]).{6,12}$");
  for (const [text, fits] of [
    ["Secret12", true],
    ["secret12", false],
    ["Secrets!", false],
    ["Secret 12", false],
    ["S1x", false],
  ] as const) {
    assert.equal(rule?.test(text), fits, text);
  }
  assert.equal(compilePattern("^[_a-z\\u4e00-\\u9fa5\\x41]+$")?.test("a\u4e2dA"), true);
  assert.equal(compilePattern("^[\\u4e00-\\u9fa5]+$")?.test("abc"), false);
  assert.equal(compilePattern("[A-Za-z0-9]+(?=[\\.\\-][a-zA-Z0-9])*\\.[a-z]+")?.test("example.com"), true);
});
