import { DomainBlock } from "./block.ts";
import type { DomainRef, TypedValue } from "./codecs.ts";
import { LibvirtTimeoutError } from "./errors.ts";
import type { EventName, EventOf, Listener } from "./events.ts";
import {
  bits,
  type DomainState,
  domainStates,
  mask,
  type StatsGroup,
  stateReasons,
  statsGroups,
  word,
} from "./flags.ts";
import { DomainGuest } from "./guest.ts";
import { objectToParams, paramsToObject } from "./params.ts";
import { remote } from "./procedures.ts";
import type { Caller } from "./session.ts";
import { DomainSnapshots } from "./snapshots.ts";
import { type LibvirtStream, readAll, type StreamOptions } from "./streams.ts";

/** What a change touches: the running guest, its stored definition, both, or whichever is in effect now. */
export type Affect = keyof typeof bits.affect;

/** How a guest is asked to stop or restart. */
export type PowerMode = keyof typeof bits.power;

/** What a domain needs of the library: calls, and hearing events. */
export interface DomainContext extends Caller {
  on<E extends EventName>(name: E, listener: Listener<E>): () => void;
}

export interface DomainStatus {
  readonly state: DomainState | `unknown-${number}`;
  /** Why, e.g. `shut-off` by `shutdown`, `destroyed`, `crashed` or `failed`. */
  readonly reason: string;
}

const LONG = { timeoutMs: 300_000 };
// Writing a guest's memory to a slow disk.
const SAVE = { timeoutMs: 3_600_000 };

/** A guest. The object is a handle: it holds no state, and stays valid over reconnects and restarts of the guest. */
export class Domain {
  readonly name: string;
  readonly uuid: string;
  /** The number of the running instance at the time the handle was made; −1 when it did not run. */
  readonly id: number;
  /** Disks and block jobs. */
  readonly block: DomainBlock;
  readonly snapshots: DomainSnapshots;
  /** The agent inside, and QEMU's monitor. */
  readonly guest: DomainGuest;
  readonly #context: DomainContext;
  readonly #ref: DomainRef;

  constructor(context: DomainContext, ref: DomainRef) {
    this.#context = context;
    this.#ref = ref;
    this.name = ref.name;
    this.uuid = ref.uuid;
    this.id = ref.id;
    this.block = new DomainBlock(context, ref);
    this.snapshots = new DomainSnapshots(context, ref);
    this.guest = new DomainGuest(context, ref);
  }

  // ---- Life cycle

  /** Starts a defined guest; from its saved memory when there is a managed save (unless `forceBoot`). */
  async start(options: { paused?: boolean; bypassCache?: boolean; forceBoot?: boolean } = {}): Promise<void> {
    await this.#context.call(remote.create, { domain: this.#ref, flags: mask(bits.start, options) }, LONG);
  }

  /** Asks the guest to power off. Resolves at once: wait for `lifecycle` "stopped". */
  async shutdown(mode: PowerMode = "default"): Promise<void> {
    await this.#context.call(remote.shutdown, { domain: this.#ref, flags: bits.power[mode] });
  }

  /** Asks the guest to reboot. */
  async reboot(mode: PowerMode = "default"): Promise<void> {
    await this.#context.call(remote.reboot, { domain: this.#ref, flags: bits.power[mode] });
  }

  /** Presses the reset button. */
  async reset(): Promise<void> {
    await this.#context.call(remote.reset, { domain: this.#ref, flags: 0 });
  }

  /** Stops the virtual CPUs; memory stays. */
  async suspend(): Promise<void> {
    await this.#context.call(remote.suspend, { domain: this.#ref });
  }

  async resume(): Promise<void> {
    await this.#context.call(remote.resume, { domain: this.#ref });
  }

  /** Pulls the plug. `graceful` fails with `resource-busy` rather than kill a QEMU that does not react to SIGTERM. */
  async destroy(options: { graceful?: boolean } = {}): Promise<void> {
    await this.#context.call(remote.destroy, { domain: this.#ref, flags: mask(bits.destroy, options) }, LONG);
  }

  /** Forgets the definition. Saved memory, snapshot metadata and NVRAM block this unless they may go too. */
  async undefine(
    options: {
      managedSave?: boolean;
      snapshotsMetadata?: boolean;
      nvram?: boolean;
      keepNvram?: boolean;
      checkpointsMetadata?: boolean;
    } = {},
  ): Promise<void> {
    await this.#context.call(remote.undefine, { domain: this.#ref, flags: mask(bits.undefine, options) });
  }

  /** Only while shut off; this handle keeps the old name. */
  async rename(name: string): Promise<void> {
    await this.#context.call(remote.rename, { domain: this.#ref, name, flags: 0 });
  }

  /** A non-maskable interrupt: makes a guest with kdump write a crash dump. */
  async injectNmi(): Promise<void> {
    await this.#context.call(remote.injectNmi, { domain: this.#ref, flags: 0 });
  }

