import type { Lvm } from "../../../host/lvm.ts";
import type { Exec } from "../../../host/types.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { VolumeSource } from "../facade.ts";
import { type Capacity, type SnapshotRef, type VolumeDriver, VolumeDriverError, type VolumeRef } from "./driver.ts";
import { ImageTools } from "./images.ts";

export interface LvmVolumeOptions {
  exec: Exec;
  lvm: Lvm;
  /** The volume group, which is there. */
  group: string;
  /** settings.blockStorage.volumeNamePrefix: "volume-" */
  prefix: string;
  /** Thin volumes out of a pool, or thick ones. */
  thin: boolean;
  /** settings.blockStorage.volumeClear; thin volumes need none. */
  clear: "zero" | "none" | "shred";
}

const OWNER = "block-storage";

/** Volumes as logical volumes, as DevStack's lvmdriver-1; attached as the block devices they are, without iSCSI. */
export class LvmVolumeDriver implements VolumeDriver {
  readonly info;
  readonly #options: LvmVolumeOptions;
  readonly #tools: ImageTools;

  constructor(options: LvmVolumeOptions) {
    this.#options = options;
    this.#tools = new ImageTools(options.exec);
    this.info = { storageProtocol: "lvm", vendor: "Open Source", version: "3.0.0", thin: options.thin };
  }

