import { rm } from "node:fs/promises";
import { join } from "node:path";
import { QemuImg } from "../../../../host/qemu-img.ts";
import { messageOf } from "../../../../kernel/errors.ts";
import { connect, type Domain, type Libvirt } from "../../../../libvirt/index.ts";
import {
  type ComputeDriver,
  type ConsoleEndpoint,
  type DeviceRef,
  type Diagnostics,
  DriverError,
  type HostInfo,
  type InstanceRef,
  type InstanceSpec,
  type LifecycleEvent,
  type NicSpec,
  type PowerState,
  type RescueSpec,
  type SnapshotResult,
  type SnapshotTarget,
  type VolumeSpec,
} from "../driver.ts";
import { BaseImages } from "./base-images.ts";
import { GuestConsole } from "./console.ts";
import { asDriverError, DriverContext, isActive, type LibvirtDriverDeps } from "./context.ts";
import { diagnosticsOf } from "./diagnostics.ts";
import { diskFiles, GuestDisks } from "./disks.ts";
import { GuestEvents } from "./events.ts";
import { FileSystems } from "./file-systems.ts";
import { Guests } from "./guests.ts";
import { HostFacts } from "./host-info.ts";
import { Hotplug } from "./hotplug.ts";
import { dropMirrors } from "./mirror.ts";
import { Power, powerStateOf } from "./power.ts";
import { Rescues } from "./rescue.ts";
import { Resizes } from "./resize.ts";
import { Snapshots } from "./snapshot.ts";
import { VolumeCopies } from "./volume-copy.ts";
import { isTrue } from "./xml/nics.ts";

export type { LibvirtDriverDeps } from "./context.ts";

/** Real guests: QEMU through a libvirtd of the stack's own. Call `connect` before anything else. */
export function createLibvirtComputeDriver(deps: LibvirtDriverDeps): ComputeDriver {
  return new LibvirtComputeDriver(deps);
}

/** Whether it goes on where it was: it runs already, or what it had in memory is saved. */
async function hasMemory(domain: Domain): Promise<boolean> {
  return (await isActive(domain)) || (await domain.hasManagedSave());
}

/** Every verb in one line; how it is done is in the file of its name. */
class LibvirtComputeDriver implements ComputeDriver {
  readonly #context: DriverContext;
  readonly #images: BaseImages;
  readonly #disks: GuestDisks;
  readonly #guests: Guests;
  readonly #power: Power;
  readonly #hotplug: Hotplug;
  readonly #console: GuestConsole;
  readonly #snapshots: Snapshots;
  readonly #fileSystems: FileSystems;
  readonly #copies: VolumeCopies;
  readonly #resizes: Resizes;
  readonly #rescues: Rescues;
  readonly #facts: HostFacts;
  readonly #events: GuestEvents;
  #libvirt: Libvirt | null = null;

  constructor(deps: LibvirtDriverDeps) {
    this.#context = new DriverContext(deps);
    const qemuImg = new QemuImg(deps.exec);
    this.#images = new BaseImages(deps.instancesPath, qemuImg);
    this.#disks = new GuestDisks(deps, this.#images, qemuImg);
    this.#guests = new Guests(this.#context, this.#disks);
    this.#power = new Power(this.#context);
    this.#hotplug = new Hotplug(this.#context);
    this.#console = new GuestConsole(this.#context);
    this.#snapshots = new Snapshots(this.#context, this.#disks);
    this.#fileSystems = new FileSystems(this.#context);
    this.#copies = new VolumeCopies(this.#context, this.#disks);
    this.#resizes = new Resizes(this.#context, this.#disks, this.#guests);
    this.#rescues = new Rescues(this.#disks, this.#guests);
    this.#facts = new HostFacts(this.#context);
    this.#events = new GuestEvents(this.#context);
  }

