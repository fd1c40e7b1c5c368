import type { AccountRow } from "../store/accounts.ts";
import type { ListedContainer } from "../store/containers.ts";
import type { Listed, ListQuery } from "../values/listing.ts";
import type { Core } from "./core.ts";

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
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  get(id: string): AccountRow | undefined {
    return this.#core.accounts.get(id);
  }

  ensure(id: string): AccountRow {
    const row = this.#core.accounts.get(id);
    if (row !== undefined) return row;
    const { db } = this.#core.kernel;
    return db.transaction(() => {
      this.#core.accounts.insert({ id, stamp: this.#core.stamps.next() });
      return this.#core.accounts.get(id) as AccountRow;
    });
  }

  /** Changes its headers after `check` has seen the result. */
  post(id: string, changes: Headers, check: (headers: Headers) => void = () => {}): void {
    const { db } = this.#core.kernel;
    db.transaction(() => {
      const row = this.ensure(id);
      const headers = changed(row.headers, changes);
      check(headers);
      this.#core.accounts.update(id, { headers, system: row.system });
    });
  }

  list(id: string, query: ListQuery): Listed<ListedContainer>[] {
    return this.#core.containers.list(id, query);
  }
}
