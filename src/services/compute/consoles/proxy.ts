import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Hono } from "hono";
import { WebSocketServer } from "ws";
import type { Logger } from "../../../kernel/log/logger.ts";
import type { ConsoleTarget } from "../facade.ts";
import { bridge, connectConsole } from "./bridge.ts";
import { consoleToken, isAllowedOrigin } from "./origin.ts";
import { consolePages } from "./page.ts";

export interface ConsoleProxyOptions {
  /** Which consoles this port opens; a token of the other kind is refused. */
  readonly type: "novnc" | "serial";
  /** The compute facade's `resolveConsoleToken`. */
  resolve(token: string): Promise<ConsoleTarget | null>;
  readonly log: Logger;
  /** Host names, beside the one asked, whose pages may open consoles or show ours in a frame (a dashboard elsewhere). */
  readonly allowedOrigins?: readonly string[];
}

/** What `listen` needs to serve a console port. */
export interface ConsoleProxy {
  readonly app: Hono;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Cuts all consoles. */
  close(): void;
}

/** Only what a person types or pastes comes from the browser's side. */
const MAX_FRAME_BYTES = 1024 * 1024;
/** Together about a frame of a 60 Hz screen. */
const SERIAL_COALESCE_MS = 10;

/** nova-novncproxy or nova-serialproxy: web sockets at any path with `?token=…`, in websockify's binary protocol. */
export function consoleProxy(options: ConsoleProxyOptions): ConsoleProxy {
  const { type, log } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    // Screens are compressed already, and each compressor takes 300 KB.
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has("binary") ? "binary" : false),
  });

  const open = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    const { origin, host, cookie } = request.headers;
    if (!isAllowedOrigin({ origin, host }, options.allowedOrigins)) {
      log.warning("a web page of another host tried to open a console", { origin });
      return refuse(socket, "403 Forbidden");
    }
    const token = consoleToken(request.url ?? "", cookie);
    const target = token === null ? null : await options.resolve(token);
    if (target === null || target.type !== type) return refuse(socket, "403 Forbidden");
    const guest = await connectConsole(target.endpoint);
    if (socket.destroyed) {
      guest.destroy();
      return;
    }
    // A failed handshake (ws answers it itself) must not leave the guest's side open.
    const abandoned = (): void => void guest.destroy();
    socket.once("close", abandoned);
    server.handleUpgrade(request, socket, head, (browser) => {
      socket.removeListener("close", abandoned);
      log.info("console opened", { server: target.serverId, type });
      browser.once("close", () => log.info("console closed", { server: target.serverId, type }));
      bridge(browser, guest, { coalesceMs: type === "serial" ? SERIAL_COALESCE_MS : 0 });
    });
  };

  return {
    app: consolePages(options),
    upgrade(request, socket, head) {
      socket.on("error", () => socket.destroy());
      open(request, socket, head).catch((error: unknown) => {
        log.warning("a console could not be opened", { type, error: error instanceof Error ? error.message : error });
        refuse(socket, "502 Bad Gateway");
      });
    },
    close() {
      for (const browser of server.clients) browser.terminate();
      server.close();
    },
  };
}

/** Without a body: simple clients would take it for the first frames. */
function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
