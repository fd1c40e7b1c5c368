import type { Pause } from "../../../kernel/turns/slices.ts";
import type { DesiredFirewall, DesiredPortFirewall, DesiredRule } from "../driver/driver.ts";
import type { PortIp, PortRow, SubnetRow } from "../store/rows.ts";
import type { NetworkStore } from "../store/store.ts";
import { Members } from "./members.ts";
import { Names } from "./names.ts";
import { memberAddress, remoteOf, renderPort, renderRule } from "./render.ts";
import { Tally } from "./tally.ts";

type DesiredGroup = DesiredFirewall["groups"][number];

/** What of the database is no longer as it was rendered. */
export interface Changed {
  ports: Iterable<string>;
  /** Security groups and address groups. */
  groups: Iterable<string>;
}

/** Of one port: what others' rules let in because of it, and its own rules where a guest has it on this host. */
interface Known {
  groups: readonly string[];
  addresses: readonly string[];
  bound: DesiredPortFirewall | null;
}

/** A rule, and the group that it points to. Rules do not change. */
interface KnownRule {
  rule: DesiredRule;
  remote: string | null;
}

interface Rules {
  byId: ReadonlyMap<string, KnownRule>;
  rules: readonly DesiredRule[];
  /** The groups that they point to, each once. */
  remotes: readonly string[];
}

const NO_RULES: readonly DesiredRule[] = [];
/** Ports or rules that are read in one turn. */
const BATCH = 250;

/**
 * The firewall as it was rendered last, so that a change renders what it touches and nothing else: a port, a group with its rules, a
 * member of a group. What stays the same is the same object in the next picture. Others have their turn between batches; what is changed
 * meanwhile is marked, and in the next picture.
 */
export class KeptFirewall {
  readonly #store: NetworkStore;
  readonly #known = new Map<string, Known>();
  readonly #ports = new Map<string, DesiredPortFirewall>();
  readonly #groups = new Map<string, DesiredGroup>();
  /** Of groups that bound ports have. */
  readonly #rules = new Map<string, Rules>();
  readonly #members = new Members();
  /** Group → bound ports that have it. */
  readonly #used = new Tally();
  /** Group → groups in use whose rules point to it. */
  readonly #meant = new Tally();
  readonly #names = new Names();
  #isComplete = false;

  constructor(store: NetworkStore) {
    this.#store = store;
  }

