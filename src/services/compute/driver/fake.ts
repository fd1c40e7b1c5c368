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
} from "./driver.ts";

interface FakeGuest {
  spec: InstanceSpec;
  power: PowerState;
  nics: Map<string, NicSpec>;
  volumes: Map<string, VolumeSpec>;
  /** Bytes that the guest was told, of volumes that grew while it had them. */
  volumeSizes: Map<string, number>;
  startedAt: number;
}

export interface FakeOptions {
  hostname?: string;
  vcpus?: number;
  memoryMb?: number;
  diskGb?: number;
  /** Called before each verb; a test throws or waits here to make it fail or be slow. */
  before?: (verb: string, ref: InstanceRef) => Promise<void> | void;
  /** Writes a snapshot's bytes; without it the snapshot has the size 64 KiB and no file is made. */
  writeFile?: (path: string, content: Uint8Array) => Promise<void>;
  /** Outlives the daemon, as real guests do; without it guests are gone with this object. */
  memory?: FakeMemory;
}

/** Where guests that do not run lie; those that run are started again by the next start. */
export interface FakeMemory {
  read(): Promise<readonly KeptGuest[]>;
  /** Null: forget it. */
  write(uuid: string, guest: KeptGuest | null): Promise<void>;
}

export interface KeptGuest {
  spec: InstanceSpec;
  power: PowerState;
}

/** Guests in memory: VIRT_DRIVER=fake, and the tests of everything above the driver. Touches nothing on the host. */
export class FakeComputeDriver implements ComputeDriver {
  readonly guests = new Map<string, FakeGuest>();
  readonly #options: FakeOptions;
  readonly #frozen = new Set<string>();
  readonly #listeners = new Set<(event: LifecycleEvent) => void>();
  readonly #deviceListeners = new Set<(event: { uuid: string; device: DeviceRef }) => void>();

  constructor(options: FakeOptions = {}) {
    this.#options = options;
  }

  get hostname(): string {
    return this.#options.hostname ?? "node1";
  }

