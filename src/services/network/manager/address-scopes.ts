import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { addressScopeNotFound } from "../errors.ts";
import type { Filters } from "../routes/listing.ts";
import type { Resource } from "../routes/resource.ts";
import type { Body } from "../schemas/attribute.ts";
import { addressScopeAttributes } from "../schemas/resources.ts";
import type { AddressScopeRow } from "../store/rows.ts";
import { sharedWith, visible } from "../store/visible.ts";
import { addressScopeView } from "../views/subnets.ts";
import { type Core, scopeOf, sharedIds, standard } from "./core.ts";
import { shareWithAll, unshare } from "./rbac-rules.ts";

export class AddressScopeManager implements Resource {
  readonly names = { singular: "address_scope", plural: "address_scopes" };
  readonly path = "/v2.0/address-scopes";
  readonly attributes = addressScopeAttributes;
  readonly listed: Resource["listed"];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.listed = core.store.lists.addressScopes;
  }

  list(context: RequestContext, filters: Filters, range?: Range): Body[] {
    return this.#views(context, this.rows(context, filters, range));
  }

  rows(context: RequestContext, filters: Filters, range?: Range): AddressScopeRow[] {
    return this.#core.store.lists.addressScopes.rows(
      filters,
      visible(scopeOf(context), sharedWith("address_scope")),
      range,
    );
  }

  #views(context: RequestContext, rows: readonly AddressScopeRow[]): Body[] {
    const shared = sharedIds(this.#core, context, rows);
    return rows.map((row) => addressScopeView(row, shared.has(row.id)));
  }

  get(context: RequestContext, id: string): Body {
    return this.#views(context, [this.row(context, id)])[0] ?? {};
  }

  row(context: RequestContext, id: string): AddressScopeRow {
    const [row] = this.rows(context, new Map([["id", [id]]]));
    if (row === undefined) throw addressScopeNotFound(id);
    return row;
  }

  create(context: RequestContext, bodies: readonly Body[]): Body[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const rows = bodies.map((body) => {
        const row: AddressScopeRow = {
          ...standard(this.#core, String(body.project_id), "", []),
          name: String(body.name),
          ip_version: body.ip_version as 4 | 6,
        };
        store.addressScopes.insert(row);
        if (body.shared === true) shareWithAll(store, "address_scope", row);
        return row;
      });
      return this.#views(context, rows);
    });
  }

  /** Errors: 400 when it is to be shared no longer. */
  update(context: RequestContext, id: string, changes: Body): Body {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const { shared, ...wanted } = changes;
      const row = this.row(context, id);
      if (shared === false && this.get(context, id).shared === true) {
        throw badRequest(`Unable to update address scope ${id} : Shared address scope can't be unshared.`, {
          type: "AddressScopeUpdateError",
        });
      }
      store.addressScopes.update(id, wanted as Partial<AddressScopeRow>);
      if (shared === true) shareWithAll(store, "address_scope", row);
      return this.get(context, id);
    });
  }

  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      if (store.subnetPools.count("address_scope_id = ?", id) > 0) {
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
