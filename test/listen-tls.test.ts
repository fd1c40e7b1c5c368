import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { get as httpGet, type IncomingMessage, request } from "node:http";
import { get } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { connect as connectTls, type SecureVersion } from "node:tls";
import { Hono } from "hono";
import { WebSocket, WebSocketServer } from "ws";
import { createApps } from "../src/app.ts";
import { ensureCertificate } from "../src/bootstrap/tls/certificate.ts";
import { readServed } from "../src/bootstrap/tls/examine.ts";
import { serverFile } from "../src/bootstrap/tls/places.ts";
import { type Listener, listen } from "../src/listen.ts";
import { type TlsFiles, TlsServer } from "../src/listen-tls.ts";
import { identity } from "../src/services/identity/index.ts";
import { testCloud } from "./support/cloud.ts";
import { testSettings } from "./support/settings.ts";

const directory = mkdtempSync(join(tmpdir(), "tenrec-listen-"));
after(() => rmSync(directory, { recursive: true }));
const settings = testSettings({}, { DATA_DIR: directory, SERVICE_PROTOCOL: "https" });

async function newCertificate(): Promise<{ files: TlsFiles; ca: string }> {
  rmSync(serverFile(directory), { force: true });
  await ensureCertificate(settings, hostname(), Date.now());
  const { certificate, key, authorities } = readServed(settings);
  return { files: { cert: certificate, key }, ca: authorities };
}

interface Answer {
  status: number | undefined;
  headers: IncomingMessage["headers"];
  text: string;
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

/** What comes back over one connection until it closes. */
function rest(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => {
      text += String(chunk);
    });
    socket.on("error", () => {});
    socket.once("close", () => resolve(text));
  });
}

describe("a listener with TLS", () => {
  let ca: string;
  let listener: Listener;
  let closeCloud: () => Promise<void>;
  before(async () => {
    const cloud = await testCloud([identity()], { settings });
    closeCloud = cloud.close;
    const made = await newCertificate();
    ca = made.ca;
    const sockets = new WebSocketServer({ noServer: true });
    listener = await listen(createApps(cloud.cloud).all, {
      host: "127.0.0.1",
      port: 0,
      tls: made.files,
      upgrade: (message, socket, head) =>
        sockets.handleUpgrade(message, socket, head, (browser) => browser.on("message", (data) => browser.send(data))),
    });
  });
  after(async () => {
    await listener.close();
    await closeCloud();
  });

  const secure = (path: string, options: { servername?: string; maxVersion?: SecureVersion } = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const target = { host: "127.0.0.1", port: listener.port, path, ca, agent: false, ...options };
      get(target, (response) => resolve(answerOf(response))).once("error", reject);
    });

  test("clients that trust the authority are served, under each name, and links say https", async () => {
    const { status, text } = await secure("/identity/v3");
    assert.equal(status, 200);
    assert.match(text, new RegExp(`"href":"https://127\\.0\\.0\\.1:${listener.port}/identity/v3/"`));
    assert.equal((await secure("/identity/v3", { servername: "localhost" })).status, 200);
    assert.equal((await secure("/identity/v3", { maxVersion: "TLSv1.2" })).status, 200);
    await assert.rejects(
      secure("/identity/v3", { servername: "elsewhere.example" }),
      /ERR_TLS_CERT_ALTNAME_INVALID|altnames/,
    );
    const stranger = { host: "127.0.0.1", port: listener.port, agent: false };
    await assert.rejects(
      new Promise((resolve, reject) => get(stranger, resolve).once("error", reject)),
      /self-signed|local issuer/,
    );
  });

  test("TLS before 1.2 is refused", async () => {
    for (const version of ["TLSv1", "TLSv1.1"] as const) {
      const socket = connectTls({
        host: "127.0.0.1",
        port: listener.port,
        ca,
        minVersion: version,
        maxVersion: version,
        // Or this side would refuse it first.
        ciphers: "DEFAULT@SECLEVEL=0",
      });
      const code = await new Promise((resolve) => {
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
        socket.once("secureConnect", () => resolve("connected"));
      });
      assert.equal(code, "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION", version);
    }
  });

  test("plain HTTP is answered with a 400 that says what to do, however large the request", async () => {
    const plain = { host: "127.0.0.1", port: listener.port, path: "/identity/v3", agent: false };
    const answer = await new Promise<Answer>((resolve, reject) => {
      httpGet(plain, (response) => resolve(answerOf(response))).once("error", reject);
    });
    assert.equal(answer.status, 400);
    assert.match(JSON.parse(answer.text).error.message, /https:\/\//);
    assert.equal(answer.headers.connection, "close");

    const head = await new Promise<Answer>((resolve, reject) => {
      const call = request({ ...plain, method: "HEAD" }, (response) => resolve(answerOf(response)));
      call.once("error", reject).end();
    });
    assert.deepEqual([head.status, head.text], [400, ""]);

    const upload = connect(listener.port, "127.0.0.1");
    const heard = rest(upload);
    upload.write("PUT /image/v2/images/1/file HTTP/1.1\r\nHost: box\r\nContent-Length: 8000000\r\n\r\n");
    upload.write(Buffer.alloc(8_000_000));
    assert.match(await heard, /^HTTP\/1\.1 400 /);
  });

  test("what is neither is hung up on, and the port goes on", async () => {
    for (const bytes of [
      Buffer.alloc(300),
      Buffer.from("SSH-2.0-x\r\n").reverse(),
      Buffer.from([0x16, 3, 1, 0, 4, 9, 9, 9, 9]),
    ]) {
      const socket = connect(listener.port, "127.0.0.1");
      const heard = rest(socket);
      socket.write(bytes);
      assert.doesNotMatch(await heard, /HTTP/);
    }
    assert.equal((await secure("/identity/v3")).status, 200);
  });

  test("web sockets open over TLS, too", async () => {
    const browser = new WebSocket(`wss://127.0.0.1:${listener.port}/?token=x`, { ca });
    const echo = new Promise<string>((resolve, reject) => {
      browser.once("error", reject);
      browser.once("open", () => browser.send("bytes"));
      browser.once("message", (data) => resolve(String(data)));
    });
    assert.equal(await echo, "bytes");
    browser.terminate();
  });

  test("another certificate is shown to the next client; connections of before go on", async () => {
    const serial = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connectTls({ host: "127.0.0.1", port: listener.port, ca }, () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        });
        socket.once("error", reject);
      });
    const old = connectTls({ host: "127.0.0.1", port: listener.port, ca });
    await new Promise((resolve, reject) => old.once("secureConnect", resolve).once("error", reject));
    const before = await serial();
    const { files } = await newCertificate();
    listener.setTls?.(files);
    assert.notEqual(await serial(), before);
    const heard = rest(old);
    old.write("GET /identity/v3 HTTP/1.1\r\nHost: box\r\nConnection: close\r\n\r\n");
    assert.match(await heard, /^HTTP\/1\.1 200 /);
    // What is not asked for at the start stays as it is, too.
    await assert.rejects(secure("/", { maxVersion: "TLSv1.1" }));
  });
});

