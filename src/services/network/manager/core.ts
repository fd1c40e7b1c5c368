import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Table } from "../../../kernel/db/table.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Quotas } from "../../../kernel/quota/quota.ts";
import { isoSeconds } from "../../../kernel/time/clock.ts";
import { overQuota } from "../errors.ts";
import type { StandardRow } from "../store/rows.ts";
import type { NetworkStore } from "../store/store.ts";

/** Something whose desired state on the host has changed. */
export type DirtyKind = "network" | "router" | "firewall";

/** What all managers of this service share. */
export interface Core {
  readonly kernel: Kernel;
  readonly store: NetworkStore;
  readonly quotas: Quotas;
  /** Marks, in the current transaction, what the driver has to apply after the commit. */
  dirty(kind: DirtyKind, id?: string): void;
}

/** The standard attributes of a new row; `revision` is what neutron starts with for this kind. */
export function standard(
  core: Core,
  projectId: string,
  description: unknown,
  tags: unknown,
  revision = 0,
): StandardRow {
  const now = core.kernel.clock.now();
  return {
    id: uuid(),
    project_id: projectId,
    description: typeof description === "string" ? description : "",
    tags: Array.isArray(tags) ? [...new Set(tags as string[])].sort() : [],
    created_at: now,
    updated_at: now,
    revision,
  };
}

/** Updates a row with a new revision and time. */
export function revise<Row extends StandardRow>(core: Core, table: Table<Row>, row: Row, changes: Partial<Row>): Row {
  const stamped = { ...changes, updated_at: core.kernel.clock.now(), revision: row.revision + 1 };
  table.update(row.id, stamped);
  return { ...row, ...stamped };
}

/** What every view ends with. */
export function tracked(row: StandardRow): Record<string, unknown> {
  return {
    tags: row.tags,
    created_at: isoSeconds(row.created_at),
    updated_at: isoSeconds(row.updated_at),
    revision_number: row.revision,
    project_id: row.project_id,
  };
}

/** Inside the inserting transaction. Errors: 409 OverQuota. */
export function checkQuota(core: Core, projectId: string, wanted: Readonly<Record<string, number>>): void {
  const exceeded = core.quotas.check(projectId, wanted);
  if (exceeded.length > 0) throw overQuota(exceeded.map(({ resource }) => resource));
}

/** The owner of nothing. Not "": that owns what belongs to the cloud itself, like the ports of routers' gateways. */
const NO_PROJECT = "-";

/** The project whose things a caller sees besides shared ones; null sees all. */
export const scopeOf = (context: RequestContext): string | null =>
  seesAll(context) ? null : (context.projectId ?? NO_PROJECT);

export const seesAll = (context: RequestContext): boolean => context.isAdmin || context.roles.has("service");

/** Those of the things that a policy shares with the caller's project or with everybody. */
export function sharedIds(core: Core, context: RequestContext, rows: readonly { id: string }[]): ReadonlySet<string> {
  const shares = core.store.rbac.select(
    "action = 'access_as_shared' AND target_project IN ('*', ?) AND object_id IN (SELECT value FROM json_each(?))",
    context.projectId ?? "",
    JSON.stringify(rows.map(({ id }) => id)),
  );
  return new Set(shares.map((policy) => policy.object_id));
}

/** Groups rows by one of their fields. */
export function groupBy<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const list = groups.get(key(row));
    if (list === undefined) groups.set(key(row), [row]);
    else list.push(row);
  }
  return groups;
}
