import type { RequestContext } from "../../../kernel/auth/context.ts";
import { blockText, overlaps } from "../../../kernel/config/addresses.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import { invalidInput, subnetPoolNotFound } from "../errors.ts";
import type { StandardRow, SubnetPoolRow, SubnetRow } from "../store/rows.ts";
import { sharesNetworks } from "../store/shares.ts";
import { sharedWith, visible } from "../store/visible.ts";
import type { AddressScopeManager } from "./address-scopes.ts";
import { blockOf } from "./addresses.ts";
import {
  type Collection,
  type Core,
  checkQuotas,
  type Described,
  type Filters,
  revise,
  scopeOf,
  standard,
} from "./core.ts";
import { compacted, difference, firstFree, isCovered } from "./prefixes.ts";
import { asInvalidInput, checkScopeOfPool, shareWithAll, unshare } from "./rbac-rules.ts";

const error = (type: string, message: string) => badRequest(message, { type });

export interface NewSubnetPool extends Described {
  name: string;
  prefixes: readonly string[];
  min_prefixlen?: number;
  max_prefixlen?: number;
  default_prefixlen?: number;
  default_quota?: number | null;
  is_default?: boolean;
  shared?: boolean;
  address_scope_id?: string | null;
}
export type SubnetPoolChanges = Partial<
  Omit<SubnetPoolRow, keyof StandardRow | "ip_version"> & { description: string }
>;

export class SubnetPoolManager implements Collection {
  readonly quota = "subnetpool";
  readonly #core: Core;
  readonly #scopes: AddressScopeManager;

  constructor(core: Core, scopes: AddressScopeManager) {
    this.#core = core;
    this.#scopes = scopes;
  }

  list(context: RequestContext, filters: Filters = new Map(), range?: Range): SubnetPoolRow[] {
    return this.#core.store.lists.subnetPools.rows(filters, visible(scopeOf(context), sharedWith("subnetpool")), range);
  }

  get(context: RequestContext, id: string): SubnetPoolRow {
    const [row] = this.list(context, new Map([["id", [id]]]));
    if (row === undefined) throw subnetPoolNotFound(id);
    return row;
  }

  default(context: RequestContext, version: 4 | 6): SubnetPoolRow | undefined {
    return this.list(context).find((pool) => pool.is_default && pool.ip_version === version);
  }

  create(context: RequestContext, wanted: readonly NewSubnetPool[]): SubnetPoolRow[] {
    return this.#core.kernel.db.transaction(() => {
      checkQuotas(this.#core, this.quota, wanted);
      return wanted.map((one) => this.#insert(context, one));
    });
  }

  #insert(context: RequestContext, wanted: NewSubnetPool): SubnetPoolRow {
    const version = versionOf(wanted.prefixes);
    const min = wanted.min_prefixlen ?? (version === 4 ? 8 : 64);
    const row: SubnetPoolRow = {
      ...standard(this.#core, wanted),
      name: wanted.name,
      ip_version: version,
      prefixes: compacted(wanted.prefixes),
      min_prefixlen: min,
      max_prefixlen: wanted.max_prefixlen ?? (version === 4 ? 32 : 128),
      default_prefixlen: wanted.default_prefixlen ?? min,
      default_quota: wanted.default_quota ?? null,
      is_default: wanted.is_default ?? false,
      address_scope_id: wanted.address_scope_id ?? null,
    };
    this.#check(context, row);
    const { store } = this.#core;
    store.subnetPools.insert(row);
    if (wanted.shared === true) {
      asInvalidInput(() => checkScopeOfPool(store, row.id, "*"));
      shareWithAll(store, "subnetpool", row);
    }
    return row;
  }

