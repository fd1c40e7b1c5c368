import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

const VERSION = 0x80;
const HEADER = 1 + 8 + 16;
const MAC = 32;

/**
 * Fernet (github.com/fernet/spec), the form of keystone's own tokens: AES-128-CBC under HMAC-SHA256, base64url, no padding.
 * The key's first half signs, its second half encrypts.
 */
export class Fernet {
  readonly #signing: Buffer;
  readonly #encryption: Buffer;

  /** @param key 32 bytes */
  constructor(key: Buffer) {
    this.#signing = key.subarray(0, 16);
    this.#encryption = key.subarray(16, 32);
  }

  static newKey(): Buffer {
    return randomBytes(32);
  }

  seal(payload: Buffer, nowMs: number): string {
    const header = Buffer.alloc(HEADER);
    header[0] = VERSION;
    header.writeBigUInt64BE(BigInt(Math.floor(nowMs / 1000)), 1);
    const iv = randomBytes(16);
    iv.copy(header, 9);
    const cipher = createCipheriv("aes-128-cbc", this.#encryption, iv);
    const signed = Buffer.concat([header, cipher.update(payload), cipher.final()]);
    return Buffer.concat([signed, this.#mac(signed)]).toString("base64url");
  }

  /** Null for anything this key did not seal. */
  open(token: string): Buffer | null {
    if (token.length > 1024 || !/^gAAAA[\w-]+={0,2}$/.test(token)) return null;
    const bytes = Buffer.from(token, "base64url");
    if (bytes.length < HEADER + 16 + MAC || bytes[0] !== VERSION) return null;
    const signed = bytes.subarray(0, -MAC);
    if (!timingSafeEqual(this.#mac(signed), bytes.subarray(-MAC))) return null;
    const decipher = createDecipheriv("aes-128-cbc", this.#encryption, signed.subarray(9, HEADER));
    return Buffer.concat([decipher.update(signed.subarray(HEADER)), decipher.final()]);
  }

  #mac(signed: Buffer): Buffer {
    return createHmac("sha256", this.#signing).update(signed).digest();
  }
}
