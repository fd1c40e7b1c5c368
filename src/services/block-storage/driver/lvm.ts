import type { LogicalVolume, Lvm } from "../../../host/lvm.ts";
import type { Exec } from "../../../host/types.ts";
import { messageOf } from "../../../kernel/errors.ts";
import type { VolumeSource } from "../facade.ts";
import {
  type BackendHealth,
  type Capacity,
  type SnapshotRef,
  type VolumeDriver,
  VolumeDriverError,
  type VolumeRef,
} from "./driver.ts";
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
const MIB = 2 ** 20;
/** Names of snapshots that only last as long as a copy. */
const COPIED = "_copied-";

/** Volumes as logical volumes, as DevStack's lvmdriver-1; attached as the block devices they are, without iSCSI. */
export class LvmVolumeDriver implements VolumeDriver {
  readonly info;
  readonly #options: LvmVolumeOptions;
  readonly #tools: ImageTools;
  /** Whoever takes or gives back room in the group, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: LvmVolumeOptions) {
    this.#options = options;
    this.#tools = new ImageTools(options.exec);
    this.info = { storageProtocol: "lvm", vendor: "Open Source", version: "3.0.0", thin: options.thin };
  }

  async start(): Promise<void> {
    const { lvm, group, thin } = this.#options;
    if (thin) await lvm.ensureThinPool(group, this.#pool, OWNER);
    // A crash in the midst of a copy left them; the copy is made again with another.
    for (const name of lvm.ownVolumes(group)) if (name.startsWith(COPIED)) await this.#remove(name);
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
    return this.#inTurn(() => this.#lvcreate(() => this.#blank(this.#name(volume), sizeBytes)));
  }

  async createFromFile(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void> {
    const name = this.#name(volume);
    // What a crash left of an earlier try is not blank any more.
    if (this.#options.thin) await this.#remove(name);
    await this.create(volume, sizeBytes);
    await this.#import(image, name, sizeBytes);
  }

  async reimage(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void> {
    const { lvm, group, thin } = this.#options;
    const name = this.#name(volume);
    if (thin) {
      await this.#renew(name, async (fresh) => {
        await this.#lvcreate(() => lvm.createThinVolume(group, this.#pool, fresh, sizeBytes, OWNER));
        await this.#import(image, fresh, sizeBytes);
      });
      return;
    }
    await this.#usable(name);
    // Behind the image's end the old contents would stay.
    await this.#tools.run("blkdiscard", ["--zeroout", this.#device(name)]);
    await this.#import(image, name, sizeBytes);
  }

  async createFromSnapshot(volume: VolumeRef, sizeBytes: number, snapshot: SnapshotRef): Promise<void> {
    const source = this.#snapshotName(snapshot);
    await this.#usable(source);
    await this.#copyOf(source, volume, sizeBytes);
  }

  clone(volume: VolumeRef, sizeBytes: number, source: VolumeRef): Promise<void> {
    const name = this.#name(source);
    if (this.#options.thin) return this.#copyOf(name, volume, sizeBytes);
    return this.#still(source, (still) => this.#copyOf(still, volume, sizeBytes));
  }

  async delete(volume: VolumeRef): Promise<void> {
    await this.#remove(this.#name(volume));
  }

  async extend(volume: VolumeRef, sizeBytes: number): Promise<void> {
    await this.#grow(this.#name(volume), sizeBytes);
  }

  async createSnapshot(snapshot: SnapshotRef): Promise<void> {
    await this.#inTurn(() => this.#snapshot(this.#name({ id: snapshot.volumeId }), this.#snapshotName(snapshot)));
  }

  async deleteSnapshot(snapshot: SnapshotRef): Promise<void> {
    await this.#remove(this.#snapshotName(snapshot));
  }

  async revert(volume: VolumeRef, snapshot: SnapshotRef): Promise<void> {
    const name = this.#name(volume);
    if (this.#options.thin) await this.#revertThin(name, this.#snapshotName(snapshot));
    // Its snapshot gives its room back and needs it again: nobody else may take it meanwhile.
    else await this.#inTurn(() => this.#revertThick(name, this.#snapshotName(snapshot)));
  }

  async connect(volume: VolumeRef): Promise<VolumeSource> {
    const name = this.#name(volume);
    if ((await this.#find(name)) === null) throw new VolumeDriverError("not-found", "the volume's data is not there");
    return { kind: "block", path: this.#device(name), format: "raw" };
  }

  async disconnect(): Promise<void> {}

  async exportTo(volume: VolumeRef, path: string, format: string): Promise<void> {
    await this.#still(volume, (still) => this.#tools.exportTo(this.#device(still), path, format));
  }

  async health(): Promise<BackendHealth> {
    const volumes = await this.#options.lvm.volumes(this.#options.group);
    const prefix = this.#snapshotName({ id: "" });
    const whole = new Set(volumes.filter(({ invalid }) => !invalid).map(({ name }) => name));
    const lost = this.#options.lvm
      .ownVolumes(this.#options.group)
      .filter((name) => name.startsWith(prefix) && !whole.has(name));
    const pool = this.#options.thin ? volumes.find(({ name }) => name === this.#pool) : undefined;
    return {
      lostSnapshots: lost.map((name) => name.slice(prefix.length)),
      usedPercent: pool === undefined ? null : Math.max(pool.dataPercent ?? 0, pool.metadataPercent ?? 0),
    };
  }

  /** "stack-volumes-lvmdriver-1-pool", as cinder calls it. */
  get #pool(): string {
    return `${this.#options.group}-pool`;
  }

  #name(volume: VolumeRef): string {
    return `${this.#options.prefix}${volume.id}`;
  }

  /** LVM keeps names that begin with "snapshot" for itself; cinder puts the same underscore before them. */
  #snapshotName(snapshot: Pick<SnapshotRef, "id">): string {
    return `_snapshot-${snapshot.id}`;
  }

  #device(name: string): string {
    return this.#options.lvm.devicePath(this.#options.group, name);
  }

  #find(name: string): Promise<LogicalVolume | null> {
    return this.#options.lvm.volume(this.#options.group, name);
  }

  /** Errors: "not-found"; "failed" for a snapshot whose data is lost. */
  async #usable(name: string): Promise<LogicalVolume> {
    const found = await this.#find(name);
    if (found === null) throw new VolumeDriverError("not-found", "the volume's data is not there");
    if (found.invalid) throw new VolumeDriverError("failed", "the snapshot had no room left and is lost");
    return found;
  }

  #blank(name: string, sizeBytes: number): Promise<void> {
    const { lvm, group, thin } = this.#options;
    return thin
      ? lvm.createThinVolume(group, this.#pool, name, sizeBytes, OWNER)
      : lvm.createVolume(group, name, sizeBytes, OWNER);
  }

  /** Thin: a snapshot, which is a volume of its own and shares blocks. Thick: every block is copied. */
  async #copyOf(source: string, volume: VolumeRef, sizeBytes: number): Promise<void> {
    const { lvm, group, thin } = this.#options;
    if (!thin) {
      await this.create(volume, sizeBytes);
      await this.#copy(source, this.#name(volume));
      return;
    }
    await this.#lvcreate(() => lvm.createSnapshot(group, source, this.#name(volume), OWNER));
    await this.#grow(this.#name(volume), sizeBytes);
  }

  /** Calls `body` with a snapshot that holds a volume still while it is copied, since it may be in use, or become so. */
  async #still(volume: VolumeRef, body: (name: string) => Promise<void>): Promise<void> {
    const { lvm, group } = this.#options;
    const name = COPIED + volume.id;
    await this.#remove(name);
    await this.#inTurn(async () => {
      // What is free must do, at worst: one that overflows cannot be read any further, and the copy fails.
      const free = (await lvm.group(group))?.free ?? 0;
      await this.#snapshot(this.#name(volume), name, free);
    });
    try {
      await body(name);
    } finally {
      await this.#remove(name);
    }
  }

  /**
   * A thick snapshot has room for a change of every block and its tables, 16 bytes for each 4 KiB: it cannot overflow. `atMost`
   * bytes, when given.
   */
  async #snapshot(origin: string, name: string, atMost = Number.POSITIVE_INFINITY): Promise<void> {
    const { lvm, group, thin } = this.#options;
    if (thin) return this.#lvcreate(() => lvm.createSnapshot(group, origin, name, OWNER));
    const { size } = await this.#usable(origin);
    const room = Math.min(size + Math.ceil(size / 128) + 32 * MIB, atMost);
    await this.#lvcreate(() => lvm.createSnapshot(group, origin, name, OWNER, room));
  }

  /** Into a volume; a thin one was just made. */
  async #import(image: { path: string; format: string }, name: string, sizeBytes: number): Promise<void> {
    // A pool that does not clear its blocks gives out what others wrote, beside what is written to them.
    const zero = this.#options.thin && (await this.#find(this.#pool))?.zeroes === true;
    await this.#tools.importTo(image, this.#device(name), { sizeBytes, existing: true, zero });
  }

  /** A thin volume gets other contents, which `make` puts into a volume of the given name, all at once. */
  async #renew(name: string, make: (fresh: string) => Promise<void>): Promise<void> {
    const { lvm, group } = this.#options;
    const fresh = `${name}-fresh`;
    // Without the volume, an earlier try came as far as taking its name away.
    if ((await this.#find(name)) !== null) {
      await lvm.removeVolume(group, fresh);
      await make(fresh);
    } else await this.#usable(fresh);
    await this.#lvcreate(() => lvm.replace(group, name, fresh, OWNER));
  }

  /** A fresh snapshot of the snapshot takes the volume's place: nothing is copied, and the snapshot stays what it is. */
  async #revertThin(name: string, snapshot: string): Promise<void> {
    const { lvm, group } = this.#options;
    await this.#usable(snapshot);
    await this.#renew(name, (fresh) => this.#lvcreate(() => lvm.createSnapshot(group, snapshot, fresh, OWNER)));
  }

  /** As cinder does it: merged into the volume, and made again. Copying would write all of the volume into all its snapshots. */
  async #revertThick(name: string, snapshot: string): Promise<void> {
    const { lvm, group } = this.#options;
    const tag = `reverting-to${snapshot}`;
    const volume = await this.#usable(name);
    // With the mark and without the snapshot an earlier try has merged it already.
    const merged = !volume.merging && volume.tags.includes(tag) && (await this.#find(snapshot)) === null;
    if (!merged && !volume.merging) {
      await this.#usable(snapshot);
      await this.#lvcreate(() => lvm.setTag(group, name, tag, true));
    }
    if (!merged) await this.#lvcreate(() => lvm.mergeSnapshot(group, name, snapshot));
    await this.#snapshot(name, snapshot);
    await lvm.setTag(group, name, tag, false);
  }

  async #copy(source: string, target: string): Promise<void> {
    await this.#tools.copyRaw(this.#device(source), this.#device(target));
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

  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(body, body);
    this.#turn = turn.catch(() => {});
    return turn;
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
