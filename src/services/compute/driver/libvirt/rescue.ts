import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { InstanceSpec, RescueSpec } from "../driver.ts";
import { blankPart, cdromPart, diskFiles, diskParts, type GuestDisks, inBootOrder } from "./disks.ts";
import type { Guests } from "./guests.ts";
import { type DiskPart, diskBus, isBus, TargetNames } from "./xml/disks.ts";

/** Booting a broken guest from another disk. */
export class Rescues {
  readonly #disks: GuestDisks;
  readonly #guests: Guests;

  constructor(disks: GuestDisks, guests: Guests) {
    this.#disks = disks;
    this.#guests = guests;
  }

  async rescue(spec: InstanceSpec, rescue: RescueSpec): Promise<void> {
    // Off first: its disks may not be used twice.
    await this.#guests.define(spec, await this.#guests.parts(spec), { start: false });
    const { directory } = spec.paths;
    const disk = join(directory, diskFiles.rescue);
    await this.#disks.overlay(rescue, { base: join(directory, diskFiles.rescueBase), disk, sizeGb: 0 });
    const drive = join(directory, diskFiles.rescueConfig);
    if (rescue.configDrive !== null) await this.#disks.writeConfigDrive(rescue.configDrive, drive);
    const kernel = { kernelPath: null, ramdiskPath: null };
    const parts = rescueParts(spec, disk, rescue.configDrive === null ? null : drive);
    await this.#guests.define({ ...spec, ...kernel }, parts, { start: true });
  }

  async unrescue(spec: InstanceSpec): Promise<void> {
    await this.#guests.start(spec);
    for (const name of [diskFiles.rescue, diskFiles.rescueBase, diskFiles.rescueConfig])
      await rm(join(spec.paths.directory, name), { force: true });
  }
}

/**
 * nova's two ways: by default the rescue disk comes first and the guest's root disk second, and nothing else is there; with
 * hw_rescue_device or hw_rescue_bus ("stable device rescue") every disk keeps its name and the rescue disk is added.
 */
function rescueParts(spec: InstanceSpec, disk: string, drive: string | null): DiskPart[] {
  const { hw_rescue_device: device, hw_rescue_bus: bus } = spec.imageProperties;
  const own = diskParts({ ...spec, configDrive: null });
  const stable = device !== undefined || bus !== undefined;
  const rescueBus = bus !== undefined && isBus(bus) ? bus : (diskBus(spec.imageProperties) ?? "virtio");
  const kept = stable ? own : own.filter(({ bootOrder }) => bootOrder === 1);
  const names = new TargetNames(stable ? own.map(({ target }) => target) : []);
  const first: DiskPart = { ...blankPart(disk, rescueBus, names), format: "qcow2", bootOrder: 0 };
  const others = stable ? kept : kept.map((part) => ({ ...part, target: names.next(part.bus) }));
  const parts = [...(stable ? [...others, first] : [first, ...others])];
  if (drive !== null) parts.push(cdromPart(spec, drive, names));
  return inBootOrder(parts);
}
