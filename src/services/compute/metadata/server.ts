import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { messageOf } from "../../../kernel/errors.ts";
import type { Logger } from "../../../kernel/log/logger.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { METADATA_VERSIONS, metadataDocument } from "./documents.ts";
import type { GuestMetadata } from "./guest.ts";

/** Where a connection came from: a guest's fixed address within a router's or a network's reach. */
export interface MetadataSource {
  kind: "router" | "network";
  id: string;
  address: string;
}

export interface MetadataDependencies {
  kernel: Kernel;
  /** Null unless the port is one of the server's own. */
  serverForMetadata(serverId: string, portId: string): GuestMetadata | null;
  /** False when there is one already. */
  setGuestPassword(serverId: string, encrypted: string): boolean;
}

/** As nova: an encrypted password is at most this long. */
const MAX_PASSWORD_BYTES = 1020;
/** From the first byte of a request to the last of its answer. */
const PATIENCE_MS = 10_000;
/** At the same time: each holds a file of this process, which all of the cloud lives on. */
const MAX_OF_ONE_GUEST = 16;
const MAX_OF_ALL = 512;
const PASSWORD_PATH = /^\/openstack\/(latest|\d{4}-\d{2}-\d{2})\/password$/;

/**
 * Nova's metadata API. Who asks is known from the socket (the data plane hands it over together with router or network, and
 * anti-spoofing keeps the address true), never from what is sent: there is no X-Forwarded-For or X-Instance-ID to believe.
 */
export class MetadataServer {
  readonly #deps: MetadataDependencies;
  readonly #log: Logger;
  readonly #sources = new WeakMap<Socket, MetadataSource>();
  /** Open connections, and the timers that end them. */
  readonly #open = new Map<Socket, NodeJS.Timeout>();
  readonly #server: Server;

  constructor(deps: MetadataDependencies) {
    this.#deps = deps;
    this.#log = deps.kernel.log.named("metadata");
    // It never listens: sockets come from inside the namespaces.
    this.#server = createServer((request, response) => this.#handle(request, response));
    this.#server.keepAliveTimeout = 5_000;
  }

  /** `source` null: on the classic port, where nobody is a guest and only the list of versions is shown. */
  answer(socket: Socket, source: MetadataSource | null): void {
    if (!this.#admits(source)) {
      socket.destroy();
      return;
    }
    if (source !== null) this.#sources.set(socket, source);
    this.#watch(socket);
    socket.once("close", () => {
      clearTimeout(this.#open.get(socket));
      this.#open.delete(socket);
    });
    this.#server.emit("connection", socket);
  }

  #admits(source: MetadataSource | null): boolean {
    if (this.#open.size >= MAX_OF_ALL) return false;
    let same = 0;
    for (const socket of this.#open.keys()) {
      const other = this.#sources.get(socket);
      if (other?.id === source?.id && other?.address === source?.address) same += 1;
    }
    return same < MAX_OF_ONE_GUEST;
  }

  /** Node's own limits on slow clients work only in servers that listen. */
  #watch(socket: Socket): void {
    clearTimeout(this.#open.get(socket));
    this.#open.set(socket, setTimeout(() => socket.destroy(), PATIENCE_MS).unref());
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request).then(
      ({ status, contentType, body }) => {
        response.writeHead(status, { "content-type": contentType, "content-length": Buffer.byteLength(body) });
        response.end(request.method === "HEAD" ? undefined : body, () => {
          if (this.#open.has(request.socket)) this.#watch(request.socket);
        });
      },
      (error: unknown) => {
        this.#log.error(`metadata ${request.url}: ${messageOf(error)}`, error);
        response.writeHead(error instanceof URIError ? 400 : 500, { "content-length": 0 }).end();
      },
    );
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const guest = this.#guestOf(request.socket);
    // As nova: the versions are no secret.
    if (guest === null && request.url === "/") return plain(200, METADATA_VERSIONS.join("\n"));
    if (guest === null) return plain(404, "no guest has this address here\n");
    const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
    if (PASSWORD_PATH.test(path)) return this.#password(guest, request);
    if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "only GET is answered here\n");
    const document = metadataDocument(guest, path);
    return document === null ? plain(404, `there is no ${path}\n`) : { status: 200, ...document };
  }

  #guestOf(socket: Socket): GuestMetadata | null {
    const source = this.#sources.get(socket);
    if (source === undefined) return null;
    const { kind, id, address } = source;
    const where = kind === "router" ? { routerId: id, address } : { networkId: id, address };
    const port = this.#deps.kernel.facade("network").findPortBySource(where);
    return port === null || port.deviceId === "" ? null : this.#deps.serverForMetadata(port.deviceId, port.id);
  }

  /** The guest's password, encrypted with the user's key: posted by the guest, read with os-server-password. */
  async #password(guest: GuestMetadata, request: IncomingMessage): Promise<Reply> {
    if (request.method === "GET") return plain(200, "");
    if (request.method !== "POST") return plain(405, "");
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_PASSWORD_BYTES) return plain(400, "the password is too long\n");
      chunks.push(chunk);
    }
    const kept = this.#deps.setGuestPassword(guest.uuid, Buffer.concat(chunks).toString("latin1"));
    // Once, as in nova: else whoever gets into the guest later could put another in the place of what the user decrypts.
    return plain(kept ? 200 : 409, "");
  }
}

interface Reply {
  status: number;
  contentType: string;
  body: string | Uint8Array;
}

const plain = (status: number, body: string): Reply => ({ status, contentType: "text/plain", body });
