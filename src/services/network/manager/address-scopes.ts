import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { addressScopeNotFound } from "../errors.ts";
import type { AddressScopeRow } from "../store/rows.ts";
import { sharedWith, visible } from "../store/visible.ts";
import { type Collection, type Core, type Described, type Filters, scopeOf, sharedIds, standard } from "./core.ts";
import { shareWithAll, unshare } from "./rbac-rules.ts";

export interface NewAddressScope extends Described {
  name: string;
  ip_version: 4 | 6;
  shared?: boolean;
}

export class AddressScopeManager implements Collection {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  list(context: RequestContext, filters: Filters, range?: Range): AddressScopeRow[] {
    return this.#core.store.lists.addressScopes.rows(
      filters,
      visible(scopeOf(context), sharedWith("address_scope")),
      range,
    );
  }

  get(context: RequestContext, id: string): AddressScopeRow {
    const [row] = this.list(context, new Map([["id", [id]]]));
    if (row === undefined) throw addressScopeNotFound(id);
    return row;
  }

  create(_context: RequestContext, wanted: readonly NewAddressScope[]): AddressScopeRow[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() =>
      wanted.map(({ name, ip_version, shared, ...rest }) => {
        const row = store.addressScopes.insert({ ...standard(this.#core, rest), name, ip_version });
        if (shared === true) shareWithAll(store, "address_scope", row);
        return row;
      }),
    );
  }

  /** Errors: 400 when it is to be shared no longer. */
  update(context: RequestContext, id: string, changes: { name?: string; shared?: boolean }): AddressScopeRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const { shared, ...wanted } = changes;
      const row = this.get(context, id);
      if (shared === false && sharedIds(this.#core, context, [row]).has(id)) {
        throw badRequest(`Unable to update address scope ${id} : Shared address scope can't be unshared.`, {
          type: "AddressScopeUpdateError",
        });
      }
      store.addressScopes.update(id, wanted);
      if (shared === true) shareWithAll(store, "address_scope", row);
      return this.get(context, id);
    });
  }

  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      if (store.subnetPools.find({ address_scope_id: id }) !== undefined) {
        throw conflict(
          `Unable to complete operation on address scope ${id}. There are one or more subnet pools in use on the address scope.`,
          { type: "AddressScopeInUse" },
        );
      }
      unshare(store, id);
      store.addressScopes.delete(id);
    });
  }
}