  async connect(): Promise<void> {
    if (this.#libvirt !== null) return;
    const { socketPath, uri, log, tracer } = this.#context.deps;
    const named = log.named("libvirt");
    const libvirt = await connect({
      socketPath,
      uri,
      log: {
        debug: (message, fields) => named.debug(message, { ...fields }),
        info: (message, fields) => named.info(message, { ...fields }),
        warn: (message, fields) => named.warning(message, { ...fields }),
        error: (message, fields) => named.error(message, undefined, { ...fields }),
      },
      ...(tracer === null ? {} : { observe: (call, run) => tracer.span("libvirt", call.name, traced(call.args), run) }),
    });
    this.#libvirt = libvirt;
    this.#context.use(libvirt);
    await this.#events.start(libvirt);
    await this.#dropMirrors(libvirt);
    await this.#images.prune(Date.now());
    // libvirt looks at the emulator once, seconds on a slow machine: now, rather than when the first guest waits for it.
    void this.#facts
      .read()
      .catch((error: unknown) => log.warning("the host's facts could not be read", { error: messageOf(error) }));
  }

  /** Operations that are taken up again make theirs anew. */
  async #dropMirrors(libvirt: Libvirt): Promise<void> {
    for (const domain of await libvirt.domains.list()) {
      try {
        if ((await isActive(domain)) && (await this.#context.isOurs(domain))) await dropMirrors(domain);
      } catch (error) {
        this.#context.deps.log.warning("a copy of a disk is left in a guest", {
          instance: domain.uuid,
          error: messageOf(error),
        });
      }
    }
  }

  async close(): Promise<void> {
    this.#events.stop();
    this.#context.use(null);
    await this.#libvirt?.close();
    this.#libvirt = null;
  }

  get hostname(): string {
    return this.#context.deps.hostname;
  }

