import type { DomainRef, TypedValue } from "./codecs.ts";
import { type BlockJobType, bits, blockJobTypes, mask } from "./flags.ts";
import { objectToParams, paramsToObject } from "./params.ts";
import { remote } from "./procedures.ts";
import type { Caller } from "./session.ts";

export interface BlockJob {
  readonly type: BlockJobType | `unknown-${number}`;
  /** Bytes per second; 0 is unlimited. */
  readonly bandwidth: number;
  /** Progress in the job's own units. `current === end` is not yet "ready": wait for the `block-job` event. */
  readonly current: number;
  readonly end: number;
}

/** Limits of a disk, as libvirt names them; 0 lifts a limit. Bytes and operations per second. */
export interface IoTune {
  readonly total_bytes_sec?: number;
  readonly read_bytes_sec?: number;
  readonly write_bytes_sec?: number;
  readonly total_iops_sec?: number;
  readonly read_iops_sec?: number;
  readonly write_iops_sec?: number;
  readonly total_bytes_sec_max?: number;
  readonly read_bytes_sec_max?: number;
  readonly write_bytes_sec_max?: number;
  readonly total_iops_sec_max?: number;
  readonly read_iops_sec_max?: number;
  readonly write_iops_sec_max?: number;
  readonly size_iops_sec?: number;
}

/** A guest's disks. `disk` is the target name (`vda`) or the path of the source; jobs end with a `block-job` event. */
export class DomainBlock {
  readonly #caller: Caller;
  readonly #domain: DomainRef;

  constructor(caller: Caller, domain: DomainRef) {
    this.#caller = caller;
    this.#domain = domain;
  }

  /** Sizes in bytes: what the guest sees, what is allocated, where the file ends. */
  info(disk: string): Promise<{ readonly capacity: number; readonly allocation: number; readonly physical: number }> {
    return this.#caller.call(remote.blockInfo, { domain: this.#domain, disk, flags: 0 });
  }

  /** Grows a disk of a running guest to `bytes`. */
  async resize(disk: string, bytes: number): Promise<void> {
    await this.#caller.call(remote.blockResize, {
      domain: this.#domain,
      disk,
      size: bytes,
      flags: bits.block.resizeBytes,
    });
  }

  /**
   * Merges files of the backing chain downwards, from `top` (default: the active one) into `base`.
   * One of `base` and `shallow` is required: libvirt's own default, the bottom of the chain, would write into the
   * base image that other guests share.
   */
  async commit(
    disk: string,
    options: { base?: string; top?: string; bandwidth?: number } & (
      | { base: string }
      | { shallow: true; active?: boolean; delete?: boolean; relative?: boolean }
    ) & { shallow?: boolean; active?: boolean; delete?: boolean; relative?: boolean },
  ): Promise<void> {
    const { base = null, top = null, bandwidth = 0 } = options;
    const flags = mask(bits.commit, options) + (bandwidth > 0 ? bits.commit.bytes : 0);
    await this.#caller.call(remote.blockCommit, { domain: this.#domain, disk, base, top, bandwidth, flags }, LONG);
  }

  /** Copies everything the disk reads from its backing files into the disk itself. */
  async pull(disk: string, options: { bandwidth?: number } = {}): Promise<void> {
    const { bandwidth = 0 } = options;
    const flags = bits.block.pullBytes;
    await this.#caller.call(remote.blockPull, { domain: this.#domain, disk, bandwidth, flags }, LONG);
  }

  /** Mirrors the disk to the `<disk>` of `destinationXml`; `jobAbort` with `pivot` then switches the guest over. */
  async copy(
    disk: string,
    destinationXml: string,
    options: {
      /** Bytes per second. */
      bandwidth?: number;
      shallow?: boolean;
      reuseExternal?: boolean;
      /** Needed for a guest that is defined persistently. */
      transientJob?: boolean;
      synchronousWrites?: boolean;
    } = {},
  ): Promise<void> {
    const { bandwidth, ...switches } = options;
    const params = objectToParams("ullong", { bandwidth });
    const flags = mask(bits.copy, switches);
    await this.#caller.call(remote.blockCopy, { domain: this.#domain, disk, destinationXml, params, flags }, LONG);
  }

  /** Ends a job: drops it, or with `pivot` switches the guest to the copy. `async` does not wait for the end. */
  async jobAbort(disk: string, options: { pivot?: boolean; async?: boolean } = {}): Promise<void> {
    const flags = (options.pivot ? bits.block.jobPivot : 0) + (options.async ? bits.block.jobAsync : 0);
    await this.#caller.call(remote.blockJobAbort, { domain: this.#domain, disk, flags }, LONG);
  }

  /** The job on a disk, or null when there is none. */
  async job(disk: string): Promise<BlockJob | null> {
    const args = { domain: this.#domain, disk, flags: bits.block.jobInfoBytes };
    const { found, type, bandwidth, current, end } = await this.#caller.call(remote.blockJobInfo, args);
    return found ? { type: blockJobTypes[type] ?? `unknown-${type}`, bandwidth, current, end } : null;
  }

  /** Bytes per second; 0 is unlimited. */
  async setJobSpeed(disk: string, bandwidth: number): Promise<void> {
    const flags = bits.block.jobSpeedBytes;
    await this.#caller.call(remote.blockJobSetSpeed, { domain: this.#domain, disk, bandwidth, flags });
  }

  async setIoTune(disk: string, limits: IoTune, affect: keyof typeof bits.affect = "current"): Promise<void> {
    const params = objectToParams("ullong", { ...limits });
    await this.#caller.call(remote.setBlockIoTune, { domain: this.#domain, disk, params, flags: bits.affect[affect] });
  }

  async ioTune(
    disk: string,
    affect: keyof typeof bits.affect = "current",
  ): Promise<Readonly<Record<string, TypedValue>>> {
    const args = { domain: this.#domain, disk, flags: bits.affect[affect] };
    const { count } = await this.#caller.call(remote.getBlockIoTune, { ...args, count: 0 });
    const { params } = await this.#caller.call(remote.getBlockIoTune, { ...args, count });
    return paramsToObject(params);
  }
}

const LONG = { timeoutMs: 300_000 };
