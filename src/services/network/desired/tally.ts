/** How many there are of each. */
export class Tally {
  readonly #counts = new Map<string, number>();

  has(key: string): boolean {
    return this.#counts.has(key);
  }

  /** True for the first. */
  add(key: string): boolean {
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return count === 0;
  }

  /** True for the last. */
  take(key: string): boolean {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
    return count === 1;
  }

  get size(): number {
    return this.#counts.size;
  }

  keys(): string[] {
    return [...this.#counts.keys()];
  }

  clear(): void {
    this.#counts.clear();
  }
}
