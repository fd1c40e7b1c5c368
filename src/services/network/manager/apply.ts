import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { Kernel, Progress } from "../../../kernel/module.ts";
import { Desired } from "../desired/collect.ts";
import type { NetworkDriver } from "../driver/driver.ts";
import { type DirtyKind, type DirtyRow, DirtyStore } from "../store/dirty.ts";
import type { NetworkStore } from "../store/store.ts";
import { Lane } from "./lane.ts";

const MENDED = "network-mended";
const TOLD_FOR_MS = 3_600_000;
const WIRES: readonly DirtyKind[][] = [["network", "lease"], ["router"]];
const RULES: readonly DirtyKind[] = ["firewall", "port", "group"];
const NOTHING: Pick<DirtyRow, "kind" | "id"> = { kind: "network", id: "" };

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
    const { turns } = kernel;
    this.#wires = new Lane({
      steps: WIRES,
      marked,
      together: ({ kind, id }) => (kind === "router" ? `router ${id}` : networkOf(id)),
      apply: (rows, lane) => this.#apply(rows, () => this.#applyWire(rows, lane)),
      turns,
    });
    this.#rules = new Lane({
      steps: [RULES],
      marked,
      together: () => "rules",
      apply: (rows) => this.#apply(rows, () => this.#applyRules(rows)),
      turns,
    });
  }

  mark(kind: DirtyKind, id = ""): void {
    this.#dirty.mark(kind, id);
    this.#kernel.db.afterCommit(() => void (RULES.includes(kind) ? this.#rules : this.#wires).wake());
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
    const wires = this.#wires
      .failing()
      .map(({ kind, id }) => (kind === "router" ? { kind, id } : { kind: "network" as const, id: networkOf(id) }));
    const rules = this.#rules.failing().length > 0 ? [{ kind: "firewall" as const, id: "" }] : [];
    return [...new Map([...wires, ...rules].map((one) => [`${one.kind} ${one.id}`, one])).values()];
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
    return this.#wires.passed(({ kind, id }) => kind !== "router" && networkIds.has(networkOf(id)));
  }

  /** The same for rules. */
  ruled(): Promise<void> {
    return this.#rules.settled();
  }

  /** What is marked of one thing. */
  async #apply(rows: readonly DirtyRow[], work: () => Promise<void>): Promise<boolean> {
    const { db, log, eventually } = this.#kernel;
    try {
      await work();
      db.transaction(() => {
        for (const row of rows) this.#dirty.clear(row);
        const [first] = rows;
        if (first !== undefined) this.#applied(first);
      });
      this.#applying();
      return true;
    } catch (error) {
      const what = [...new Set(rows.slice(0, 3).map(({ kind, id }) => `${kind} ${id}`))].join(", ");
      log.error(`applying the ${what} failed: ${messageOf(error)}`, error);
      // It works on the host, and is applied once more when that can be written down.
      if (!isUnwritable(error)) eventually.write(`the state of ${what}`, () => this.#failed(rows));
      return false;
    }
  }

  /** A network or a router. Where only leases are marked, only those are rendered. */
  async #applyWire(rows: readonly DirtyRow[], lane: Lane): Promise<void> {
    const [{ kind, id } = NOTHING] = rows;
    if (kind === "router") return this.#applyRouter(id, lane);
    const ports = rows.every((row) => row.kind === "lease") ? rows.map((row) => portOf(row.id)) : null;
    const desired = lane.render(() => this.#desired.network(networkOf(id), ports));
    if (desired === null) await this.#driver.removeNetwork(networkOf(id));
    else await this.#driver.applyNetwork(desired);
  }

  async #applyRules(rows: readonly DirtyRow[]): Promise<void> {
    const ids = (wanted: DirtyKind) => rows.flatMap(({ kind, id }) => (kind === wanted ? id : []));
    const isAll = rows.some(({ kind }) => kind === "firewall");
    const changed = isAll ? null : { ports: ids("port"), groups: ids("group") };
    const { turns } = this.#kernel;
    await this.#driver.applyFirewall(await this.#desired.firewall(changed, () => turns.background()));
  }

  async #applyRouter(id: string, lane: Lane): Promise<void> {
    const desired = lane.render(() => this.#desired.router(id));
    if (desired === null) await this.#driver.removeRouter(id);
    else await this.#driver.applyRouter(desired);
  }

  /** Statuses that say "it works on the host". They are not changes of the resource: no new revision. */
  #applied({ kind, id }: DirtyRow): void {
    if (kind === "network" || kind === "lease") this.#store.statuses.networkActive(networkOf(id));
    if (kind === "router") this.#store.statuses.routerActive(id);
  }

  #failed(rows: readonly DirtyRow[]): void {
    const { db } = this.#kernel;
    db.transaction(() => {
      const row = rows.find((one) => this.#dirty.has(one));
      if (row?.kind === "network" || row?.kind === "lease") this.#store.statuses.networkFailed(networkOf(row.id));
      if (row?.kind === "router") this.#store.statuses.routerFailed(row.id);
    });
  }
}

/** Of a network's mark, or a lease's ("NETWORK PORT"). */
const networkOf = (id: string): string => id.split(" ")[0] ?? id;
const portOf = (id: string): string => id.split(" ")[1] ?? "";
