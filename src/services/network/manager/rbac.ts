import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { conflict } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { disallowed, invalidInput, rbacNotFound } from "../errors.ts";
import type { Filters } from "../routes/listing.ts";
import type { Resource } from "../routes/resource.ts";
import type { Body } from "../schemas/attribute.ts";
import { rbacAttributes } from "../schemas/resources.ts";
import type { RbacRow } from "../store/rows.ts";
import { visible } from "../store/visible.ts";
import { type Core, checkQuota, scopeOf, seesAll } from "./core.ts";
import { asInvalidInput, checkScopeOfPool, checkUnused, networkShareChanged } from "./rbac-rules.ts";

const view = (row: RbacRow): Body => ({
  id: row.id,
  tenant_id: row.project_id,
  project_id: row.project_id,
  object_type: row.object_type,
  object_id: row.object_id,
  action: row.action,
  target_tenant: row.target_project,
});

/** Sharing of networks, security groups, subnet pools and address scopes with other projects. */
export class RbacManager implements Resource {
  readonly names = { singular: "rbac_policy", plural: "rbac_policies" };
  readonly path = "/v2.0/rbac-policies";
  readonly unpaged = true;
  readonly attributes = rbacAttributes;
  readonly listed: Resource["listed"];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.listed = core.store.lists.rbac;
  }

  list(context: RequestContext, filters: Filters, range?: Range): Body[] {
    return this.#core.store.lists.rbac.rows(filters, visible(scopeOf(context)), range).map(view);
  }

  get(context: RequestContext, id: string): Body {
    const [found] = this.list(context, new Map([["id", [id]]]));
    if (found === undefined) throw rbacNotFound(id);
    return found;
  }

  create(context: RequestContext, bodies: readonly Body[]): Body[] {
    return this.#core.kernel.db.transaction(() => bodies.map((body) => view(this.#insert(context, body))));
  }

  #insert(context: RequestContext, body: Body): RbacRow {
    const { store } = this.#core;
    const type = String(body.object_type);
    const actions = type === "network" ? ["access_as_shared", "access_as_external"] : ["access_as_shared"];
    if (!actions.includes(String(body.action)))
      throw invalidInput(`'${body.action}' is not in [${actions.map((one) => `'${one}'`).join(", ")}]`);
    const row: RbacRow = {
      id: uuid(),
      project_id: String(body.project_id),
      object_type: type,
      object_id: String(body.object_id),
      action: String(body.action),
      target_project: String(body.target_tenant),
    };
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
    const same = this.#core.store.rbac.count(
      "object_id = ? AND action = ? AND target_project = ? AND id <> ?",
      row.object_id,
      row.action,
      row.target_project,
      row.id,
    );
    if (same > 0) throw conflict("An RBAC policy already exists with those values.", { type: "DuplicateRbacPolicy" });
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
  update(context: RequestContext, id: string, changes: Body): Body {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const row = store.rbac.get(id);
      const target = changes.target_tenant;
      if (row === undefined || typeof target !== "string") return this.get(context, id);
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
