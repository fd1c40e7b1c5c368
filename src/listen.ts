import { createSocket, type RemoteInfo } from "node:dgram";
import { chmodSync, existsSync, unlinkSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, createServer as createSocketServer, isIPv6, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Hono } from "hono";
import type { Transport } from "./kernel/config/settings.ts";
import { messageOf, Problem } from "./kernel/errors.ts";
import { openBytesOf } from "./kernel/http/byte-response.ts";
import { continueWhenRead } from "./kernel/http/expect-continue.ts";
import { sendBytes } from "./kernel/http/send-bytes.ts";
import { type TlsFiles, TlsServer } from "./listen-tls.ts";

export interface ListenOptions {
  host: string;
  port: number;
  /** http without them. */
  tls?: TlsFiles | undefined;
  /** Milliseconds after which a connection that says nothing is closed. */
  silence?: number;
  /** Takes web-socket upgrades (consoles); without it they are refused. */
  upgrade?: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined;
}

export interface Listener {
  port: number;
  /** Another certificate for the connections to come. Where TLS is spoken. */
  setTls?(files: TlsFiles): void;
  close(): Promise<void>;
}

type FetchCallback = Parameters<typeof getRequestListener>[0];

/** How often node looks for clients that are late with their headers; its own 30 s would be added to their time. */
const WATCH = { connectionsCheckingInterval: 2_000 };
/** Old health checks (haproxy's) speak HTTP/1.0 and send no Host header; links never take this name. */
const NO_HOST = "localhost";

/**
 * Timeouts against clients that send slowly or never: headers within 10 s; a body may take as long as an image upload
 * takes (the pipeline watches those of JSON), but a connection that says nothing for 5 minutes is closed.
 */
function harden(server: Server | TlsServer, silence: number): void {
  server.headersTimeout = 10_000;
  server.requestTimeout = 0;
  server.keepAliveTimeout = 65_000;
  server.timeout = silence;
  server.maxHeadersCount = 200;
}

/** Serves an app on a TCP port. Errors: the system's (EADDRINUSE, EACCES). */
export async function listen(app: Pick<Hono, "fetch">, options: ListenOptions): Promise<Listener> {
  const handle = getRequestListener(sendingBytes(app), { hostname: NO_HOST });
  const { tls } = options;
  const listener = (request: Parameters<typeof handle>[0], response: Parameters<typeof handle>[1]) =>
    void handle(request, response);
  const server = tls === undefined ? createServer(WATCH, listener) : new TlsServer(tls, WATCH, listener);
  harden(server, options.silence ?? 300_000);
  server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    continueWhenRead(request, response);
    listener(request, response);
  });
  // What else somebody expects is passed over, as by the servers under Swift and S3.
  server.on("checkExpectation", listener);
  server.on(
    "upgrade",
    options.upgrade ?? ((_request, socket) => socket.end("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")),
  );
  const bare = await bound(server, () => server.listen(options.port, options.host));
  if (!(server instanceof TlsServer)) return bare;
  return { ...bare, setTls: (files) => server.setSecureContext({ ...files, minVersion: "TLSv1.2" }) };
}

/** Answers whose bytes are read as the client takes them are sent from here; all others by the adapter. */
function sendingBytes(app: Pick<Hono, "fetch">): FetchCallback {
  return (request, env) => {
    const sent = (response: Response): Response | Promise<Response> => {
      const answer = openBytesOf(response);
      if (answer === undefined) return response;
      return (
        sendBytes(env.outgoing as ServerResponse, response, answer)
          // It cannot be said to the client any more.
          .catch((error: unknown) => console.error(error))
          .then(() => RESPONSE_ALREADY_SENT)
      );
    };
    const response = app.fetch(request, env);
    return response instanceof Promise ? response.then(sent) : sent(response);
  };
}

/** Hands every connection on a TCP port to `take`, for servers that do not listen themselves. Errors: the system's. */
export async function listenRaw(host: string, port: number, take: (socket: Socket) => void): Promise<Listener> {
  const server = createSocketServer(take);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return { port, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/** Hands every message to a UDP port to `receive`, with how to answer it. Errors: the system's. */
export async function listenUdp(
  host: string,
  port: number,
  receive: (message: Buffer, from: RemoteInfo, reply: (message: Uint8Array) => void) => void,
): Promise<Listener> {
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind({ port, address: host, exclusive: true }, () => {
      socket.removeListener("error", reject);
      resolve();
    });
  });
  // What a network says of answers that nobody took is nobody's failure.
  socket.on("error", () => {});
  socket.on("message", (message, from) =>
    receive(message, from, (answer) => socket.send(answer, from.port, from.address, () => {})),
  );
  return { port: socket.address().port, close: () => new Promise((resolve) => socket.close(() => resolve())) };
}

/** Serves an app on a unix socket that only this user may open. A stale socket file is replaced; one in use is an error. */
export async function listenUnix(app: Hono, path: string): Promise<Listener> {
  if (existsSync(path)) {
    if (await answers(path)) throw new Problem(`${path} is in use: another tenrec runs with this data directory`);
    unlinkSync(path);
  }
  const handle = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = createServer((request, response) => void handle(request, response));
  const listener = await bound(server, () => server.listen(path));
  chmodSync(path, 0o600);
  return listener;
}

function bound(server: Server | TlsServer, start: () => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.removeListener("error", reject);
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      resolve({ port, close: () => closed(server) });
    });
    start();
  });
}

function closed(server: Server | TlsServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    // Long transfers do not hold up a shutdown for ever.
    setTimeout(() => server.closeAllConnections(), 2_000).unref();
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** "port 5000 is taken" in words a person can act on. */
export function listenProblem(error: unknown, port: number, transport: Transport = "tcp"): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const name = transport === "tcp" ? `port ${port}` : `UDP port ${port}`;
  if (code === "EADDRINUSE")
    return `${name} is taken by another program (find it with: ss -l${transport[0]}np 'sport = :${port}')`;
  if (code === "EACCES") return `${name} may only be opened by root`;
  return `cannot listen on ${name}: ${messageOf(error)}`;
}
