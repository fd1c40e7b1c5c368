import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { addressGroupNotFound } from "../errors.ts";
import type { Filters } from "../routes/listing.ts";
import type { Resource } from "../routes/resource.ts";
import type { Body } from "../schemas/attribute.ts";
import { addressGroupAttributes } from "../schemas/resources.ts";
import type { AddressGroupRow } from "../store/rows.ts";
import { sharedWith, visible } from "../store/visible.ts";
import { addressGroupView } from "../views/security-groups.ts";
import { type Core, revise, scopeOf, sharedIds, standard } from "./core.ts";
import { unshare } from "./rbac-rules.ts";

const shown = (addresses: readonly string[]): string => `[${addresses.map((one) => `'${one}'`).join(", ")}]`;

/** Ranges that security group rules name together (neutron/db/address_group_db.py). */
export class AddressGroupManager implements Resource {
  readonly names = { singular: "address_group", plural: "address_groups" };
  readonly path = "/v2.0/address-groups";
  readonly attributes = addressGroupAttributes;
  readonly listed: Resource["listed"];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.listed = core.store.lists.addressGroups;
  }

  list(context: RequestContext, filters: Filters, range?: Range): Body[] {
    return this.#views(context, this.rows(context, filters, range));
  }

  rows(context: RequestContext, filters: Filters, range?: Range): AddressGroupRow[] {
    return this.#core.store.lists.addressGroups.rows(
      filters,
      visible(scopeOf(context), sharedWith("address_group")),
      range,
    );
  }

  get(context: RequestContext, id: string): Body {
    return this.#views(context, [this.row(context, id)])[0] ?? {};
  }

  row(context: RequestContext, id: string): AddressGroupRow {
    const [row] = this.rows(context, new Map([["id", [id]]]));
    if (row === undefined) throw addressGroupNotFound(id);
    return row;
  }

  #views(context: RequestContext, rows: readonly AddressGroupRow[]): Body[] {
    const shared = sharedIds(this.#core, context, rows);
    return rows.map((row) => addressGroupView(row, shared.has(row.id)));
  }

  create(context: RequestContext, bodies: readonly Body[]): Body[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const rows = bodies.map((body) => {
        const row: AddressGroupRow = {
          ...standard(this.#core, String(body.project_id), body.description, []),
          name: String(body.name),
          addresses: [...new Set(body.addresses as string[])],
        };
        store.addressGroups.insert(row);
        return row;
      });
      return this.#views(context, rows);
    });
  }

  update(context: RequestContext, id: string, changes: Body): Body {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const row = revise(this.#core, store.addressGroups, this.row(context, id), changes as Partial<AddressGroupRow>);
      return this.#views(context, [row])[0] ?? {};
    });
  }

  /** add_addresses and remove_addresses. All of them or none: errors: 400 for those that are there, 404 for those that are not. */
  changeAddresses(context: RequestContext, id: string, addresses: readonly string[], add: boolean): Body {
    const { store, kernel, dirty } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.row(context, id);
      const asked = [...new Set(addresses)];
      const unfit = asked.filter((one) => row.addresses.includes(one) === add);
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
      const next = add ? [...row.addresses, ...asked] : row.addresses.filter((one) => !asked.includes(one));
      dirty("firewall");
      return this.#views(context, [revise(this.#core, store.addressGroups, row, { addresses: next })])[0] ?? {};
    });
  }

  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      if (store.rules.count("remote_address_group_id = ?", id) > 0) {
        throw conflict(`Address group ${id} is in use on one or more security group rules.`, {
          type: "AddressGroupInUse",
        });
      }
      unshare(store, id);
      store.addressGroups.delete(id);
    });
  }
}
