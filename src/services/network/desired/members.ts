import { Tally } from "./tally.ts";

/** Addresses of groups' members, each as often as a member has it. */
export class Members {
  readonly #counts = new Map<string, Tally>();
  /** As they were asked for last; the same list while nothing changes. */
  readonly #lists = new Map<string, readonly string[]>();

  /** True when it is a new one of the group. */
  join(group: string, address: string): boolean {
    let tally = this.#counts.get(group);
    if (tally === undefined) {
      tally = new Tally();
      this.#counts.set(group, tally);
    }
    return tally.add(address) && this.#changed(group);
  }

  /** True when it was the last of its kind. */
  leave(group: string, address: string): boolean {
    const tally = this.#counts.get(group);
    if (tally?.take(address) !== true) return false;
    if (tally.size === 0) this.#counts.delete(group);
    return this.#changed(group);
  }

  /** A group whose addresses are no ports'. */
  replace(group: string, addresses: ReadonlySet<string>): void {
    const now = this.of(group);
    if (now.length === addresses.size && now.every((one) => addresses.has(one))) return;
    const tally = new Tally();
    for (const address of addresses) tally.add(address);
    this.#counts.set(group, tally);
    this.#changed(group);
  }

  of(group: string): readonly string[] {
    let list = this.#lists.get(group);
    if (list === undefined) {
      list = this.#counts.get(group)?.keys() ?? [];
      this.#lists.set(group, list);
    }
    return list;
  }

  clear(): void {
    this.#counts.clear();
    this.#lists.clear();
  }

  #changed(group: string): boolean {
    this.#lists.delete(group);
    return true;
  }
}
