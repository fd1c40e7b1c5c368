import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { WebSocket } from "ws";
import { discard, Logger } from "../../../../src/kernel/log/logger.ts";
import { type Listener, listen } from "../../../../src/listen.ts";
import { consoleToken, isAllowedOrigin } from "../../../../src/services/compute/consoles/origin.ts";
import { type ConsoleProxyOptions, consoleProxy } from "../../../../src/services/compute/consoles/proxy.ts";

const TOKEN = "0d7a8c6e-3c0c-4f41-9a52-2f1b8a0f1c11";
const directory = mkdtempSync(join(tmpdir(), "con-"));
after(() => rmSync(directory, { recursive: true }));

/** A console that a guest would have, and a proxy to it. */
async function lab(
  type: "novnc" | "serial",
  onGuest: (socket: Socket) => void,
  changes: Partial<ConsoleProxyOptions> = {},
) {
  const path = join(directory, `${Math.random().toString(36).slice(2)}.sock`);
  const sockets = new Set<Socket>();
  const guest: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onGuest(socket);
  });
  await new Promise<void>((resolve) => guest.listen(path, resolve));
  const proxy = consoleProxy({
    type,
    resolve: async (token) =>
      token === TOKEN ? { serverId: "s", serverName: "vm1", type, endpoint: { kind: "unix", path } } : null,
    log: new Logger("test", { sink: discard }),
    ...changes,
  });
  const listener: Listener = await listen(proxy.app, { host: "127.0.0.1", port: 0, upgrade: proxy.upgrade });
  return {
    sockets,
    url: (token: string) => `ws://127.0.0.1:${listener.port}/?token=${token}`,
    http: `http://127.0.0.1:${listener.port}`,
    async close() {
      proxy.close();
      await listener.close();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => guest.close(resolve));
    },
  };
}

function opened(browser: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    browser.once("open", () => resolve("open"));
    browser.once("unexpected-response", (_request, response) => resolve(String(response.statusCode)));
    browser.on("error", () => {});
  });
}

test("bytes go both ways as binary frames, and a token is needed", async () => {
  const site = await lab("novnc", (socket) => {
    socket.write("RFB 003.008\n");
    socket.on("data", (data) => socket.write(data));
  });
  const browser = new WebSocket(site.url(TOKEN), ["binary", "base64"]);
  const frames: Buffer[] = [];
  browser.on("message", (data, isBinary) => {
    assert.equal(isBinary, true);
    frames.push(data as Buffer);
  });
  assert.equal(await opened(browser), "open");
  assert.equal(browser.protocol, "binary");
  browser.send(Buffer.from([0, 255, 10]));
  while (Buffer.concat(frames).length < 15) await new Promise((resolve) => browser.once("message", resolve));
  assert.deepEqual(Buffer.concat(frames), Buffer.concat([Buffer.from("RFB 003.008\n"), Buffer.from([0, 255, 10])]));
  // The guest's side is let go of with the browser's.
  browser.close();
  while (site.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve));

  for (const token of ["", "bad", TOKEN.replace("0", "1")]) {
    assert.equal(await opened(new WebSocket(site.url(token))), "403");
  }
  await site.close();
});

test("the guest's end closes the browser's; a dead console is a bad gateway", async () => {
  const site = await lab("serial", (socket) => socket.end("bye"));
  const browser = new WebSocket(site.url(TOKEN));
  const text = await new Promise<string>((resolve) => {
    let all = "";
    browser.on("message", (data) => {
      all += String(data);
    });
    browser.on("close", () => resolve(all));
  });
  assert.equal(text, "bye");
  await site.close();

  const gone = { kind: "unix", path: join(directory, "nobody.sock") } as const;
  const dead = await lab("serial", () => {}, {
    resolve: async () => ({ serverId: "s", serverName: "vm1", type: "serial", endpoint: gone }),
  });
  assert.equal(await opened(new WebSocket(dead.url(TOKEN))), "502");
  await dead.close();
});

test("a page of another host is refused, a token of the other kind as well", async () => {
  const site = await lab("novnc", () => {}, {
    resolve: async () => ({ serverId: "s", serverName: "vm1", type: "serial", endpoint: { kind: "unix", path: "/x" } }),
    allowedOrigins: ["dashboard.example"],
  });
  assert.equal(await opened(new WebSocket(site.url(TOKEN))), "403");
  await site.close();
  const host = "cloud.example:6080";
  assert.equal(isAllowedOrigin({ host }), true);
  assert.equal(isAllowedOrigin({ host, origin: "http://cloud.example" }), true);
  assert.equal(isAllowedOrigin({ host, origin: "http://evil.example" }), false);
  assert.equal(isAllowedOrigin({ host, origin: "http://cloud.example.evil.example:6080" }), false);
  assert.equal(isAllowedOrigin({ host, origin: "null" }), false);
  assert.equal(isAllowedOrigin({ host, origin: "https://dashboard.example" }, ["dashboard.example"]), true);
  assert.equal(isAllowedOrigin({ host: "[2001:db8::1]:6080", origin: "http://[2001:db8::1]:8080" }), true);
});

test("a browser that does not read makes the guest wait, and nothing is lost", async () => {
  const total = 32 * 1024 * 1024;
  let written = 0;
  const site = await lab("novnc", (socket) => {
    const chunk = Buffer.alloc(64 * 1024, 7);
    const more = (): void => {
      while (written < total) {
        written += chunk.length;
        if (!socket.write(chunk)) return void socket.once("drain", more);
      }
    };
    more();
  });
  const browser = new WebSocket(site.url(TOKEN));
  let received = 0;
  browser.on("message", (data) => {
    received += (data as Buffer).length;
  });
  browser.once("open", () => browser.pause());
  assert.equal(await opened(browser), "open");
  // All of it is in this process: turns of its event loop in which no socket takes anything more.
  for (let quiet = 0, before = -1; quiet < 200; quiet = before === written ? quiet + 1 : 0) {
    before = written;
    await new Promise((resolve) => setImmediate(resolve));
  }
  // Kernel buffers and ours are a few megabytes at most.
  assert.ok(written < total / 2, `the guest could write ${written} bytes`);
  browser.resume();
  while (received < total) await new Promise((resolve) => browser.once("message", resolve));
  assert.equal(received, total);
  browser.close();
  await site.close();
});

test("the token is in the query, or in the cookie of old viewers", () => {
  assert.equal(consoleToken(`/?token=${TOKEN}`, undefined), TOKEN);
  assert.equal(consoleToken(`/websockify?a=b&token=${TOKEN}`, undefined), TOKEN);
  assert.equal(consoleToken("/websockify", `x=1; token=${TOKEN}`), TOKEN);
  assert.equal(consoleToken("/websockify", undefined), null);
  assert.equal(consoleToken("/?token=../../etc", undefined), null);
});
