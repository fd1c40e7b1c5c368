import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { Desired } from "../desired/collect.ts";
import type { NetworkDriver } from "../driver/driver.ts";
import { type DirtyRow, DirtyStore } from "../store/dirty.ts";
import type { NetworkStore } from "../store/store.ts";
import type { DirtyKind } from "./base.ts";

const FIRST_RETRY = 1000;
const LAST_RETRY = 60_000;
const MENDED = "network-mended";
const TOLD_FOR_MS = 3_600_000;

/**
 * Brings the host in line with the database. Changes mark what they touch (in their own transaction); after the commit one
 * worker renders everything marked and hands it to the driver, so a burst of changes costs one run. What fails stays
 * marked and is tried again, later each time.
 */
export class Applier {
  readonly #kernel: Kernel;
  readonly #driver: NetworkDriver;
  readonly #store: NetworkStore;
  readonly #dirty: DirtyStore;
  readonly #desired: Desired;
  #running: Promise<void> | null = null;
  #active = false;
  /** When rendering may go on, on the clock of `performance.now()`. */
  #restUntil = 0;
  #retryAfter = FIRST_RETRY;
  #retry: NodeJS.Timeout | null = null;

  constructor(kernel: Kernel, store: NetworkStore, driver: NetworkDriver) {
    this.#kernel = kernel;
    this.#store = store;
    this.#driver = driver;
    this.#dirty = new DirtyStore(kernel.db);
    this.#desired = new Desired(store, kernel.settings.network);
  }

  mark(kind: DirtyKind, id = ""): void {
    this.#dirty.mark(kind, id);
    this.#kernel.db.afterCommit(() => void this.#wake());
  }

  /** Everything, as at every start: what a crash or a reboot left behind goes, what is missing comes. */
  async reconcile(): Promise<void> {
    this.#active = true;
    await this.#driver.start();
    const networks = this.#store.networks.select("1").map(({ id }) => id);
    const routers = this.#store.routers.select("1").map(({ id }) => id);
    await this.#driver.prune({ networkIds: new Set(networks), routerIds: new Set(routers) });
    this.#kernel.db.transaction(() => {
      for (const id of networks) this.#dirty.mark("network", id);
      for (const id of routers) this.#dirty.mark("router", id);
      this.#dirty.mark("firewall", "");
    });
    await this.settled();
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
    return this.#retry === null ? [] : this.#dirty.all();
  }

  async stop(): Promise<void> {
    this.#active = false;
    if (this.#retry !== null) clearTimeout(this.#retry);
    await this.#running;
    await this.#driver.stop();
  }

  /** Resolves when all that is marked by now has been applied, or has failed once more. */
  async settled(): Promise<void> {
    while (this.#running !== null) await this.#running;
    if (this.#dirty.all().length > 0 && this.#active) await this.#wake();
  }

  #wake(): Promise<void> {
    if (!this.#active) return Promise.resolve();
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#retry = null;
    this.#running ??= this.#drain().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #drain(): Promise<void> {
    const failed = new Set<string>();
    const marked = () =>
      this.#active && this.#kernel.db.raw.open
        ? this.#dirty.all().filter((row) => !failed.has(`${row.kind} ${row.id}`))
        : [];
    while (marked().length > 0) {
      await this.#breathe();
      const rows = marked();
      // Bridges before the routers on them; the firewall (which lets traffic in) last.
      for (const kind of ["network", "router", "firewall"] as const) {
        for (const row of rows.filter((one) => one.kind === kind)) {
          if (!(await this.#apply(row))) failed.add(`${row.kind} ${row.id}`);
        }
      }
    }
    if (!this.#active) return;
    if (failed.size === 0) {
      this.#retryAfter = FIRST_RETRY;
      return;
    }
    this.#retry = setTimeout(() => void this.#wake(), this.#retryAfter);
    this.#retry.unref();
    this.#retryAfter = Math.min(this.#retryAfter * 2, LAST_RETRY);
  }

  /**
   * A turn later, so that everything that is committed in this one goes along; and where rendering takes its time
   * (thousands of ports), not before three times as long has passed: a stream of changes leaves most of the time to others.
   */
  async #breathe(): Promise<void> {
    const pause = Math.floor(this.#restUntil - performance.now());
    await new Promise<void>((resolve) => (pause <= 0 ? setImmediate(resolve) : setTimeout(resolve, pause)));
  }

  #render<T>(render: () => T): T {
    const begin = performance.now();
    const desired = render();
    const end = performance.now();
    this.#restUntil = Math.max(this.#restUntil, end) + 3 * (end - begin);
    return desired;
  }

  async #apply(row: DirtyRow): Promise<boolean> {
    const { db, log, eventually } = this.#kernel;
    try {
      if (row.kind === "network") await this.#applyNetwork(row.id);
      else if (row.kind === "router") await this.#applyRouter(row.id);
      else await this.#driver.applyFirewall(this.#render(() => this.#desired.firewall()));
      db.transaction(() => {
        this.#dirty.clear(row);
        this.#applied(row);
      });
      return true;
    } catch (error) {
      log.error(`applying the ${row.kind} ${row.id} failed: ${messageOf(error)}`, error);
      // It works on the host, and is applied once more when that can be written down.
      if (!isUnwritable(error)) eventually.write(`the state of ${row.kind} ${row.id}`, () => this.#failed(row));
      return false;
    }
  }

  async #applyNetwork(id: string): Promise<void> {
    const desired = this.#render(() => this.#desired.network(id));
    if (desired === null) await this.#driver.removeNetwork(id);
    else await this.#driver.applyNetwork(desired);
  }

  async #applyRouter(id: string): Promise<void> {
    const desired = this.#render(() => this.#desired.router(id));
    if (desired === null) await this.#driver.removeRouter(id);
    else await this.#driver.applyRouter(desired);
  }

  /** Statuses that say "it works on the host". They are not changes of the resource: no new revision. */
  #applied(row: DirtyRow): void {
    const { db } = this.#kernel;
    if (row.kind === "network") {
      db.prepare("UPDATE network_networks SET status = 'ACTIVE' WHERE id = ? AND status <> 'ACTIVE'").run(row.id);
      db.prepare(
        "UPDATE network_ports SET status = 'ACTIVE' WHERE network_id = ? AND device_owner = 'network:dhcp' AND status <> 'ACTIVE'",
      ).run(row.id);
    } else if (row.kind === "router") {
      db.prepare("UPDATE network_routers SET status = 'ACTIVE' WHERE id = ? AND status <> 'ACTIVE'").run(row.id);
      db.prepare(
        `UPDATE network_ports SET status = CASE WHEN admin_state_up THEN 'ACTIVE' ELSE 'DOWN' END
         WHERE device_id = ? AND device_owner LIKE 'network:router_%'`,
      ).run(row.id);
      db.prepare(
        `UPDATE network_floatingips SET status = CASE WHEN (SELECT admin_state_up FROM network_routers WHERE id = router_id) THEN 'ACTIVE' ELSE 'DOWN' END
         WHERE router_id = ?`,
      ).run(row.id);
    }
  }

  #failed(row: DirtyRow): void {
    const { db } = this.#kernel;
    db.transaction(() => {
      if (!this.#dirty.has(row)) return;
      if (row.kind === "network") db.prepare("UPDATE network_networks SET status = 'ERROR' WHERE id = ?").run(row.id);
      if (row.kind !== "router") return;
      db.prepare("UPDATE network_routers SET status = 'ERROR' WHERE id = ?").run(row.id);
      db.prepare("UPDATE network_floatingips SET status = 'ERROR' WHERE router_id = ?").run(row.id);
    });
  }
}
