/** Buffers of one size that are used again: made anew for each upload, they are most of what the garbage collector has to do. */
export class Buffers {
  readonly size: number;
  readonly #most: number;
  readonly #free: Buffer[] = [];

  /** Keeps `most` of them while nobody uses them. */
  constructor(size: number, most: number) {
    this.size = size;
    this.#most = most;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.size);
  }

  give(buffer: Buffer): void {
    if (this.#free.length < this.#most) this.#free.push(buffer);
  }
}