  #check(context: RequestContext, row: SubnetPoolRow): void {
    const bits = row.ip_version === 4 ? 32 : 128;
    const bounds = (type: string, value: number, baseType: string, base: number) =>
      error("IllegalSubnetPoolPrefixBounds", `Illegal prefix bounds: ${type}=${value}, ${baseType}=${base}.`);
    if (row.max_prefixlen > bits) throw bounds("max_prefixlen", row.max_prefixlen, "ip_version_max", bits);
    if (row.min_prefixlen > row.max_prefixlen)
      throw bounds("min_prefixlen", row.min_prefixlen, "max_prefixlen", row.max_prefixlen);
    if (row.default_prefixlen < row.min_prefixlen)
      throw bounds("default_prefixlen", row.default_prefixlen, "min_prefixlen", row.min_prefixlen);
    if (row.default_prefixlen > row.max_prefixlen)
      throw bounds("default_prefixlen", row.default_prefixlen, "max_prefixlen", row.max_prefixlen);
    const { subnetPools } = this.#core.store;
    if (row.is_default) {
      const { ip_version } = row;
      if (subnetPools.list({ is_default: true, ip_version }).some(({ id }) => id !== row.id)) {
        throw invalidInput(
          "A default subnetpool for this IP family has already been set. Only one default may exist per IP family",
        );
      }
    }
    if (row.address_scope_id === null) return;
    const scope = this.#scopes.get(context, row.address_scope_id);
    if (scope.ip_version !== row.ip_version) {
      throw error(
        "IllegalSubnetPoolIpVersionAssociationToAddressScope",
        `Illegal subnetpool association: subnetpool ${row.id} cannot associate with address scope ${scope.id} because subnetpool ip_version is not ${scope.ip_version}.`,
      );
    }
    this.#checkScopeAffinity(row);
    const others = subnetPools.list({ address_scope_id: scope.id }, "id").filter(({ id }) => id !== row.id);
    const taken = others.flatMap(({ prefixes }) => prefixes.map(blockOf));
    if (row.prefixes.some((prefix) => taken.some((other) => overlaps(other, blockOf(prefix))))) {
      throw conflict(
        "Failed to associate address scope: subnetpools within an address scope must have unique prefixes.",
        { type: "AddressScopePrefixConflict" },
      );
    }
  }

  update(context: RequestContext, id: string, changes: SubnetPoolChanges): SubnetPoolRow {
    return this.#core.kernel.db.transaction(() => {
      const row = this.get(context, id);
      const wanted = { ...changes };
      this.#refuseForeignScope(context, row);
      if (wanted.prefixes !== undefined) {
        versionOf(wanted.prefixes);
        wanted.prefixes = compacted(wanted.prefixes);
        if (!isCovered(row.prefixes, wanted.prefixes)) {
          throw error(
            "IllegalSubnetPoolPrefixUpdate",
            "Illegal update to prefixes: Existing prefixes must be a subset of the new prefixes.",
          );
        }
      }
      this.#check(context, { ...row, ...wanted });
      return revise(this.#core, this.#core.store.subnetPools, row, wanted);
    });
  }

  /** What is in somebody else's address scope cannot be changed any more. Errors: 400, 404. */
  #refuseForeignScope(context: RequestContext, row: SubnetPoolRow): void {
    if (row.address_scope_id === null || context.isAdmin) return;
    const scope = this.#scopes.get(context, row.address_scope_id);
    if (scope.project_id === context.projectId) return;
    throw error(
      "IllegalSubnetPoolUpdate",
      `Illegal subnetpool update : subnetpool ${row.id} cannot be updated when associated with shared address scope ${scope.id}.`,
    );
  }

  /** add_prefixes and remove_prefixes (extension subnetpool-prefix-ops). Answers the pool's prefixes. */
  changePrefixes(context: RequestContext, id: string, prefixes: readonly string[], add: boolean): string[] {
    return this.#core.kernel.db.transaction(() => {
      const row = this.get(context, id);
      if (prefixes.length === 0) return row.prefixes;
      this.#refuseForeignScope(context, row);
      if (add) versionOf([...row.prefixes, ...prefixes]);
      const next = add ? compacted([...row.prefixes, ...prefixes]) : difference(row.prefixes, prefixes).map(blockText);
      if (next.join() === row.prefixes.join()) return row.prefixes;
      if (!add) {
        const used = this.#core.store.subnets.list({ subnetpool_id: id }, "id").map(({ cidr }) => cidr);
        if (!isCovered(used, next)) {
          throw error(
            "IllegalSubnetPoolPrefixUpdate",
            "Illegal update to prefixes: One or more the prefixes to be removed is in use by a subnet..",
          );
        }
      }
      this.#check(context, { ...row, prefixes: next });
      revise(this.#core, this.#core.store.subnetPools, row, { prefixes: next });
      return next;
    });
  }

  /**
   * onboard_network_subnets: the network's subnets of the pool's family become the pool's, which grows by them. Errors: 400 when one overlaps
   * what the pool has given away.
   */
  onboard(context: RequestContext, id: string, networkId: string): SubnetRow[] {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.get(context, id);
      const subnets = store.subnets.list({ network_id: networkId, ip_version: row.ip_version }, "id");
      const given = store.subnets.list({ subnetpool_id: id }, "id").map(({ cidr }) => blockOf(cidr));
      for (const subnet of subnets) {
        if (!given.some((block) => overlaps(block, blockOf(subnet.cidr)))) continue;
        throw error(
          "IllegalSubnetPoolUpdate",
          `Illegal subnetpool update : Onboarding subnet ${subnet.id}: ${subnet.cidr} conflicts with allocated prefixes in subnet pool ${id}.`,
        );
      }
      const prefixes = [...row.prefixes, ...subnets.map(({ cidr }) => cidr)];
      this.update(context, id, { prefixes });
      return subnets.map((subnet) => revise(this.#core, store.subnets, subnet, { subnetpool_id: id }));
    });
  }

  remove(_context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      if (store.subnets.find({ subnetpool_id: id }) !== undefined) {
        throw error("SubnetPoolDeleteError", "Unable to delete subnet pool: Subnet pool has existing allocations.");
      }
      unshare(store, id);
      store.subnetPools.delete(id);
    });
  }

  /**
   * A prefix of the pool: the wanted CIDR, or the first free one of the length. Call it in the transaction that inserts
   * the subnet. Errors: 400 for lengths out of bounds, 409 over quota, 500 SubnetAllocationError as neutron answers 400.
   */
  allocate(pool: SubnetPoolRow, projectId: string, cidr: string | null, prefixlen: number | null): string {
    const length = cidr === null ? (prefixlen ?? pool.default_prefixlen) : blockOf(cidr).prefix;
    if (length < pool.min_prefixlen) {
      throw error(
        "MinPrefixSubnetAllocationError",
        `Unable to allocate subnet with prefix length ${length}, minimum allowed prefix is ${pool.min_prefixlen}.`,
      );
    }
    if (length > pool.max_prefixlen) {
      throw error(
        "MaxPrefixSubnetAllocationError",
        `Unable to allocate subnet with prefix length ${length}, maximum allowed prefix is ${pool.max_prefixlen}.`,
      );
    }
    const subnets = this.#core.store.subnets.list({ subnetpool_id: pool.id }, "id");
    checkPoolQuota(pool, projectId, length, subnets);
    const taken = subnets.map((subnet) => subnet.cidr);
    if (cidr !== null) {
      const overlapping = taken.some((one) => overlaps(blockOf(one), blockOf(cidr)));
      if (isCovered([cidr], pool.prefixes) && !overlapping) return cidr;
      throw error(
        "SubnetAllocationError",
        "Failed to allocate subnet: Cannot allocate requested subnet from the available set of prefixes.",
      );
    }
    const found = firstFree(difference(pool.prefixes, taken), length);
    if (found !== null) return found;
    throw error(
      "SubnetAllocationError",
      `Failed to allocate subnet: Insufficient prefix space to allocate subnet size /${length}.`,
    );
  }

  /**
   * The subnets of a network that come from pools come from one, or from pools of one address scope (neutron's
   * _validate_network_subnetpools). Errors: 400.
   */
  checkAffinity(pool: SubnetPoolRow | null, version: 4 | 6, others: readonly SubnetRow[]): void {
    const pools = this.#core.store.subnetPools;
    const family = others.filter((subnet) => subnet.ip_version === version);
    const poolIds = new Set(family.map((subnet) => subnet.subnetpool_id));
    const scope = pools
      .getMany([...poolIds].filter((id) => id !== null))
      .map((one) => one.address_scope_id)
      .find((id) => id !== null);
    if (scope !== undefined && pool !== null && pool.address_scope_id !== scope) throw scopeAffinity();
    if (scope !== undefined && pool !== null) return;
    const foreign = [...poolIds].some((id) => (pool === null ? id !== null : id !== pool.id));
    if (!foreign) return;
    throw error(
      "NetworkSubnetPoolAffinityError",
      "Subnets hosted on the same network must be allocated from the same subnet pool.",
    );
  }

  /** A pool that changes its scope takes its subnets along: no network may end up in two. Errors: 400. */
  #checkScopeAffinity(row: SubnetPoolRow): void {
    if (sharesNetworks(this.#core.store, row.id, row.ip_version)) throw scopeAffinity();
  }
}

