import assert from "node:assert/strict";
import { test } from "node:test";
import { shownBody } from "../../src/dashboard/ui/api/shown-body.ts";

test("the request that a form shows has no password in it", () => {
  const user = { name: "ann", password: "typed", original_password: "old", enabled: true };
  assert.equal(
    shownBody({ user, adminPass: "typed", secret: "typed" }),
    '{"user":{"name":"ann","password":"…","original_password":"…","enabled":true},"adminPass":"…","secret":"…"}',
  );
});
