import { badRequest, notFound } from "../../../kernel/errors.ts";
import type { DriverFactory, VolumeDriver } from "../driver/driver.ts";
import type { ServiceStore } from "../store/services.ts";

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
}

/** The storage backends of CINDER_ENABLED_BACKENDS, each of which cinder would run a cinder-volume for. */
export class Backends {
  readonly all: readonly Backend[];
  readonly hostname: string;
  readonly #services: ServiceStore;

  constructor(
    backends: readonly { type: string; name: string }[],
    hostname: string,
    driver: DriverFactory,
    services: ServiceStore,
  ) {
    this.hostname = hostname;
    this.#services = services;
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
    const state = (binary: ServiceState["binary"], host: string): ServiceState => {
      const found = disabled.find((service) => service.binary === binary && service.host === host);
      return { binary, host, disabled: found !== undefined, reason: found?.reason ?? null };
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

  /** Errors: 400 for a host without a cinder-volume. */
  requireHost(host: string): void {
    if (!this.all.some((backend) => backend.host === host)) throw badRequest(`No service found with host=${host}`);
  }
}
