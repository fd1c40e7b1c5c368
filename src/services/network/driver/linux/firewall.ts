import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../../../kernel/errors.ts";
import type { DesiredFirewall } from "../driver.ts";
import type { Bridges } from "./bridges.ts";
import { forbidden } from "./connections.ts";
import { type Chains, changeOf, isLess, restoreOf } from "./firewall-change.ts";
import type { LinuxNetworkOptions } from "./options.ts";
import { addressSets, groupsWithSets, OWN_CHAINS, setName } from "./port-rules.ts";
import { SPOOF_HEADS, SPOOF_TABLE, spoofChange, spoofScript } from "./spoof-rules.ts";

interface Applied {
  desired: DesiredFirewall;
  chains: Record<4 | 6, Chains>;
  /** Groups whose addresses are sets. */
  sets: ReadonlySet<string>;
}

const OWNER = "network-firewall";
const HOOKS = [
  ["raw", "PREROUTING", OWN_CHAINS.raw],
  ["filter", "FORWARD", OWN_CHAINS.forward],
  ["filter", "INPUT", OWN_CHAINS.input],
] as const;

/** What a flush, a firewall program or an unlucky hand would change; the other chains are compared every so many looks. */
const SAMPLE = [
  ["chain", "ip", "filter", "FORWARD"],
  ["chain", "ip", "filter", OWN_CHAINS.forward],
  ["chain", "ip6", "filter", OWN_CHAINS.forward],
  ...SPOOF_HEADS,
] as const;
/** What lets guests' frames through; made by the first apply. */
const TAPS = [["chain", "bridge", SPOOF_TABLE, "prerouting"]] as const;
const FULL_LOOK_EVERY = 12;
const CALM_MS = 200;
const NO_CHAINS: Chains = { heads: new Map(), beginnings: new Set(), zones: "", groups: new Set() };

/**
 * The rules of all guest ports. What was applied last is remembered, so that a change costs only what differs: members of
 * a remote group are elements of a set, a rule is one restore per address family of the chains that differ. Callers that come while one apply runs
 * share the next one.
 */
export class BoxFirewall {
  readonly #options: LinuxNetworkOptions;
  readonly #bridges: Bridges;
  #desired: DesiredFirewall | null = null;
  #applied: Applied | null = null;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;
  /** Of the chains of SAMPLE, and of all of ours; null: not known since the last apply. */
  #sampled: string | null = null;
  #fingerprint: string | null = null;
  /** Of the rules: grows with every change of them. */
  #version = 0;
  #sampling: Promise<void> = Promise.resolve();
  #looks = 0;

  constructor(options: LinuxNetworkOptions, bridges: Bridges) {
    this.#options = options;
    this.#bridges = bridges;
  }

  /** Before any guest: hooks, kernel switches, and (with the first bridge) a table that shuts every tap. */
  async start(): Promise<void> {
    const { host, box } = this.#options;
    await this.#prepare();
    // Rules that an earlier process left are right until we are told better: guests that run must not notice a restart.
    const isFresh = ownPart(await host.firewall.sample(box, TAPS)) === "";
    if (this.#desired === null && isFresh) this.#desired = { ports: [], groups: [] };
  }

  async #prepare(): Promise<void> {
    const { host, box } = this.#options;
    await host.ensureBridgeFilter();
    await host.ip.sysctl(box, {
      "net.bridge.bridge-nf-call-iptables": 1,
      "net.bridge.bridge-nf-call-ip6tables": 1,
      "net.bridge.bridge-nf-call-arptables": 0,
      // A connection that was cut must not be taken up again in the middle, from the side that is still allowed to speak.
      "net.netfilter.nf_conntrack_tcp_loose": 0,
      // The box answers ARP for an address only where it has it: not on guests' bridges.
      "net.ipv4.conf.all.arp_ignore": 1,
      "net.ipv6.conf.default.accept_ra": 0,
    });
    await host.firewall.declareBridgeTable(box, SPOOF_TABLE, OWNER);
    await this.#hook();
  }

  apply(desired: DesiredFirewall): Promise<void> {
    this.#desired = desired;
    return this.refresh();
  }

