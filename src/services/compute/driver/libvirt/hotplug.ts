import { type Domain, isLibvirtError, LibvirtError, LibvirtTimeoutError } from "../../../../libvirt/index.ts";
import { type DeviceRef, DriverError, type InstanceRef, type NicSpec, type VolumeSpec } from "../driver.ts";
import { type DriverContext, isActive } from "./context.ts";
import { nicAlias, volumeAlias } from "./xml/aliases.ts";
import { diskElement, volumePart } from "./xml/disks.ts";
import { render, type XmlElement } from "./xml/element.ts";
import { nicElement } from "./xml/nics.ts";
import { hasAlias } from "./xml/read.ts";

/** A guest that boots does not hear the first requests to let go: nova asks eight times, 20 s each. */
const DETACH_ATTEMPTS = 8;
const DETACH_WAIT_MS = 10_000;

/**
 * Devices that come and go. Each is known by an alias made of its id, so that doing a thing twice (an operation resumed after
 * a crash) finds it done: in the running guest, in its definition, or both.
 */
export class Hotplug {
  readonly #context: DriverContext;

  constructor(context: DriverContext) {
    this.#context = context;
  }

  attachInterface(ref: InstanceRef, nic: NicSpec): Promise<void> {
    return this.#attach(ref, nicAlias(nic.portId), nicElement(nic, { extraSpecs: {}, queues: 1, limits: false }));
  }

  detachInterface(ref: InstanceRef, nic: NicSpec): Promise<void> {
    return this.#detach(ref, nicAlias(nic.portId));
  }

  attachVolume(ref: InstanceRef, volume: VolumeSpec): Promise<void> {
    // Only what the firmware starts from has a place in the order, and that is there before the guest is.
    const part = { ...volumePart(volume, null), bootOrder: null };
    return this.#attach(ref, volumeAlias(volume.volumeId), diskElement(part, {}));
  }

  detachVolume(ref: InstanceRef, volume: VolumeSpec): Promise<void> {
    return this.#context.alone(ref, () => this.#detach(ref, volumeAlias(volume.volumeId)));
  }

  async isPlugged(ref: InstanceRef, { kind, id }: DeviceRef): Promise<boolean> {
    const domain = await this.#context.find(ref);
    // Of one that is off libvirt gives the definition.
    return domain !== null && hasAlias(await domain.xml(), kind === "volume" ? volumeAlias(id) : nicAlias(id));
  }

  async extendVolume(ref: InstanceRef, volume: VolumeSpec, sizeBytes: number): Promise<void> {
    const domain = await this.#context.find(ref);
    // One that is off sees the new size when it starts.
    if (domain === null || !(await isActive(domain))) return;
    await this.#context.alone(ref, () => domain.block.resize(volume.device, sizeBytes));
  }

  async #attach(ref: InstanceRef, alias: string, device: XmlElement): Promise<void> {
    const domain = await this.#context.get(ref);
    const xml = render(device);
    for (const affect of await affected(domain)) {
      if (!hasAlias(await domain.xml({ inactive: affect === "config" }), alias)) await domain.attachDevice(xml, affect);
    }
  }

  async #detach(ref: InstanceRef, alias: string): Promise<void> {
    const domain = await this.#context.find(ref);
    if (domain === null) return;
    for (const affect of await affected(domain)) {
      if (!hasAlias(await domain.xml({ inactive: affect === "config" }), alias)) continue;
      if (affect === "live") await this.#detachLive(domain, alias);
      else await domain.detachDeviceAlias(alias, "config");
    }
  }

  /** Asks until the guest has let go. */
  async #detachLive(domain: Domain, alias: string): Promise<void> {
    for (let attempt = 1; attempt <= DETACH_ATTEMPTS; attempt += 1) {
      try {
        if (await domain.detachDeviceAndWait(alias, { timeoutMs: DETACH_WAIT_MS })) return;
      } catch (error) {
        if (error instanceof LibvirtTimeoutError) continue;
        if (!(await isActive(domain))) return;
        if (!hasAlias(await domain.xml(), alias)) return;
        // QEMU's "already in the process of unplug" comes as one of these: the guest may still obey the last request.
        const again = error instanceof LibvirtError && /process of unplug|unplug|timed out/i.test(error.message);
        if (!again && !isLibvirtError(error, "operation-timeout")) throw error;
        await waitWithoutAsking();
      }
      if (!hasAlias(await domain.xml(), alias)) return;
    }
    throw new DriverError("timeout", "The instance does not let go of the device.");
  }
}

/** Where a change has to be made: what runs first, because that is what can fail. */
async function affected(domain: Domain): Promise<readonly ("live" | "config")[]> {
  return (await isActive(domain)) ? ["live", "config"] : ["config"];
}

function waitWithoutAsking(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2_000));
}
