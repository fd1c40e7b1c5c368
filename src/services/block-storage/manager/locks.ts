/** One at a time per key, in the order of asking. */
export class Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  async hold<T>(key: string, body: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const turn = before.then(body, body);
    this.#tails.set(key, turn);
    try {
      return await turn;
    } finally {
      if (this.#tails.get(key) === turn) this.#tails.delete(key);
    }
  }

  /** Several at once. Nobody else may hold one of them and ask for another. */
  holdAll<T>(keys: readonly string[], body: () => Promise<T>): Promise<T> {
    const [key, ...rest] = keys;
    return key === undefined ? body() : this.hold(key, () => this.holdAll(rest, body));
  }
}