const scopeAffinity = () =>
  error(
    "NetworkAddressScopeAffinityError",
    "Subnets of the same address family hosted on the same network must all participate in the same address scope.",
  );

function checkPoolQuota(
  pool: SubnetPoolRow,
  projectId: string,
  length: number,
  subnets: readonly { project_id: string; cidr: string }[],
): void {
  if (pool.default_quota === null) return;
  // Counted in addresses for IPv4 and in /64 networks for IPv6, as neutron does.
  const bits = pool.ip_version === 4 ? 32 : 64;
  const units = (prefix: number) => 2 ** Math.max(0, bits - prefix);
  const used = subnets
    .filter((subnet) => subnet.project_id === projectId)
    .reduce((sum, { cidr }) => sum + units(blockOf(cidr).prefix), 0);
  if (used + units(length) > pool.default_quota) {
    throw conflict("Per-project subnet pool prefix quota exceeded.", { type: "SubnetPoolQuotaExceeded" });
  }
}

function versionOf(prefixes: readonly string[]): 4 | 6 {
  const [first] = prefixes;
  if (first === undefined) throw error("EmptySubnetPoolPrefixList", "Empty subnet pool prefix list.");
  const versions = new Set(prefixes.map((prefix) => blockOf(prefix).family));
  if (versions.size > 1) throw error("PrefixVersionMismatch", "Cannot mix IPv4 and IPv6 prefixes in a subnet pool.");
  return blockOf(first).family;
}
