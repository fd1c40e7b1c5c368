import { type FSWatcher, watch as watchDirectory } from "node:fs";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/log/logger.ts";
import type { Clock } from "../../kernel/time/clock.ts";
import type { Box } from "../box/box.ts";
import type { Damage } from "../box/wiring.ts";
import type { Exec, Ledger } from "../types.ts";
import { Monitor } from "./monitor.ts";
import { Watch, type WatchSays } from "./watch.ts";

/** The kernel tells of everything but iptables' legacy tables and proxied neighbours. */
const LOOK_EVERY_MS = 60_000;
const LOOK_EVERY_BLIND_MS = 5_000;
const NAMESPACES = "/run/netns";

export interface HostWatchOptions {
  exec: Exec;
  ledger: Ledger;
  box: Box;
  log: Logger;
  clock: Clock;
  /** Holds the monitors' pid files. */
  directory: string;
}

export interface HostWatchUser {
  isBusy(): boolean;
  says: WatchSays;
}

/**
 * Looks after what is ours in the host's main namespace, and after the box's own wiring. Three quiet listeners tell when something
 * there changes: `ip monitor`, `nft monitor` and the directory of namespaces. Nothing runs while nothing happens.
 */
export class HostWatch {
  readonly #options: HostWatchOptions;
  readonly #monitors: Monitor[] = [];
  #watch: Watch | null = null;
  #directory: FSWatcher | null = null;
  readonly #listeners = new Set<(what: "links" | "rules") => void>();
  /** Who has changed rules since the last look. */
  #actor: string | null = null;

  constructor(options: HostWatchOptions) {
    this.#options = options;
  }

  async start({ isBusy, says }: HostWatchUser): Promise<void> {
    const { box, clock, ledger, exec, log, directory } = this.#options;
    const watch = new Watch({
      look: async () => (await box.damage()).map((one) => this.#withActor(one)),
      mend: async (leave) => {
        await box.up(leave);
        this.#actor = null;
      },
      isBusy,
      says,
      clock,
      lookEveryMs: this.#isBlind() ? LOOK_EVERY_BLIND_MS : LOOK_EVERY_MS,
    });
    this.#watch = watch;
    const changed = () => watch.changed();
    const parts = { exec, ledger, log, directory, onGap: changed };
    const ip = { ...parts, command: "ip", args: ["-o", "monitor", "link", "address", "route", "netconf"] };
    const nft = { ...parts, command: "nft", args: ["monitor"] };
    const onLine = (line: string) => this.#isAboutUs(line) && changed();
    const onRule = (line: string) => {
      this.#actor = /^# new generation \d+ by process (.+)$/.exec(line)?.[1] ?? this.#actor;
      if (isRuleChange(line)) changed();
    };
    const onBoxLine = (line: string) => {
      onLine(line);
      if (/^(Deleted )?\d+: /.test(line)) this.#tell("links");
    };
    // Rules come and go with guests there: only what is deleted is no work of ours, or is looked at once.
    const onBoxRule = (line: string) => {
      if (/^delete (table|chain|rule) ip nat/.test(line)) changed();
      if (/^delete /.test(line)) this.#tell("rules");
    };
    const onBoxGap = () => {
      changed();
      this.#tell("links");
      this.#tell("rules");
    };
    const inBox = { netns: box.netns, onGap: onBoxGap };
    this.#monitors.push(
      new Monitor({ ...ip, name: "host-links", netns: null, onLine }),
      new Monitor({ ...nft, name: "host-rules", netns: null, onLine: onRule }),
      new Monitor({ ...ip, ...inBox, name: "box-links", onLine: onBoxLine }),
      new Monitor({ ...nft, ...inBox, name: "box-rules", onLine: onBoxRule }),
    );
    await Promise.all(this.#monitors.map((monitor) => monitor.start()));
    this.#directory = this.#watchNamespaces(changed);
    watch.start();
    // What happened before it listened.
    changed();
  }

  async stop(): Promise<void> {
    this.#directory?.close();
    await this.#watch?.stop();
    await Promise.all(this.#monitors.map((monitor) => monitor.stop()));
  }

  /** Null where the system's limit of such watchers is reached: the look that comes by itself finds a lost name too. */
  #watchNamespaces(changed: () => void): FSWatcher | null {
    const { box, log } = this.#options;
    const failed = (error: unknown) => log.info(`cannot watch ${NAMESPACES}: ${messageOf(error)}`);
    try {
      const watcher = watchDirectory(NAMESPACES, { persistent: false }, (_event, name) => {
        if (name === box.netns) changed();
      });
      return watcher.on("error", failed);
    } catch (error) {
      failed(error);
      return null;
    }
  }

  /** Something changes among the box's links or rules, by whomever. */
  onBoxChange(listener: (what: "links" | "rules") => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(what: "links" | "rules"): void {
    for (const listener of this.#listeners) listener(what);
  }

  #isBlind(): boolean {
    const { ledger } = this.#options;
    const legacy = ledger.list({ kind: "iptables-rule", owner: "box" }).some(({ name }) => name.includes("-legacy:"));
    return legacy || ledger.list({ kind: "proxy-neighbour", owner: "box" }).length > 0;
  }

  /** Whether a line of `ip monitor` has to do with us, on a host on which much else may come and go. */
  #isAboutUs(line: string): boolean {
    const { hostLink, publicBridge } = this.#options.box;
    return (
      line.includes(hostLink) || line.includes(publicBridge) || /uplink|\bdefault via\b|^inet all forwarding/.test(line)
    );
  }

  #withActor(damage: Damage): Damage {
    if (this.#actor === null || !/^(iptables|nft)-rule /.test(damage.key)) return damage;
    return { ...damage, what: `${damage.what} (rules were last changed by process ${this.#actor})` };
  }
}

/** Whether a line of `nft monitor` may mean that rules of ours are gone, or that others drop what passes. Elements of sets are neither. */
export function isRuleChange(line: string): boolean {
  if (/^(delete|flush|destroy) (rule|chain|table|ruleset)|^# ERROR/.test(line)) return true;
  if (/^add (table|chain|rule) ip (nat|filter)( |$)/.test(line)) return true;
  return /^add (table (ip|inet) |chain (ip|inet) .* hook forward |rule (ip|inet) .*\b(drop|reject)\b)/.test(line);
}
