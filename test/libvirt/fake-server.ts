import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode, errorBody } from "../../src/libvirt/codecs.ts";
import { encodeFrame, type Frame, FrameParser, messageStatus, messageType } from "../../src/libvirt/frame.ts";
import { type Procedure, remote } from "../../src/libvirt/procedures.ts";

export type Handler = (call: Frame, peer: Peer) => void;

/** A daemon's failure as a handler throws it. */
export class Refusal extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** One client of the fake daemon. */
export class Peer {
  readonly socket: Socket;
  /** Everything the client sent, calls or not. */
  readonly received: Frame[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
  }

  send(frame: Frame): void {
    this.socket.write(encodeFrame(frame));
  }

  reply<A, R>(call: Frame, procedure: Procedure<A, R>, result: R): void {
    this.send({
      ...call,
      type: messageType.reply,
      status: messageStatus.ok,
      payload: encode(procedure.result, result),
    });
  }

  refuse(call: Frame, code: number, message: string, type: number = messageType.reply): void {
    this.send({ ...call, type, status: messageStatus.error, payload: errorPayload(code, message) });
  }

  stream(call: Frame, status: number, payload = Buffer.alloc(0)): void {
    this.send({ ...call, type: messageType.stream, status, payload });
  }
}

export function errorPayload(code: number, message: string): Buffer {
  const strings = { str1: null, str2: null, str3: null };
  return encode(errorBody, {
    code,
    domain: 10,
    message,
    level: 2,
    unusedDomain: null,
    ...strings,
    int1: 0,
    int2: 0,
    unusedNetwork: null,
  });
}

/** Speaks the daemon's side with the client's own table: good handshakes by default, anything else as a test says. */
export class FakeServer {
  readonly socketPath: string;
  readonly peers: Peer[] = [];
  readonly #dir: string;
  readonly #handlers = new Map<string, Handler>();
  #server: Server | undefined;
  /** Sees stream packets and keepalive messages. */
  onOther: Handler = () => {};

  private constructor(dir: string) {
    this.#dir = dir;
    this.socketPath = join(dir, "sock");
    this.on(remote.authList, () => ({ types: [0] }));
    this.on(remote.connectOpen, () => ({}));
    this.on(remote.connectClose, () => ({}));
    this.on(remote.supportsFeature, ({ feature }) => ({ supported: feature === 10 || feature === 14 }));
    this.on(remote.registerDomainEvent, ({ event }) => ({ callbackId: event }));
    this.on(remote.hostname, () => ({ hostname: "fake" }));
  }

  static async create(): Promise<FakeServer> {
    const server = new FakeServer(await mkdtemp(join(tmpdir(), "lvt-fake-")));
    await server.start();
    return server;
  }

  get peer(): Peer {
    const peer = this.peers.at(-1);
    if (peer === undefined) throw new Error("nobody has connected");
    return peer;
  }

  /** Answers a call with what `answer` returns, or with an error when it throws a Refusal. */
  on<A, R>(procedure: Procedure<A, R>, answer: (args: A) => R): void {
    this.raw(procedure, (call, peer) => {
      try {
        peer.reply(call, procedure, answer(decode(procedure.args, call.payload)));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        peer.refuse(call, error.code, error.message);
      }
    });
  }

  /** Handles a call's frame as the test likes. */
  raw<A, R>(procedure: Procedure<A, R>, handler: Handler): void {
    this.#handlers.set(`${procedure.program}:${procedure.id}`, handler);
  }

  async start(): Promise<void> {
    const server = createServer((socket) => {
      const peer = new Peer(socket);
      const parser = new FrameParser();
      this.peers.push(peer);
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        for (const frame of parser.push(chunk)) {
          peer.received.push(frame);
          const handler = this.#handlers.get(`${frame.program}:${frame.procedure}`);
          if (frame.type !== messageType.call) this.onOther(frame, peer);
          else if (handler) handler(frame, peer);
          else peer.refuse(frame, 3, "the fake daemon has no such call");
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(this.socketPath, resolve));
    this.#server = server;
  }

  /** Goes away as a daemon does that is killed. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const peer of this.peers) peer.socket.destroy();
    if (server) await new Promise((resolve) => server.close(resolve));
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
