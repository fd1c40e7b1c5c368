import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { Kernel, Progress } from "../../../kernel/module.ts";
import { Desired } from "../desired/collect.ts";
import type { NetworkDriver } from "../driver/driver.ts";
import { type DirtyRow, DirtyStore } from "../store/dirty.ts";
import type { NetworkStore } from "../store/store.ts";
import type { DirtyKind } from "./core.ts";
import { Lane } from "./lane.ts";

const MENDED = "network-mended";
const TOLD_FOR_MS = 3_600_000;

/**
 * Brings the host in line with the database. Changes mark what they touch (in their own transaction); after the commit it is rendered
 * and handed to the driver. Two lanes work side by side: a guest is started as soon as its bridge is there, while its rules are made;
 * until they are, nothing passes its tap.
 */
export class Applier {
  readonly #kernel: Kernel;
  readonly #driver: NetworkDriver;
  readonly #store: NetworkStore;
  readonly #dirty: DirtyStore;
  readonly #desired: Desired;
  /** Bridges before the routers on them. */
  readonly #wires: Lane;
  readonly #rules: Lane;
  #active = false;
  #isPrepared = false;
  /** Told of each thing that has been applied. */
  #applying: () => void = () => {};

  constructor(kernel: Kernel, store: NetworkStore, driver: NetworkDriver) {
    this.#kernel = kernel;
    this.#store = store;
    this.#driver = driver;
    this.#dirty = new DirtyStore(kernel.db);
    this.#desired = new Desired(store, kernel.settings.network);
    const marked = () => (this.#active && kernel.db.raw.open ? this.#dirty.all() : []);
    const apply = (row: DirtyRow, lane: Lane) => this.#apply(row, lane);
    const { turns } = kernel;
    this.#wires = new Lane({ kinds: ["network", "router"], marked, apply, turns });
    this.#rules = new Lane({ kinds: ["firewall"], marked, apply, turns });
  }

  mark(kind: DirtyKind, id = ""): void {
    this.#dirty.mark(kind, id);
    this.#kernel.db.afterCommit(() => void (kind === "firewall" ? this.#rules : this.#wires).wake());
  }

  /** As at every start: what a crash or a reboot left behind goes, and everything is marked. */
  async prepare(): Promise<void> {
    await this.#driver.start();
    const networks = this.#store.networks.list({}, "id").map(({ id }) => id);
    const routers = this.#store.routers.list({}, "id").map(({ id }) => id);
    await this.#driver.prune({ networkIds: new Set(networks), routerIds: new Set(routers) });
    this.#kernel.db.transaction(() => {
      for (const id of networks) this.#dirty.mark("network", id);
      for (const id of routers) this.#dirty.mark("router", id);
      this.#dirty.mark("firewall", "");
    });
    this.#active = true;
    this.#isPrepared = true;
  }

  /** Everything that is marked comes; what is marked meanwhile, too. Until then each guest waits for its own network. */
  async reconcile(progress: Progress, signal: AbortSignal): Promise<void> {
    if (!this.#isPrepared) await this.prepare();
    this.#isPrepared = false;
    const total = this.#dirty.all().length;
    const tell = () => progress("networks", Math.max(0, total - this.#dirty.all().length), total);
    tell();
    this.#applying = tell;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([this.settled(), aborted]);
    this.#applying = () => {};
  }

  /** Somebody else damaged what was applied: the driver has put it right, or it is applied again. Told by status and doctor for an hour. */
  watch(): () => void {
    const { warnings } = this.#kernel;
    warnings.resolve(MENDED);
    return this.#driver.onDamage(({ kind, id, what, repaired }) => {
      const time = new Date().toTimeString().slice(0, 8);
      const name = id === null ? `the ${kind}` : `the ${kind} ${id}`;
      warnings.raise(
        MENDED,
        `at ${time} ${name} was damaged on the host by somebody, and ${repaired ? "was put right" : "is put right now"}: ${what}`,
        "`tenrec logs network` has every case. This is told for an hour",
        { forMs: TOLD_FOR_MS },
      );
      if (!repaired) this.mark(kind, id ?? "");
    });
  }

  /** What failed the last time it was applied, and waits to be tried again. */
  failing(): Pick<DirtyRow, "kind" | "id">[] {
    return [...this.#wires.failing(), ...this.#rules.failing()];
  }

  async stop(): Promise<void> {
    this.#active = false;
    await Promise.all([this.#wires.stop(), this.#rules.stop()]);
    await this.#driver.stop();
  }

  /** Resolves when all that is marked by now has been applied, or has failed once more. */
  async settled(): Promise<void> {
    await Promise.all([this.#wires.settled(), this.#rules.settled()]);
  }

  /** The same for bridges and DHCP of networks, whatever else is still to come. */
  wired(networkIds: ReadonlySet<string>): Promise<void> {
    return this.#wires.passed(({ kind, id }) => kind === "network" && networkIds.has(id));
  }

  /** The same for rules. */
  ruled(): Promise<void> {
    return this.#rules.settled();
  }

  async #apply(row: DirtyRow, lane: Lane): Promise<boolean> {
    const { db, log, eventually } = this.#kernel;
    try {
      if (row.kind === "network") await this.#applyNetwork(row.id, lane);
      else if (row.kind === "router") await this.#applyRouter(row.id, lane);
      else await this.#driver.applyFirewall(lane.render(() => this.#desired.firewall()));
      db.transaction(() => {
        this.#dirty.clear(row);
        this.#applied(row);
      });
      this.#applying();
      return true;
    } catch (error) {
      log.error(`applying the ${row.kind} ${row.id} failed: ${messageOf(error)}`, error);
      // It works on the host, and is applied once more when that can be written down.
      if (!isUnwritable(error)) eventually.write(`the state of ${row.kind} ${row.id}`, () => this.#failed(row));
      return false;
    }
  }

  async #applyNetwork(id: string, lane: Lane): Promise<void> {
    const desired = lane.render(() => this.#desired.network(id));
    if (desired === null) await this.#driver.removeNetwork(id);
    else await this.#driver.applyNetwork(desired);
  }

  async #applyRouter(id: string, lane: Lane): Promise<void> {
    const desired = lane.render(() => this.#desired.router(id));
    if (desired === null) await this.#driver.removeRouter(id);
    else await this.#driver.applyRouter(desired);
  }

  /** Statuses that say "it works on the host". They are not changes of the resource: no new revision. */
  #applied(row: DirtyRow): void {
    if (row.kind === "network") this.#store.statuses.networkActive(row.id);
    if (row.kind === "router") this.#store.statuses.routerActive(row.id);
  }

  #failed(row: DirtyRow): void {
    const { db } = this.#kernel;
    db.transaction(() => {
      if (!this.#dirty.has(row)) return;
      if (row.kind === "network") this.#store.statuses.networkFailed(row.id);
      if (row.kind === "router") this.#store.statuses.routerFailed(row.id);
    });
  }
}
