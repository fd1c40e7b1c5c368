import { messageOf } from "../../../kernel/errors.ts";
import type { Problem } from "../../../kernel/module.ts";
import type { Core } from "./core.ts";

/** How often the backends are looked at. Milliseconds. */
const PERIOD = 60_000;
/** Guests stop at the first write that a full pool cannot take; LVM's own examples let pools grow from here on. Percent. */
const NEARLY_FULL = 80;

/** Looks at the storage backends now and then, and says what has been lost or soon may be. */
export class Health {
  readonly #core: Core;
  #looking: Promise<void> = Promise.resolve();
  #callOff = () => {};

  constructor(core: Core) {
    this.#core = core;
  }

  start(): void {
    const look = () => {
      this.#looking = this.#looking.then(() => this.look());
    };
    look();
    this.#callOff = this.#core.kernel.clock.every(PERIOD, look);
  }

  async stop(): Promise<void> {
    this.#callOff();
    await this.#looking;
  }

  /** Snapshots whose data is lost are in "error" from now on; a pool near its end is a warning until it is no longer. */
  async look(): Promise<void> {
    const { backends, kernel } = this.#core;
    for (const { name, driver } of backends.all) {
      // A snapshot that is being made, or reverted to, is not there for a while.
      const before = kernel.operations.busy();
      try {
        const { lostSnapshots, usedPercent } = await driver.health();
        const busy = new Set([...before, ...kernel.operations.busy()]);
        kernel.db.transaction(() => {
          for (const id of lostSnapshots) this.#lose(id, busy);
          this.#warn(name, usedPercent);
        });
      } catch (error) {
        kernel.log.warning(`storage backend ${name} could not be looked at: ${messageOf(error)}`);
      }
    }
  }

  /** For `tenrec doctor`; changes nothing. */
  async examine(): Promise<Problem[]> {
    const problems = this.#core.backends.all.map(async ({ name, driver }): Promise<Problem[]> => {
      try {
        return (await driver.health()).lostSnapshots.flatMap((id) => this.#lost(id));
      } catch (error) {
        const message = `storage backend ${name} could not be looked at: ${messageOf(error)}`;
        return [{ key: `storage-backend-unreadable:${name}`, message, hint: "tenrec logs block-storage tells more" }];
      }
    });
    return (await Promise.all(problems)).flat();
  }

  #lost(id: string): Problem[] {
    const snapshot = this.#core.snapshots.get(id);
    if (snapshot?.status !== "error") return [];
    const message = `volume snapshot ${snapshot.name ?? id} (${id}) is lost: its store had no room left, or is gone`;
    return [{ key: `snapshot-lost:${id}`, message, hint: "openstack volume snapshot delete; take another one" }];
  }

  #lose(id: string, busy: ReadonlySet<string>): void {
    const snapshot = this.#core.snapshots.get(id);
    if (snapshot?.status !== "available" || busy.has(`volume:${snapshot.volume_id}`)) return;
    this.#core.setSnapshot(id, { status: "error" });
    this.#core.kernel.log.error(`snapshot ${id} of volume ${snapshot.volume_id} is lost`, undefined, { snapshot: id });
  }

  #warn(backend: string, usedPercent: number | null): void {
    const { warnings, log } = this.#core.kernel;
    const key = `volume-pool-full:${backend}`;
    const known = warnings.list().some((warning) => warning.key === key);
    if (usedPercent === null || usedPercent < NEARLY_FULL) {
      if (known) warnings.resolve(key);
      return;
    }
    const message = `the pool of storage backend ${backend} is ${Math.floor(usedPercent)} % full`;
    warnings.raise(key, message, "delete volumes or snapshots, or extend the pool (lvextend): at 100 % guests stop");
    if (!known) log.warning(message);
  }
}
