import type { RequestListener, ServerOptions } from "node:http";
import { Server } from "node:https";
import type { Socket } from "node:net";

export interface TlsFiles {
  /** PEM: the private key. */
  readonly key: string;
  /** PEM: the certificate, and the authorities between it and the root. */
  readonly cert: string;
}

/** Milliseconds for the first byte, and again for the handshake: as long as for the headers that come then. */
const HANDSHAKE_MS = 10_000;
/** How long a connection that was refused may still send what nobody reads. */
const LINGER_MS = 2_000;

/** An https server that answers plain HTTP, too: with a 400 that says what is wrong, where Node's own just hangs up. */
export class TlsServer extends Server {
  /** All, and those that have not said anything yet. */
  readonly #sockets = new Set<Socket>();
  readonly #silent = new Set<Socket>();

  constructor(files: TlsFiles, options: ServerOptions, listener: RequestListener, patience = HANDSHAKE_MS) {
    super({ ...options, ...files, minVersion: "TLSv1.2", handshakeTimeout: patience }, listener);
    const handshakes = this.listeners("connection");
    this.removeAllListeners("connection");
    this.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      this.#silent.add(socket);
      onFirstBytes(socket, patience, (bytes) => {
        this.#silent.delete(socket);
        if (bytes === null) socket.destroy();
        else if (isPlainHttp(bytes)) refusePlainHttp(socket, bytes);
        else {
          // The handshake reads them again.
          socket.unshift(bytes);
          for (const handshake of handshakes) handshake.call(this, socket);
        }
      });
    });
  }

  override closeIdleConnections(): void {
    super.closeIdleConnections();
    for (const socket of this.#silent) socket.destroy();
  }

  /** Node's knows only of connections whose handshake is done. */
  override closeAllConnections(): void {
    super.closeAllConnections();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Calls `then` once: with what the client sends first, or with null when it goes away or sends nothing in time. */
function onFirstBytes(socket: Socket, patience: number, then: (bytes: Buffer | null) => void): void {
  const done = (bytes: Buffer | null): void => {
    clearTimeout(timer);
    socket.removeListener("readable", readable);
    socket.removeListener("error", gone);
    socket.removeListener("close", gone);
    then(bytes);
  };
  const readable = (): void => done(socket.read() as Buffer | null);
  const gone = (): void => done(null);
  const timer = setTimeout(gone, patience);
  socket.once("readable", readable);
  socket.once("error", gone);
  socket.once("close", gone);
}

/** A method, which TLS never begins with. */
const isPlainHttp = (bytes: Buffer): boolean => /^[A-Z]/.test(bytes.toString("latin1", 0, 1));

function refusePlainHttp(socket: Socket, request: Buffer): void {
  const message = "This port speaks TLS: write https:// in place of http://.";
  const body = JSON.stringify({ error: { code: 400, title: "Bad Request", message } });
  const head = [
    "HTTP/1.1 400 Bad Request",
    "content-type: application/json",
    `content-length: ${body.length}`,
    "connection: close",
  ];
  const isHead = request.toString("latin1", 0, 5) === "HEAD ";
  socket.on("error", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${isHead ? "" : body}`);
  // Closed with bytes unread, the connection would be reset and the answer lost on its way.
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
}
