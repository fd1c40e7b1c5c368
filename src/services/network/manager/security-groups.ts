import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { conflict } from "../../../kernel/errors.ts";
import { inSlices, type Pause } from "../../../kernel/turns/slices.ts";
import { groupNotFound } from "../errors.ts";
import type { SecurityGroupRow, SecurityGroupRuleRow } from "../store/rows.ts";
import { defaultGroup } from "../store/shares.ts";
import { sharedWith, visible } from "../store/visible.ts";
import {
  type Collection,
  type Core,
  checkQuota,
  checkQuotas,
  type Described,
  type Filters,
  revise,
  scopeOf,
  sharedIds,
  standard,
} from "./core.ts";

import { unshare } from "./rbac-rules.ts";

const inUse = (type: string, message: string) => conflict(message, { type });

/** There is one by that name in each project, however it is written. */
function refuseDefaultName(name: string | undefined): void {
  if (name?.toLowerCase() === "default")
    throw inUse("SecurityGroupDefaultAlreadyExists", "Default security group already exists.");
}

export interface NewSecurityGroup extends Described {
  name?: string;
  stateful?: boolean;
}
export type SecurityGroupChanges = Partial<Omit<NewSecurityGroup, "project_id" | "tags">>;

export class SecurityGroupManager implements Collection {
  readonly quota = "security_group";
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** As in neutron, looking is what makes a project's default group. */
  list(context: RequestContext, filters: Filters = new Map(), range?: Range): SecurityGroupRow[] {
    for (const project of filters.get("project_id") ?? [])
      if (context.isAdmin && project !== "") this.ensureDefault(project);
    if (context.projectId !== null) this.ensureDefault(context.projectId);
    return this.visible(context, filters, range);
  }

  /** Those there are. */
  visible(context: RequestContext, filters: Filters = new Map(), range?: Range): SecurityGroupRow[] {
    return this.#core.store.lists.groups.rows(filters, visible(scopeOf(context), sharedWith("security_group")), range);
  }

  get(context: RequestContext, id: string): SecurityGroupRow {
    const [row] = this.visible(context, new Map([["id", [id]]]));
    if (row === undefined) throw groupNotFound(id);
    return row;
  }

  /** Those of these groups that are shared with who asks. */
  shared(context: RequestContext, rows: readonly SecurityGroupRow[]): ReadonlySet<string> {
    return sharedIds(this.#core, context, rows);
  }

  /** Gives `take` the rules of these groups, so many a turn: a group may have thousands. */
  async rulesOf(
    ids: readonly string[],
    pause: Pause,
    take: (rules: readonly SecurityGroupRuleRow[]) => void,
  ): Promise<void> {
    const { rules } = this.#core.store;
    await inSlices(rules.idsOfAll(ids), pause, (slice) => {
      take(rules.getMany(slice));
      return [];
    });
  }

  /** The project's group "default", made when there is none. Cheap when there is. */
  ensureDefault(projectId: string): string {
    const { store, kernel } = this.#core;
    const find = () => defaultGroup(store, projectId);
    return (
      find() ??
      kernel.db.transaction(
        () => this.#insert({ project_id: projectId, name: "default", description: "Default security group" }, true).id,
      )
    );
  }

  create(_context: RequestContext, wanted: readonly NewSecurityGroup[]): SecurityGroupRow[] {
    return this.#core.kernel.db.transaction(() => {
      for (const { project_id } of wanted) this.ensureDefault(project_id);
      checkQuotas(this.#core, this.quota, wanted);
      return wanted.map((one) => {
        refuseDefaultName(one.name);
        return this.#insert(one, false);
      });
    });
  }

  #insert(wanted: NewSecurityGroup, isDefault: boolean): SecurityGroupRow {
    const { store } = this.#core;
    const projectId = wanted.project_id;
    const row: SecurityGroupRow = {
      ...standard(this.#core, wanted, 1),
      name: wanted.name ?? "",
      is_default: isDefault,
      stateful: wanted.stateful ?? true,
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
      ...standard(this.#core, { project_id: group.project_id }),
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

  update(context: RequestContext, id: string, wanted: SecurityGroupChanges): SecurityGroupRow {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.get(context, id);
      if (wanted.stateful !== undefined && wanted.stateful !== row.stateful && store.portDetails.portsInGroup(id) > 0)
        throw inUse("SecurityGroupInUse", `Security Group ${id} in use.`);
      refuseDefaultName(wanted.name);
      if (wanted.name !== undefined && row.is_default)
        throw inUse("SecurityGroupCannotUpdateDefault", "Updating default security group not allowed.");
      if (wanted.name !== undefined && wanted.name !== row.name) {
        kernel.events.publish("network.security_group.renamed", { groupId: id });
      }
      return revise<SecurityGroupRow>(this.#core, store.groups, row, wanted);
    });
  }

  remove(context: RequestContext, id: string): void {
    const { store, kernel, dirty } = this.#core;
    kernel.db.transaction(() => {
      const row = this.get(context, id);
      if (store.portDetails.portsInGroup(id) > 0) throw inUse("SecurityGroupInUse", `Security Group ${id} in use.`);
      if (row.is_default && !context.isAdmin)
        throw inUse("SecurityGroupCannotRemoveDefault", "Insufficient rights for removing default security group.");
      unshare(store, id);
      // Rules of others that point to it go with it.
      const others = store.rules.groupsAbout(id);
      store.groups.delete(id);
      for (const group of new Set([...others, id])) dirty("group", group);
    });
  }
}
