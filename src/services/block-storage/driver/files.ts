import { chmod, chown, mkdir, open, readdir, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Exec } from "../../../host/types.ts";
import type { VolumeSource } from "../facade.ts";
import {
  type BackendHealth,
  type Capacity,
  type SnapshotRef,
  type VolumeDriver,
  VolumeDriverError,
  type VolumeRef,
} from "./driver.ts";
import { ImageTools, toDisk } from "./images.ts";

const PART = ".part";
/** How often a copy is begun again because the volume changed meanwhile: somebody started a guest with it, or ended one. */
const ATTEMPTS = 5;
/** Times of files are as coarse as the kernel's clock ticks, 10 ms at most: what is older has a time of its own. */
const TICKS_MS = 50;

export interface FileVolumeOptions {
  exec: Exec;
  /** Absolute: settings.dataDir/cinder/<backend>. Made when it is not there. */
  directory: string;
  /** settings.blockStorage.volumeNamePrefix: "volume-" */
  prefix: string;
  /** settings.blockStorage.volumeClear; only `shred` asks for more than what a file system does by itself. */
  clear: "zero" | "none" | "shred";
  /**
   * Copies what a running guest has open, as of one moment, into a file that is there and as large as the volume. False: no guest
   * that runs has it.
   */
  copyLive(volumeId: string, file: string): Promise<boolean>;
}

/**
 * Volumes as sparse raw files, for hosts whose kernel has no device-mapper. A snapshot is a copy, which costs nothing where the
 * file system shares blocks (btrfs, xfs) and its allocated blocks elsewhere. It is a point in time: shared at once, copied by the
 * hypervisor that writes to it, or else of a file that nobody has written to meanwhile. Raw only, so that qemu never probes a format that
 * a guest could have written into its own disk.
 */
export class FileVolumeDriver implements VolumeDriver {
  readonly info = { storageProtocol: "file", vendor: "Open Source", version: "1.0.0", thin: true };
  readonly #tools: ImageTools;
  readonly #directory: string;
  readonly #prefix: string;
  readonly #clear: FileVolumeOptions["clear"];
  readonly #copyLive: FileVolumeOptions["copyLive"];
  /** Whether the file system here shares blocks of files. */
  #shares = false;

  constructor(options: FileVolumeOptions) {
    this.#copyLive = options.copyLive;
    this.#tools = new ImageTools(options.exec);
    this.#directory = options.directory;
    this.#prefix = options.prefix;
    this.#clear = options.clear;
  }

  async start(): Promise<void> {
    // Guests may run as another user, who must be able to pass but not to look around.
    await mkdir(this.#snapshotDirectory, { recursive: true });
    await chmod(this.#directory, 0o711);
    await chmod(this.#snapshotDirectory, 0o700);
    // Copies that a crash cut off are made anew.
    for (const name of await readdir(this.#directory)) {
      if (name.endsWith(PART)) await rm(join(this.#directory, name), { force: true });
    }
    await this.#probe();
  }

  async capacity(): Promise<Capacity> {
    const { blocks, bavail, bsize } = await statfs(this.#directory);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  }

  create(volume: VolumeRef, sizeBytes: number): Promise<void> {
    return this.#build(volume, sizeBytes, async (path) => {
      const file = await open(path, "w", 0o600);
      await file.close();
    });
  }

  createFromFile(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void> {
    return this.#build(volume, sizeBytes, (path) => this.#tools.importTo(image, path, { sizeBytes, existing: false }));
  }

  async reimage(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void> {
    const path = this.#path(volume);
    await this.#stat(path);
    await this.#put(path, async (part) => {
      await this.#tools.importTo(image, part, { sizeBytes, existing: false });
      await chmod(part, 0o600);
      await this.#grow(part, sizeBytes);
    });
  }

  createFromSnapshot(volume: VolumeRef, sizeBytes: number, snapshot: SnapshotRef): Promise<void> {
    return this.#build(volume, sizeBytes, (path) => this.#copy(this.#snapshotPath(snapshot), path));
  }

  clone(volume: VolumeRef, sizeBytes: number, source: VolumeRef): Promise<void> {
    return this.#build(volume, sizeBytes, (path) => this.#take(source, path));
  }

  async delete(volume: VolumeRef): Promise<void> {
    await this.#remove(this.#path(volume));
    await rm(this.#halfMade(this.#path(volume)), { force: true });
  }

  async extend(volume: VolumeRef, sizeBytes: number): Promise<void> {
    await this.#grow(this.#path(volume), sizeBytes);
  }

  async createSnapshot(snapshot: SnapshotRef): Promise<void> {
    const path = this.#snapshotPath(snapshot);
    if (await exists(path)) return;
    await this.#put(path, (part) => this.#take({ id: snapshot.volumeId }, part));
  }

  async deleteSnapshot(snapshot: SnapshotRef): Promise<void> {
    await this.#remove(this.#snapshotPath(snapshot));
    await rm(this.#halfMade(this.#snapshotPath(snapshot)), { force: true });
  }

  async revert(volume: VolumeRef, snapshot: SnapshotRef): Promise<void> {
    const path = this.#path(volume);
    const { size } = await this.#stat(path);
    await this.#put(path, async (part) => {
      await this.#copy(this.#snapshotPath(snapshot), part);
      await this.#grow(part, size);
    });
  }

  async connect(volume: VolumeRef): Promise<VolumeSource> {
    const path = this.#path(volume);
    await this.#stat(path);
    return { kind: "file", path, format: "raw" };
  }

  async disconnect(): Promise<void> {}

  async exportTo(volume: VolumeRef, path: string, format: string): Promise<void> {
    const copy = this.#halfMade(`${this.#path(volume)}.export`);
    try {
      await this.#still(volume, copy, async (from) => {
        await rm(path, { force: true });
        await this.#tools.exportTo(from, path, format);
      });
    } finally {
      await rm(copy, { force: true });
    }
  }

  /** How full the file system is, `tenrec doctor` tells by itself. */
  async health(): Promise<BackendHealth> {
    return { lostSnapshots: [], usedPercent: null };
  }

  get #snapshotDirectory(): string {
    return join(this.#directory, "snapshots");
  }

  #path(volume: VolumeRef): string {
    return join(this.#directory, `${this.#prefix}${volume.id}`);
  }

  #snapshotPath(snapshot: SnapshotRef): string {
    return join(this.#snapshotDirectory, `snapshot-${snapshot.id}`);
  }

  /** Where a guest's user, who may write it, gets to. */
  #halfMade(path: string): string {
    return join(this.#directory, basename(path) + PART);
  }

  async #build(volume: VolumeRef, sizeBytes: number, fill: (path: string) => Promise<void>): Promise<void> {
    const path = this.#path(volume);
    if (await exists(path)) return;
    await this.#put(path, async (part) => {
      await fill(part);
      await chmod(part, 0o600);
      await this.#grow(part, sizeBytes);
    });
  }

  /** Fills a file beside its place and moves it there when it is whole: what has the volume's name is a volume. */
  async #put(path: string, fill: (part: string) => Promise<void>): Promise<void> {
    const part = this.#halfMade(path);
    await rm(part, { force: true });
    try {
      await fill(part);
      await toDisk(part);
      await rename(part, path);
      await toDisk(dirname(path));
    } catch (error) {
      await rm(part, { force: true });
      throw error;
    }
  }

