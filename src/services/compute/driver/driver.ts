import { PublicError } from "../../../kernel/errors.ts";

/**
 * The hypervisor as the compute service sees it. One instance is one InstanceSpec: everything the driver must know to make the
 * guest, rendered from the database, so that a first start, a hard reboot and a start after a reboot of the host are the
 * same code. Every verb is idempotent where that makes sense (starting what runs, destroying what is gone) because the
 * operation that calls it may be resumed after a crash in its midst.
 *
 * Sizes say their unit in their name. Errors are DriverError (below).
 */
export interface ComputeDriver {
  /** Name of the compute host, known without asking the hypervisor: its first answer takes seconds on a slow machine. */
  readonly hostname: string;
  /** Facts of the host; cheap enough to be asked at each use. */
  hostInfo(): Promise<HostInfo>;

  /** Makes disks, config drive and domain, and starts the guest. A half made one of an earlier try is taken away first. */
  spawn(spec: InstanceSpec, progress: (percent: number) => void, signal: AbortSignal): Promise<void>;
  /** Ends the guest and, unless `keepDisks`, removes everything it had on the host. Nothing there: nothing to do. */
  destroy(ref: InstanceRef, options: { keepDisks: boolean }): Promise<void>;

  /** Defines the guest afresh from the spec (its disks exist) and starts it. */
  start(spec: InstanceSpec): Promise<void>;
  /** ACPI power-off, and the plug after `timeoutSeconds` (0: at once). */
  stop(ref: InstanceRef, timeoutSeconds: number): Promise<void>;
  /** Soft: ACPI off and on again, true when the guest obeyed within the time; false: the caller reboots hard. */
  rebootSoft(ref: InstanceRef, timeoutSeconds: number): Promise<boolean>;
  /** Destroys the domain and starts it from the spec. */
  rebootHard(spec: InstanceSpec): Promise<void>;
  pause(ref: InstanceRef): Promise<void>;
  unpause(ref: InstanceRef): Promise<void>;
  /** Memory to disk, guest off (libvirt's managed save). */
  suspend(ref: InstanceRef): Promise<void>;
  resume(spec: InstanceSpec): Promise<void>;

  /** Boots from `rescue.image`, with the real root disk as a second one; the guest is off or running. */
  rescue(spec: InstanceSpec, rescue: RescueSpec): Promise<void>;
  unrescue(spec: InstanceSpec): Promise<void>;

  attachInterface(ref: InstanceRef, nic: NicSpec): Promise<void>;
  detachInterface(ref: InstanceRef, nic: NicSpec): Promise<void>;
  attachVolume(ref: InstanceRef, volume: VolumeSpec): Promise<void>;
  /** Resolves when the guest has let go of it. */
  detachVolume(ref: InstanceRef, volume: VolumeSpec): Promise<void>;
  /** Whether the guest has the device: in it while it is on, else in what it will be started with. */
  isPlugged(ref: InstanceRef, device: DeviceRef): Promise<boolean>;
  /** The volume grew to `sizeBytes`: tells a running guest. */
  extendVolume(ref: InstanceRef, volume: VolumeSpec, sizeBytes: number): Promise<void>;
  /**
   * Writes what a volume holds, as of one moment, into `file`, which is there and as large as the volume; the guest goes on.
   * False: the guest does not run, or without it.
   */
  copyVolume(ref: InstanceRef, volumeId: string, file: string): Promise<boolean>;

  /** The last `lines` lines (all of what is kept when null) of the serial console. */
  consoleLog(ref: InstanceRef, lines: number | null): Promise<string>;
  /** Where the guest's VNC server listens. Errors: `unsupported`, `not-running`. */
  vncEndpoint(ref: InstanceRef): Promise<ConsoleEndpoint>;
  /** Where its serial port listens. Errors: `unsupported`, `not-running`. */
  serialEndpoint(ref: InstanceRef): Promise<ConsoleEndpoint>;

  /** Writes the root disk (flattened, bootable as it is) to `target.path`; running guests are not stopped. */
  snapshot(ref: InstanceRef, target: SnapshotTarget, signal: AbortSignal): Promise<SnapshotResult>;
  /**
   * Stops writes to a running guest's file systems, through its agent; takes as long as the agent does, or until aborted. Whatever comes
   * of it, `thaw` is to follow. Errors: `agent`, `not-running`.
   */
  freeze(ref: InstanceRef, signal: AbortSignal): Promise<void>;
  /** Lets writes go on, also in a guest that is not frozen; one that is off is no error. Errors: `agent`. */
  thaw(ref: InstanceRef): Promise<void>;
  /** Makes the root disk anew from the spec's image (and ephemeral ones unless kept); the guest is off afterwards. */
  rebuild(spec: InstanceSpec, options: { keepEphemeral: boolean }): Promise<void>;
  /** Grows the disks to the spec's sizes; the guest is off. What `revertResize` needs is kept until `confirmResize`. */
  resize(spec: InstanceSpec): Promise<void>;
  confirmResize(ref: InstanceRef): Promise<void>;
  revertResize(spec: InstanceSpec): Promise<void>;

