import { chmod, chown, copyFile, open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { QemuImg } from "../../../../host/qemu-img.ts";
import { DriverError, type InstanceSpec, type RootDisk } from "../driver.ts";
import type { BaseImages } from "./base-images.ts";
import type { LibvirtDriverDeps } from "./context.ts";
import { virtualSize } from "./image-header.ts";
import { iso9660 } from "./iso9660.ts";
import { type DiskBus, type DiskPart, diskBus, isBus, TargetNames, volumePart } from "./xml/disks.ts";
import { cdromBus } from "./xml/machine.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** A guest's files, by nova's names where nova has one. */
export const diskFiles = {
  root: "disk",
  rootBase: "disk.base",
  swap: "disk.swap",
  config: "disk.config",
  kernel: "kernel",
  ramdisk: "ramdisk",
  rescue: "disk.rescue",
  rescueBase: "disk.rescue.base",
  rescueConfig: "disk.config.rescue",
  ephemeral: (index: number): string => `disk.eph${index}`,
} as const;

/** Whether the guest has a root disk of its own beside (or instead of) volumes. */
export function localRoot(spec: InstanceSpec): RootDisk | null {
  return spec.volumes.some(({ bootIndex }) => bootIndex === 0) ? null : spec.root;
}

/** An ISO image is put into the guest's CD drive as it is. */
export function isCdrom(root: RootDisk): boolean {
  return root.imageFormat === "iso";
}

/** Makes and measures the files of a guest. Everything here may be done again over a half done try. */
export class GuestDisks {
  readonly #deps: LibvirtDriverDeps;
  readonly #images: BaseImages;
  readonly #qemuImg: QemuImg;

  constructor(deps: LibvirtDriverDeps, images: BaseImages, qemuImg: QemuImg) {
    this.#deps = deps;
    this.#qemuImg = qemuImg;
    this.#images = images;
  }

  /** All of a new guest's files at once. */
  async createAll(spec: InstanceSpec): Promise<void> {
    await Promise.all([this.createRoot(spec), this.createEphemerals(spec), this.createSwap(spec), this.#kernel(spec)]);
    await this.createConfigDrive(spec);
  }

  async createRoot(spec: InstanceSpec): Promise<void> {
    const root = localRoot(spec);
    if (root === null) return;
    const { directory } = spec.paths;
    const disk = join(directory, diskFiles.root);
    if (isCdrom(root)) {
      await this.#images.provide(root, disk);
      return;
    }
    await this.overlay(root, { base: join(directory, diskFiles.rootBase), disk, sizeGb: root.sizeGb });
  }

  /** A qcow2 disk that reads what was never written from the image. `sizeGb` 0 takes the image's own size. */
  async overlay(
    image: Pick<RootDisk, "imageId" | "imagePath" | "imageFormat">,
    { base, disk, sizeGb }: { base: string; disk: string; sizeGb: number },
  ): Promise<void> {
    const { path, format, virtualBytes } = await this.#images.provide(image, base);
    const wanted = sizeGb * GIB;
    // In nova's words: FlavorDiskSmallerThanImage.
    if (sizeGb > 0 && virtualBytes > wanted)
      throw new DriverError(
        "image",
        `Flavor's disk is too small for requested image. Flavor disk is ${wanted} bytes, image is ${virtualBytes} bytes.`,
      );
    const size = sizeGb > 0 ? wanted : Math.ceil(virtualBytes / 512) * 512;
    await rm(disk, { force: true });
    await this.overlayOn({ path, format }, disk, size);
  }

  async createEphemerals(spec: InstanceSpec): Promise<void> {
    await Promise.all(
      spec.ephemerals.map(async ({ index, sizeMb, format }) => {
        const path = join(spec.paths.directory, diskFiles.ephemeral(index));
        await this.#blank(path, sizeMb);
        if (format !== null) await this.#format(path, format, `ephemeral${index}`);
        await this.own(path);
      }),
    );
  }

  async createSwap(spec: InstanceSpec): Promise<void> {
    const path = join(spec.paths.directory, diskFiles.swap);
    await rm(path, { force: true });
    if (spec.swapMb <= 0) return;
    await this.#blank(path, spec.swapMb);
    await this.#deps.exec.run("mkswap", ["-q", path]);
    await this.own(path);
  }

  /** Writes the config drive the spec has; "keep" and null leave what there is. */
  async createConfigDrive(spec: InstanceSpec): Promise<void> {
    if (spec.configDrive === null || spec.configDrive === "keep") return;
    await this.writeConfigDrive(spec.configDrive, join(spec.paths.directory, diskFiles.config));
  }

  async writeConfigDrive(files: Readonly<Record<string, string | Uint8Array>>, path: string): Promise<void> {
    await rm(path, { force: true });
    // It holds the password: nobody else's to read, from its first byte on.
    await writeFile(path, iso9660("config-2", files, { now: new Date() }), { mode: 0o600 });
    await this.own(path);
  }

  /** Grows a disk to `bytes`; one that is larger is refused (nova does not shrink either). True when it grew. */
  async grow(path: string, format: "raw" | "qcow2", bytes: number): Promise<boolean> {
    const now = await virtualSize(path, format, { backing: true });
    if (now > bytes) throw new DriverError("unsupported", "The disks of an instance cannot be made smaller.");
    if (now === bytes) return false;
    await this.#qemuImg.resize(path, format, bytes);
    return true;
  }

  /** An overlay of `bytes` on a file that is a fitting base already. */
  async overlayOn(base: { path: string; format: "raw" | "qcow2" }, disk: string, bytes: number): Promise<void> {
    await this.#private(disk);
    await this.#qemuImg.createOverlay(disk, base, bytes);
    await this.own(disk);
  }

  /** Writes all that a qcow2 disk and what lies below it hold into one file. */
  async flatten(disk: string, format: "raw" | "qcow2", to: string): Promise<void> {
    await rm(to, { force: true });
    await this.#private(to);
    await this.#qemuImg.convert({ path: disk, format: "qcow2" }, { path: to, format });
  }

  /** Gives a file (or folder) to the user QEMU runs as; libvirt is configured not to. */
  async own(path: string): Promise<void> {
    const user = this.#deps.qemuUser;
    if (user !== null) await chown(path, user.uid, user.gid);
  }

  /** A file that nobody else may read, from its first byte on: qemu-img would let everybody, but keeps the mode of one that is there. */
  async #private(path: string): Promise<void> {
    await writeFile(path, "", { mode: 0o600 });
    await chmod(path, 0o600);
  }

  async #kernel(spec: InstanceSpec): Promise<void> {
    const { directory } = spec.paths;
    const put = async (from: string | null, name: string): Promise<void> => {
      if (from === null) return;
      const to = join(directory, name);
      await rm(to, { force: true });
      // Copied, not linked as disks are: libvirt gives kernels to QEMU's user.
      await copyFile(from, to);
    };
    await put(spec.kernelPath, diskFiles.kernel);
    await put(spec.ramdiskPath, diskFiles.ramdisk);
  }

  async #blank(path: string, sizeMb: number): Promise<void> {
    await rm(path, { force: true });
    const file = await open(path, "wx", 0o600);
    try {
      await file.truncate(sizeMb * MIB);
    } finally {
      await file.close();
    }
    await chmod(path, 0o600);
  }

  async #format(path: string, format: string, label: string): Promise<void> {
    const { exec, log } = this.#deps;
    const commands: Readonly<Record<string, readonly [string, ...string[]]>> = {
      ext3: ["mkfs.ext3", "-q", "-F", "-L", label],
      ext4: ["mkfs.ext4", "-q", "-F", "-L", label],
      xfs: ["mkfs.xfs", "-q", "-f", "-L", label],
      vfat: ["mkfs.vfat", "-n", label.slice(0, 11)],
      ntfs: ["mkfs.ntfs", "-q", "-F", "-f", "-L", label],
    };
    const command = commands[format];
    if (command === undefined) throw new DriverError("unsupported", `Disks cannot be formatted with ${format}.`);
    const [program, ...args] = command;
    const { exitCode, stderr } = await exec.run(program, [...args, path], { allowFailure: true });
    // The guest can do it itself, as it has to with most clouds.
    if (exitCode !== 0) log.warning("an ephemeral disk stays without a file system", { program, stderr });
  }
}