  async #grow(path: string, sizeBytes: number): Promise<void> {
    const { size } = await this.#stat(path);
    if (size >= sizeBytes) return;
    const file = await open(path, "r+");
    try {
      await file.truncate(sizeBytes);
    } finally {
      await file.close();
    }
  }

  /** What a volume holds at one moment, into a file that is not there. */
  #take(volume: VolumeRef, to: string): Promise<void> {
    return this.#still(volume, to, async (from) => {
      if (from !== to) await this.#copy(from, to);
    });
  }

  /**
   * Calls `body` with a file that holds what the volume held at one moment: `copy`, or the volume itself while nobody writes to it,
   * which is seen afterwards; then `body` may be called again.
   */
  async #still(volume: VolumeRef, copy: string, body: (from: string) => Promise<void>): Promise<void> {
    const path = this.#path(volume);
    for (let attempt = 1; ; attempt += 1) {
      await this.#stat(path);
      try {
        if (await this.#copyAtOnce(volume, copy)) return await body(copy);
        const before = await unchangedSince(path);
        await body(path);
        if (before !== null && (await unchangedSince(path)) === before) return;
        throw new VolumeDriverError("failed", "the volume was written to while it was copied");
      } catch (error) {
        // A guest that ended in the midst takes its copy along; another try finds the volume at rest.
        const final = error instanceof VolumeDriverError && error.code !== "failed";
        if (final || attempt >= ATTEMPTS) throw error;
      }
    }
  }

  /** False when neither the file system nor a hypervisor can do so. */
  async #copyAtOnce(volume: VolumeRef, copy: string): Promise<boolean> {
    await rm(copy, { force: true });
    if (this.#shares) {
      // The kernel holds off writers until all blocks are shared.
      await this.#tools.run("cp", ["--reflink=always", "--no-preserve=all", "--", this.#path(volume), copy]);
      return true;
    }
    const { size } = await this.#stat(this.#path(volume));
    const file = await open(copy, "wx", 0o600);
    await file.truncate(size).finally(() => file.close());
    const copied = await this.#copyLive(volume.id, copy);
    if (copied) await chown(copy, process.geteuid?.() ?? 0, process.getegid?.() ?? 0);
    else await rm(copy);
    return copied;
  }

  async #probe(): Promise<void> {
    const [from, to] = [join(this.#directory, "probe"), join(this.#directory, "probe.shared")];
    try {
      await writeFile(from, "x");
      await this.#tools.run("cp", ["--reflink=always", "--", from, to]);
      this.#shares = true;
    } catch {
      this.#shares = false;
    } finally {
      for (const path of [from, to]) await rm(path, { force: true });
    }
  }

  async #copy(from: string, to: string): Promise<void> {
    await this.#stat(from);
    await this.#tools.run("cp", ["--reflink=auto", "--sparse=always", "--no-preserve=all", "--", from, to]);
    await chmod(to, 0o600);
  }

  async #remove(path: string): Promise<void> {
    // The blocks of a removed file are zeros to whoever gets them next; shred is for those who fear the disk's next owner.
    if (this.#clear === "shred" && (await exists(path))) await this.#tools.run("shred", ["--iterations=3", "--", path]);
    await rm(path, { force: true });
  }

  async #stat(path: string): Promise<{ size: number }> {
    try {
      return await stat(path);
    } catch (error) {
      throw new VolumeDriverError("not-found", "the volume's data is not there", error);
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** When a file was last written to; null when that is so short ago that the next write may get the same time. */
async function unchangedSince(path: string): Promise<bigint | null> {
  const look = async () => (await stat(path, { bigint: true })).mtimeNs;
  const first = await look();
  if (BigInt(Date.now() - TICKS_MS) * 1_000_000n > first) return first;
  await sleep(2 * TICKS_MS);
  const second = await look();
  return second === first ? first : null;
}
