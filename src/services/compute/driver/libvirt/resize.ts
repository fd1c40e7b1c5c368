import { constants, copyFile, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { InstanceRef, InstanceSpec } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { diskFiles, type GuestDisks, isCdrom, localRoot } from "./disks.ts";
import { exists, type Guests } from "./guests.ts";
import { virtualSize } from "./image-header.ts";

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/** The file as it was before, until the resize is confirmed. */
const BEFORE = ".before-resize";

/** Disks that grow, and go back. */
export class Resizes {
  readonly #context: DriverContext;
  readonly #disks: GuestDisks;
  readonly #guests: Guests;

  constructor(context: DriverContext, disks: GuestDisks, guests: Guests) {
    this.#context = context;
    this.#disks = disks;
    this.#guests = guests;
  }

  /** Only what changes is kept twice. A disk never shrinks: an error before anything is touched. */
  async resize(spec: InstanceSpec): Promise<void> {
    const changes = await this.#changes(spec);
    for (const { path, format, bytes } of changes) {
      const before = path + BEFORE;
      if (!(await exists(before))) {
        // Whole or not at all: a copy cut short by a crash must not be taken for the disk as it was.
        await copyFile(path, `${before}.part`, constants.COPYFILE_FICLONE);
        await this.#disks.own(`${before}.part`);
        await toDisk(`${before}.part`);
        await rename(`${before}.part`, before);
      }
      await this.#disks.grow(path, format, bytes);
    }
    await this.#disks.createSwap(spec);
    for (const { index, sizeMb } of spec.ephemerals) {
      const fresh = { ...spec, ephemerals: spec.ephemerals.filter((other) => other.index === index) };
      if (sizeMb > 0 && !(await exists(this.#file(spec, diskFiles.ephemeral(index)))))
        await this.#disks.createEphemerals(fresh);
    }
    await this.#guests.define(spec, await this.#guests.parts(spec), { start: false });
  }

  async confirm(ref: InstanceRef): Promise<void> {
    for (const path of await this.#kept(ref)) await rm(path + BEFORE, { force: true });
  }

  /** `spec` is the guest as it was before; it is off afterwards. */
  async revert(spec: InstanceSpec): Promise<void> {
    await this.#guests.define(spec, await this.#guests.parts(spec), { start: false });
    for (const path of await this.#kept(spec)) await rename(path + BEFORE, path);
    await this.#disks.createSwap(spec);
  }

  async #changes(spec: InstanceSpec): Promise<{ path: string; format: "raw" | "qcow2"; bytes: number }[]> {
    const root = localRoot(spec);
    const wanted: { path: string; format: "raw" | "qcow2"; bytes: number }[] = [];
    if (root !== null && !isCdrom(root) && root.sizeGb > 0)
      wanted.push({ path: this.#file(spec, diskFiles.root), format: "qcow2", bytes: root.sizeGb * GIB });
    for (const { index, sizeMb } of spec.ephemerals)
      wanted.push({ path: this.#file(spec, diskFiles.ephemeral(index)), format: "raw", bytes: sizeMb * MIB });
    const changes = [];
    for (const change of wanted) {
      if (!(await exists(change.path))) continue;
      const now = await virtualSize(change.path, change.format, { backing: true });
      if (now !== change.bytes) changes.push(change);
    }
    return changes;
  }

  async #kept(ref: InstanceRef): Promise<string[]> {
    const names = [diskFiles.root, ...Array.from({ length: 16 }, (_, index) => diskFiles.ephemeral(index))];
    const kept: string[] = [];
    for (const name of names) {
      const path = this.#file(ref, name);
      await rm(`${path}${BEFORE}.part`, { force: true });
      if (await exists(path + BEFORE)) kept.push(path);
    }
    return kept;
  }

  #file(ref: InstanceRef, name: string): string {
    return join(this.#context.directory(ref), name);
  }
}

/** A copy that is to be gone back to must outlive a power cut that comes after the disk has changed. */
async function toDisk(path: string): Promise<void> {
  const file = await open(path);
  await file.sync().finally(() => file.close());
}
