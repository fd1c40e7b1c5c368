import { connect, type Socket } from "node:net";
import type { WebSocket } from "ws";
import type { ConsoleEndpoint } from "../driver/driver.ts";

/** Bytes a slow browser may be behind before the guest's side is told to wait. */
const MOST_BUFFERED = 1024 * 1024;
/** A piece this large goes out at once. */
const FULL_PIECE = 64 * 1024;
const PING_EVERY_MS = 30_000;

export interface BridgeOptions {
  /**
   * Milliseconds that bytes from the guest are collected before they go out as one frame: a serial line sends them one by one,
   * a VNC server whole messages.
   */
  readonly coalesceMs: number;
}

/** Connects to a guest's console. Rejects with the system's error (ENOENT, ECONNREFUSED) when nothing listens. */
export function connectConsole(endpoint: ConsoleEndpoint): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = endpoint.kind === "unix" ? connect(endpoint.path) : connect(endpoint.port, endpoint.host);
  socket.once("error", reject);
  socket.once("connect", () => {
    socket.removeListener("error", reject);
    resolve(socket);
  });
  return promise;
}

/**
 * Passes bytes between a web socket and a console until either ends, as websockify's binary protocol: a frame is a piece of the
 * stream and its borders mean nothing. Neither side can make this program hold more than MOST_BUFFERED for the other.
 */
export function bridge(browser: WebSocket, guest: Socket, { coalesceMs }: BridgeOptions): void {
  guest.setNoDelay(true);
  let pieces: Buffer[] = [];
  let bytes = 0;
  let timer: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (bytes === 0 || browser.readyState !== browser.OPEN) return;
    const data = pieces.length === 1 ? pieces[0] : Buffer.concat(pieces);
    pieces = [];
    bytes = 0;
    browser.send(data ?? Buffer.alloc(0), { binary: true }, () => {
      if (guest.isPaused() && browser.bufferedAmount < MOST_BUFFERED / 2) guest.resume();
    });
    if (browser.bufferedAmount > MOST_BUFFERED) guest.pause();
  };

  guest.on("data", (chunk: Buffer) => {
    pieces.push(chunk);
    bytes += chunk.length;
    if (bytes >= FULL_PIECE || coalesceMs === 0) flush();
    else timer ??= setTimeout(flush, coalesceMs);
  });
  guest.on("drain", () => browser.resume());
  browser.on("message", (data) => {
    // Text frames are the same stream, from clients that only know those.
    const chunk = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
    if (!guest.destroyed && !guest.write(chunk)) browser.pause();
  });

  // A browser that is gone without a word (a laptop put to sleep) would hold the guest's only serial line for ever.
  let alive = true;
  browser.on("pong", () => {
    alive = true;
  });
  const pulse = setInterval(() => {
    if (!alive) browser.terminate();
    alive = false;
    if (browser.readyState === browser.OPEN) browser.ping();
  }, PING_EVERY_MS);

  guest.on("error", () => guest.destroy());
  guest.on("close", () => {
    flush();
    browser.close(1000);
  });
  browser.on("error", () => browser.terminate());
  browser.on("close", () => {
    clearInterval(pulse);
    clearTimeout(timer);
    guest.destroy();
  });
}
