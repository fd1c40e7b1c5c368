import { messageOf } from "../../../kernel/errors.ts";
import { Refusal } from "../../../kernel/operations/operations.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { Backend } from "./backends.ts";
import type { Core } from "./core.ts";
import { type Capabilities, satisfies } from "./extra-specs.ts";

const GIB = 2 ** 30;

const NO_BACKEND = "No valid backend was found. No weighed backends available";

/** No backend can do it. */
export class NoValidBackend extends Refusal {
  constructor() {
    super(NO_BACKEND);
    this.name = "NoValidBackend";
  }
}

/** Of work that a crash interrupted only an error's words are left. */
export const isNoValidBackend = (error: Error): boolean => error.message === NO_BACKEND;

export interface Wish {
  extraSpecs: Readonly<Record<string, string>>;
  /** GiB that it takes (more). */
  sizeGb: number;
  /** The pool that has it already, where it takes nothing more. */
  existsOn?: string | null;
}

/** Where volumes go, as cinder's scheduler: the filters of capacity and capabilities, then the most free space. */
export class Scheduler {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  /** What get_pools shows of a backend, and what types ask for. */
  async capabilities(backend: Backend): Promise<Capabilities> {
    const core = this.#core;
    const { info } = backend.driver;
    const { totalBytes, freeBytes } = await backend.driver.capacity();
    const { gigabytes, count } = core.volumes.provisioned(backend.host);
    const now = isoMicrosNaive(core.kernel.clock.now());
    return {
      pool_name: backend.name,
      total_capacity_gb: Math.round((totalBytes / GIB) * 100) / 100,
      free_capacity_gb: Math.round((freeBytes / GIB) * 100) / 100,
      provisioned_capacity_gb: gigabytes,
      allocated_capacity_gb: gigabytes,
      max_over_subscription_ratio: String(core.kernel.settings.blockStorage.maxOverSubscriptionRatio),
      thin_provisioning_support: info.thin,
      thick_provisioning_support: !info.thin,
      total_volumes: count,
      reserved_percentage: 0,
      QoS_support: false,
      multiattach: true,
      filter_function: null,
      goodness_function: null,
      backend_state: "up",
      volume_backend_name: backend.name,
      storage_protocol: info.storageProtocol,
      vendor_name: info.vendor,
      driver_version: info.version,
      timestamp: now,
    };
  }

  /** Whether a backend that tells this can serve a type. */
  serves(told: Capabilities, extraSpecs: Readonly<Record<string, string>>): boolean {
    return satisfies(told, extraSpecs);
  }

  /** The best of the backends that can. Errors: NoValidBackend. */
  async choose(wish: Wish): Promise<Backend> {
    const [best] = await this.#candidates(wish);
    if (best === undefined) throw new NoValidBackend();
    return best;
  }

  /** For what has its place already. Errors: NoValidBackend when that one cannot. */
  async check(pool: string | null, wish: Wish): Promise<void> {
    const candidates = await this.#candidates(wish);
    if (!candidates.some((backend) => backend.pool === pool)) throw new NoValidBackend();
  }

  /** Most free space first. A backend that cannot be asked is no candidate. */
  async #candidates(wish: Wish): Promise<Backend[]> {
    const { backends, kernel } = this.#core;
    const disabled = new Set(
      backends
        .states()
        .filter((state) => state.disabled)
        .map(({ host }) => host),
    );
    const found: { backend: Backend; free: number }[] = [];
    for (const backend of backends.all) {
      if (disabled.has(backend.host)) continue;
      try {
        const told = await this.capabilities(backend);
        const free = virtualFree(told, wish.extraSpecs);
        const room = wish.existsOn === backend.pool || wish.sizeGb <= free;
        if (room && satisfies(told, wish.extraSpecs)) found.push({ backend, free });
      } catch (error) {
        kernel.log.warning(`the storage backend ${backend.name} does not tell its capacity: ${messageOf(error)}`);
      }
    }
    return found.sort((a, b) => b.free - a.free).map(({ backend }) => backend);
  }
}

/**
 * GiB that may still be given out (cinder/utils.py calculate_capacity_factors): thin ones up to the over-subscription of the whole,
 * thick ones what is free and not promised.
 */
function virtualFree(told: Capabilities, extraSpecs: Readonly<Record<string, string>>): number {
  const [total, free, provisioned, ratio] = [
    Number(told.total_capacity_gb),
    Number(told.free_capacity_gb),
    Number(told.provisioned_capacity_gb),
    Number(told.max_over_subscription_ratio),
  ];
  if (total <= 0) return Number.NEGATIVE_INFINITY;
  const thin = told.thin_provisioning_support === true && extraSpecs["provisioning:type"] !== "thick";
  return thin ? total * ratio - provisioned : Math.min(total - provisioned, free);
}
