import assert from "node:assert/strict";
import { test } from "node:test";
import { pathnameOf, searchOf } from "../../src/kernel/http/url.ts";

test("path and query of a URL are those that URL finds", () => {
  const rests = ["", "/", "/a/b", "/a?", "/a?x=1", "/a?x=1&x=2?", "/a?x=1#y", "/a?#y", "/a#b?c", "/?", "/a%3Fb?c=%23"];
  for (const rest of rests) {
    const { href, pathname, search } = new URL(`http://127.0.0.1:8080${rest}`);
    assert.deepEqual([pathnameOf(href), searchOf(href)], [pathname, search], rest);
  }
});
