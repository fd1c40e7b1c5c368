import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { conflict } from "../../../kernel/errors.ts";
import { groupNotFound } from "../errors.ts";
import type { Filters } from "../routes/listing.ts";
import type { Resource } from "../routes/resource.ts";
import type { Body } from "../schemas/attribute.ts";
import { groupAttributes } from "../schemas/resources.ts";
import type { SecurityGroupRow, SecurityGroupRuleRow } from "../store/rows.ts";
import { sharedWith, visible } from "../store/visible.ts";
import { groupView } from "../views/security-groups.ts";
import { type Core, checkQuota, groupBy, revise, scopeOf, sharedIds, standard } from "./core.ts";

import { unshare } from "./rbac-rules.ts";

const inUse = (type: string, message: string) => conflict(message, { type });

/** There is one by that name in each project, however it is written. */
function refuseDefaultName(name: unknown): void {
  if (String(name ?? "").toLowerCase() === "default")
    throw inUse("SecurityGroupDefaultAlreadyExists", "Default security group already exists.");
}

export class SecurityGroupManager implements Resource {
  readonly names = { singular: "security_group", plural: "security_groups" };
  readonly path = "/v2.0/security-groups";
  readonly attributes = groupAttributes;
  readonly listed: Resource["listed"];
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
    this.listed = core.store.lists.groups;
  }

  list(context: RequestContext, filters: Filters, range?: Range): Body[] {
    // As in neutron, looking is what makes a project's default group.
    for (const project of filters.get("project_id") ?? [])
      if (context.isAdmin && project !== "") this.ensureDefault(project);
    if (context.projectId !== null) this.ensureDefault(context.projectId);
    return this.#views(context, this.rows(context, filters, range));
  }

  rows(context: RequestContext, filters: Filters = new Map(), range?: Range): SecurityGroupRow[] {
    return this.#core.store.lists.groups.rows(filters, visible(scopeOf(context), sharedWith("security_group")), range);
  }

  get(context: RequestContext, id: string): Body {
    return this.#views(context, [this.row(context, id)])[0] ?? {};
  }

  row(context: RequestContext, id: string): SecurityGroupRow {
    const [row] = this.rows(context, new Map([["id", [id]]]));
    if (row === undefined) throw groupNotFound(id);
    return row;
  }

  #views(context: RequestContext, rows: readonly SecurityGroupRow[]): Body[] {
    const ids = JSON.stringify(rows.map(({ id }) => id));
    const { store } = this.#core;
    const rules = store.rules.select("security_group_id IN (SELECT value FROM json_each(?))", ids);
    const byGroup = groupBy(rules, (rule) => rule.security_group_id);
    const sharedGroups = sharedIds(this.#core, context, rows);
    return rows.map((row) => groupView(row, byGroup.get(row.id) ?? [], sharedGroups.has(row.id)));
  }

  /** The project's group "default", made when there is none. Cheap when there is. */
  ensureDefault(projectId: string): string {
    const { store, kernel } = this.#core;
    const find = () => store.groups.select("project_id = ? AND is_default = 1", projectId)[0]?.id;
    return (
      find() ??
      kernel.db.transaction(
        () => this.#insert({ project_id: projectId, name: "default", description: "Default security group" }, true).id,
      )
    );
  }

  create(context: RequestContext, bodies: readonly Body[]): Body[] {
    return this.#core.kernel.db.transaction(() => {
      for (const [project, wanted] of groupBy(bodies, (body) => String(body.project_id))) {
        this.ensureDefault(project);
        checkQuota(this.#core, project, { security_group: wanted.length });
      }
      const rows = bodies.map((body) => {
        refuseDefaultName(body.name);
        return this.#insert({ ...body, project_id: String(body.project_id) }, false);
      });
      return this.#views(context, rows);
    });
  }

  #insert(body: Body & { project_id: string }, isDefault: boolean): SecurityGroupRow {
    const { store } = this.#core;
    const projectId = body.project_id;
    const row: SecurityGroupRow = {
      ...standard(this.#core, projectId, body.description, body.tags, 1),
      name: String(body.name),
      is_default: isDefault,
      stateful: body.stateful !== false,
    };
    // What a group is born with counts, too; that a project has its default group does not depend on how many groups it may have.
    checkQuota(this.#core, projectId, { security_group_rule: isDefault ? 4 : 2 });
    if (!isDefault) checkQuota(this.#core, projectId, { security_group: 1 });
    store.groups.insert(row);
    for (const ethertype of ["IPv4", "IPv6"] as const) {
      if (isDefault) this.#bornWith(row, "ingress", ethertype, row.id);
      this.#bornWith(row, "egress", ethertype, null);
    }
    return row;
  }

  #bornWith(
    group: SecurityGroupRow,
    direction: "ingress" | "egress",
    ethertype: "IPv4" | "IPv6",
    remote: string | null,
  ): void {
    const rule: SecurityGroupRuleRow = {
      ...standard(this.#core, group.project_id, "", []),
      security_group_id: group.id,
      direction,
      ethertype,
      protocol: null,
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_group_id: remote,
      remote_address_group_id: null,
      described: false,
    };
    this.#core.store.rules.insert(rule);
  }

  update(context: RequestContext, id: string, changes: Body): Body {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.row(context, id);
      const wanted = changes as Partial<SecurityGroupRow>;
      if (wanted.stateful !== undefined && wanted.stateful !== row.stateful && store.portDetails.portsInGroup(id) > 0)
        throw inUse("SecurityGroupInUse", `Security Group ${id} in use.`);
      refuseDefaultName(wanted.name);
      if (wanted.name !== undefined && row.is_default)
        throw inUse("SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.");
      if (wanted.name !== undefined && wanted.name !== row.name) {
        kernel.events.publish("network.security_group.renamed", { groupId: id });
      }
      return this.#views(context, [revise(this.#core, store.groups, row, wanted)])[0] ?? {};
    });
  }

  remove(context: RequestContext, id: string): void {
    const { store, kernel, dirty } = this.#core;
    kernel.db.transaction(() => {
      const row = this.row(context, id);
      if (store.portDetails.portsInGroup(id) > 0) throw inUse("SecurityGroupInUse", `Security Group ${id} in use.`);
      if (row.is_default && !context.isAdmin)
        throw inUse("SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.");
      unshare(store, id);
      store.groups.delete(id);
      dirty("firewall");
    });
  }
}
