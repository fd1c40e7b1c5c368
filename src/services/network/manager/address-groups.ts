import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { addressGroupNotFound } from "../errors.ts";
import type { AddressGroupRow } from "../store/rows.ts";
import { sharedWith, visible } from "../store/visible.ts";
import { type Collection, type Core, type Described, type Filters, revise, scopeOf, standard } from "./core.ts";
import { unshare } from "./rbac-rules.ts";

const shown = (addresses: readonly string[]): string => `[${addresses.map((one) => `'${one}'`).join(", ")}]`;

export interface NewAddressGroup extends Described {
  name?: string;
  addresses?: readonly string[];
}

/** Ranges that security group rules name together (neutron/db/address_group_db.py). */
export class AddressGroupManager implements Collection {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  list(context: RequestContext, filters: Filters, range?: Range): AddressGroupRow[] {
    return this.#core.store.lists.addressGroups.rows(
      filters,
      visible(scopeOf(context), sharedWith("address_group")),
      range,
    );
  }

  get(context: RequestContext, id: string): AddressGroupRow {
    const [row] = this.list(context, new Map([["id", [id]]]));
    if (row === undefined) throw addressGroupNotFound(id);
    return row;
  }

  create(_context: RequestContext, wanted: readonly NewAddressGroup[]): AddressGroupRow[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() =>
      wanted.map(({ name, addresses, ...rest }) =>
        store.addressGroups.insert({
          ...standard(this.#core, rest),
          name: name ?? "",
          addresses: [...new Set(addresses ?? [])],
        }),
      ),
    );
  }

  update(context: RequestContext, id: string, changes: { name?: string; description?: string }): AddressGroupRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => revise(this.#core, store.addressGroups, this.get(context, id), changes));
  }

  /** add_addresses and remove_addresses. All of them or none: errors: 400 for those that are there, 404 for those that are not. */
  changeAddresses(context: RequestContext, id: string, addresses: readonly string[], add: boolean): AddressGroupRow {
    const { store, kernel, dirty } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.get(context, id);
      const named = [...new Set(addresses)];
      const unfit = named.filter((one) => row.addresses.includes(one) === add);
      if (unfit.length > 0 && add) {
        throw badRequest(`Addresses ${shown(unfit)} already exist in the address group ${id}.`, {
          type: "AddressesAlreadyExist",
        });
      }
      if (unfit.length > 0) {
        throw notFound(`Addresses ${shown(unfit)} not found in the address group ${id}.`, {
          type: "AddressesNotFound",
        });
      }
      const next = add ? [...row.addresses, ...named] : row.addresses.filter((one) => !named.includes(one));
      dirty("group", id);
      return revise(this.#core, store.addressGroups, row, { addresses: next });
    });
  }

  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      if (store.rules.find({ remote_address_group_id: id }) !== undefined) {
        throw conflict(`Address group ${id} is in use on one or more security group rules.`, {
          type: "AddressGroupInUse",
        });
      }
      unshare(store, id);
      store.addressGroups.delete(id);
    });
  }
}