describe("slow clients", () => {
  let server: TlsServer;
  let port: number;
  before(async () => {
    const { files } = await newCertificate();
    server = new TlsServer(files, { connectionsCheckingInterval: 20 }, (_request, response) => response.end("ok"), 100);
    server.headersTimeout = 100;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  after(() => new Promise((resolve) => server.close(resolve)));

  test("nothing, half a handshake, no request, and headers that never end are each cut off", {
    timeout: 20_000,
  }, async () => {
    const silent = connect(port, "127.0.0.1");
    const stuck = connect(port, "127.0.0.1");
    stuck.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
    const idle = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
    const dripping = connectTls({ host: "127.0.0.1", port, rejectUnauthorized: false });
    dripping.write("GET / HTTP/1.1\r\nHost: box\r\nX-Slow: ");
    const drip = setInterval(() => {
      if (stuck.writable) stuck.write("\x01");
      if (dripping.writable) dripping.write("a");
    }, 10);
    try {
      const [nothing, half, , slow] = await Promise.all([silent, stuck, idle, dripping].map(rest));
      assert.equal(nothing, "");
      assert.doesNotMatch(half ?? "", /HTTP/);
      assert.match(slow ?? "", /^HTTP\/1\.1 408 /);
    } finally {
      clearInterval(drip);
    }
  });
});

test("closing does not wait for clients that say nothing or are in the midst of a handshake", {
  timeout: 20_000,
}, async () => {
  const { files } = await newCertificate();
  const listener = await listen(new Hono(), { host: "127.0.0.1", port: 0, tls: files });
  const silent = connect(listener.port, "127.0.0.1");
  const stuck = connect(listener.port, "127.0.0.1");
  stuck.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
  // Once this one is through, the server has seen what came before.
  const through = connectTls({ host: "127.0.0.1", port: listener.port, rejectUnauthorized: false });
  await new Promise((resolve) => through.once("secureConnect", resolve));
  const ends = [silent, stuck, through].map(rest);
  const begin = performance.now();
  await listener.close();
  assert.ok(performance.now() - begin < 5_000);
  await Promise.all(ends);
});
