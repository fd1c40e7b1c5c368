import { mkdir } from "node:fs/promises";
import { cpus, loadavg, uptime } from "node:os";
import { diskSpace, machineFacts, memoryFacts, unameArch } from "../../../../host/facts.ts";
import type { CpuInfo, HostInfo } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { attribute, elements, text } from "./xml/read.ts";

/** What does not change while libvirtd runs. */
interface Fixed {
  readonly hypervisorVersion: number;
  readonly cpuInfo: CpuInfo;
}

/** Facts of the host. Memory and disk come from the kernel: in containers libvirt's numbers can be another machine's. */
export class HostFacts {
  readonly #context: DriverContext;
  #fixed: Promise<Fixed> | null = null;

  constructor(context: DriverContext) {
    this.#context = context;
  }

  async read(): Promise<HostInfo> {
    const { hostname, hostIp, instancesPath } = this.#context.deps;
    this.#fixed ??= this.#ask().catch((error: unknown) => {
      this.#fixed = null;
      throw error;
    });
    await mkdir(instancesPath, { recursive: true });
    const [fixed, memory, disk] = await Promise.all([this.#fixed, memoryFacts(), diskSpace(instancesPath)]);
    const gib = (bytes: number): number => Math.floor(bytes / 1024 ** 3);
    const mib = (bytes: number): number => Math.floor(bytes / 1024 ** 2);
    return {
      hostname,
      hostIp,
      hypervisorType: "QEMU",
      ...fixed,
      // Counted each time, since processors come and go; systeminformation's count takes 20 ms, in which it runs lscpu.
      vcpus: cpus().length,
      memoryMb: mib(memory.total),
      memoryUsedMb: mib(memory.total) - mib(memory.available),
      diskGb: gib(disk.total),
      diskFreeGb: gib(disk.available),
      uptime: uptimeLine(new Date(), uptime(), loadavg()),
    };
  }

  async #ask(): Promise<Fixed> {
    const { host } = await this.#context.libvirt();
    const [version, capabilities] = await Promise.all([host.hypervisorVersion(), host.capabilities()]);
    return { hypervisorVersion: version.number, cpuInfo: await completed(cpuInfoOf(capabilities)) };
  }
}

/**
 * libvirt's word on the processor, and the machine's own where libvirt has none (it knows no model of many a virtual one) or where
 * its topology is of another number of processors than there are, as in containers.
 */
export async function completed(libvirts: CpuInfo, look = machineFacts): Promise<CpuInfo> {
  const { cells, sockets, cores, threads } = libvirts.topology;
  const fits = cells * sockets * cores * threads === cpus().length;
  if (libvirts.model !== "" && libvirts.vendor !== "" && fits) return libvirts;
  const { cpu } = await look();
  return {
    ...libvirts,
    model: libvirts.model || cpu.model,
    vendor: libvirts.vendor || cpu.vendor,
    topology: fits ? libvirts.topology : { cells: 1, sockets: cpu.sockets, cores: cpu.cores, threads: cpu.threads },
  };
}

/** nova's cpu_info, from the `<host><cpu>` of libvirt's capabilities. */
export function cpuInfoOf(capabilities: string): CpuInfo {
  const host = elements(capabilities, "host")[0] ?? "";
  const cpu = elements(host, "cpu")[0] ?? "";
  const count = (key: string): number => Number(attribute(cpu, "topology", key) ?? 1);
  const cells = Number(attribute(host, "cells", "num") ?? 1);
  return {
    arch: text(cpu, "arch") ?? unameArch(),
    model: text(cpu, "model") ?? "",
    vendor: text(cpu, "vendor") ?? "",
    topology: { cells, sockets: count("sockets"), cores: count("cores"), threads: count("threads") },
    features: elements(cpu, "feature").flatMap((element) => attribute(element, "feature", "name") ?? []),
  };
}

/** " 10:07:03 up 2 days,  4:01,  0 users,  load average: 0.10, 0.05, 0.01" */
export function uptimeLine(now: Date, seconds: number, load: readonly number[]): string {
  const minutes = Math.floor(seconds / 60);
  const days = Math.floor(minutes / 1440);
  const hours = String(Math.floor((minutes % 1440) / 60)).padStart(2);
  const rest = `${hours}:${String(minutes % 60).padStart(2, "0")}`;
  const up = days === 0 ? rest : `${days} ${days === 1 ? "day" : "days"}, ${rest}`;
  const average = load.map((value) => value.toFixed(2)).join(", ");
  return ` ${now.toTimeString().slice(0, 8)} up ${up},  0 users,  load average: ${average}`;
}
