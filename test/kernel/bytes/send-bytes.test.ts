import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { EventEmitter, once } from "node:events";
import { type FileHandle, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { Agent, get, type IncomingMessage, type ServerResponse } from "node:http";
import { get as getTls, Agent as TlsAgent } from "node:https";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { ensureCertificate } from "../../../src/bootstrap/tls/certificate.ts";
import { readServed } from "../../../src/bootstrap/tls/examine.ts";
import { OpenBytes } from "../../../src/kernel/bytes/open-bytes.ts";
import { responseOf } from "../../../src/kernel/http/byte-response.ts";
import { sendBytes } from "../../../src/kernel/http/send-bytes.ts";
import { type Listener, listen } from "../../../src/listen.ts";
import { testSettings } from "../../support/settings.ts";

const MIB = 1024 * 1024;
const content = randomBytes(3 * MIB + 17);

let directory: string;
let path: string;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), "tenrec-send-"));
  path = join(directory, "content");
  await writeFile(path, content);
});
after(() => rm(directory, { recursive: true, force: true }));

/** A file, with pieces before and after it that are at hand; how it goes. */
async function opened(length = content.length) {
  const file = await open(path);
  const bytes = new OpenBytes(
    [Buffer.from("<"), { file, start: 0, end: 10 }, { file, start: 10, end: length }, Buffer.from(">")],
    () => file.close(),
  );
  let closed = 0;
  const closing = Promise.withResolvers<void>();
  const counted = new OpenBytes(bytes.pieces, async () => {
    closed += 1;
    await bytes.close();
    closing.resolve();
  });
  return { bytes: counted, closed: () => closed, closing: closing.promise, length: length + 2 };
}

type Opened = Awaited<ReturnType<typeof opened>>;

const answerWith = ({ bytes, length }: Opened) =>
  responseOf(bytes, { status: 200, headers: { "content-length": String(length), "x-kind": "bytes" } });

async function serve(t: TestContext, answer: () => Promise<Response>, tls?: { cert: string; key: string }) {
  const listener: Listener = await listen({ fetch: answer }, { host: "127.0.0.1", port: 0, tls });
  t.after(() => listener.close());
  return listener.port;
}

const expected = Buffer.concat([Buffer.from("<"), content, Buffer.from(">")]);

async function collect(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

test("an answer of pieces arrives whole, over one connection again and again, with and without TLS", async (t) => {
  const settings = testSettings({}, { DATA_DIR: directory, SERVICE_PROTOCOL: "https" });
  await ensureCertificate(settings, "box", Date.now());
  const { certificate: cert, key } = readServed(settings);
  for (const tls of [undefined, { cert, key }]) {
    const all: Opened[] = [];
    const port = await serve(
      t,
      async () => {
        const one = await opened();
        all.push(one);
        return answerWith(one);
      },
      tls,
    );
    const agent = new (tls === undefined ? Agent : TlsAgent)({ keepAlive: true, maxSockets: 1 });
    for (let n = 0; n < 3; n += 1) {
      const incoming = await new Promise<IncomingMessage>((resolve) => {
        const to = { host: "127.0.0.1", port, agent, rejectUnauthorized: false };
        (tls === undefined ? get : getTls)(to, resolve);
      });
      assert.equal(incoming.headers["x-kind"], "bytes");
      assert.ok((await collect(incoming)).equals(expected));
      await all[n]?.closing;
      assert.equal(all[n]?.closed(), 1);
    }
    agent.destroy();
  }
});

/** A connection that has asked and reads nothing yet. */
async function asked(port: number, times = 1): Promise<Socket> {
  const socket = connect({ host: "127.0.0.1", port });
  socket.on("error", () => {});
  socket.pause();
  socket.write("GET / HTTP/1.1\r\nHost: box\r\n\r\n".repeat(times));
  return socket;
}

test("requests that come before the answer to the last one is out are answered in their order", async (t) => {
  const port = await serve(t, async () => answerWith(await opened()));
  const socket = await asked(port, 3);
  let length = 0;
  const head = "HTTP/1.1 200 OK\r\n";
  await new Promise<void>((resolve) => {
    socket.on("data", (chunk) => {
      length += chunk.length;
      if (length >= 3 * (expected.length + head.length)) resolve();
    });
    socket.resume();
  });
  socket.destroy();
});

/** A client who takes what it is given when the test says so, if ever. */
class SlowClient extends EventEmitter {
  destroyed = false;
  readonly socket = null;
  readonly untaken: (() => void)[] = [];
  writeHead(): void {}
  write(_bytes: Uint8Array, taken: () => void): void {
    this.untaken.push(taken);
    this.emit("write");
  }
  end(): void {}
  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

test("a client that reads nothing costs one buffer, and closes what is read when it goes", async () => {
  let most = 0;
  const endless = {
    read: async (buffer: Buffer, _offset: number, length: number) => {
      assert.equal(client.untaken.length, 0, "nothing is read while something is not taken");
      most = Math.max(most, buffer.length);
      return { bytesRead: length };
    },
  } as unknown as FileHandle;
  let closed = 0;
  const client = new SlowClient();
  const bytes = new OpenBytes([{ file: endless, start: 0, end: 1024 * MIB }], () => {
    closed += 1;
  });
  const sent = sendBytes(client as unknown as ServerResponse, new Response(), bytes);
  for (let n = 0; n < 20; n += 1) {
    if (client.untaken.length === 0) await once(client, "write");
    client.untaken.shift()?.();
  }
  if (client.untaken.length === 0) await once(client, "write");
  assert.ok(most <= MIB / 2, `${most} bytes at once`);
  assert.equal(closed, 0);
  client.destroy();
  await sent;
  assert.equal(closed, 1);
});

test("a file that is shorter than was said breaks the connection, and is closed", async (t) => {
  const said = t.mock.method(console, "error", () => {});
  const one = await opened(content.length + 5);
  const port = await serve(t, async () => answerWith(one));
  const incoming = await new Promise<IncomingMessage>((resolve) => {
    get({ host: "127.0.0.1", port }, resolve);
  });
  await assert.rejects(collect(incoming), { code: "ECONNRESET" });
  await one.closing;
  assert.equal(said.mock.callCount(), 1);
});

test("without a listener the answer is a stream; broken off, it is closed", async () => {
  const whole = await opened();
  const response = answerWith(whole);
  assert.ok(Buffer.from(await response.arrayBuffer()).equals(expected));
  assert.equal(whole.closed(), 1);
  const broken = await opened();
  const reader = answerWith(broken).body?.getReader();
  await reader?.read();
  await reader?.cancel();
  assert.equal(broken.closed(), 1);
  const unread = await opened();
  await answerWith(unread).body?.cancel();
  assert.equal(unread.closed(), 1);
  const short = await opened(content.length + 5);
  await assert.rejects(answerWith(short).arrayBuffer(), /shorter/);
  assert.equal(short.closed(), 1);
});
