import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../kernel/errors.ts";
import { HostCommandError } from "./exec.ts";
import type { Loops } from "./loop.ts";
import type { Exec, Ledger, LedgerEntry } from "./types.ts";

/** Mark of what is ours; a volume group of the user's own is used but never removed. */
export const LVM_TAG = "tenrec";

export interface VolumeGroup {
  name: string;
  /** Bytes. */
  size: number;
  free: number;
  extentSize: number;
  /** Made by us on a loop file; false when the user's own. */
  own: boolean;
}

export interface LogicalVolume {
  name: string;
  size: number;
  pool: string | null;
  origin: string | null;
  /** Percent of a thin volume or pool, or of a thick snapshot's room, that is in use, or null. */
  dataPercent: number | null;
  /** Of a thin pool: percent of the room for its tables. */
  metadataPercent: number | null;
  /** Somebody has the device open. */
  open: boolean;
  /** A snapshot of it is on its way back into it. */
  merging: boolean;
  /** A thick snapshot that had no room left for a change of its origin: what it held is lost. */
  invalid: boolean;
  /** A thin pool that clears blocks before it gives them out. */
  zeroes: boolean;
  tags: readonly string[];
}

/** What `lvs` is asked for, in the order of LogicalVolume. */
const VOLUME_COLUMNS = [
  ...["lv_name", "lv_size", "pool_lv", "origin", "data_percent", "metadata_percent", "lv_device_open"],
  ...["lv_merging", "lv_snapshot_invalid", "zero", "lv_tags"],
].join(",");

/** How often LVM looks whether a merge has come to its end; 15 s unless told. */
const POLL = ["--config", "activation/polling_interval=1"];
/** A program that looks what is on a device (blkid, say) has it open for a moment. */
const DEACTIVATE_ATTEMPTS = 5;
const RETRY_MS = 500;
const MERGE_LOOK_MS = 500;
/** Merging rewrites what was changed since; on a slow disk that takes. */
const MERGE_TIMEOUT_MS = 6 * 3_600_000;

/** LVM through its command line. All sizes are bytes. Only where `hasDeviceMapper()`. */
export class Lvm {
  readonly #exec: Exec;
  readonly #ledger: Ledger;
  readonly #loops: Loops;

  constructor(exec: Exec, ledger: Ledger, loops: Loops) {
    this.#exec = exec;
    this.#ledger = ledger;
    this.#loops = loops;
  }

  /** Whether this kernel can have logical volumes at all (a module that is there to be loaded counts). */
  async hasDeviceMapper(): Promise<boolean> {
    if (await inDevices()) return true;
    await this.#exec.run("modprobe", ["dm_mod"], { allowFailure: true }).catch(() => undefined);
    return inDevices();
  }