  /** Applies what is desired (again): after a bridge was made, or what is there is not to be trusted (`fromScratch`). */
  refresh(options: { fromScratch?: boolean } = {}): Promise<void> {
    if (options.fromScratch) this.#applied = null;
    if (this.#next !== null) return this.#next;
    const run = async (): Promise<void> => {
      await this.#running?.catch(() => undefined);
      this.#next = null;
      this.#running = this.#apply();
      await this.#running;
    };
    this.#next = run();
    return this.#next;
  }

  /** Waits for applies in progress. */
  async idle(): Promise<void> {
    await Promise.allSettled([this.#running, this.#next]);
    await this.#sampling;
  }

  /** Null when the rules are as they were applied, else what is wrong. */
  async inspect(): Promise<string | null> {
    if (this.#running !== null) await this.#running.catch(() => undefined);
    const { firewall } = this.#options.host;
    const applied = this.#applied;
    if (applied === null) return "not applied";
    await this.#sampling;
    if (this.#sampled === null) await this.#sample();
    const sample = ownPart(await firewall.sample(this.#options.box, SAMPLE));
    // An apply in between makes the comparison meaningless.
    if (this.#applied !== applied || this.#sampled === null) return null;
    if (sample !== this.#sampled) return sample === "" ? "all rules are gone" : "rules were changed";
    this.#looks += 1;
    if (this.#looks % FULL_LOOK_EVERY !== 0) return null;
    const now = await this.#whole();
    if (this.#applied !== applied) return null;
    const before = this.#fingerprint;
    this.#fingerprint = now;
    return before === null || now === before ? null : "rules were changed";
  }

  /** A sum of all our rules. */
  async #whole(): Promise<string> {
    const { host, box } = this.#options;
    const sum = createHash("sha256");
    for (const family of [4, 6] as const) {
      const saved = await host.firewall.saved(box, family);
      for (const line of saved.split("\n")) if (line.includes("tenrec-")) sum.update(line);
    }
    return sum.update(await host.firewall.sample(box, [["table", "bridge", SPOOF_TABLE]])).digest("base64");
  }

  /** Guest ports, as they were applied last. */
  ports(): DesiredFirewall["ports"] {
    return this.#desired?.ports ?? [];
  }

  /** Puts everything back; the box may be a new one. */
  async repair(): Promise<void> {
    await this.#prepare();
    await this.refresh({ fromScratch: true });
  }

  async #hook(): Promise<void> {
    const { host, box } = this.#options;
    for (const family of [4, 6] as const) {
      for (const [table, builtIn, chain] of HOOKS) await host.firewall.hook(box, family, table, builtIn, chain, OWNER);
    }
  }

  async #apply(): Promise<void> {
    const { host, box } = this.#options;
    const desired = this.#desired;
    if (desired === null) return;
    const before = this.#applied;
    // Until this is through, what is on the host is neither the old nor the new.
    this.#applied = null;
    const change = changeOf(before?.desired ?? null, desired);
    const sets = groupsWithSets(desired);
    await this.#applySets(desired, sets, before);
    const bridges = this.#bridges.byNetwork();
    const restores: (() => Promise<void>)[] = [];
    const chains: Partial<Record<4 | 6, Chains>> = {};
    for (const family of [4, 6] as const) {
      const there = before === null ? await host.firewall.chains(box, family, "filter") : [];
      const others = there.filter((name) => name.startsWith("tenrec-"));
      const wanted = restoreOf(change, desired, bridges, family, before?.chains[family] ?? null, others);
      chains[family] = wanted.chains;
      if (wanted.tables.length > 0) restores.push(() => host.firewall.restore(box, family, wanted.tables));
    }
    const { portsBefore, portsAfter } = change;
    const isSpoofChanged = before === null || JSON.stringify(portsBefore) !== JSON.stringify(portsAfter);
    const changed = restores.length > 0 || isSpoofChanged;
    if (changed) {
      this.#version += 1;
      this.#fingerprint = null;
      this.#sampled = null;
    }
    await allOf(restores);
    // Last, as it lets a tap's frames through to the other rules.
    const spoof = before === null ? spoofScript(desired.ports) : spoofChange(portsBefore, portsAfter);
    if (isSpoofChanged) await host.firewall.nft(box, spoof);
    await this.#destroySets(sets, before);
    if (before === null || isLess(change)) await this.#cut(desired, change.gone);
    this.#applied = { desired, sets, chains: { 4: chains[4] ?? NO_CHAINS, 6: chains[6] ?? NO_CHAINS } };
    // Nobody waits for it: guests start meanwhile. Of a burst of changes the last one is looked at.
    if (changed) this.#sampling = this.#sampleOnceCalm(this.#version);
  }

  /** Those that rules refer to, before the rules. */
  async #applySets(desired: DesiredFirewall, wanted: ReadonlySet<string>, before: Applied | null): Promise<void> {
    const old = new Map(before?.desired.groups.map((group) => [group.id, group]));
    const changed = desired.groups.filter(({ id, memberAddresses }) => {
      const isSame = before?.sets.has(id) === true && old.get(id)?.memberAddresses === memberAddresses;
      return wanted.has(id) && !isSame;
    });
    const there = changed.flatMap(({ id }) => (before?.sets.has(id) === true ? (old.get(id) ?? []) : []));
    const members = new Map(there.flatMap(addressSets).map((set) => [set.name, set.members]));
    await this.#options.host.firewall.applySets(this.#options.box, changed.flatMap(addressSets), members);
  }

  /** Those that rules referred to, after the rules. */
  async #destroySets(wanted: ReadonlySet<string>, before: Applied | null): Promise<void> {
    const { host, box } = this.#options;
    const names = (ids: Iterable<string>) => [...ids].flatMap((id) => [setName(id, 4), setName(id, 6)]);
    const own = new Set(names(wanted));
    const there = before === null ? await host.firewall.sets(box) : names(before.sets);
    await host.firewall.destroySets(
      box,
      there.filter((name) => name.startsWith("tenrec") && !own.has(name)),
    );
  }

  async #sampleOnceCalm(version: number): Promise<void> {
    await sleep(CALM_MS);
    if (this.#version === version) await this.#sample();
  }

  /** Notes how the rules look on the host, unless they are changed meanwhile. */
  async #sample(): Promise<void> {
    const { host, box, log } = this.#options;
    const version = this.#version;
    try {
      const sample = ownPart(await host.firewall.sample(box, SAMPLE));
      if (this.#version === version) this.#sampled = sample;
    } catch (error) {
      log.warning(`looking at the rules: ${messageOf(error)}`);
    }
  }

  async #cut(desired: DesiredFirewall, gone: DesiredFirewall["ports"]): Promise<void> {
    const { host, box } = this.#options;
    const cut = async (family: 4 | 6): Promise<void> => {
      const connections = await host.firewall.conntrack.list(box, family);
      const dead = forbidden(connections, desired, gone, (id) => this.#bridges.get(id)?.zone ?? null);
      await host.firewall.conntrack.cut(box, dead);
    };
    await allOf([() => cut(4), () => cut(6)]);
  }
}

/** Waits for all, also when one fails: what comes next must not meet them. */
async function allOf(work: readonly (() => Promise<void>)[]): Promise<void> {
  const failed = (await Promise.allSettled(work.map((one) => one()))).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** Of a ruleset's text: our chains, and the jumps to them. Others may have rules of their own in the box. */
export function ownPart(ruleset: string): string {
  const kept: string[] = [];
  let table = "";
  let chain = "";
  for (const line of ruleset.split("\n")) {
    const head = /^\s*(table|chain) (.+) \{$/.exec(line);
    if (head?.[1] === "table") table = head[2] ?? "";
    if (head?.[1] === "chain") chain = head[2] ?? "";
    if (table === `bridge ${SPOOF_TABLE}` || chain.startsWith("tenrec-") || line.includes("jump tenrec-")) {
      kept.push(`${table} ${chain} ${line}`);
    }
  }
  return kept.join("\n");
}
