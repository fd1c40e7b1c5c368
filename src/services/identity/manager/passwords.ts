import { createHmac, randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** log2 of scrypt's N: 8 MiB and some 25 ms on a small machine. Hashes carry their own parameters, so it can grow. */
const COST = 13;
const BLOCK = 8;
const KEY_BYTES = 32;
const REMEMBERED = 2000;
/** Hashing shares libuv's few threads with disk writes: leave some to them. */
const CONCURRENT = 2;

/**
 * Hashes and checks passwords (scrypt, a salt each, off the main thread). A password that was right once is remembered as a
 * keyed digest for the life of the process, so that clients that log in for every command do not pay each time; the
 * digest belongs to the stored hash and is worthless once that changes. A wrong guess always costs the full price.
 */
export class Passwords {
  readonly #secret = randomBytes(32);
  readonly #verified = new Map<string, Buffer>();
  #active = 0;
  readonly #waiting: (() => void)[] = [];

  async hash(password: string): Promise<string> {
    const salt = randomBytes(16);
    const key = await this.#derive(password, salt, COST, BLOCK);
    return `$scrypt$ln=${COST},r=${BLOCK},p=1$${salt.toString("base64url")}$${key.toString("base64url")}`;
  }

  /** `hash` null stands for a user who does not exist or has no password: as slow as any wrong password, and false. */
  async verify(password: string, hash: string | null): Promise<boolean> {
    const parsed = hash === null ? null : parse(hash);
    if (hash === null || parsed === null) {
      await this.#derive(password, Buffer.alloc(16), COST, BLOCK);
      return false;
    }
    const digest = createHmac("sha256", this.#secret).update(hash).update("\0").update(password).digest();
    const known = this.#verified.get(hash);
    if (known !== undefined && timingSafeEqual(known, digest)) return true;
    const key = await this.#derive(password, parsed.salt, parsed.cost, parsed.block);
    if (!timingSafeEqual(key, parsed.key)) return false;
    this.#verified.delete(hash);
    this.#verified.set(hash, digest);
    const [oldest] = this.#verified.keys();
    if (this.#verified.size > REMEMBERED && oldest !== undefined) this.#verified.delete(oldest);
    return true;
  }

  async #derive(password: string, salt: Buffer, cost: number, block: number): Promise<Buffer> {
    if (this.#active >= CONCURRENT) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#active += 1;
    try {
      return await new Promise<Buffer>((resolve, reject) => {
        scrypt(password, salt, KEY_BYTES, { N: 2 ** cost, r: block, p: 1, maxmem: 2 ** 28 }, (error, key) =>
          error === null ? resolve(key) : reject(error),
        );
      });
    } finally {
      // Hands its place to the next in line, or gives it back.
      const next = this.#waiting.shift();
      if (next === undefined) this.#active -= 1;
      else next();
    }
  }
}

function parse(hash: string): { cost: number; block: number; salt: Buffer; key: Buffer } | null {
  const match = /^\$scrypt\$ln=(\d+),r=(\d+),p=1\$([\w-]+)\$([\w-]+)$/.exec(hash);
  if (match === null) return null;
  const [, cost = "", block = "", salt = "", key = ""] = match;
  return {
    cost: Number(cost),
    block: Number(block),
    salt: Buffer.from(salt, "base64url"),
    key: Buffer.from(key, "base64url"),
  };
}
