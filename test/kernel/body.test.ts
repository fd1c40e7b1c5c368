import assert from "node:assert/strict";
import { test } from "node:test";
import { parseJson, readBody } from "../../src/kernel/http/body.ts";

const sent = (bytes: Uint8Array, announced: boolean) => {
  const request = new Request("http://cloud/", { method: "POST", body: bytes.slice().buffer });
  if (announced) request.headers.set("content-length", String(bytes.length));
  return request;
};

test("bytes that are no UTF-8 are refused, characters that arrive in parts are not", async () => {
  const bytes = new TextEncoder().encode('{"name": "é 😀"}');
  for (const announced of [true, false]) {
    assert.equal(await readBody(sent(bytes, announced), 100), '{"name": "é 😀"}');
    await assert.rejects(readBody(sent(bytes.slice(0, -4), announced), 100), { status: 400 });
    await assert.rejects(readBody(sent(Uint8Array.of(0x22, 0xff, 0x22), announced), 100), { status: 400 });
  }
  const parts = new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  });
  const request = new Request("http://cloud/", { method: "POST", body: parts, duplex: "half" } as RequestInit);
  assert.equal(await readBody(request, 100), '{"name": "é 😀"}');
});

test("half a surrogate pair is refused wherever it is; pairs, and texts that look like one, are not", () => {
  for (const text of ['"\\ud800"', '{"\\uDC00": 1}', '[["a\\\\\\udfff"]]', '"\\ud83d\\ud83d\\ude00"'])
    assert.throws(() => parseJson(text), { status: 400 }, text);
  assert.equal(parseJson('"\\ud83d\\ude00"'), "😀");
  assert.equal(parseJson('"\\\\ud800"'), "\\ud800");
  assert.throws(() => parseJson('"a\\u0000"'), { status: 400 });
});
