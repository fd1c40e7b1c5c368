import { connect as connectSocket, type Socket } from "node:net";
import { decode, encode, errorBody } from "./codecs.ts";
import {
  LibvirtConnectionError,
  LibvirtError,
  LibvirtProtocolError,
  LibvirtTimeoutError,
  messageOf,
} from "./errors.ts";
import { encodeFrame, type Frame, FrameParser, messageStatus, messageType, program } from "./frame.ts";
import type { Log } from "./log.ts";
import { keepalive, type Procedure } from "./procedures.ts";
import { LibvirtStream, type StreamOptions } from "./streams.ts";

/** How long a call may take when the caller says nothing, in milliseconds. */
export const DEFAULT_CALL_TIMEOUT_MS = 60_000;

export interface CallOptions {
  /** Milliseconds until the call fails with LibvirtTimeoutError; 0 waits for ever. */
  readonly timeoutMs?: number;
}

export interface ChannelOptions {
  readonly socketPath: string;
  readonly log: Log;
  readonly connectTimeoutMs: number;
  readonly callTimeoutMs: number;
  /** A message without a call: an event. What it throws closes the channel. */
  readonly onEvent: (program: number, procedure: number, payload: Buffer) => void;
  /** Called exactly once when the channel is no more. */
  readonly onClose: (error: LibvirtConnectionError) => void;
}

interface PendingCall {
  readonly name: string;
  readonly result: { decode(payload: Buffer): void };
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/** One socket to the daemon for as long as it lives: matches answers to calls, feeds streams, answers keepalive. */
export class Channel {
  readonly #socket: Socket;
  readonly #options: ChannelOptions;
  readonly #parser = new FrameParser();
  readonly #calls = new Map<number, PendingCall>();
  readonly #streams = new Map<number, LibvirtStream>();
  #serial = 0;
  #closed: LibvirtConnectionError | undefined;
  #heard = true;
  #silentIntervals = 0;
  #keepalive: NodeJS.Timeout | undefined;