  async connect(): Promise<void> {
    for (const { spec, power } of (await this.#options.memory?.read()) ?? []) {
      if (this.guests.has(spec.uuid)) continue;
      await this.#run(spec, power);
    }
  }
  async close(): Promise<void> {}

  async hostInfo(): Promise<HostInfo> {
    const { hostname } = this;
    const { vcpus = 1000, memoryMb = 800_000, diskGb = 600_000 } = this.#options;
    return {
      hostname,
      hostIp: "127.0.0.1",
      hypervisorType: "fake",
      hypervisorVersion: 1000,
      vcpus,
      memoryMb,
      memoryUsedMb: 512,
      diskGb,
      diskFreeGb: diskGb,
      cpuInfo: {
        arch: "x86_64",
        model: "Nehalem",
        vendor: "Intel",
        topology: { cells: 1, sockets: 1, cores: vcpus, threads: 1 },
        features: ["pge", "clflush"],
      },
      uptime: " 00:00:00 up 1 day,  0:00,  0 users,  load average: 0.00, 0.00, 0.00",
    };
  }

  async spawn(spec: InstanceSpec, progress: (percent: number) => void, signal: AbortSignal): Promise<void> {
    await this.#options.before?.("spawn", spec);
    signal.throwIfAborted();
    progress(100);
    await this.#run(spec);
  }

  async destroy(ref: InstanceRef): Promise<void> {
    await this.#options.before?.("destroy", ref);
    this.guests.delete(ref.uuid);
    await this.#keep(ref);
  }

  async start(spec: InstanceSpec): Promise<void> {
    await this.#options.before?.("start", spec);
    await this.#run(spec);
  }

  async stop(ref: InstanceRef): Promise<void> {
    await this.#to("stop", ref, "shutdown");
  }

  async rebootSoft(ref: InstanceRef): Promise<boolean> {
    await this.#to("rebootSoft", ref, "running");
    return true;
  }

  async rebootHard(spec: InstanceSpec): Promise<void> {
    await this.#options.before?.("rebootHard", spec);
    await this.#run(spec);
  }

  async pause(ref: InstanceRef): Promise<void> {
    this.#requireOn(ref);
    await this.#to("pause", ref, "paused");
  }

  async unpause(ref: InstanceRef): Promise<void> {
    this.#requireOn(ref);
    await this.#to("unpause", ref, "running");
  }

  async suspend(ref: InstanceRef): Promise<void> {
    await this.#to("suspend", ref, "suspended");
  }

  async resume(spec: InstanceSpec): Promise<void> {
    await this.#options.before?.("resume", spec);
    await this.#run(spec);
  }

  async rescue(spec: InstanceSpec, _rescue: RescueSpec): Promise<void> {
    await this.#options.before?.("rescue", spec);
    await this.#run(spec);
  }

  async unrescue(spec: InstanceSpec): Promise<void> {
    await this.#options.before?.("unrescue", spec);
    await this.#run(spec);
  }

  async attachInterface(ref: InstanceRef, nic: NicSpec): Promise<void> {
    await this.#options.before?.("attachInterface", ref);
    this.#guest(ref).nics.set(nic.portId, nic);
    await this.#keep(ref);
  }

  async detachInterface(ref: InstanceRef, nic: NicSpec): Promise<void> {
    await this.#options.before?.("detachInterface", ref);
    this.guests.get(ref.uuid)?.nics.delete(nic.portId);
    await this.#keep(ref);
  }

  async attachVolume(ref: InstanceRef, volume: VolumeSpec): Promise<void> {
    await this.#options.before?.("attachVolume", ref);
    this.#guest(ref).volumes.set(volume.volumeId, volume);
    await this.#keep(ref);
  }

  async detachVolume(ref: InstanceRef, volume: VolumeSpec): Promise<void> {
    await this.#options.before?.("detachVolume", ref);
    this.guests.get(ref.uuid)?.volumes.delete(volume.volumeId);
    await this.#keep(ref);
  }

  async extendVolume(ref: InstanceRef, volume: VolumeSpec, sizeBytes: number): Promise<void> {
    await this.#options.before?.("extendVolume", ref);
    this.guests.get(ref.uuid)?.volumeSizes.set(volume.volumeId, sizeBytes);
  }

  /** Its volumes have no contents. */
  async copyVolume(): Promise<boolean> {
    return false;
  }

  async consoleLog(ref: InstanceRef, lines: number | null): Promise<string> {
    await this.#options.before?.("consoleLog", ref);
    // What nova's fake driver says, so that clients' tests see the same.
    // As long as a short boot: clients ask for the last ten lines and expect more in the whole.
    const boot = Array.from({ length: 12 }, (_, line) => `[    0.${String(line).padStart(6, "0")}] fake boot`);
    const all = ["FAKE CONSOLE OUTPUT", ...boot, "LAST LINE"];
    return (lines === null ? all : lines === 0 ? [] : all.slice(-lines)).join("\n");
  }

  async vncEndpoint(ref: InstanceRef): Promise<ConsoleEndpoint> {
    return { kind: "unix", path: this.#guest(ref).spec.paths.vncSocket };
  }

  async serialEndpoint(ref: InstanceRef): Promise<ConsoleEndpoint> {
    return { kind: "unix", path: this.#guest(ref).spec.paths.serialSocket };
  }

  async snapshot(ref: InstanceRef, target: SnapshotTarget): Promise<SnapshotResult> {
    await this.#options.before?.("snapshot", ref);
    if (this.guests.get(ref.uuid)?.power === "running") await target.around?.(async () => {});
    const content = new Uint8Array(64 * 1024);
    await this.#options.writeFile?.(target.path, content);
    return { format: "raw", sizeBytes: content.length, virtualSizeBytes: content.length };
  }

  async freeze(ref: InstanceRef): Promise<void> {
    this.#frozen.add(ref.uuid);
    await this.#options.before?.("freeze", ref);
  }

  async thaw(ref: InstanceRef): Promise<void> {
    await this.#options.before?.("thaw", ref);
    this.#frozen.delete(ref.uuid);
  }

  isFrozen(uuid: string): boolean {
    return this.#frozen.has(uuid);
  }

  async rebuild(spec: InstanceSpec): Promise<void> {
    await this.#options.before?.("rebuild", spec);
    await this.#run(spec, "shutdown");
  }

  async resize(spec: InstanceSpec): Promise<void> {
    await this.#options.before?.("resize", spec);
    const guest = this.guests.get(spec.uuid);
    if (guest !== undefined) guest.spec = spec;
    await this.#keep(spec);
  }

  async confirmResize(ref: InstanceRef): Promise<void> {
    await this.#options.before?.("confirmResize", ref);
  }

  async revertResize(spec: InstanceSpec): Promise<void> {
    await this.#options.before?.("revertResize", spec);
    const guest = this.guests.get(spec.uuid);
    if (guest !== undefined) guest.spec = spec;
    await this.#keep(spec);
  }

  async setAdminPassword(ref: InstanceRef): Promise<void> {
    await this.#options.before?.("setAdminPassword", ref);
    this.#guest(ref);
  }

  async injectNmi(ref: InstanceRef): Promise<void> {
    await this.#options.before?.("injectNmi", ref);
    this.#guest(ref);
  }

  async diagnostics(ref: InstanceRef): Promise<Diagnostics> {
    const { spec, power, nics, volumes, startedAt } = this.#guest(ref);
    return {
      state: power,
      driver: "fake",
      hypervisor: "fake",
      hypervisorOs: "linux",
      uptime: Math.floor((Date.now() - startedAt) / 1000),
      configDrive: spec.configDrive !== null,
      memoryMaxMb: spec.memoryMb,
      memoryUsedMb: spec.memoryMb,
      cpus: Array.from({ length: spec.vcpus }, (_, id) => ({ id, timeNs: 17_300_000_000, utilisation: null })),
      nics: [...nics.values()].map(({ mac }) => ({
        mac,
        rxOctets: 0,
        rxErrors: 0,
        rxDrop: 0,
        rxPackets: 0,
        txOctets: 0,
        txErrors: 0,
        txDrop: 0,
        txPackets: 0,
      })),
      disks: ["vda", ...[...volumes.values()].map(({ device }) => device)].map((device) => ({
        device,
        readBytes: 0,
        readRequests: 0,
        writeBytes: 0,
        writeRequests: 0,
        errors: 0,
      })),
    };
  }

  async powerState(ref: InstanceRef): Promise<PowerState> {
    return this.guests.get(ref.uuid)?.power ?? "nostate";
  }

  async listInstances() {
    return [...this.guests.values()].map(({ spec, power }) => ({
      uuid: spec.uuid,
      name: spec.name,
      powerState: power,
    }));
  }

  onLifecycle(listener: (event: LifecycleEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onDeviceGone(listener: (event: { uuid: string; device: DeviceRef }) => void): () => void {
    this.#deviceListeners.add(listener);
    return () => this.#deviceListeners.delete(listener);
  }

  async isPlugged(ref: InstanceRef, { kind, id }: DeviceRef): Promise<boolean> {
    const guest = this.#guest(ref);
    return (kind === "volume" ? guest.volumes : guest.nics).has(id);
  }

  /** For tests: the guest let go of a device by itself. */
  letGo(uuid: string, device: DeviceRef): void {
    const guest = this.guests.get(uuid);
    (device.kind === "volume" ? guest?.volumes : guest?.nics)?.delete(device.id);
    for (const listener of this.#deviceListeners) listener({ uuid, device });
  }

  /** For tests: the guest powered itself off, crashed, … */
  happen(uuid: string, kind: LifecycleEvent["kind"], power: PowerState): void {
    const guest = this.guests.get(uuid);
    if (guest !== undefined) guest.power = power;
    for (const listener of this.#listeners) listener({ uuid, kind });
  }

  async #run(spec: InstanceSpec, power: PowerState = "running"): Promise<void> {
    this.guests.set(spec.uuid, {
      spec,
      power,
      nics: new Map(spec.nics.map((nic) => [nic.portId, nic])),
      volumeSizes: new Map(),
      volumes: new Map(spec.volumes.map((volume) => [volume.volumeId, volume])),
      startedAt: Date.now(),
    });
    await this.#keep(spec);
  }

  async #to(verb: string, ref: InstanceRef, power: PowerState): Promise<void> {
    await this.#options.before?.(verb, ref);
    this.#guest(ref).power = power;
    await this.#keep(ref);
  }

  async #keep({ uuid }: InstanceRef): Promise<void> {
    const { memory } = this.#options;
    const guest = this.guests.get(uuid);
    if (memory === undefined) return;
    if (guest === undefined || guest.power === "running") return memory.write(uuid, null);
    // The drive's files are of no use to a guest that is none.
    const configDrive = guest.spec.configDrive === null ? null : "keep";
    const [nics, volumes] = [[...guest.nics.values()], [...guest.volumes.values()]];
    await memory.write(uuid, { spec: { ...guest.spec, configDrive, nics, volumes }, power: guest.power });
  }

  #requireOn(ref: InstanceRef): void {
    const { power } = this.#guest(ref);
    if (power === "running" || power === "paused") return;
    throw new DriverError("not-running", `Instance ${ref.uuid} is not running.`);
  }

  #guest(ref: InstanceRef): FakeGuest {
    const guest = this.guests.get(ref.uuid);
    if (guest === undefined) throw new DriverError("not-found", `Instance ${ref.uuid} could not be found.`);
    return guest;
  }
}