  /** Writes memory to a file libvirt keeps and stops the guest; the next start goes on from there (nova: suspend). */
  async managedSave(options: { bypassCache?: boolean; running?: boolean; paused?: boolean } = {}): Promise<void> {
    await this.#context.call(remote.managedSave, { domain: this.#ref, flags: mask(bits.save, options) }, SAVE);
  }

  async hasManagedSave(): Promise<boolean> {
    return (await this.#context.call(remote.hasManagedSave, { domain: this.#ref, flags: 0 })).result;
  }

  async managedSaveRemove(): Promise<void> {
    await this.#context.call(remote.managedSaveRemove, { domain: this.#ref, flags: 0 });
  }

  /** Cancels a save, dump or migration under way. */
  async abortJob(): Promise<void> {
    await this.#context.call(remote.abortJob, { domain: this.#ref });
  }

  /** Progress of a save, dump or migration; `type` 0 is none. */
  async jobStats(): Promise<{ readonly type: number; readonly stats: Readonly<Record<string, TypedValue>> }> {
    const { type, params } = await this.#context.call(remote.jobStats, { domain: this.#ref, flags: 0 });
    return { type, stats: paramsToObject(params) };
  }

  // ---- Reading and describing

  async state(): Promise<DomainStatus> {
    const { state, reason } = await this.#context.call(remote.getState, { domain: this.#ref, flags: 0 });
    const name = domainStates[state];
    if (name === undefined) return { state: `unknown-${state}`, reason: `unknown-${reason}` };
    return { state: name, reason: word(stateReasons[name], reason) };
  }

  async info(): Promise<{ memoryKiB: number; maxMemoryKiB: number; vcpus: number; cpuTimeNs: bigint }> {
    const { memoryKiB, maxMemoryKiB, vcpus, cpuTimeNs } = await this.#context.call(remote.getInfo, {
      domain: this.#ref,
    });
    return { memoryKiB, maxMemoryKiB, vcpus, cpuTimeNs };
  }

  /** The `<domain>` XML: of the running guest, or `inactive` as it will be at the next start; `secure` with passwords. */
  async xml(options: { inactive?: boolean; secure?: boolean } = {}): Promise<string> {
    return (await this.#context.call(remote.getXml, { domain: this.#ref, flags: mask(bits.xml, options) })).xml;
  }

  async isPersistent(): Promise<boolean> {
    return (await this.#context.call(remote.isPersistent, { domain: this.#ref })).persistent;
  }

  async autostart(): Promise<boolean> {
    return (await this.#context.call(remote.getAutostart, { domain: this.#ref })).autostart;
  }

  async setAutostart(autostart: boolean): Promise<void> {
    await this.#context.call(remote.setAutostart, { domain: this.#ref, autostart });
  }

  /** Stores an XML element under a namespace of the caller's own; null takes it away. */
  async setMetadata(uri: string, key: string, xml: string | null, affect: Affect = "current"): Promise<void> {
    const args = { domain: this.#ref, type: 2, metadata: xml, key: xml === null ? null : key, uri };
    await this.#context.call(remote.setMetadata, { ...args, flags: bits.affect[affect] });
  }

  /** Rejects with LibvirtError `no-metadata` when nothing is stored under `uri`. */
  async metadata(uri: string, affect: Affect = "current"): Promise<string> {
    const args = { domain: this.#ref, type: 2, uri, flags: bits.affect[affect] };
    return (await this.#context.call(remote.getMetadata, args)).metadata;
  }

  /** Counters by libvirt's names, e.g. `cpu.time` (ns), `block.0.rd.bytes`; 64-bit ones above 2^53 are bigints. */
  async stats(groups: readonly StatsGroup[] = []): Promise<Readonly<Record<string, TypedValue>>> {
    const stats = groups.reduce((sum, group) => sum | statsGroups[group], 0);
    const args = { domains: [this.#ref], stats, flags: 0 };
    const { records } = await this.#context.call(remote.allDomainStats, args);
    return paramsToObject(records[0]?.params ?? []);
  }

  // ---- Devices and resources

  /** Plugs in the device of a device XML element. */
  async attachDevice(xml: string, affect: Affect = "current"): Promise<void> {
    await this.#context.call(remote.attachDevice, { domain: this.#ref, xml, flags: bits.affect[affect] }, LONG);
  }

  /** Asks for a device to be unplugged. A running guest has to agree: see `detachDeviceAndWait`. */
  async detachDevice(xml: string, affect: Affect = "current"): Promise<void> {
    await this.#context.call(remote.detachDevice, { domain: this.#ref, xml, flags: bits.affect[affect] }, LONG);
  }

  /**
   * As `detachDevice`, naming the device by its alias in the XML. libvirt waits up to 5 s for the guest. Where
   * `detachDevice` fails with `device-missing`, libvirt 9 answers this one with `internal-error`.
   */
  async detachDeviceAlias(alias: string, affect: Affect = "current"): Promise<void> {
    const flags = bits.affect[affect];
    await this.#context.call(remote.detachDeviceAlias, { domain: this.#ref, alias, flags }, LONG);
  }

  /**
   * Unplugs a device of the running guest and waits until it is gone. Resolves to false when the guest refused;
   * rejects with LibvirtTimeoutError when it did not react (it may still let go later).
   */
  async detachDeviceAndWait(alias: string, options: { timeoutMs?: number } = {}): Promise<boolean> {
    const { timeoutMs = 20_000 } = options;
    const gone = Promise.withResolvers<boolean>();
    const mine = (event: { domain: Domain; device: string }): boolean =>
      event.domain.uuid === this.uuid && event.device === alias;
    const stop = [
      this.#context.on("device-removed", (event) => void (mine(event) && gone.resolve(true))),
      this.#context.on("device-removal-failed", (event) => void (mine(event) && gone.resolve(false))),
    ];
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.detachDeviceAlias(alias, "live");
      timer = setTimeout(() => gone.reject(new LibvirtTimeoutError(`detaching ${alias}`, timeoutMs)), timeoutMs);
      return await gone.promise;
    } finally {
      clearTimeout(timer);
      for (const unsubscribe of stop) unsubscribe();
    }
  }

  /** Changes a device in place: medium of a cdrom, link state or bridge of an interface. */
  async updateDevice(xml: string, affect: Affect = "current"): Promise<void> {
    await this.#context.call(remote.updateDevice, { domain: this.#ref, xml, flags: bits.affect[affect] }, LONG);
  }

  async setVcpus(vcpus: number, options: { affect?: Affect; maximum?: boolean } = {}): Promise<void> {
    const flags = bits.affect[options.affect ?? "current"] + (options.maximum ? bits.vcpus.maximum : 0);
    await this.#context.call(remote.setVcpus, { domain: this.#ref, vcpus, flags });
  }

  async setMemory(memoryKiB: number, options: { affect?: Affect; maximum?: boolean } = {}): Promise<void> {
    const flags = bits.affect[options.affect ?? "current"] + (options.maximum ? bits.memory.maximum : 0);
    await this.#context.call(remote.setMemory, { domain: this.#ref, memoryKiB, flags });
  }

  /** How often the balloon driver reports the guest's own view of its memory; 0 stops it. */
  async setMemoryStatsPeriod(seconds: number, affect: Affect = "current"): Promise<void> {
    const flags = bits.affect[affect];
    await this.#context.call(remote.setMemoryStatsPeriod, { domain: this.#ref, seconds, flags });
  }

  /** Bandwidth of a NIC, KiB per second and KiB, by libvirt's names, e.g. `inbound.average`; 0 lifts a limit. */
  async setInterfaceParameters(
    device: string,
    limits: Readonly<Record<string, number>>,
    affect: Affect = "current",
  ): Promise<void> {
    const params = objectToParams("uint", limits);
    const flags = bits.affect[affect];
    await this.#context.call(remote.setInterfaceParameters, { domain: this.#ref, device, params, flags });
  }

  // ---- Screen, keyboard and serial line

  /** The serial line as a duplex of bytes. `force` (default) disconnects whoever held it; `device` is an alias. */
  async openConsole(options: { device?: string; force?: boolean } & StreamOptions = {}): Promise<LibvirtStream> {
    const { device = null, force = true, ...stream } = options;
    const args = { domain: this.#ref, device, flags: force ? bits.console.force : 0 };
    return (await this.#context.openStream(remote.openConsole, args, stream)).stream;
  }

  /** A virtio channel or the like as a duplex of bytes, by its target name. */
  async openChannel(channel: string, options: { force?: boolean } & StreamOptions = {}): Promise<LibvirtStream> {
    const { force = true, ...stream } = options;
    const args = { domain: this.#ref, channel, flags: force ? bits.console.force : 0 };
    return (await this.#context.openStream(remote.openChannel, args, stream)).stream;
  }

  /** A picture of the screen; QEMU gives `image/png` or `image/x-portable-pixmap` depending on its version. */
  async screenshot(screen = 0): Promise<{ readonly mime: string; readonly data: Buffer }> {
    const args = { domain: this.#ref, screen, flags: 0 };
    const { result, stream } = await this.#context.openStream(remote.screenshot, args, { maxBufferedBytes: 128 << 20 });
    return { mime: result.mime ?? "application/octet-stream", data: await readAll(stream) };
  }

  /** Presses keys together for `holdMs`, as Linux key codes (29 56 111 is Ctrl-Alt-Delete). */
  async sendKeys(keys: readonly number[], holdMs = 50): Promise<void> {
    await this.#context.call(remote.sendKey, { domain: this.#ref, codeset: 0, holdMs, keys, flags: 0 });
  }

  /** True when an event is about this guest. */
  concerns(event: Pick<EventOf<EventName>, "domain">): boolean {
    return event.domain.uuid === this.uuid;
  }
}
