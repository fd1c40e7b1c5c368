import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { conflict } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { disallowed, invalidInput, rbacNotFound } from "../errors.ts";
import type { RbacRow } from "../store/rows.ts";
import { visible } from "../store/visible.ts";
import { type Collection, type Core, checkQuota, type Filters, scopeOf, seesAll } from "./core.ts";
import { asInvalidInput, checkScopeOfPool, checkUnused, networkShareChanged } from "./rbac-rules.ts";

export interface NewRbacPolicy {
  project_id: string;
  object_type: string;
  object_id: string;
  action: string;
  /** "*": everybody. */
  target_project: string;
}

/** Sharing of networks, security groups, subnet pools and address scopes with other projects. */
export class RbacManager implements Collection {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  list(context: RequestContext, filters: Filters, range?: Range): RbacRow[] {
    return this.#core.store.lists.rbac.rows(filters, visible(scopeOf(context)), range);
  }

  get(context: RequestContext, id: string): RbacRow {
    const [found] = this.list(context, new Map([["id", [id]]]));
    if (found === undefined) throw rbacNotFound(id);
    return found;
  }

  create(context: RequestContext, wanted: readonly NewRbacPolicy[]): RbacRow[] {
    return this.#core.kernel.db.transaction(() => wanted.map((one) => this.#insert(context, one)));
  }

  #insert(context: RequestContext, wanted: NewRbacPolicy): RbacRow {
    const { store } = this.#core;
    const row: RbacRow = { id: uuid(), ...wanted };
    const type = row.object_type;
    const actions = type === "network" ? ["access_as_shared", "access_as_external"] : ["access_as_shared"];
    if (!actions.includes(row.action))
      throw invalidInput(`'${row.action}' is not in [${actions.map((one) => `'${one}'`).join(", ")}]`);
    if (!seesAll(context) && row.target_project === "*")
      throw disallowed("(rule:create_rbac_policy and rule:create_rbac_policy:target_tenant)");
    const owner = this.#ownerOf(type, row.object_id);
    if (owner === undefined) throw rbacNotFound(row.object_id);
    this.#requireOwner(context, type, owner);
    if (type === "subnetpool") asInvalidInput(() => checkScopeOfPool(store, row.object_id, row.target_project));
    checkQuota(this.#core, row.project_id, { rbac_policy: 1 });
    this.#refuseDouble(row);
    store.rbac.insert(row);
    if (type === "network") networkShareChanged(this.#core, row.object_id, row.action);
    return row;
  }

  #requireOwner(context: RequestContext, type: string, owner: string): void {
    if (seesAll(context) || owner === context.projectId) return;
    const things = type === "network" ? "networks" : "objects";
    throw invalidInput(`Only admins can manipulate policies on ${things} they do not own`);
  }

  #refuseDouble(row: RbacRow): void {
    const { object_id, action, target_project } = row;
    const same = this.#core.store.rbac.list({ object_id, action, target_project });
    if (same.some(({ id }) => id !== row.id))
      throw conflict("An RBAC policy already exists with those values.", { type: "DuplicateRbacPolicy" });
  }

  #ownerOf(type: string, id: string): string | undefined {
    const { networks, groups, subnetPools, addressScopes, addressGroups } = this.#core.store;
    const tables = {
      network: networks,
      security_group: groups,
      subnetpool: subnetPools,
      address_scope: addressScopes,
      address_group: addressGroups,
    };
    return tables[type as keyof typeof tables]?.get(id)?.project_id;
  }

  /** Errors: 409 while those who lose it need it. */
  update(context: RequestContext, id: string, { target_project: target }: { target_project?: string }): RbacRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const row = store.rbac.get(id);
      if (row === undefined || target === undefined) return this.get(context, id);
      if (!seesAll(context) && target === "*")
        throw disallowed("(rule:update_rbac_policy and rule:update_rbac_policy:target_tenant)");
      const owner = this.#ownerOf(row.object_type, row.object_id) ?? "";
      this.#requireOwner(context, row.object_type, owner);
      if (target !== row.target_project) checkUnused(store, row, owner, target);
      this.#refuseDouble({ ...row, target_project: target });
      store.rbac.update(id, { target_project: target });
      if (row.object_type === "network") networkShareChanged(this.#core, row.object_id, row.action);
      return this.get(context, id);
    });
  }

  /** Errors: 409 while somebody needs it. */
  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      const row = store.rbac.get(id);
      if (row === undefined) throw rbacNotFound(id);
      checkUnused(store, row, this.#ownerOf(row.object_type, row.object_id) ?? "", null);
      store.rbac.delete(id);
      if (row.object_type === "network") networkShareChanged(this.#core, row.object_id, row.action);
    });
  }
}