  hostInfo(): Promise<HostInfo> {
    return asDriverError("Reading the host's facts", () => this.#facts.read());
  }

  spawn(spec: InstanceSpec, progress: (percent: number) => void, signal: AbortSignal): Promise<void> {
    return asDriverError("Making the instance", () => this.#guests.spawn(spec, progress, signal));
  }

  destroy(ref: InstanceRef, options: { keepDisks: boolean }): Promise<void> {
    return asDriverError("Deleting the instance", () => this.#guests.destroy(ref, options));
  }

  start(spec: InstanceSpec): Promise<void> {
    return asDriverError("Starting the instance", () => this.#guests.start(spec));
  }

  stop(ref: InstanceRef, timeoutSeconds: number): Promise<void> {
    return asDriverError("Stopping the instance", () => this.#power.stop(ref, timeoutSeconds));
  }

  rebootSoft(ref: InstanceRef, timeoutSeconds: number): Promise<boolean> {
    return asDriverError("Rebooting the instance", () => this.#power.rebootSoft(ref, timeoutSeconds));
  }

  rebootHard(spec: InstanceSpec): Promise<void> {
    return asDriverError("Rebooting the instance", () => this.#guests.start(spec));
  }

  pause(ref: InstanceRef): Promise<void> {
    return asDriverError("Pausing the instance", () => this.#power.pause(ref));
  }

  unpause(ref: InstanceRef): Promise<void> {
    return asDriverError("Unpausing the instance", () => this.#power.unpause(ref));
  }

  suspend(ref: InstanceRef): Promise<void> {
    return asDriverError("Suspending the instance", () => this.#power.suspend(ref));
  }

  resume(spec: InstanceSpec): Promise<void> {
    return asDriverError("Resuming the instance", async () => {
      const domain = await this.#context.find(spec);
      if (domain === null || !(await hasMemory(domain))) return this.#guests.start(spec);
      if (!(await isActive(domain))) await domain.start();
      await this.#power.setClock(domain, { hasAgent: isTrue(spec.imageProperties.hw_qemu_guest_agent) });
    });
  }

  rescue(spec: InstanceSpec, rescue: RescueSpec): Promise<void> {
    return asDriverError("Rescuing the instance", () => this.#rescues.rescue(spec, rescue));
  }

  unrescue(spec: InstanceSpec): Promise<void> {
    return asDriverError("Unrescuing the instance", () => this.#rescues.unrescue(spec));
  }

  attachInterface(ref: InstanceRef, nic: NicSpec): Promise<void> {
    return asDriverError("Attaching the interface", () => this.#hotplug.attachInterface(ref, nic));
  }

  detachInterface(ref: InstanceRef, nic: NicSpec): Promise<void> {
    return asDriverError("Detaching the interface", () => this.#hotplug.detachInterface(ref, nic));
  }

  attachVolume(ref: InstanceRef, volume: VolumeSpec): Promise<void> {
    return asDriverError("Attaching the volume", () => this.#hotplug.attachVolume(ref, volume));
  }

  detachVolume(ref: InstanceRef, volume: VolumeSpec): Promise<void> {
    return asDriverError("Detaching the volume", () => this.#hotplug.detachVolume(ref, volume));
  }

  isPlugged(ref: InstanceRef, device: DeviceRef): Promise<boolean> {
    return asDriverError("Looking for the device", () => this.#hotplug.isPlugged(ref, device));
  }

  extendVolume(ref: InstanceRef, volume: VolumeSpec, sizeBytes: number): Promise<void> {
    return asDriverError("Extending the volume", () => this.#hotplug.extendVolume(ref, volume, sizeBytes));
  }

  copyVolume(ref: InstanceRef, volumeId: string, file: string): Promise<boolean> {
    return asDriverError("Copying the volume", () => this.#copies.copy(ref, volumeId, file));
  }

  consoleLog(ref: InstanceRef, lines: number | null): Promise<string> {
    return asDriverError("Reading the console", () => this.#console.log(ref, lines));
  }

  vncEndpoint(ref: InstanceRef): Promise<ConsoleEndpoint> {
    return asDriverError("Finding the console", () => this.#console.vnc(ref));
  }

  serialEndpoint(ref: InstanceRef): Promise<ConsoleEndpoint> {
    return asDriverError("Finding the console", () => this.#console.serial(ref));
  }

  snapshot(ref: InstanceRef, target: SnapshotTarget, signal: AbortSignal): Promise<SnapshotResult> {
    return asDriverError("Making an image of the instance", () => this.#snapshots.take(ref, target, signal));
  }

  freeze(ref: InstanceRef, signal: AbortSignal): Promise<void> {
    return asDriverError("Freezing the instance's file systems", () => this.#fileSystems.freeze(ref, signal));
  }

  thaw(ref: InstanceRef): Promise<void> {
    return asDriverError("Thawing the instance's file systems", () => this.#fileSystems.thaw(ref));
  }

  rebuild(spec: InstanceSpec, { keepEphemeral }: { keepEphemeral: boolean }): Promise<void> {
    return asDriverError("Rebuilding the instance", async () => {
      await this.#guests.destroy(spec, { keepDisks: true });
      const { directory } = spec.paths;
      await rm(join(directory, diskFiles.root), { force: true });
      const kept = keepEphemeral ? { ...spec, ephemerals: [] } : spec;
      await this.#disks.createAll(kept);
      await this.#guests.define(spec, await this.#guests.parts(spec), { start: false });
    });
  }

  resize(spec: InstanceSpec): Promise<void> {
    return asDriverError("Resizing the instance", () => this.#resizes.resize(spec));
  }

  confirmResize(ref: InstanceRef): Promise<void> {
    return asDriverError("Confirming the resize", () => this.#resizes.confirm(ref));
  }

  revertResize(spec: InstanceSpec): Promise<void> {
    return asDriverError("Reverting the resize", () => this.#resizes.revert(spec));
  }

  setAdminPassword(ref: InstanceRef, password: string): Promise<void> {
    return asDriverError("Setting the password", async () => {
      const domain = await this.#context.running(ref);
      try {
        await domain.guest.setUserPassword("root", password);
      } catch (error) {
        throw new DriverError("agent", "The guest agent in the instance cannot set the password.", error);
      }
    });
  }

  injectNmi(ref: InstanceRef): Promise<void> {
    return asDriverError("Interrupting the instance", async () => (await this.#context.running(ref)).injectNmi());
  }

  diagnostics(ref: InstanceRef): Promise<Diagnostics> {
    return asDriverError("Reading diagnostics", () => diagnosticsOf(this.#context, ref));
  }

  powerState(ref: InstanceRef): Promise<PowerState> {
    return asDriverError("Reading the power state", () => this.#power.state(ref));
  }

  listInstances(): Promise<readonly { uuid: string; name: string; powerState: PowerState }[]> {
    return asDriverError("Listing instances", async () => {
      const domains = await (await this.#context.libvirt()).domains.list();
      const found = await Promise.all(
        domains.map(async (domain) => {
          if (!(await this.#context.isOurs(domain))) return [];
          return [{ uuid: domain.uuid, name: domain.name, powerState: await powerStateOf(domain) }];
        }),
      );
      return found.flat();
    });
  }

  onLifecycle(listener: (event: LifecycleEvent) => void): () => void {
    return this.#events.listen(listener);
  }

  onDeviceGone(listener: (event: { uuid: string; device: DeviceRef }) => void): () => void {
    return this.#events.listenToDevices(listener);
  }
}

/** What is shown of a call: the guest and the XML. Nothing else, since agent commands may hold passwords. */
function traced(args: unknown): Record<string, unknown> {
  const { domain, xml } = args as { domain?: { name?: unknown }; xml?: unknown };
  return {
    ...(typeof domain?.name === "string" ? { domain: domain.name } : {}),
    ...(typeof xml === "string" ? { xml } : {}),
  };
}
