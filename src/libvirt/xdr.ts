import { LibvirtProtocolError } from "./errors.ts";

/**
 * XDR (RFC 4506) as libvirt uses it: big-endian, everything padded to four bytes.
 * The reader never trusts a length: it throws LibvirtProtocolError before it reads past the end or allocates.
 */

/** The longest string libvirt accepts or sends, in bytes. */
export const MAX_STRING_BYTES = 4_194_304;

/** The zero bytes needed after `length` bytes to reach a multiple of four. */
function padding(length: number): number {
  return (4 - (length % 4)) % 4;
}

const utf8 = new TextDecoder("utf-8");

export class XdrReader {
  readonly #buffer: Buffer;
  #offset = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#buffer.length - this.#offset;
  }

  i32(): number {
    return this.#buffer.readInt32BE(this.#advance(4));
  }

  u32(): number {
    return this.#buffer.readUInt32BE(this.#advance(4));
  }

  i64(): bigint {
    return this.#buffer.readBigInt64BE(this.#advance(8));
  }

  u64(): bigint {
    return this.#buffer.readBigUInt64BE(this.#advance(8));
  }

  f64(): number {
    return this.#buffer.readDoubleBE(this.#advance(8));
  }

  /** `length` bytes and their padding; the result shares memory with the message. */
  fixed(length: number): Buffer {
    const start = this.#advance(length + padding(length));
    return this.#buffer.subarray(start, start + length);
  }

  /** A length-prefixed run of bytes of at most `max`. */
  opaque(max: number): Buffer {
    return this.fixed(this.count(max));
  }

  /** Text. Bytes that are not UTF-8 (a device's serial number can hold any) become U+FFFD rather than an error. */
  string(): string {
    return utf8.decode(this.opaque(MAX_STRING_BYTES));
  }

  /** An array length of at most `max`, and never more items than bytes left, so that a lie cannot make us allocate. */
  count(max: number): number {
    const count = this.u32();
    if (count > max) throw new LibvirtProtocolError(`a length of ${count} is over the limit of ${max}`);
    if (count > this.remaining)
      throw new LibvirtProtocolError(`a length of ${count} with only ${this.remaining} bytes left`);
    return count;
  }

  /** Throws when bytes are left over: both sides then disagree about the layout. */
  end(): void {
    if (this.remaining !== 0) throw new LibvirtProtocolError(`${this.remaining} unexpected bytes after the last field`);
  }

  #advance(length: number): number {
    const start = this.#offset;
    if (length > this.remaining)
      throw new LibvirtProtocolError(`message too short: ${length} bytes wanted, ${this.remaining} left`);
    this.#offset = start + length;
    return start;
  }
}

/** Writes into a buffer that grows. Values that do not fit their field throw RangeError or TypeError at the caller. */
export class XdrWriter {
  #buffer = Buffer.allocUnsafe(256);
  #length = 0;

  /** A copy of what was written. */
  toBuffer(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, this.#length));
  }

  i32(value: number): void {
    checkInteger(value, -0x8000_0000, 0x7fff_ffff);
    const at = this.#grow(4);
    this.#buffer.writeInt32BE(value, at);
  }

  u32(value: number): void {
    checkInteger(value, 0, 0xffff_ffff);
    const at = this.#grow(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  i64(value: bigint): void {
    const at = this.#grow(8);
    this.#buffer.writeBigInt64BE(value, at);
  }

  u64(value: bigint): void {
    const at = this.#grow(8);
    this.#buffer.writeBigUInt64BE(value, at);
  }

  f64(value: number): void {
    const at = this.#grow(8);
    this.#buffer.writeDoubleBE(value, at);
  }

  fixed(value: Uint8Array): void {
    const pad = padding(value.length);
    const at = this.#grow(value.length + pad);
    this.#buffer.set(value, at);
    this.#buffer.fill(0, at + value.length, at + value.length + pad);
  }

  opaque(value: Uint8Array, max: number): void {
    if (value.length > max) throw new RangeError(`${value.length} bytes is over the limit of ${max}`);
    this.u32(value.length);
    this.fixed(value);
  }

  /** Text without NUL: libvirt is C, and would silently cut the string there. */
  string(value: string): void {
    if (value.includes("\0")) throw new TypeError("a string for libvirt may not contain a NUL character");
    this.opaque(Buffer.from(value, "utf8"), MAX_STRING_BYTES);
  }

  #grow(length: number): number {
    const start = this.#length;
    const needed = start + length;
    if (needed > this.#buffer.length) {
      const bigger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      bigger.set(this.#buffer.subarray(0, start));
      this.#buffer = bigger;
    }
    this.#length = needed;
    return start;
  }
}

function checkInteger(value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`${value} is not an integer between ${min} and ${max}`);
}