  /** Through the guest agent. Errors: `unsupported`, `agent`. */
  setAdminPassword(ref: InstanceRef, password: string): Promise<void>;
  /** NMI, for crash dumps (trigger_crash_dump). */
  injectNmi(ref: InstanceRef): Promise<void>;
  diagnostics(ref: InstanceRef): Promise<Diagnostics>;

  powerState(ref: InstanceRef): Promise<PowerState>;
  /** Every guest of ours on this host, found by owner marks and never by name alone. */
  listInstances(): Promise<readonly { uuid: string; name: string; powerState: PowerState }[]>;
  /** Called when a guest changes by itself (power-off from inside, crash) or by our verbs. Returns how to stop listening. */
  onLifecycle(listener: (event: LifecycleEvent) => void): () => void;
  /** Called when a running guest lets go of a device, also long after it was asked to. Returns how to stop listening. */
  onDeviceGone(listener: (event: { uuid: string; device: DeviceRef }) => void): () => void;

  /** Connects; after it the other verbs work. */
  connect(): Promise<void>;
  close(): Promise<void>;
}

/** What is enough to find a guest. */
export interface InstanceRef {
  readonly uuid: string;
  /** "instance-0000000a" */
  readonly name: string;
}

export interface InstanceSpec extends InstanceRef {
  readonly displayName: string;
  /** Owner marks, put into libvirt's metadata with the stack's name. */
  readonly owner: { projectId: string; projectName: string; userId: string; userName: string };
  readonly flavor: {
    name: string;
    memoryMb: number;
    vcpus: number;
    rootGb: number;
    ephemeralGb: number;
    swapMb: number;
  };
  /** Extra specs of the flavor as they were when the server was made: "hw:cpu_policy", "quota:disk_read_iops_sec", … */
  readonly extraSpecs: Readonly<Record<string, string>>;
  /** Image properties hw_* and os_*: "hw_disk_bus", "hw_vif_model", "hw_firmware_type", … */
  readonly imageProperties: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly vcpus: number;
  /** The disk to boot from when no volume with bootIndex 0 is given. */
  readonly root: RootDisk | null;
  /** Blank disks beside it, in MiB; nova's ephemeral ones get a file system (`format`, "vfat"/"ext4"/…) when given. */
  readonly ephemerals: readonly { index: number; sizeMb: number; format: string | null }[];
  /** MiB; 0 is none. */
  readonly swapMb: number;
  /** Kernel and ramdisk of ami images, local paths. */
  readonly kernelPath: string | null;
  readonly ramdiskPath: string | null;
  readonly volumes: readonly VolumeSpec[];
  readonly nics: readonly NicSpec[];
  /**
   * Path in the drive → content, made into an iso9660 labelled "config-2"; "keep": plug in the one that `spawn` or `rebuild` made
   * (only they know the password and the injected files); null: none.
   */
  readonly configDrive: Readonly<Record<string, string | Uint8Array>> | "keep" | null;
  readonly hostname: string;
  /** settings.compute.libvirtCpuMode/Model as they apply to this guest. */
  readonly cpu: { mode: "custom" | "host-model" | "host-passthrough" | "maximum" | "none"; model: string };
  readonly virtType: "kvm" | "qemu";
  /** Absolute; under settings.compute.instancesPath/<uuid>/. */
  readonly paths: InstancePaths;
  readonly vnc: boolean;
}

export interface InstancePaths {
  /** Directory that belongs to this guest alone. */
  readonly directory: string;
  readonly consoleLog: string;
  readonly vncSocket: string;
  readonly serialSocket: string;
}

export interface RootDisk {
  readonly imageId: string;
  /** Read-only data of the image; the guest's disk is an overlay on (or a copy of) it. */
  readonly imagePath: string;
  readonly imageFormat: string;
  /** Size of the guest's disk in GiB; 0 keeps the image's own size. */
  readonly sizeGb: number;
}

