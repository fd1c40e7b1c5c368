import { type ApiError, badRequest, conflict, inWords } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { RbacRow } from "../store/rows.ts";
import type { NetworkStore } from "../store/store.ts";
import { type Core, revise } from "./core.ts";

/** What follows from sharing, and what keeps a share from being taken back (neutron/db/rbac_db_mixin.py and its callbacks). */

const policyInUse = (objectId: string, details: string) =>
  conflict(
    `RBAC policy on object ${objectId} cannot be removed because other objects depend on it.\nDetails: ${details}`,
    {
      type: "RbacPolicyInUse",
    },
  );

export const sharedSetting = (networkId: string) =>
  conflict(`Unable to reconfigure sharing settings for network ${networkId}. Multiple tenants are using it.`, {
    type: "InvalidSharedSetting",
  });

/** A policy for everybody, where there is none. */
export function shareWithAll(store: NetworkStore, type: string, object: { id: string; project_id: string }): void {
  const action = "access_as_shared";
  if (store.rbac.find({ object_id: object.id, action, target_project: "*" }) !== undefined) return;
  const { id: object_id, project_id } = object;
  store.rbac.insert({ id: uuid(), project_id, object_type: type, object_id, action, target_project: "*" });
}

/** Policies go with what they share. */
export function unshare(store: NetworkStore, objectId: string): void {
  for (const policy of store.rbac.list({ object_id: objectId }, "id")) store.rbac.delete(policy.id);
}

/** Projects other than the owner that use a network as a shared one. */
function usersOf(store: NetworkStore, type: string, id: string): ReadonlySet<string> {
  const projects = (rows: readonly { project_id: string }[]) => new Set(rows.map((row) => row.project_id));
  if (type === "network")
    return projects(store.ports.list({ network_id: id }).filter((port) => port.project_id !== ""));
  if (type === "subnetpool") return projects(store.subnets.list({ subnetpool_id: id }, "id"));
  if (type === "address_scope") return projects(store.subnetPools.list({ address_scope_id: id }, "id"));
  if (type === "address_group") return projects(store.rules.list({ remote_address_group_id: id }, "id"));
  return projects(store.ports.inGroup(id));
}

/** Whom other policies let do the same with the same. */
const otherTargets = (store: NetworkStore, { id, object_id, action }: RbacRow): string[] =>
  store.rbac.list({ object_id, action }).flatMap((policy) => (policy.id === id ? [] : policy.target_project));

/**
 * Errors: 409 when somebody needs this share who has no other. A share with the owner itself is nobody's need.
 * @param owner the project of what is shared
 * @param next whom the policy is for from now on; null when it goes
 */
export function checkUnused(store: NetworkStore, row: RbacRow, owner: string, next: string | null): void {
  if (row.action === "access_as_external") {
    checkNoRouters(store, row, next);
    return;
  }
  const { object_type: type, object_id: id, target_project: target } = row;
  if (target === owner || (next !== null && type !== "network" && next === "*")) return;
  const others = otherTargets(store, row);
  if (target !== "*" && others.includes("*")) return;
  const users = usersOf(store, type, id);
  const needed =
    target === "*" ? [...users].some((user) => user !== owner && !others.includes(user)) : users.has(target);
  if (!needed) return;
  throw policyInUse(id, type === "network" ? sharedSetting(id).message : `project_id=${target}`);
}

/** Routers stand on an external network by the policy that lets their project use it (neutron/db/external_net_db.py). */
function checkNoRouters(store: NetworkStore, row: RbacRow, next: string | null): void {
  const { object_id: id, target_project: target } = row;
  const routers = store.routers.list({ gateway_network_id: id }, "id").map((router) => router.project_id);
  const others = otherTargets(store, row);
  if (target === "*") {
    if (store.networks.get(id)?.is_default === true)
      throw policyInUse(id, "Default external networks must be shared to everyone.");
    const allowed = new Set([...others, next]);
    if (routers.every((project) => allowed.has(project))) return;
  } else if (others.includes("*") || !routers.includes(target)) return;
  throw policyInUse(id, "There are routers attached to this network that depend on this policy for access.");
}

/** Errors: 400 for a share of a pool with somebody who cannot use the address scope that it is in. */
export function checkScopeOfPool(store: NetworkStore, poolId: string, target: string): void {
  const scope = store.subnetPools.get(poolId)?.address_scope_id ?? null;
  if (scope === null) return;
  const shares = store.rbac.list({ object_id: scope });
  if (shares.some(({ target_project }) => target_project === "*" || target_project === target)) return;
  throw badRequest(
    `Failed to create RBAC policy on object ${poolId} because target project doesn't have access to associated address scope..`,
    { type: "RbacPolicyInitError" },
  );
}

/** A network is external while anybody may use it as such; a policy is a change of it. Inside the transaction that changes the policy. */
export function networkShareChanged(core: Core, networkId: string, action: string): void {
  const { store } = core;
  const network = store.networks.get(networkId);
  if (network === undefined) return;
  const shares = store.rbac.countOf({ object_id: networkId, action: "access_as_external" });
  const external = action === "access_as_external" ? shares > 0 : network.external;
  const changes = external === network.external ? {} : { external, ...(external ? {} : { is_default: false }) };
  revise(core, store.networks, network, changes);
  if (external !== network.external) core.dirty("network", networkId);
}

/** What a callback of neutron's says, in the words of who called it. */
export function asInvalidInput(check: () => void): void {
  const refused = ({ message }: ApiError) =>
    badRequest(`Invalid input for operation: ${message}.`, { type: "InvalidInput" });
  inWords({ refused }, check);
}