  private constructor(socket: Socket, options: ChannelOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("data", (chunk) => this.#onData(chunk));
    socket.on("error", (error) =>
      this.close(new LibvirtConnectionError(`libvirt socket: ${error.message}`, { cause: error })),
    );
    socket.on("close", () => this.close(new LibvirtConnectionError("the libvirt daemon closed the connection")));
  }

  /** Connects the socket; rejects with LibvirtConnectionError when nothing listens there. No bytes are sent yet. */
  static open(options: ChannelOptions): Promise<Channel> {
    return new Promise((resolve, reject) => {
      const socket = connectSocket({ path: options.socketPath });
      const fail = (reason: string, cause?: unknown): void => {
        socket.destroy();
        reject(new LibvirtConnectionError(`cannot connect to libvirt at ${options.socketPath}: ${reason}`, { cause }));
      };
      const onError = (error: Error): void => fail(error.message, error);
      const timer = setTimeout(() => fail(`no answer in ${options.connectTimeoutMs} ms`), options.connectTimeoutMs);
      socket.once("error", onError);
      socket.once("close", () => clearTimeout(timer));
      socket.once("connect", () => {
        clearTimeout(timer);
        socket.off("error", onError);
        resolve(new Channel(socket, options));
      });
    });
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Makes one call. Rejects with LibvirtError, LibvirtTimeoutError or LibvirtConnectionError. */
  call<A, R>(procedure: Procedure<A, R>, args: A, options: CallOptions = {}): Promise<R> {
    return this.#request(procedure, args, options, undefined);
  }

  /** Makes a call that opens a stream; resolves when the daemon has agreed. */
  async openStream<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options: CallOptions & StreamOptions = {},
  ): Promise<{ result: R; stream: LibvirtStream }> {
    let stream: LibvirtStream | undefined;
    const result = await this.#request(procedure, args, options, (serial) => {
      stream = new LibvirtStream(
        {
          send: (status, payload, done) =>
            this.#send(
              {
                program: procedure.program,
                procedure: procedure.id,
                type: messageType.stream,
                serial,
                status,
                payload,
              },
              done,
            ),
          release: () => this.#streams.delete(serial),
        },
        procedure.name,
        options,
      );
      // Registered before the answer is read: the first data may be in the same packet.
      this.#streams.set(serial, stream);
      return stream;
    });
    if (stream === undefined) throw new LibvirtConnectionError("no stream was made");
    return { result, stream };
  }

  /** Starts to send keepalive pings, and closes the channel after `count` intervals without a byte from the daemon. */
  startKeepalive(intervalMs: number, count: number): void {
    clearInterval(this.#keepalive);
    this.#keepalive = setInterval(() => {
      if (this.#heard) this.#silentIntervals = 0;
      else if (++this.#silentIntervals >= count)
        return this.close(
          new LibvirtConnectionError(`the libvirt daemon was silent for ${intervalMs * count} ms (keepalive)`),
        );
      this.#heard = false;
      this.#sendKeepalive(keepalive.ping);
    }, intervalMs);
    this.#keepalive.unref();
  }

  /** Ends the channel: every call and stream under way fails. The second call does nothing. */
  close(error = new LibvirtConnectionError("the libvirt connection was closed")): void {
    if (this.#closed) return;
    this.#closed = error;
    clearInterval(this.#keepalive);
    this.#socket.destroy();
    for (const call of this.#calls.values()) {
      clearTimeout(call.timer);
      call.reject(lost(call.name, error, true));
    }
    this.#calls.clear();
    for (const stream of [...this.#streams.values()]) stream.fail(lost(stream.procedure, error, true));
    this.#streams.clear();
    this.#options.onClose(error);
  }

  #request<A, R>(
    procedure: Procedure<A, R>,
    args: A,
    options: CallOptions,
    makeStream: ((serial: number) => LibvirtStream) | undefined,
  ): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(lost(procedure.name, this.#closed, false));
      // Encoding may throw on a bad argument: nothing is registered or sent then.
      const payload = encode(procedure.args, args);
      const serial = this.#nextSerial();
      const bytes = encodeFrame({
        program: procedure.program,
        procedure: procedure.id,
        type: messageType.call,
        serial,
        status: messageStatus.ok,
        payload,
      });
      const stream = makeStream?.(serial);
      const fail = (error: Error): void => {
        // A stream that was opened after we gave up must not stay open in the daemon.
        if (stream !== undefined && !(error instanceof LibvirtError)) stream.fail(error);
        else this.#streams.delete(serial);
        reject(error);
      };
      const timeoutMs = options.timeoutMs ?? this.#options.callTimeoutMs;
      const timer =
        timeoutMs === 0
          ? undefined
          : setTimeout(() => {
              this.#calls.delete(serial);
              fail(new LibvirtTimeoutError(procedure.name, timeoutMs));
            }, timeoutMs);
      const result = { decode: (body: Buffer): void => resolve(decode(procedure.result, body)) };
      this.#calls.set(serial, { name: procedure.name, result, reject: fail, timer });
      this.#socket.write(bytes);
    });
  }

  #nextSerial(): number {
    do this.#serial = (this.#serial % 0xffff_ffff) + 1;
    while (this.#calls.has(this.#serial) || this.#streams.has(this.#serial));
    return this.#serial;
  }

  #send(frame: Frame, done?: (error?: Error | null) => void): void {
    if (this.#closed) done?.(this.#closed);
    else this.#socket.write(encodeFrame(frame), done);
  }

  #sendKeepalive(procedure: number): void {
    const empty = Buffer.alloc(0);
    this.#send({
      program: program.keepalive,
      procedure,
      type: messageType.event,
      serial: 0,
      status: 0,
      payload: empty,
    });
  }

  #onData(chunk: Buffer): void {
    this.#heard = true;
    try {
      for (const frame of this.#parser.push(chunk)) {
        if (this.#closed) return;
        this.#onFrame(frame);
      }
    } catch (error) {
      const reason =
        error instanceof LibvirtProtocolError
          ? error
          : new LibvirtProtocolError(`cannot handle a message from libvirt: ${messageOf(error)}`, { cause: error });
      this.#options.log.error("closing the libvirt connection", { reason: reason.message });
      this.close(reason);
    }
  }

  #onFrame(frame: Frame): void {
    // Events are known by their type: libvirt 9 gives them serial 1, which is also the serial of our first call.
    if (frame.type === messageType.event) {
      if (frame.program !== program.keepalive) this.#options.onEvent(frame.program, frame.procedure, frame.payload);
      else if (frame.procedure === keepalive.ping) this.#sendKeepalive(keepalive.pong);
    } else if (frame.type === messageType.reply) this.#onReply(frame);
    else if (frame.type === messageType.stream) this.#onStreamData(frame);
    else throw new LibvirtProtocolError(`a message of type ${frame.type} was not asked for`);
  }

  #onReply(frame: Frame): void {
    const call = this.#calls.get(frame.serial);
    if (call === undefined) {
      this.#options.log.debug("an answer came after its call was given up", { procedure: frame.procedure });
      return;
    }
    if (frame.status === messageStatus.error) {
      const error = new LibvirtError(decode(errorBody, frame.payload), call.name);
      this.#settle(frame.serial, call);
      call.reject(error);
    } else {
      // A result that cannot be decoded leaves the call registered: closing the channel rejects it with the reason.
      call.result.decode(frame.payload);
      this.#settle(frame.serial, call);
    }
  }

  #settle(serial: number, call: PendingCall): void {
    clearTimeout(call.timer);
    this.#calls.delete(serial);
  }

  #onStreamData(frame: Frame): void {
    const stream = this.#streams.get(frame.serial);
    // Data that was on its way when we aborted.
    if (stream === undefined) return;
    if (frame.status === messageStatus.error)
      stream.fail(new LibvirtError(decode(errorBody, frame.payload), stream.procedure), true);
    else if (frame.status === messageStatus.ok) stream.finished();
    else stream.receive(frame.payload);
  }
}

function lost(name: string, error: LibvirtConnectionError, sent: boolean): LibvirtConnectionError {
  const options = { sent, cause: error };
  const message = `${name}: ${error.message}`;
  return error instanceof LibvirtProtocolError
    ? new LibvirtProtocolError(message, options)
    : new LibvirtConnectionError(message, options);
}
