import type { InstanceSpec, VolumeSpec } from "../../driver.ts";
import { volumeAlias } from "./aliases.ts";
import { el, type XmlElement } from "./element.ts";
import { limitOf } from "./limits.ts";
import { cdromBus } from "./machine.ts";

export type DiskBus = "virtio" | "scsi" | "ide" | "usb" | "sata";

/** One disk of a guest as its XML needs it. */
export interface DiskPart {
  readonly path: string;
  readonly kind: "file" | "block";
  readonly format: "raw" | "qcow2";
  readonly device: "disk" | "cdrom" | "lun";
  /** "vda" */
  readonly target: string;
  readonly bus: DiskBus;
  readonly readOnly: boolean;
  /** What the guest sees as the disk's serial number; null for none. */
  readonly serial: string | null;
  /** Place among the devices the firmware tries, from 1; null: it is not booted from. */
  readonly bootOrder: number | null;
  /** Name libvirt and QEMU know the device by ("ua-…"); null lets libvirt choose. */
  readonly alias: string | null;
  /** <iotune> from the flavor's quota:disk_* extra specs. */
  readonly limited: boolean;
  /** Made by this driver, with its owner set; false for volumes, which libvirt has to give to QEMU. */
  readonly ours: boolean;
}

/** QEMU's virtio disks show 20 characters of a serial number: nova gives the volume's id, of which guests see the beginning. */
export function diskElement(disk: DiskPart, extraSpecs: Readonly<Record<string, string>>): XmlElement {
  const cdrom = disk.device === "cdrom";
  return el(
    "disk",
    { type: disk.kind, device: disk.device },
    el("driver", {
      name: "qemu",
      type: disk.format,
      // nova's choice for local files is "none"; writeback is the same to a guest that flushes, and works on tmpfs, too.
      cache: disk.kind === "block" ? "none" : "writeback",
      discard: cdrom || disk.device === "lun" ? undefined : "unmap",
    }),
    // Files of ours have their owner already; libvirt would give the base image, which guests share, to QEMU's user as well.
    el(
      "source",
      disk.kind === "block" ? { dev: disk.path } : { file: disk.path },
      disk.ours && el("seclabel", { model: "dac", relabel: "no" }),
    ),
    el("target", { dev: disk.target, bus: disk.bus }),
    disk.limited && ioTune(extraSpecs),
    (disk.readOnly || cdrom) && el("readonly"),
    disk.serial !== null && el("serial", {}, disk.serial),
    disk.bootOrder !== null && el("boot", { order: disk.bootOrder }),
    disk.alias !== null && el("alias", { name: disk.alias }),
  );
}

const IO_LIMITS = [
  ...["total_bytes_sec", "read_bytes_sec", "write_bytes_sec", "total_iops_sec", "read_iops_sec", "write_iops_sec"],
  ...["total_bytes_sec_max", "read_bytes_sec_max", "write_bytes_sec_max"],
  ...["total_iops_sec_max", "read_iops_sec_max", "write_iops_sec_max", "size_iops_sec"],
];

function ioTune(extraSpecs: Readonly<Record<string, string>>): XmlElement | false {
  const limits = IO_LIMITS.flatMap((name) => {
    const value = limitOf(extraSpecs, `quota:disk_${name}`);
    return value === null ? [] : [el(name, {}, String(value))];
  });
  return limits.length > 0 && el("iotune", {}, ...limits);
}

export function volumePart(volume: VolumeSpec, spec: Pick<InstanceSpec, "imageProperties"> | null): DiskPart {
  const { source } = volume;
  const of = spec ?? { imageProperties: {} };
  const bus =
    volume.bus ??
    (volume.deviceType === "cdrom" ? cdromBus(of) : (diskBus(of.imageProperties) ?? busOf(volume.device)));
  return {
    path: source.path,
    kind: source.kind,
    format: source.format,
    device: volume.deviceType,
    target: volume.device,
    bus,
    readOnly: volume.readOnly,
    serial: volume.serial,
    bootOrder: volume.bootIndex === null || volume.bootIndex < 0 ? null : volume.bootIndex + 1,
    alias: volumeAlias(volume.volumeId),
    limited: false,
    ours: false,
  };
}

/** The image's hw_disk_bus; null when it says none. Throws nothing: a bus we do not know is virtio. */
export function diskBus(properties: Readonly<Record<string, string>>): DiskBus | null {
  const wanted = properties.hw_disk_bus;
  if (wanted === undefined) return null;
  return isBus(wanted) ? wanted : "virtio";
}

export function isBus(text: string): text is DiskBus {
  return ["virtio", "scsi", "ide", "usb", "sata"].includes(text);
}

function busOf(device: string): DiskBus {
  if (device.startsWith("sd")) return "scsi";
  return device.startsWith("hd") ? "ide" : "virtio";
}

/** Prefix of the target names on a bus: vda, sda, hda. */
export function targetPrefix(bus: DiskBus): string {
  if (bus === "virtio") return "vd";
  return bus === "ide" ? "hd" : "sd";
}

/** Gives out target names ("vda", "vdb", …) that nobody has. */
export class TargetNames {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string>) {
    this.#taken = new Set(taken);
  }

  next(bus: DiskBus): string {
    for (let index = 0; ; index += 1) {
      const name = targetPrefix(bus) + letters(index);
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}

/** 0 → a, 25 → z, 26 → aa */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}
