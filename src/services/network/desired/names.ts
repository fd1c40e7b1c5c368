/** Far more than a cloud has networks, subnets and groups that are named at once. */
const MOST = 10_000;

/** One text for each id: sqlite gives a new one each time, and thousands of ports name the same few networks, subnets and groups. */
export class Names {
  readonly #known = new Map<string, string>();

  same(id: string): string {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    if (this.#known.size >= MOST) this.#known.clear();
    this.#known.set(id, id);
    return id;
  }
}
