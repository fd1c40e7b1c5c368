import type { Database } from "../../../kernel/db/database.ts";
import { badRequest, notFound } from "../../../kernel/errors.ts";
import type { VolumeDriver } from "../driver/driver.ts";
import { invalidInput } from "../errors.ts";
import { ServiceStore } from "../store/services.ts";

export interface Backend {
  readonly name: string;
  /** "box@lvmdriver-1": the host of its cinder-volume. */
  readonly host: string;
  /** "box@lvmdriver-1#lvmdriver-1": what volumes carry. */
  readonly pool: string;
  readonly driver: VolumeDriver;
}

export interface ServiceState {
  binary: "cinder-scheduler" | "cinder-volume";
  host: string;
  disabled: boolean;
  reason: string | null;
  frozen: boolean;
}

/** The storage backends of CINDER_ENABLED_BACKENDS, each of which cinder would run a cinder-volume for. */
export class Backends {
  readonly all: readonly Backend[];
  readonly hostname: string;
  readonly #db: Database;
  readonly #services: ServiceStore;

  constructor(
    db: Database,
    backends: readonly { type: string; name: string }[],
    hostname: string,
    driver: (backend: { readonly type: string; readonly name: string }) => VolumeDriver,
  ) {
    this.hostname = hostname;
    this.#db = db;
    this.#services = new ServiceStore(db);
    this.all = backends.map((backend) => {
      const host = `${hostname}@${backend.name}`;
      return { name: backend.name, host, pool: `${host}#${backend.name}`, driver: driver(backend) };
    });
  }

  /** The driver of a volume, by its host. Throws when the backend is no longer configured. */
  driver(pool: string | null): VolumeDriver {
    const found = this.all.find((backend) => backend.pool === pool);
    if (found === undefined) throw new Error(`no storage backend is called ${pool}`);
    return found.driver;
  }

  states(): ServiceState[] {
    const disabled = this.#services.disabled();
    const frozen = this.#services.frozen();
    const state = (binary: ServiceState["binary"], host: string): ServiceState => {
      const found = disabled.find((service) => service.binary === binary && service.host === host);
      return { binary, host, disabled: found !== undefined, reason: found?.reason ?? null, frozen: frozen.has(host) };
    };
    return [...this.all.map(({ host }) => state("cinder-volume", host)), state("cinder-scheduler", this.hostname)];
  }

  /** Errors: 404 in cinder's words. */
  setEnabled(binary: string, host: string, enabled: boolean, reason: string | null): ServiceState {
    const found = this.states().find((service) => service.binary === binary && service.host === host);
    if (found === undefined) throw notFound(`Service ${binary} could not be found on host ${host}.`);
    if (enabled) this.#services.enable(binary, host);
    else this.#services.disable({ binary, host, reason });
    return { ...found, disabled: !enabled, reason };
  }

  /** By the host or pool of a volume. */
  isFrozen(pool: string): boolean {
    return this.#services.frozen().has(pool.split("#")[0] ?? "");
  }

  /** A frozen backend takes no new volumes and gives none of its own away (cinder/volume/api.py freeze_host, thaw_host). Errors: 400. */
  setFrozen(host: string, frozen: boolean): void {
    if (!this.all.some((backend) => backend.host === host)) throw badRequest(`No service found with host=${host}`);
    if (this.isFrozen(host) === frozen) {
      const wanted = frozen ? "False" : "True";
      throw invalidInput(`No service could be changed: frozen in ['${host}'] must be ${wanted} to failover.`);
    }
    this.#db.transaction(() => {
      if (frozen) this.#services.freeze(host);
      else this.#services.thaw(host);
      this.setEnabled("cinder-volume", host, !frozen, frozen ? "frozen" : "");
    });
  }
}
