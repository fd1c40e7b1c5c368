import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { disallowed, invalidInput, rbacNotFound } from "../errors.ts";
import type { Filters } from "../routes/listing.ts";
import type { Resource } from "../routes/resource.ts";
import type { Body } from "../schemas/attribute.ts";
import { rbacAttributes } from "../schemas/resources.ts";
import type { RbacRow } from "../store/rows.ts";
import { type Base, checkQuota, OWN, scopeOf, seesAll } from "./base.ts";

const view = (row: RbacRow): Body => ({
  id: row.id,
  tenant_id: row.project_id,
  project_id: row.project_id,
  object_type: row.object_type,
  object_id: row.object_id,
  action: row.action,
  target_tenant: row.target_project,
  target_project: row.target_project,
});

/** Sharing of networks, security groups, subnet pools and address scopes with other projects. */
export class RbacManager implements Resource {
  readonly names = { singular: "rbac_policy", plural: "rbac_policies" };
  readonly path = "/v2.0/rbac-policies";
  readonly attributes = rbacAttributes;
  readonly #base: Base;

  constructor(base: Base) {
    this.#base = base;
  }

  list(context: RequestContext, filters: Filters): Body[] {
    return this.#base.store.rbac.filtered(filters, OWN, { scope: scopeOf(context) }).map(view);
  }

  get(context: RequestContext, id: string): Body {
    const [found] = this.list(context, new Map([["id", [id]]]));
    if (found === undefined) throw rbacNotFound(id);
    return found;
  }

  create(context: RequestContext, bodies: readonly Body[]): Body[] {
    const { store, kernel } = this.#base;
    return kernel.db.transaction(() =>
      bodies.map((body) => {
        const type = String(body.object_type);
        const actions = type === "network" ? ["access_as_shared", "access_as_external"] : ["access_as_shared"];
        if (!actions.includes(String(body.action)))
          throw invalidInput(`'${body.action}' is not in [${actions.map((one) => `'${one}'`).join(", ")}]`);
        const target = String(body.target_project ?? body.target_tenant ?? "");
        if (target === "")
          throw badRequest("Failed to parse request. Required attribute 'target_tenant' not specified");
        if (!seesAll(context) && (target === "*" || body.action === "access_as_external"))
          throw disallowed("(rule:create_rbac_policy and rule:create_rbac_policy:target_tenant)");
        const owner = this.#ownerOf(type, String(body.object_id));
        if (owner === undefined) throw rbacNotFound(String(body.object_id));
        if (!seesAll(context) && owner !== context.projectId)
          throw invalidInput(`Only admins can manipulate policies on ${type}s they do not own`);
        const row: RbacRow = {
          id: uuid(),
          project_id: String(body.project_id),
          object_type: type,
          object_id: String(body.object_id),
          action: String(body.action),
          target_project: target,
        };
        checkQuota(this.#base, row.project_id, { rbac_policy: 1 });
        this.#refuseDouble(row);
        store.rbac.insert(row);
        return view(row);
      }),
    );
  }

  #refuseDouble(row: RbacRow): void {
    const same = this.#base.store.rbac.count(
      "object_id = ? AND action = ? AND target_project = ?",
      row.object_id,
      row.action,
      row.target_project,
    );
    if (same > 0) throw conflict("An RBAC policy already exists with those values.", { type: "DuplicateRbacPolicy" });
  }

  #ownerOf(type: string, id: string): string | undefined {
    const { networks, groups, subnetPools, addressScopes } = this.#base.store;
    const tables = { network: networks, security_group: groups, subnetpool: subnetPools, address_scope: addressScopes };
    return tables[type as keyof typeof tables]?.get(id)?.project_id;
  }

  update(context: RequestContext, id: string, changes: Body): Body {
    return this.#base.kernel.db.transaction(() => {
      const row = this.#base.store.rbac.get(id);
      const target = changes.target_project ?? changes.target_tenant;
      if (row === undefined || typeof target !== "string") return this.get(context, id);
      if (!seesAll(context) && target === "*")
        throw disallowed("(rule:update_rbac_policy and rule:update_rbac_policy:target_tenant)");
      this.#refuseDouble({ ...row, target_project: target });
      this.#base.store.rbac.update(id, { target_project: target });
      return this.get(context, id);
    });
  }

  /** Errors: 409 while the target project has ports on the network. */
  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#base;
    kernel.db.transaction(() => {
      const row = store.rbac.get(id);
      if (row === undefined) throw rbacNotFound(id);
      if (row.object_type === "network" && row.action === "access_as_shared") {
        const network = store.networks.get(row.object_id);
        const used =
          row.target_project === "*"
            ? store.ports.count(
                "network_id = ? AND project_id NOT IN ('', ?)",
                row.object_id,
                network?.project_id ?? "",
              )
            : store.ports.count("network_id = ? AND project_id = ?", row.object_id, row.target_project);
        if (used > 0) {
          throw conflict(
            `RBAC policy on object ${row.object_id} cannot be removed because other objects depend on it.\nDetails: Callback neutron.plugins.ml2.plugin.NeutronPluginBaseV2.validate_network_rbac_policy_change failed with "Unable to reconfigure sharing settings for network ${row.object_id}. Multiple projects are using it."`,
            { type: "RbacPolicyInUse" },
          );
        }
      }
      store.rbac.delete(id);
    });
  }
}