  /**
   * The group of that exact name when the host has one (the user's own), else ours named `name`, made on a sparse loop file.
   * After a reboot the loop device is attached again.
   */
  async ensureGroup(name: string, backing: { file: string; size: number }, owner: string): Promise<VolumeGroup> {
    const present = await this.group(name);
    if (this.#ledger.get("volume-group", name) === null && present !== null) {
      if (!present.own) return present;
      throw new Error(
        `volume group ${name} is another cloud's of this machine, or left of one whose data directory was deleted\n  set VOLUME_GROUP_NAME, or remove it: vgremove --force ${name}`,
      );
    }
    const device = await this.#loops.attach(backing.file, backing.size, owner);
    await this.#ledger.create({ kind: "volume-group", name, details: { physicalVolume: device }, owner }, async () => {
      if ((await this.group(name)) !== null) {
        await this.#lvm("vgchange", ["--activate", "y", name]);
        return;
      }
      await this.#lvm("pvcreate", ["--quiet", "--yes", device]);
      await this.#lvm("vgcreate", ["--quiet", "--addtag", LVM_TAG, name, device]);
    });
    // The number of the loop device may be another one after a reboot.
    await this.#ledger.amend("volume-group", name, { physicalVolume: device });
    const made = await this.group(name);
    if (made === null) throw new Error(`volume group ${name} was not made`);
    return made;
  }

  async group(name: string): Promise<VolumeGroup | null> {
    const columns = "vg_name,vg_size,vg_free,vg_extent_size,vg_tags";
    const rows = await this.#list("vgs", columns, "vg", [name], /not found|Cannot process/);
    const row = rows[0];
    if (row === undefined) return null;
    return {
      name,
      size: Number(row.vg_size),
      free: Number(row.vg_free),
      extentSize: Number(row.vg_extent_size),
      own: (row.vg_tags ?? "").split(",").includes(LVM_TAG),
    };
  }

  async volumes(group: string): Promise<LogicalVolume[]> {
    const rows = await this.#list("lvs", VOLUME_COLUMNS, "lv", [group], /not found/);
    const number = (text: string | undefined) => (text === undefined || text === "" ? null : Number(text));
    return rows.map((row) => ({
      name: row.lv_name ?? "",
      size: Number(row.lv_size),
      pool: row.pool_lv || null,
      origin: row.origin || null,
      dataPercent: number(row.data_percent),
      metadataPercent: number(row.metadata_percent),
      open: row.lv_device_open === "open",
      merging: row.lv_merging === "merging",
      invalid: row.lv_snapshot_invalid === "snapshot invalid",
      zeroes: row.zero === "zero",
      tags: (row.lv_tags ?? "").split(",").filter((tag) => tag !== ""),
    }));
  }

  async volume(group: string, name: string): Promise<LogicalVolume | null> {
    return (await this.volumes(group)).find((volume) => volume.name === name) ?? null;
  }

  /** A thin pool that takes most of the group (the rest is for its metadata to grow), as cinder's `NAME-pool`. */
  async ensureThinPool(group: string, pool: string, owner: string): Promise<void> {
    const ours = this.#ledger.get("logical-volume", `${group}/${pool}`) !== null;
    // A pool that the user made beforehand is used, and stays.
    if (!ours && (await this.volumes(group)).some(({ name }) => name === pool)) return;
    await this.#volume(group, pool, owner, ["--type", "thin-pool", "--extents", "95%FREE"]);
  }

  async createVolume(group: string, name: string, size: number, owner: string): Promise<void> {
    // What an earlier volume left there is not looked at: cinder clears volumes when they are deleted.
    await this.#volume(group, name, owner, ["--wipesignatures", "n", "--size", `${size}b`]);
  }

  async createThinVolume(group: string, pool: string, name: string, size: number, owner: string): Promise<void> {
    await this.#volume(group, name, owner, ["--type", "thin", "--virtualsize", `${size}b`, "--thinpool", pool]);
  }

  /** Of a thin volume without a size, of a thick one with the bytes that changes may take: LVM takes off what could never be used. */
  async createSnapshot(group: string, origin: string, name: string, owner: string, size?: number): Promise<void> {
    const room = size === undefined ? ["--setactivationskip", "n"] : ["--size", `${size}b`];
    await this.#volume(group, name, owner, ["--snapshot", ...room], `${group}/${origin}`);
  }

  async extend(group: string, name: string, size: number): Promise<void> {
    const extend = () => this.#lvm("lvextend", ["--quiet", "--size", `${size}b`, `${group}/${name}`]);
    // A thick volume that has snapshots can only be extended while nobody has it open.
    const snapshots = (await this.volumes(group)).filter(({ origin, pool }) => origin === name && pool === null);
    if (snapshots.length === 0) {
      await extend();
      return;
    }
    await this.#deactivate(group, name);
    await extend().finally(() => this.#activate(group, name));
  }

  /**
   * A thick volume is as its snapshot was, and the snapshot is used up; its other snapshots stay what they are. May be called again
   * after a crash in its midst. Nothing is changed when somebody has the volume or one of its snapshots open: an error.
   */
  async mergeSnapshot(group: string, origin: string, snapshot: string): Promise<void> {
    const find = () => this.volume(group, origin);
    if ((await find())?.merging !== true) {
      // An active volume that is open would be merged at its next activation, over all that was written until then.
      await this.#deactivate(group, origin);
      await this.#lvm("lvconvert", ["--quiet", "--yes", "--merge", `${group}/${snapshot}`]).finally(() =>
        this.#activate(group, origin),
      );
    } else {
      await this.#activate(group, origin);
      await this.#lvm("lvchange", [...POLL, "--poll", "y", `${group}/${origin}`]);
    }
    const deadline = Date.now() + MERGE_TIMEOUT_MS;
    while ((await find())?.merging === true) {
      if (Date.now() > deadline) throw new Error(`${snapshot} is not merged into ${origin}`);
      await sleep(MERGE_LOOK_MS);
    }
  }

  /**
   * A thin volume takes the name and place of another, which goes. May be called again after a crash in its midst. Nothing is
   * changed when somebody has the other one open: an error.
   */
  async replace(group: string, name: string, by: string, owner: string): Promise<void> {
    const old = `${name}-replaced`;
    const rename = (from: string, to: string) => this.#lvm("lvrename", ["--quiet", group, from, to]);
    const volumes = new Map((await this.volumes(group)).map((volume) => [volume.name, volume]));
    if (volumes.get(name)?.open === true) throw new Error(`${group}/${name} is in use`);
    if (volumes.has(name) && volumes.has(old)) await this.removeVolume(group, old);
    const details = { volumeGroup: group, volume: old };
    await this.#ledger.create({ kind: "logical-volume", name: `${group}/${old}`, details, owner }, async () => {
      if (!volumes.has(by)) return;
      if (volumes.has(name)) await rename(name, old);
      await rename(by, name);
    });
    await this.#ledger.forget([{ kind: "logical-volume", name: `${group}/${by}` }]);
    await this.removeVolume(group, old);
  }

  /** A mark that a volume keeps across crashes. */
  async setTag(group: string, name: string, tag: string, set: boolean): Promise<void> {
    await this.#lvm("lvchange", ["--quiet", set ? "--addtag" : "--deltag", tag, `${group}/${name}`]);
  }

  /** The names of those volumes of a group that we made (or were about to make). */
  ownVolumes(group: string): string[] {
    const details = this.#ledger
      .list({ kind: "logical-volume" })
      .map((entry) => (entry as LedgerEntry<"logical-volume">).details);
    return details.filter(({ volumeGroup }) => volumeGroup === group).map(({ volume }) => volume);
  }

  /** Our groups are no longer in use, so that their loop devices can go; the data stays in the files. Errors by group. */
  async deactivateGroups(): Promise<{ entry: LedgerEntry; error: Error }[]> {
    const failures: { entry: LedgerEntry; error: Error }[] = [];
    for (const entry of this.#ledger.list({ kind: "volume-group" })) {
      try {
        if ((await this.group(entry.name)) !== null) await this.#lvm("vgchange", ["--activate", "n", entry.name]);
      } catch (error) {
        // Without lvm2 nothing is active.
        if (error instanceof HostCommandError && error.notFound) continue;
        failures.push({ entry, error: new Error(`a volume in it is in use: ${messageOf(error)}`, { cause: error }) });
      }
    }
    return failures;
  }

  async removeVolume(group: string, name: string): Promise<void> {
    await this.#ledger.remove("logical-volume", `${group}/${name}`);
  }

  /** The block device. */
  devicePath(group: string, name: string): string {
    return `/dev/${group}/${name}`;
  }

  /** Where a thick snapshot keeps what its origin's blocks held before they were written. */
  snapshotStorePath(group: string, name: string): string {
    return `/dev/mapper/${[group, name].map((part) => part.replaceAll("-", "--")).join("-")}-cow`;
  }

  /** With all its snapshots. Throws when one of them is open for longer than a moment. */
  async #deactivate(group: string, name: string): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await this.#lvm("lvchange", ["--yes", "--activate", "n", `${group}/${name}`]);
        return;
      } catch (error) {
        if (attempt >= DEACTIVATE_ATTEMPTS || !/in use|used by/i.test(messageOf(error))) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  async #activate(group: string, name: string): Promise<void> {
    await this.#lvm("lvchange", [...POLL, "--yes", "--activate", "y", `${group}/${name}`]);
  }

  async #volume(group: string, name: string, owner: string, options: readonly string[], target = group): Promise<void> {
    const details = { volumeGroup: group, volume: name };
    await this.#ledger.create({ kind: "logical-volume", name: `${group}/${name}`, details, owner }, async () => {
      if ((await this.volumes(group)).some((volume) => volume.name === name)) return;
      const args = ["--quiet", "--yes", "--addtag", LVM_TAG, "--name", name];
      await this.#lvm("lvcreate", [...args, ...options, target]);
    });
  }

  async #list(
    command: string,
    columns: string,
    key: "vg" | "lv",
    names: readonly string[],
    gone: RegExp,
  ): Promise<Record<string, string>[]> {
    try {
      const format = ["--reportformat", "json", "--units", "b", "--nosuffix", "-o", columns];
      const { stdout } = await this.#lvm(command, [...format, ...names]);
      const value = JSON.parse(stdout) as { report?: Record<string, Record<string, string>[]>[] };
      return value.report?.[0]?.[key] ?? [];
    } catch (error) {
      if (error instanceof HostCommandError && !error.notFound && gone.test(error.stderr)) return [];
      throw error;
    }
  }

  #lvm(command: string, args: readonly string[]) {
    const env = { LVM_SUPPRESS_FD_WARNINGS: "1" };
    return this.#exec.run(command, args, { env, timeout: 120_000 });
  }
}

/** Whether this kernel can have logical volumes: device-mapper, or the module of it that could be loaded. Changes nothing. */
export async function canHaveDeviceMapper(): Promise<boolean> {
  if (await inDevices()) return true;
  const modules = await readFile(`/lib/modules/${release()}/modules.dep`, "utf8").catch(() => "");
  return modules.includes("/dm-mod.ko");
}

async function inDevices(): Promise<boolean> {
  return / device-mapper$/m.test(await readFile("/proc/devices", "utf8"));
}