  async start(): Promise<void> {
    const { lvm, group, thin } = this.#options;
    if (thin) await lvm.ensureThinPool(group, this.#pool, OWNER);
  }

  async capacity(): Promise<Capacity> {
    const { lvm, group, thin } = this.#options;
    const found = await lvm.group(group);
    if (found === null) throw new VolumeDriverError("failed", "the volume group is not there");
    if (!thin) return { totalBytes: found.size, freeBytes: found.free };
    const pool = await this.#find(this.#pool);
    const size = pool?.size ?? 0;
    return { totalBytes: size, freeBytes: Math.round(size * (1 - (pool?.dataPercent ?? 0) / 100)) };
  }

  create(volume: VolumeRef, sizeBytes: number): Promise<void> {
    return this.#lvcreate(() => this.#blank(this.#name(volume), sizeBytes));
  }

  createFromFile(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void> {
    return this.#filled(volume, sizeBytes, (device) =>
      this.#tools.importTo(image, device, { sizeBytes, existing: true }),
    );
  }

  async reimage(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void> {
    const name = this.#name(volume);
    if ((await this.#find(name)) === null) throw new VolumeDriverError("not-found", "the volume's data is not there");
    // Behind the image's end the old contents would stay. A thin pool gives zeros for what was given back to it.
    await this.#tools.run("blkdiscard", [...(this.#options.thin ? [] : ["--zeroout"]), this.#device(name)]);
    await this.#tools.importTo(image, this.#device(name), { sizeBytes, existing: true });
  }

  createFromSnapshot(volume: VolumeRef, sizeBytes: number, snapshot: SnapshotRef): Promise<void> {
    return this.#copyOf(this.#snapshotName(snapshot), volume, sizeBytes);
  }

  clone(volume: VolumeRef, sizeBytes: number, source: VolumeRef): Promise<void> {
    return this.#copyOf(this.#name(source), volume, sizeBytes);
  }

  async delete(volume: VolumeRef): Promise<void> {
    await this.#remove(this.#name(volume));
  }

  async extend(volume: VolumeRef, sizeBytes: number): Promise<void> {
    await this.#grow(this.#name(volume), sizeBytes);
  }

  async createSnapshot(snapshot: SnapshotRef): Promise<void> {
    const { lvm, group, thin } = this.#options;
    const origin = this.#name({ id: snapshot.volumeId });
    // A thick snapshot must have room for a change of every block.
    const size = thin ? undefined : ((await this.#find(origin))?.size ?? 0);
    await this.#lvcreate(() => lvm.createSnapshot(group, origin, this.#snapshotName(snapshot), OWNER, size));
  }

  async deleteSnapshot(snapshot: SnapshotRef): Promise<void> {
    await this.#remove(this.#snapshotName(snapshot));
  }

  async revert(volume: VolumeRef, snapshot: SnapshotRef): Promise<void> {
    // Copied and not merged: a merge would use the snapshot up, and waits until nobody has the volume open.
    await this.#copy(this.#snapshotName(snapshot), this.#name(volume));
  }

  async connect(volume: VolumeRef): Promise<VolumeSource> {
    const name = this.#name(volume);
    if ((await this.#find(name)) === null) throw new VolumeDriverError("not-found", "the volume's data is not there");
    return { kind: "block", path: this.#device(name), format: "raw" };
  }

  async disconnect(): Promise<void> {}

  async exportTo(volume: VolumeRef, path: string, format: string): Promise<void> {
    await this.#tools.exportTo(this.#device(this.#name(volume)), path, format);
  }

  /** "stack-volumes-lvmdriver-1-pool", as cinder calls it. */
  get #pool(): string {
    return `${this.#options.group}-pool`;
  }

  #name(volume: VolumeRef): string {
    return `${this.#options.prefix}${volume.id}`;
  }

  /** LVM keeps names that begin with "snapshot" for itself; cinder puts the same underscore before them. */
  #snapshotName(snapshot: SnapshotRef): string {
    return `_snapshot-${snapshot.id}`;
  }

  #device(name: string): string {
    return this.#options.lvm.devicePath(this.#options.group, name);
  }

  async #find(name: string) {
    const volumes = await this.#options.lvm.volumes(this.#options.group);
    return volumes.find((volume) => volume.name === name) ?? null;
  }

  #blank(name: string, sizeBytes: number): Promise<void> {
    const { lvm, group, thin } = this.#options;
    return thin
      ? lvm.createThinVolume(group, this.#pool, name, sizeBytes, OWNER)
      : lvm.createVolume(group, name, sizeBytes, OWNER);
  }

  async #filled(volume: VolumeRef, sizeBytes: number, fill: (device: string) => Promise<void>): Promise<void> {
    await this.create(volume, sizeBytes);
    await fill(this.#device(this.#name(volume)));
  }

  /** Thin: a snapshot, which is a volume of its own and shares blocks. Thick: every block is copied. */
  async #copyOf(source: string, volume: VolumeRef, sizeBytes: number): Promise<void> {
    const { lvm, group, thin } = this.#options;
    if (!thin) return this.#filled(volume, sizeBytes, () => this.#copy(source, this.#name(volume)));
    await this.#lvcreate(() => lvm.createSnapshot(group, source, this.#name(volume), OWNER));
    await this.#grow(this.#name(volume), sizeBytes);
  }

  async #copy(source: string, target: string): Promise<void> {
    const devices = [this.#device(source), this.#device(target)];
    await this.#tools.run("qemu-img", ["convert", "-n", "-U", "-f", "raw", "-O", "raw", ...devices]);
  }

  /** lvextend refuses what would change nothing. */
  async #grow(name: string, sizeBytes: number): Promise<void> {
    const { lvm, group } = this.#options;
    const size = (await this.#find(name))?.size ?? 0;
    if (size < sizeBytes) await this.#lvcreate(() => lvm.extend(group, name, sizeBytes));
  }

  async #remove(name: string): Promise<void> {
    const { lvm, group, thin, clear } = this.#options;
    const volume = await this.#find(name);
    // The next owner of a thick volume's or snapshot's blocks would read them.
    if (volume !== null && !thin) {
      const device = volume.origin === null ? this.#device(name) : lvm.snapshotStorePath(group, name);
      // By force, since the kernel holds a snapshot's store.
      const force = volume.origin === null ? [] : ["--force"];
      if (clear === "zero") await this.#tools.run("blkdiscard", [...force, "--zeroout", device]);
      if (clear === "shred") await this.#tools.run("shred", ["--iterations=3", "--", device]);
    }
    await lvm.removeVolume(group, name);
  }

  async #lvcreate(body: () => Promise<void>): Promise<void> {
    try {
      await body();
    } catch (error) {
      throw /insufficient free space|out of data space/i.test(messageOf(error))
        ? new VolumeDriverError("no-space", "the storage backend has no room left", error)
        : new VolumeDriverError("failed", "the volume manager failed", error);
    }
  }
}