  /** What is changed is rendered; all of it by the first call and after `forget`. One call at a time. */
  async render(changed: Changed, pause: Pause): Promise<DesiredFirewall> {
    const touched = new Set(changed.groups);
    try {
      if (this.#isComplete) await this.#read([...changed.ports], touched, pause);
      else await this.#read(this.#store.portDetails.guarded(), touched, pause);
      await this.#settle(touched, new Set(changed.groups), pause);
    } catch (error) {
      // What was touched is not told.
      this.forget();
      throw error;
    }
    this.#isComplete = true;
    return { ports: [...this.#ports.values()], groups: [...this.#groups.values()] };
  }

  /** The next one renders everything. */
  forget(): void {
    for (const kept of [this.#known, this.#ports, this.#groups, this.#rules]) kept.clear();
    this.#members.clear();
    this.#used.clear();
    this.#meant.clear();
    this.#isComplete = false;
  }

  /** How many ports and groups it holds. */
  get size(): { ports: number; groups: number } {
    return { ports: this.#known.size, groups: this.#groups.size };
  }

  async #read(ids: readonly string[], touched: Set<string>, pause: Pause): Promise<void> {
    for (let from = 0; from < ids.length; from += BATCH) {
      if (from > 0) await pause();
      this.#readBatch(ids.slice(from, from + BATCH), touched);
    }
  }

  #readBatch(ids: readonly string[], touched: Set<string>): void {
    const { ports, portDetails, groups, subnets } = this.#store;
    const rows = new Map(ports.getMany(ids).map((row) => [row.id, row]));
    const ips = portDetails.ipsOf(ids);
    const groupsOf = portDetails.groupsOf(ids);
    const subnetIds = new Set([...ips.values()].flat().map((ip) => ip.subnet_id));
    const bySubnet = new Map(subnets.getMany([...subnetIds]).map((row) => [row.id, row]));
    const named = new Set([...groupsOf.values()].flat());
    const stateless = new Set(
      groups
        .getMany([...named])
        .filter(({ stateful }) => !stateful)
        .map(({ id }) => id),
    );
    for (const id of ids) {
      const row = rows.get(id);
      const own = (groupsOf.get(id) ?? []).map((group) => this.#names.same(group));
      const known = row === undefined ? null : this.#knownOf(row, ips.get(id) ?? [], own, bySubnet, stateless);
      this.#note(id, known, touched);
    }
  }

  #knownOf(
    row: PortRow,
    ips: readonly PortIp[],
    groups: readonly string[],
    subnets: ReadonlyMap<string, SubnetRow>,
    stateless: ReadonlySet<string>,
  ): Known | null {
    const isBound = row.host_id !== "" && row.device_id !== "" && !row.device_owner.startsWith("network:");
    if (!isBound && groups.length === 0) return null;
    const written = [...ips.map((ip) => ip.ip_address), ...row.allowed_address_pairs.map((pair) => pair.ip_address)];
    const own = ips.map((ip) => ({ ...ip, subnet_id: this.#names.same(ip.subnet_id) }));
    const plain = { ...row, network_id: this.#names.same(row.network_id) };
    return {
      groups,
      addresses: groups.length === 0 ? [] : [...new Set(written.map(memberAddress))],
      bound: isBound ? renderPort(plain, own, groups, { subnets, stateless }) : null,
    };
  }

  #note(id: string, after: Known | null, touched: Set<string>): void {
    const before = this.#known.get(id) ?? null;
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    // First what comes, so that what stays is never gone.
    for (const group of after?.groups ?? [])
      for (const address of after?.addresses ?? []) if (this.#members.join(group, address)) touched.add(group);
    for (const group of before?.groups ?? [])
      for (const address of before?.addresses ?? []) if (this.#members.leave(group, address)) touched.add(group);
    for (const group of after?.bound?.securityGroupIds ?? []) if (this.#used.add(group)) touched.add(group);
    for (const group of before?.bound?.securityGroupIds ?? []) if (this.#used.take(group)) touched.add(group);
    if (after === null) this.#known.delete(id);
    else this.#known.set(id, after);
    if (after?.bound == null) this.#ports.delete(id);
    else this.#ports.set(after.bound.portId, after.bound);
  }

  /** Groups that came into use or went out of it, have other rules or other members. `changed`: their rows are. */
  async #settle(touched: Set<string>, changed: ReadonlySet<string>, pause: Pause): Promise<void> {
    for (const id of [...touched]) {
      const before = this.#rules.get(id);
      if (!this.#used.has(id)) this.#rules.delete(id);
      else if (before === undefined || changed.has(id))
        this.#rules.set(this.#names.same(id), await this.#rulesOf(id, before, pause));
      const after = this.#rules.get(id);
      if (before === after) continue;
      for (const remote of after?.remotes ?? []) if (this.#meant.add(remote)) touched.add(remote);
      for (const remote of before?.remotes ?? []) if (this.#meant.take(remote)) touched.add(remote);
    }
    for (const id of touched) this.#tell(id, changed.has(id));
  }

  /** Of those of a group only what is new is read. */
  async #rulesOf(groupId: string, before: Rules | undefined, pause: Pause): Promise<Rules> {
    const ids = this.#store.rules.idsOf(groupId);
    const unknown = ids.filter((id) => before?.byId.has(id) !== true);
    const read = new Map<string, KnownRule>();
    for (let from = 0; from < unknown.length; from += BATCH) {
      if (from > 0) await pause();
      for (const row of this.#store.rules.getMany(unknown.slice(from, from + BATCH)))
        read.set(row.id, { rule: renderRule(row), remote: remoteOf(row) });
    }
    const byId = new Map<string, KnownRule>();
    for (const id of ids) {
      const known = before?.byId.get(id) ?? read.get(id);
      if (known !== undefined) byId.set(id, known);
    }
    const all = [...byId.values()];
    const remotes = all.map(({ remote }) => remote).filter((id) => id !== null);
    return { byId, rules: all.map(({ rule }) => rule), remotes: [...new Set(remotes)] };
  }

  #tell(id: string, isChanged: boolean): void {
    const before = this.#groups.get(id);
    if (!this.#used.has(id) && !this.#meant.has(id)) {
      this.#groups.delete(id);
      return;
    }
    // Address groups are groups for the host, too; their addresses are all in their row.
    if (before === undefined || isChanged) {
      const row = this.#store.addressGroups.get(id);
      if (row !== undefined) this.#members.replace(id, new Set(row.addresses.map(memberAddress)));
    }
    const rules = this.#rules.get(id)?.rules ?? NO_RULES;
    const memberAddresses = this.#members.of(id);
    if (before?.rules === rules && before.memberAddresses === memberAddresses) return;
    this.#groups.set(this.#names.same(id), { id: this.#names.same(id), rules, memberAddresses });
  }
}
