import assert from "node:assert/strict";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { MetadataDesk } from "../../../src/services/network/manager/metadata-desk.ts";

test("guests hear 503 as from neutron's agent where nobody answers for metadata, and whoever does as soon as there is one", async () => {
  const desk = new MetadataDesk();
  const source = { networkId: "n" } as unknown as Parameters<MetadataDesk["answer"]>[1];
  const server = createServer((socket) => desk.answer(socket, source));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const nobody = await fetch(url);
    assert.equal(nobody.status, 503);
    assert.match(await nobody.text(), /remote metadata server is temporarily unavailable/);
    desk.serve((socket, from) => {
      assert.equal(from, source);
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi");
    });
    assert.equal(await (await fetch(url)).text(), "hi");
  } finally {
    server.close();
  }
});
