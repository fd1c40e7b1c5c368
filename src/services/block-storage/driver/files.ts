import { chmod, mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Exec } from "../../../host/types.ts";
import type { VolumeSource } from "../facade.ts";
import { type Capacity, type SnapshotRef, type VolumeDriver, VolumeDriverError, type VolumeRef } from "./driver.ts";
import { ImageTools } from "./images.ts";

export interface FileVolumeOptions {
  exec: Exec;
  /** Absolute: settings.dataDir/cinder/<backend>. Made when it is not there. */
  directory: string;
  /** settings.blockStorage.volumeNamePrefix: "volume-" */
  prefix: string;
  /** settings.blockStorage.volumeClear; only `shred` asks for more than what a file system does by itself. */
  clear: "zero" | "none" | "shred";
}

/**
 * Volumes as sparse raw files, for hosts whose kernel has no device-mapper. A snapshot is a copy, which costs nothing where the
 * file system shares blocks (btrfs, xfs) and its allocated blocks elsewhere. Raw only, so that qemu never probes a format that
 * a guest could have written into its own disk.
 */
export class FileVolumeDriver implements VolumeDriver {
  readonly info = { storageProtocol: "file", vendor: "Open Source", version: "1.0.0", thin: true };
  readonly #tools: ImageTools;
  readonly #directory: string;
  readonly #prefix: string;
  readonly #clear: FileVolumeOptions["clear"];

  constructor(options: FileVolumeOptions) {
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
    return this.#build(volume, sizeBytes, (path) => this.#copy(this.#path(source), path));
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
    await this.#put(path, (part) => this.#copy(this.#path({ id: snapshot.volumeId }), part));
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
    await this.#tools.exportTo(this.#path(volume), path, format);
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

  #halfMade(path: string): string {
    return `${path}.part`;
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
      await rename(part, path);
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
