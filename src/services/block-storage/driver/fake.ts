import { writeFile } from "node:fs/promises";
import type { VolumeSource } from "../facade.ts";
import {
  type BackendHealth,
  type Capacity,
  type SnapshotRef,
  type VolumeDriver,
  VolumeDriverError,
  type VolumeRef,
} from "./driver.ts";

const GIB = 2 ** 30;

export interface FakeVolumeOptions {
  /** Called before every verb; throw to make it fail, wait to make it slow. */
  before?(verb: string, id: string): Promise<void> | void;
}

/** Keeps what volumes there are in memory, without contents. Touches nothing on the host but the file it exports to. */
export class FakeVolumeDriver implements VolumeDriver {
  readonly info = { storageProtocol: "fake", vendor: "Open Source", version: "1.0.0", thin: true };
  /** Volume id → size in bytes and where its contents came from. */
  readonly volumes = new Map<string, { sizeBytes: number; origin: string }>();
  readonly snapshots = new Map<string, { volumeId: string }>();
  readonly connected = new Set<string>();
  readonly #before: NonNullable<FakeVolumeOptions["before"]>;

  constructor(options: FakeVolumeOptions = {}) {
    this.#before = options.before ?? (() => {});
  }

  async start(): Promise<void> {}

  async capacity(): Promise<Capacity> {
    return { totalBytes: 1000 * GIB, freeBytes: 1000 * GIB };
  }

  async create(volume: VolumeRef, sizeBytes: number): Promise<void> {
    await this.#make("create", volume, sizeBytes, "blank");
  }

  async createFromFile(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void> {
    await this.#make("createFromFile", volume, sizeBytes, `${image.format} file`);
  }

  async reimage(volume: VolumeRef, sizeBytes: number, image: { path: string; format: string }): Promise<void> {
    await this.#make("reimage", volume, sizeBytes, `${image.format} file`);
  }

  async createFromSnapshot(volume: VolumeRef, sizeBytes: number, snapshot: SnapshotRef): Promise<void> {
    await this.#make("createFromSnapshot", volume, sizeBytes, `snapshot ${snapshot.id}`);
  }

  async clone(volume: VolumeRef, sizeBytes: number, source: VolumeRef): Promise<void> {
    await this.#make("clone", volume, sizeBytes, `volume ${source.id}`);
  }

  async delete(volume: VolumeRef): Promise<void> {
    await this.#before("delete", volume.id);
    this.volumes.delete(volume.id);
  }

  async extend(volume: VolumeRef, sizeBytes: number): Promise<void> {
    await this.#before("extend", volume.id);
    const known = this.volumes.get(volume.id);
    this.volumes.set(volume.id, { origin: known?.origin ?? "blank", sizeBytes });
  }

  async createSnapshot(snapshot: SnapshotRef): Promise<void> {
    await this.#before("createSnapshot", snapshot.id);
    this.snapshots.set(snapshot.id, { volumeId: snapshot.volumeId });
  }

  async deleteSnapshot(snapshot: SnapshotRef): Promise<void> {
    await this.#before("deleteSnapshot", snapshot.id);
    this.snapshots.delete(snapshot.id);
  }

  async revert(volume: VolumeRef, snapshot: SnapshotRef): Promise<void> {
    await this.#before("revert", volume.id);
    const known = this.volumes.get(volume.id);
    if (known !== undefined) known.origin = `snapshot ${snapshot.id}`;
  }

  async connect(volume: VolumeRef): Promise<VolumeSource> {
    await this.#before("connect", volume.id);
    this.connected.add(volume.id);
    return { kind: "file", path: `/fake/volume-${volume.id}`, format: "raw" };
  }

  async disconnect(volume: VolumeRef): Promise<void> {
    await this.#before("disconnect", volume.id);
    this.connected.delete(volume.id);
  }

  async exportTo(volume: VolumeRef, path: string, format: string): Promise<void> {
    await this.#before("exportTo", volume.id);
    // Anything but raw needs a tool that the fake driver must not run.
    if (format !== "raw") throw new VolumeDriverError("unsupported", `the fake driver cannot write ${format} images`);
    await writeFile(path, new Uint8Array(65_536));
  }

  async health(): Promise<BackendHealth> {
    return { lostSnapshots: [], usedPercent: null };
  }

  async #make(verb: string, volume: VolumeRef, sizeBytes: number, origin: string): Promise<void> {
    await this.#before(verb, volume.id);
    this.volumes.set(volume.id, { sizeBytes, origin });
  }
}
