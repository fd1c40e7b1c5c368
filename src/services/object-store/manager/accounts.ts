import type { Kernel } from "../../../kernel/module.ts";
import type { AccountRow, AccountTable } from "../store/accounts.ts";
import type { ContainerTable, ListedContainer } from "../store/containers.ts";
import type { Listed, ListQuery } from "../store/listing.ts";
import type { Stamps } from "./stamps.ts";

export type Headers = Readonly<Record<string, string>>;

/** Changes of headers: an empty value removes one, what is not named stays. */
export function changed(headers: Headers, changes: Headers): Headers {
  const result: Record<string, string> = { ...headers };
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") delete result[name];
    else result[name] = value;
  }
  return result;
}

/** Accounts: one per project, made when it is first written to. */
export class AccountManager {
  readonly #kernel: Kernel;
  readonly #accounts: AccountTable;
  readonly #containers: ContainerTable;
  readonly #stamps: Stamps;

  constructor(deps: { kernel: Kernel; accounts: AccountTable; containers: ContainerTable; stamps: Stamps }) {
    this.#kernel = deps.kernel;
    this.#accounts = deps.accounts;
    this.#containers = deps.containers;
    this.#stamps = deps.stamps;
  }

  get(id: string): AccountRow | undefined {
    return this.#accounts.get(id);
  }

  ensure(id: string): AccountRow {
    const row = this.#accounts.get(id);
    if (row !== undefined) return row;
    const { db } = this.#kernel;
    return db.transaction(() => {
      this.#accounts.insert({ id, stamp: this.#stamps.next() });
      return this.#accounts.get(id) as AccountRow;
    });
  }

  /** Changes its headers after `check` has seen the result. */
  post(id: string, changes: Headers, check: (headers: Headers) => void = () => {}): void {
    const { db } = this.#kernel;
    db.transaction(() => {
      const row = this.ensure(id);
      const headers = changed(row.headers, changes);
      check(headers);
      this.#accounts.update(id, { headers, system: row.system });
    });
  }

  list(id: string, query: ListQuery): Listed<ListedContainer>[] {
    return this.#containers.list(id, query);
  }
}
