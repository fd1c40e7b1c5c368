import assert from "node:assert/strict";
import { test } from "node:test";
import { badRequest, conflict, forbidden, inWords, notFound, orNull, unavailable } from "../../src/kernel/errors.ts";

const words = {
  404: () => badRequest("no such thing"),
  Twin: () => conflict("twice"),
  409: () => forbidden("over quota"),
};

const throwing = (error: unknown) => () => {
  throw error;
};

test("another service's error comes in the asker's words: by type, else by status, else as a refusal", async () => {
  assert.equal(
    inWords(words, () => 1),
    1,
  );
  assert.throws(() => inWords(words, throwing(notFound("x"))), { status: 400, message: "no such thing" });
  assert.throws(() => inWords(words, throwing(conflict("x", { type: "Twin" }))), { status: 409, message: "twice" });
  assert.throws(() => inWords(words, throwing(conflict("x"))), { status: 403 });
  assert.throws(() => inWords(words, throwing(forbidden("as it is"))), { status: 403, message: "as it is" });
  const refused = { refused: ({ message }: Error) => badRequest(`refused: ${message}`) };
  assert.throws(() => inWords(refused, throwing(forbidden("x"))), { status: 400, message: "refused: x" });
  assert.throws(() => inWords(refused, throwing(unavailable("x"))), { status: 503 }, "no fault of the asker's");
  assert.throws(() => inWords(refused, throwing(new TypeError("a fault"))), TypeError);
  await assert.rejects(
    inWords(words, () => Promise.reject(notFound("x"))),
    { status: 400 },
  );
});

test("what is not there is null; other errors stay errors", async () => {
  assert.equal(
    orNull(() => 1),
    1,
  );
  assert.equal(orNull(throwing(notFound("x"))), null);
  assert.equal(await orNull(() => Promise.reject(notFound("x"))), null);
  assert.throws(() => orNull(throwing(forbidden("x"))), { status: 403 });
  await assert.rejects(
    orNull(() => Promise.reject(new TypeError("a fault"))),
    TypeError,
  );
});
