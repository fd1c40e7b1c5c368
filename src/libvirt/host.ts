import { remote } from "./procedures.ts";
import type { Caller } from "./session.ts";

/** A version number as libvirt packs it (9000000) and as people write it ("9.0.0"). */
export interface Version {
  readonly number: number;
  readonly text: string;
}

export interface NodeInfo {
  /** CPU architecture, e.g. `x86_64`. */
  readonly model: string;
  /** As libvirt sees it, which in containers can differ from /proc/meminfo. */
  readonly memoryKiB: number;
  readonly cpus: number;
  readonly mhz: number;
  readonly numaNodes: number;
  readonly sockets: number;
  readonly cores: number;
  readonly threads: number;
}

/** Questions about the machine and the daemon. */
export class Host {
  readonly #caller: Caller;

  constructor(caller: Caller) {
    this.#caller = caller;
  }

  async hostname(): Promise<string> {
    return (await this.#caller.call(remote.hostname, {})).hostname;
  }

  /** The URI as the daemon completed it. */
  async uri(): Promise<string> {
    return (await this.#caller.call(remote.uri, {})).uri;
  }

  async libvirtVersion(): Promise<Version> {
    return version((await this.#caller.call(remote.libraryVersion, {})).version);
  }

  /** The version of QEMU (or whatever the URI names). */
  async hypervisorVersion(): Promise<Version> {
    return version((await this.#caller.call(remote.hypervisorVersion, {})).version);
  }

  nodeInfo(): Promise<NodeInfo> {
    return this.#caller.call(remote.nodeInfo, {});
  }

  /** The `<capabilities>` XML. The first call after the daemon's start probes every emulator and can take seconds. */
  async capabilities(): Promise<string> {
    return (await this.#caller.call(remote.capabilities, {}, { timeoutMs: 120_000 })).xml;
  }

  /** The `<domainCapabilities>` XML for a kind of guest; what is left out takes the hypervisor's default. */
  async domainCapabilities(
    of: { emulator?: string; arch?: string; machine?: string; virtType?: "kvm" | "qemu" } = {},
  ): Promise<string> {
    const { emulator = null, arch = null, machine = null, virtType = null } = of;
    const args = { emulator, arch, machine, virtType, flags: 0 };
    return (await this.#caller.call(remote.domainCapabilities, args, { timeoutMs: 120_000 })).xml;
  }

  /** Nanoseconds spent since boot: `user`, `kernel`, `idle`, `iowait`… of one CPU, or of all together. */
  async cpuStats(cpu = -1): Promise<ReadonlyMap<string, bigint>> {
    // The daemon answers the number of counters first, then that many.
    const { count } = await this.#caller.call(remote.nodeCpuStats, { cpu, count: 0, flags: 0 });
    const { stats } = await this.#caller.call(remote.nodeCpuStats, { cpu, count, flags: 0 });
    return new Map(stats.map(({ name, value }) => [name, value]));
  }

  /** KiB: `total`, `free`, `buffers`, `cached`. */
  async memoryStats(): Promise<ReadonlyMap<string, number>> {
    const { count } = await this.#caller.call(remote.nodeMemoryStats, { count: 0, cell: -1, flags: 0 });
    const { stats } = await this.#caller.call(remote.nodeMemoryStats, { count, cell: -1, flags: 0 });
    return new Map(stats.map(({ name, value }) => [name, Number(value)]));
  }
}

function version(number: number): Version {
  const part = (divisor: number): number => Math.floor(number / divisor) % 1000;
  return { number, text: `${Math.floor(number / 1_000_000)}.${part(1000)}.${part(1)}` };
}