/** The guest's disks as its definition names them. */
export function diskParts(spec: InstanceSpec): DiskPart[] {
  const { directory } = spec.paths;
  const bus = diskBus(spec.imageProperties) ?? "virtio";
  const names = new TargetNames(spec.volumes.map(({ device }) => device));
  const parts: DiskPart[] = [];
  const root = localRoot(spec);
  if (root !== null) parts.push(rootPart(spec, root, names));
  for (const { index } of spec.ephemerals)
    parts.push(blankPart(join(directory, diskFiles.ephemeral(index)), bus, names));
  if (spec.swapMb > 0) parts.push(blankPart(join(directory, diskFiles.swap), bus, names));
  parts.push(...spec.volumes.map((volume) => volumePart(volume, spec)));
  if (spec.configDrive !== null) parts.push(cdromPart(spec, join(directory, diskFiles.config), names));
  return inBootOrder(parts);
}

function rootPart(spec: InstanceSpec, root: RootDisk, names: TargetNames): DiskPart {
  const path = join(spec.paths.directory, diskFiles.root);
  if (isCdrom(root)) return { ...cdromPart(spec, path, names), bootOrder: 1 };
  const bus = diskBus(spec.imageProperties) ?? "virtio";
  return { ...blankPart(path, bus, names), format: "qcow2", bootOrder: 1, limited: true };
}

export function blankPart(path: string, bus: DiskBus, names: TargetNames): DiskPart {
  return {
    path,
    kind: "file",
    format: "raw",
    device: "disk",
    target: names.next(bus),
    bus,
    readOnly: false,
    serial: null,
    bootOrder: null,
    alias: null,
    limited: false,
    ours: true,
  };
}

export function cdromPart(spec: InstanceSpec, path: string, names: TargetNames): DiskPart {
  const wanted = spec.imageProperties.hw_cdrom_bus;
  // Kernels made for clouds often lack AHCI, the only built-in kind of q35: SCSI there, IDE on the older machine.
  const bus = wanted !== undefined && isBus(wanted) && wanted !== "virtio" ? wanted : cdromBus(spec);
  return { ...blankPart(path, bus, names), device: "cdrom", readOnly: true };
}

/** Boot places without gaps or doubles, in the order they were asked for. */
export function inBootOrder(parts: readonly DiskPart[]): DiskPart[] {
  const booted = parts
    .filter(({ bootOrder }) => bootOrder !== null)
    .sort((a, b) => (a.bootOrder ?? 0) - (b.bootOrder ?? 0));
  return parts.map((part) => ({ ...part, bootOrder: part.bootOrder === null ? null : booted.indexOf(part) + 1 }));
}