export interface VolumeSpec {
  readonly volumeId: string;
  readonly attachmentId: string;
  /** "vdb"; what the API shows as /dev/vdb. */
  readonly device: string;
  readonly bus: "virtio" | "scsi" | "ide" | "usb" | "sata" | null;
  readonly deviceType: "disk" | "cdrom" | "lun";
  /** null when it is not booted from. */
  readonly bootIndex: number | null;
  readonly source: { kind: "file" | "block"; path: string; format: "raw" | "qcow2" };
  readonly readOnly: boolean;
  readonly serial: string;
  readonly tag: string | null;
}

export interface NicSpec {
  readonly portId: string;
  readonly networkId: string;
  /** "tap3f2c…": libvirt makes it and puts it on the bridge. */
  readonly tap: string;
  readonly bridge: string;
  readonly mac: string;
  readonly mtu: number;
  /** "virtio" unless the image's hw_vif_model says otherwise. */
  readonly model: string;
  /** Host side: [min, max] rate limits in kbit/s from quota:vif_* extra specs are in extraSpecs. */
  readonly tag: string | null;
}

export interface RescueSpec {
  readonly imageId: string;
  readonly imagePath: string;
  readonly imageFormat: string;
  /** Config drive of the rescue boot (its admin_pass), or null. */
  readonly configDrive: Readonly<Record<string, string | Uint8Array>> | null;
}

export interface SnapshotTarget {
  readonly path: string;
  /** "qcow2" or "raw" */
  readonly format: string;
  /** Given a running guest, called once to run `cut`, which takes its disk as it is then. By default that is all it does. */
  readonly around?: (cut: () => Promise<void>) => Promise<void>;
}

export interface SnapshotResult {
  readonly format: string;
  readonly sizeBytes: number;
  readonly virtualSizeBytes: number;
}

/** A stream to bridge to a websocket. */
export type ConsoleEndpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

/** nova's power states. */
export type PowerState = "nostate" | "running" | "paused" | "shutdown" | "crashed" | "suspended";

export interface LifecycleEvent {
  readonly uuid: string;
  readonly kind: "started" | "stopped" | "paused" | "resumed" | "suspended" | "crashed";
}

/** A device of a guest by what it stands for: id of the volume or of the port. */
export interface DeviceRef {
  readonly kind: "volume" | "interface";
  readonly id: string;
}

export interface HostInfo {
  /** "node1": the compute host's name, host and node alike. */
  readonly hostname: string;
  readonly hostIp: string;
  /** "QEMU" (libvirt with TCG or KVM both say so), "fake". */
  readonly hypervisorType: string;
  /** 8002002 for 8.2.2. */
  readonly hypervisorVersion: number;
  readonly vcpus: number;
  readonly memoryMb: number;
  readonly memoryUsedMb: number;
  /** Of the file system that holds instances. */
  readonly diskGb: number;
  readonly diskFreeGb: number;
  readonly cpuInfo: CpuInfo;
  /** One line as of uptime(1). */
  readonly uptime: string;
}

export interface CpuInfo {
  readonly arch: string;
  readonly model: string;
  readonly vendor: string;
  readonly topology: { cells: number; sockets: number; cores: number; threads: number };
  readonly features: readonly string[];
}

export interface Diagnostics {
  readonly state: PowerState;
  readonly driver: "libvirt" | "fake";
  readonly hypervisor: string;
  readonly hypervisorOs: string;
  /** Seconds since it was started; null when not known. */
  readonly uptime: number | null;
  readonly configDrive: boolean;
  readonly memoryMaxMb: number;
  readonly memoryUsedMb: number | null;
  readonly cpus: readonly { id: number; timeNs: number; utilisation: number | null }[];
  readonly nics: readonly {
    mac: string;
    rxOctets: number;
    rxErrors: number;
    rxDrop: number;
    rxPackets: number;
    txOctets: number;
    txErrors: number;
    txDrop: number;
    txPackets: number;
  }[];
  readonly disks: readonly {
    device: string;
    readBytes: number;
    readRequests: number;
    writeBytes: number;
    writeRequests: number;
    errors: number;
  }[];
}

export type DriverErrorCode =
  /** There is no such guest on the host. */
  | "not-found"
  /** It has to run for this. */
  | "not-running"
  /** The driver, the guest or the host cannot do this at all. */
  | "unsupported"
  /** The guest agent is missing or failed. */
  | "agent"
  /** The image is broken, too large for the flavor, or refers to other files. */
  | "image"
  /** The host has no room left. */
  | "no-space"
  | "timeout"
  | "failed";

/** What a driver throws. */
export class DriverError extends PublicError {
  readonly code: DriverErrorCode;
  constructor(code: DriverErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "DriverError";
    this.code = code;
  }
}
