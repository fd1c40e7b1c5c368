import { LibvirtProtocolError } from "./errors.ts";

/** Messages on the socket: a length that counts itself, a header of six words, the payload. */

/** Programs that share one socket. */
export const program = { remote: 0x2000_8086, qemu: 0x2000_8087, keepalive: 0x6b65_6570 } as const;

/** What a message is. */
export const messageType = {
  call: 0,
  reply: 1,
  event: 2,
  stream: 3,
  callWithFds: 4,
  replyWithFds: 5,
  hole: 6,
} as const;

/** How it went; `more` is data inside a stream. */
export const messageStatus = { ok: 0, error: 1, more: 2 } as const;

/** All programs are at version 1. */
export const PROTOCOL_VERSION = 1;
const HEADER_BYTES = 28;
/** The largest message libvirt sends or takes, length word included. */
export const MAX_MESSAGE_BYTES = 33_554_432;

export interface Frame {
  readonly program: number;
  readonly procedure: number;
  readonly type: number;
  readonly serial: number;
  readonly status: number;
  readonly payload: Buffer;
}

/** One message as bytes. Throws RangeError when it is larger than libvirt takes. */
export function encodeFrame(frame: Frame): Buffer {
  const length = HEADER_BYTES + frame.payload.length;
  if (length > MAX_MESSAGE_BYTES) throw new RangeError(`a message of ${length} bytes is over libvirt's limit`);
  const buffer = Buffer.allocUnsafe(length);
  buffer.writeUInt32BE(length, 0);
  buffer.writeUInt32BE(frame.program, 4);
  buffer.writeUInt32BE(PROTOCOL_VERSION, 8);
  buffer.writeInt32BE(frame.procedure, 12);
  buffer.writeUInt32BE(frame.type, 16);
  buffer.writeUInt32BE(frame.serial, 20);
  buffer.writeUInt32BE(frame.status, 24);
  buffer.set(frame.payload, HEADER_BYTES);
  return buffer;
}

const knownPrograms: ReadonlySet<number> = new Set(Object.values(program));

/** Cuts a byte stream into messages, however the socket split it. */
export class FrameParser {
  #chunks: Buffer[] = [];
  #buffered = 0;
  // Length of the message being collected; 0 while its length word is not here yet.
  #expected = 0;

  /** Takes the next bytes and returns the messages they complete; throws LibvirtProtocolError on what is no message. */
  *push(chunk: Buffer): Generator<Frame> {
    this.#chunks.push(chunk);
    this.#buffered += chunk.length;
    for (;;) {
      if (this.#expected === 0) {
        if (this.#buffered < 4) return;
        this.#expected = checkLength(this.#join().readUInt32BE(0));
      }
      if (this.#buffered < this.#expected) return;
      const all = this.#join();
      const message = all.subarray(0, this.#expected);
      const rest = all.subarray(this.#expected);
      this.#chunks = rest.length > 0 ? [rest] : [];
      this.#buffered = rest.length;
      this.#expected = 0;
      yield decodeFrame(message);
    }
  }

  /** The collected bytes as one buffer. Joined only when needed: a large message arrives in very many pieces. */
  #join(): Buffer {
    const [first, second] = this.#chunks;
    if (first !== undefined && second === undefined) return first;
    const joined = Buffer.concat(this.#chunks, this.#buffered);
    this.#chunks = [joined];
    return joined;
  }
}

function checkLength(length: number): number {
  if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES)
    throw new LibvirtProtocolError(
      `not a libvirt message: length ${length} is outside ${HEADER_BYTES}…${MAX_MESSAGE_BYTES}`,
    );
  return length;
}

function decodeFrame(message: Buffer): Frame {
  const frame: Frame = {
    program: message.readUInt32BE(4),
    procedure: message.readInt32BE(12),
    type: message.readUInt32BE(16),
    serial: message.readUInt32BE(20),
    status: message.readUInt32BE(24),
    payload: message.subarray(HEADER_BYTES),
  };
  const version = message.readUInt32BE(8);
  if (!knownPrograms.has(frame.program) || version !== PROTOCOL_VERSION)
    throw new LibvirtProtocolError(`not a libvirt message: program 0x${frame.program.toString(16)} version ${version}`);
  if (frame.type > messageType.hole || frame.status > messageStatus.more)
    throw new LibvirtProtocolError(`not a libvirt message: type ${frame.type}, status ${frame.status}`);
  return frame;
}
