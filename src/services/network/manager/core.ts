import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import type { Table } from "../../../kernel/db/table.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Quotas } from "../../../kernel/quota/quota.ts";
import { overQuota } from "../errors.ts";
import type { DirtyKind } from "../store/dirty.ts";
import type { PortRow, StandardRow } from "../store/rows.ts";
import { sharedAmong } from "../store/shares.ts";
import type { NetworkStore } from "../store/store.ts";

/** What all managers of this service share. */
export interface Core {
  readonly kernel: Kernel;
  readonly store: NetworkStore;
  readonly quotas: Quotas;
  /** Marks, in the current transaction, what the driver has to apply after the commit. */
  dirty(kind: DirtyKind, id?: string): void;
}

/** Attribute → accepted values. Those that are columns narrow what a list reads; the others are for who shows it. */
export type Filters = ReadonlyMap<string, readonly string[]>;
export type Change = "update" | "delete";

/** What every thing of this service has; the rest is its kind's. */
export interface Thing {
  readonly id: string;
  readonly project_id?: string;
  readonly tags?: readonly string[];
  readonly revision?: number;
}

/** The verbs of one kind of thing, of those that it has. All of them are synchronous and one transaction each. */
export interface Collection {
  /** Everything the caller may see, at least narrowed by the filters that are columns: all of it, ordered by id, or a range. */
  list(context: RequestContext, filters: Filters, range?: Range): Thing[];
  /** Errors: 404 for what is not there or not the caller's to see. */
  get(context: RequestContext, id: string): Thing;
  /** The quota that its things count in. */
  readonly quota?: string;
  /** What is asked of all that one request makes, before any is made, where `create` gets a part of them. Errors: 400, 409. */
  admit?(wanted: readonly unknown[]): void;
  /** All or none. */
  create?(context: RequestContext, wanted: readonly unknown[]): Thing[];
  update?(context: RequestContext, id: string, changes: unknown): Thing;
  remove?(context: RequestContext, id: string): void;
  /** Projects that may change it; its own when absent. */
  owners?(row: Thing, verb: Change): readonly string[];
}

/** What may be said of anything that is made. */
export interface Described {
  project_id: string;
  description?: string;
  tags?: readonly string[];
}

/** The standard attributes of a new row; `revision` is what neutron starts with for this kind. */
export function standard(core: Core, { project_id, description, tags }: Described, revision = 0): StandardRow {
  const now = core.kernel.clock.now();
  return {
    id: uuid(),
    project_id,
    description: description ?? "",
    tags: [...new Set(tags ?? [])].sort(),
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

/** Marks what the host has of a port: a lease in its network, and its rules. What is the network service's own is the network's. */
export function markPort({ dirty }: Pick<Core, "dirty">, port: PortRow): void {
  if (port.device_owner.startsWith("network:")) dirty("network", port.network_id);
  else dirty("lease", `${port.network_id} ${port.id}`);
  dirty("port", port.id);
}

/** In the transaction that changes them: the NICs of these devices look different. Ports of nobody have no device. */
export function tellOfDevices({ kernel }: Core, deviceIds: Iterable<string>): void {
  const named = [...new Set(deviceIds)].filter((id) => id !== "");
  if (named.length > 0) kernel.events.publish("network.devices.changed", { deviceIds: named });
}

/** The same of all guests on a network, which has another name, MTU, subnet, …. */
export const tellOfNetwork = (core: Core, networkId: string): void =>
  tellOfDevices(core, core.store.ports.guestsOn(networkId));

/** Inside the inserting transaction. Errors: 409 OverQuota. */
export function checkQuota(core: Core, projectId: string, wanted: Readonly<Record<string, number>>): void {
  const exceeded = core.quotas.check(projectId, wanted);
  if (exceeded.length > 0) throw overQuota(exceeded.map(({ resource }) => resource));
}

/** The same for several that one request makes, by the quota's name. */
export function checkQuotas(core: Core, resource: string, wanted: readonly { project_id: string }[]): void {
  for (const [project, own] of Map.groupBy(wanted, ({ project_id }) => project_id))
    checkQuota(core, project, { [resource]: own.length });
}

/** The owner of nothing. Not "": that owns what belongs to the cloud itself, like the ports of routers' gateways. */
const NO_PROJECT = "-";

/** The project whose things a caller sees besides shared ones; null sees all. */
export const scopeOf = (context: RequestContext): string | null =>
  seesAll(context) ? null : (context.projectId ?? NO_PROJECT);

export const seesAll = (context: RequestContext): boolean => context.isAdmin || context.roles.has("service");

/** Those of the things that a policy shares with the caller's project or with everybody. */
export function sharedIds(core: Core, context: RequestContext, rows: readonly { id: string }[]): ReadonlySet<string> {
  return sharedAmong(
    core.store,
    context.projectId ?? "",
    rows.map(({ id }) => id),
  );
}
