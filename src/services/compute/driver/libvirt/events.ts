import { messageOf } from "../../../../kernel/errors.ts";
import type { Logger } from "../../../../kernel/log/logger.ts";
import { type EventOf, type Libvirt, LibvirtError, LibvirtTimeoutError } from "../../../../libvirt/index.ts";
import type { DeviceRef, LifecycleEvent, PowerState } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { powerStateOf } from "./power.ts";
import { deviceOfAlias } from "./xml/aliases.ts";

/** How long libvirtd may take to find its guests again after its start before they are looked at regardless. */
const REATTACH_MS = 15_000;

/** How soon a look at the guests that failed is repeated. */
const LOOK_AGAIN_MS = 1_000;

/** Tells listeners what guests do, also what they did while the connection to libvirtd was down. */
export class GuestEvents {
  readonly #context: DriverContext;
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();
  readonly #deviceListeners = new Set<(event: { uuid: string; device: DeviceRef }) => void>();
  #unsubscribe: (() => void)[] = [];
  #again: NodeJS.Timeout | undefined;

  constructor(context: DriverContext) {
    this.#context = context;
  }

  listen(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  listenToDevices(listener: (event: { uuid: string; device: DeviceRef }) => void): () => void {
    this.#deviceListeners.add(listener);
    return () => this.#deviceListeners.delete(listener);
  }

  async start(libvirt: Libvirt): Promise<void> {
    const { log } = this.#context.deps;
    this.#unsubscribe = [
      libvirt.on("lifecycle", (event) => this.#hear(event)),
      libvirt.on("device-removed", (event) => this.#hearDevice(event)),
      libvirt.on("io-error", ({ domain, device, action, reason }) =>
        log.warning("a guest's disk failed", { instance: domain.uuid, device, action, reason }),
      ),
      libvirt.onConnectionChange(({ state, error }) => {
        log.info("libvirt connection", { state, reason: error === undefined ? undefined : messageOf(error) });
        clearTimeout(this.#again);
        if (state === "connected") void this.#lookUntilSeen(libvirt);
      }),
    ];
    // Whoever asks for states once this is done gets true ones.
    await reattached(libvirt);
  }

  stop(): void {
    clearTimeout(this.#again);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
  }

  #hear(event: EventOf<"lifecycle">): void {
    const { uuid } = event.domain;
    const kind = KINDS[event.event]?.(event.detail);
    // Without a row in the ledger it is somebody else's guest.
    if (kind === undefined || this.#context.deps.ledger.get("domain", uuid) === null) return;
    this.#tell({ uuid, kind });
  }

  #hearDevice(event: EventOf<"device-removed">): void {
    const { uuid } = event.domain;
    const device = deviceOfAlias(event.device);
    if (device === null || this.#context.deps.ledger.get("domain", uuid) === null) return;
    tellAll(this.#deviceListeners, { uuid, device }, this.#context.deps.log);
  }

  /** A connection that is lost meanwhile brings its own look when it is back. */
  async #lookUntilSeen(libvirt: Libvirt): Promise<void> {
    try {
      await reattached(libvirt);
      await this.#look(libvirt);
    } catch (error) {
      if (libvirt.state !== "connected" || this.#unsubscribe.length === 0) return;
      this.#context.deps.log.error("could not look at the guests after a reconnect; it is tried again", error);
      this.#again = setTimeout(() => void this.#lookUntilSeen(libvirt), LOOK_AGAIN_MS).unref();
    }
  }

  /**
   * Nobody listened for a while, and libvirtd may have died before it told what it had done: each guest's state is told, whatever was
   * heard last. Listeners take what they know already for what it is.
   */
  async #look(libvirt: Libvirt): Promise<void> {
    for (const domain of await libvirt.domains.list()) {
      if (await this.#context.isOurs(domain))
        this.#tell({ uuid: domain.uuid, kind: kindOf(await powerStateOf(domain)) });
    }
  }

  #tell(event: LifecycleEvent): void {
    tellAll(this.#listeners, event, this.#context.deps.log);
  }
}

function tellAll<E>(listeners: Iterable<(event: E) => void>, event: E, log: Logger): void {
  for (const listener of listeners) {
    try {
      listener(event);
    } catch (error) {
      log.error("a listener of guest events failed", error);
    }
  }
}

/**
 * Waits until libvirtd, which may just have been started, has found out which of its guests are alive. Until then it calls those
 * running that died while it was away, and it tells nobody that they stopped. Counters it can only read once that is done.
 */
async function reattached(libvirt: Libvirt): Promise<void> {
  try {
    await libvirt.domains.stats(["balloon"], { active: true }, { timeoutMs: REATTACH_MS });
  } catch (error) {
    // A QEMU that hangs is no reason to see nothing of the others.
    if (!(error instanceof LibvirtTimeoutError || error instanceof LibvirtError)) throw error;
  }
}

/** libvirt's event and detail → ours, as nova's host module maps them. Others say nothing about the power state. */
const KINDS: Readonly<Record<string, (detail: string) => LifecycleEvent["kind"] | undefined>> = {
  started: () => "started",
  resumed: () => "resumed",
  suspended: (detail) => (["restored", "from-snapshot"].includes(detail) ? undefined : "paused"),
  stopped: (detail) => {
    if (detail === "crashed" || detail === "failed") return "crashed";
    return detail === "saved" ? "suspended" : "stopped";
  },
  crashed: () => "crashed",
};

function kindOf(state: PowerState): LifecycleEvent["kind"] {
  if (state === "running") return "started";
  if (state === "paused") return "paused";
  return state === "crashed" ? "crashed" : "stopped";
}
