import type { Chain, Table } from "../../../../host/firewall/rules.ts";
import type { DesiredFirewall, DesiredPortFirewall } from "../driver.ts";
import type { Bridge } from "./bridges.ts";
import { permissions } from "./connections.ts";
import { beginningOf, branchChains } from "./dispatch.ts";
import { chainedGroups, groupChains, headChains, leafChainsOf, portChains, zoneChains } from "./port-rules.ts";

type DesiredGroup = DesiredFirewall["groups"][number];

/** What is there and what is to be; the objects of what has not changed are the same. */
export interface FirewallChange {
  /** As they were: ports that are gone or differ. */
  portsBefore: readonly DesiredPortFirewall[];
  /** As they are to be: ports that are new or differ. */
  portsAfter: readonly DesiredPortFirewall[];
  gone: readonly DesiredPortFirewall[];
  groupsBefore: readonly DesiredGroup[];
  groupsAfter: readonly DesiredGroup[];
}

/** @param before null: nothing is known of what is there */
export function changeOf(before: DesiredFirewall | null, after: DesiredFirewall): FirewallChange {
  const groups = differing(before?.groups ?? [], after.groups, ({ id }) => id);
  // A group that comes or goes is named, or no longer, in the chains of ports that are the same.
  const old = new Set(before?.groups.map(({ id }) => id));
  const now = new Set(after.groups.map(({ id }) => id));
  const moved = new Set([...without(old, now), ...without(now, old)]);
  const isNamed = (port: DesiredPortFirewall) => moved.size > 0 && port.securityGroupIds.some((id) => moved.has(id));
  const ports = differing(before?.ports ?? [], after.ports, ({ portId }) => portId, isNamed);
  const kept = new Set(after.ports.map(({ portId }) => portId));
  return {
    portsBefore: ports.before,
    portsAfter: ports.after,
    gone: ports.before.filter(({ portId }) => !kept.has(portId)),
    groupsBefore: groups.before,
    groupsAfter: groups.after,
  };
}

function differing<T>(
  before: readonly T[],
  after: readonly T[],
  idOf: (one: T) => string,
  isTouched: (one: T) => boolean = () => false,
): { before: T[]; after: T[] } {
  const old = new Map(before.map((one) => [idOf(one), one]));
  const changed = after.filter((one) => {
    const known = old.get(idOf(one));
    if (known !== one || isTouched(one)) return true;
    old.delete(idOf(one));
    return false;
  });
  return { before: [...old.values()], after: changed };
}

/** Whether anything that was allowed may be so no longer: only then connections have to be looked at. */
export function isLess({ portsBefore, portsAfter, groupsBefore, groupsAfter }: FirewallChange): boolean {
  const now = permissions({ ports: portsAfter, groups: groupsAfter });
  return [...permissions({ ports: portsBefore, groups: groupsBefore })].some((one) => !now.has(one));
}

/** What of one family has chains. */
export interface Chains {
  /** Chain → text, of those before the last step to the chains of ports. */
  heads: ReadonlyMap<string, string>;
  /** Of guarded ports: each has a chain for the last step. */
  beginnings: ReadonlySet<string>;
  /** Text of the bridges' zones. */
  zones: string;
  /** Groups with chains. */
  groups: ReadonlySet<string>;
}

/**
 * What has to be restored for a family, and how it is then. `known`: what is there; null: nothing is known, and `others` are the names of
 * chains that may be.
 */
export function restoreOf(
  change: FirewallChange,
  after: DesiredFirewall,
  bridges: ReadonlyMap<string, Bridge>,
  family: 4 | 6,
  known: Chains | null,
  others: readonly string[],
): { tables: Table[]; chains: Chains } {
  const groups = chainedGroups(after);
  const guarded = after.ports.filter(isGuarded);
  const beginnings = new Set(guarded.map(beginningOf));
  const heads = [...headChains(guarded, bridges, family), ...branchChains(beginnings)];
  const zones = zoneChains(bridges);
  const chains: Chains = {
    heads: new Map(heads.map(({ name, rules }) => [name, JSON.stringify(rules)])),
    beginnings,
    zones: JSON.stringify(zones),
    groups,
  };
  const there = known === null ? new Map<string, Chain>() : byName(chainsOf(change, "before", known.groups, family));
  const wanted = byName(chainsOf(change, "after", groups, family));
  // Groups that had no chains, or have none any more, though nothing of them has changed.
  for (const group of after.groups)
    if (groups.has(group.id) && known?.groups.has(group.id) !== true)
      for (const chain of groupChains(group, family)) wanted.set(chain.name, chain);
  const lost = without(known?.groups ?? new Set(), groups);
  for (const id of lost)
    for (const { name } of groupChains({ id, rules: [], memberAddresses: [] }, family))
      there.set(name, { name, rules: [] });
  const differs = ({ name, rules }: Chain) => {
    const old = there.get(name);
    return old === undefined || JSON.stringify(old.rules) !== JSON.stringify(rules);
  };
  const leaves = (known === null ? [...beginnings] : moved(change).filter((one) => beginnings.has(one))).flatMap(
    (beginning) => leafChainsOf(beginning, guarded),
  );
  const emptied = without(known?.beginnings ?? new Set(), beginnings).flatMap((one) => leafChainsOf(one, []));
  const own = new Set([...chains.heads.keys(), ...leaves.map(({ name }) => name), ...wanted.keys()]);
  const former = [...(known?.heads.keys() ?? []), ...emptied.map(({ name }) => name), ...there.keys(), ...others];
  const removed = former.filter((name) => !own.has(name));
  const filter = [
    ...heads.filter(({ name }) => known?.heads.get(name) !== chains.heads.get(name)),
    ...leaves,
    ...[...wanted.values()].filter(differs),
  ];
  const tables: Table[] = [];
  if (known?.zones !== chains.zones) tables.push({ table: "raw", chains: zones });
  if (filter.length > 0 || removed.length > 0) tables.push({ table: "filter", chains: filter, removed });
  return { tables, chains };
}

const isGuarded = ({ portSecurityEnabled }: DesiredPortFirewall): boolean => portSecurityEnabled;

/** Beginnings of ports that have chains and had none, or the other way round. */
function moved({ portsBefore, portsAfter }: FirewallChange): string[] {
  const [before, after] = [portsBefore, portsAfter].map((ports) => {
    const guarded = ports.filter(isGuarded);
    return new Map(guarded.map((port) => [port.portId, beginningOf(port)]));
  }) as [Map<string, string>, Map<string, string>];
  const changed = [...before, ...after].flatMap(([id, one]) => (before.has(id) && after.has(id) ? [] : one));
  return [...new Set(changed)];
}

function chainsOf(
  change: FirewallChange,
  side: "before" | "after",
  groups: ReadonlySet<string>,
  family: 4 | 6,
): Chain[] {
  const [ports, changed] =
    side === "before" ? [change.portsBefore, change.groupsBefore] : [change.portsAfter, change.groupsAfter];
  return [
    ...ports.flatMap((port) => portChains(port, groups, family)),
    ...changed.filter(({ id }) => groups.has(id)).flatMap((group) => groupChains(group, family)),
  ];
}

const byName = (chains: readonly Chain[]): Map<string, Chain> => new Map(chains.map((chain) => [chain.name, chain]));

const without = (ids: ReadonlySet<string>, others: ReadonlySet<string>): string[] =>
  [...ids].filter((id) => !others.has(id));
