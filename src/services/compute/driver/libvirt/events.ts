import { messageOf } from "../../../../kernel/errors.ts";
import type { EventOf, Libvirt } from "../../../../libvirt/index.ts";
import type { LifecycleEvent, PowerState } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { powerStateOf } from "./power.ts";

/** Tells listeners what guests do, also what they did while the connection to libvirtd was down. */
export class GuestEvents {
  readonly #context: DriverContext;
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();
  /** The last known state of each guest of ours. */
  readonly #states = new Map<string, PowerState>();
  #unsubscribe: (() => void)[] = [];

  constructor(context: DriverContext) {
    this.#context = context;
  }

  listen(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(libvirt: Libvirt): Promise<void> {
    const { log } = this.#context.deps;
    const look = () =>
      this.#look(libvirt).catch((error: unknown) => log.error("could not look at the guests after a reconnect", error));
    this.#unsubscribe = [
      libvirt.on("lifecycle", (event) => this.#hear(event)),
      libvirt.on("io-error", ({ domain, device, action, reason }) =>
        log.warning("a guest's disk failed", { instance: domain.uuid, device, action, reason }),
      ),
      libvirt.onConnectionChange(({ state, error }) => {
        log.info("libvirt connection", { state, reason: error === undefined ? undefined : messageOf(error) });
        if (state === "connected") void look();
      }),
    ];
    await this.#look(libvirt);
  }

  stop(): void {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
  }

  #hear(event: EventOf<"lifecycle">): void {
    const { uuid } = event.domain;
    if (event.event === "undefined") this.#states.delete(uuid);
    const found = KINDS[event.event]?.(event.detail);
    // Without a row in the ledger it is somebody else's guest.
    if (found === undefined || this.#context.deps.ledger.get("domain", uuid) === null) return;
    this.#states.set(uuid, found.state);
    this.#tell({ uuid, kind: found.kind });
  }

  /** What happened while nobody listened shows as another state than the last known one. */
  async #look(libvirt: Libvirt): Promise<void> {
    const seen = new Set<string>();
    for (const domain of await libvirt.domains.list()) {
      if (!(await this.#context.isOurs(domain))) continue;
      seen.add(domain.uuid);
      const [before, now] = [this.#states.get(domain.uuid), await powerStateOf(domain)];
      this.#states.set(domain.uuid, now);
      if (before !== undefined && before !== now) this.#tell({ uuid: domain.uuid, kind: kindOf(now) });
    }
    for (const uuid of this.#states.keys()) if (!seen.has(uuid)) this.#states.delete(uuid);
  }

  #tell(event: LifecycleEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#context.deps.log.error("a listener of guest events failed", error);
      }
    }
  }
}

interface Heard {
  readonly kind: LifecycleEvent["kind"];
  readonly state: PowerState;
}

const PAUSED: Heard = { kind: "paused", state: "paused" };
const STARTED: Heard = { kind: "started", state: "running" };
const RESUMED: Heard = { kind: "resumed", state: "running" };

/** libvirt's event and detail → ours, as nova's host module maps them. Others say nothing about the power state. */
const KINDS: Readonly<Record<string, (detail: string) => Heard | undefined>> = {
  started: () => STARTED,
  resumed: () => RESUMED,
  suspended: (detail) => (["restored", "from-snapshot"].includes(detail) ? undefined : PAUSED),
  stopped: (detail) => {
    if (detail === "crashed" || detail === "failed") return { kind: "crashed", state: "shutdown" };
    return detail === "saved" ? { kind: "suspended", state: "shutdown" } : { kind: "stopped", state: "shutdown" };
  },
  crashed: () => ({ kind: "crashed", state: "crashed" }),
};

function kindOf(state: PowerState): LifecycleEvent["kind"] {
  if (state === "running") return "started";
  if (state === "paused") return "paused";
  return state === "crashed" ? "crashed" : "stopped";
}
