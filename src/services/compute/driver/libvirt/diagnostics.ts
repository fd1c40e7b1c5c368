import type { TypedValue } from "../../../../libvirt/index.ts";
import type { Diagnostics, InstanceRef } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { powerStateOf } from "./power.ts";
import { attribute, elements } from "./xml/read.ts";

type Stats = Readonly<Record<string, TypedValue>>;

/** What nova's diagnostics tell, in one question to libvirt. Only of a running guest, as in nova. */
export async function diagnosticsOf(context: DriverContext, ref: InstanceRef): Promise<Diagnostics> {
  const domain = await context.running(ref);
  const [stats, xml, state] = await Promise.all([
    domain.stats(["state", "cpu", "balloon", "vcpu", "interface", "block"]),
    domain.xml(),
    powerStateOf(domain),
  ]);
  const number = (key: string): number => numberOf(stats, key) ?? 0;
  const macs = new Map(
    elements(xml, "interface").map((nic) => [attribute(nic, "target", "dev"), attribute(nic, "mac", "address")]),
  );
  const available = numberOf(stats, "balloon.available");
  const unused = numberOf(stats, "balloon.unused");
  return {
    state,
    driver: "libvirt",
    hypervisor: attribute(xml, "domain", "type") ?? "qemu",
    hypervisorOs: "linux",
    uptime: null,
    configDrive: elements(xml, "disk").some((disk) => /\/disk\.config(\.rescue)?'/.test(disk)),
    memoryMaxMb: Math.floor(number("balloon.maximum") / 1024),
    // Only a guest with the balloon's driver tells what it uses itself.
    memoryUsedMb:
      available !== null && unused !== null
        ? Math.floor((available - unused) / 1024)
        : Math.floor(number("balloon.current") / 1024),
    cpus: indices(stats, "vcpu.current").map((id) => ({ id, timeNs: number(`vcpu.${id}.time`), utilisation: null })),
    nics: indices(stats, "net.count").map((id) => ({
      mac: macs.get(String(stats[`net.${id}.name`] ?? "")) ?? "",
      rxOctets: number(`net.${id}.rx.bytes`),
      rxErrors: number(`net.${id}.rx.errs`),
      rxDrop: number(`net.${id}.rx.drop`),
      rxPackets: number(`net.${id}.rx.pkts`),
      txOctets: number(`net.${id}.tx.bytes`),
      txErrors: number(`net.${id}.tx.errs`),
      txDrop: number(`net.${id}.tx.drop`),
      txPackets: number(`net.${id}.tx.pkts`),
    })),
    disks: indices(stats, "block.count").map((id) => ({
      device: String(stats[`block.${id}.name`] ?? ""),
      readBytes: number(`block.${id}.rd.bytes`),
      readRequests: number(`block.${id}.rd.reqs`),
      writeBytes: number(`block.${id}.wr.bytes`),
      writeRequests: number(`block.${id}.wr.reqs`),
      errors: number(`block.${id}.errors`),
    })),
  };
}

function indices(stats: Stats, key: string): number[] {
  return Array.from({ length: numberOf(stats, key) ?? 0 }, (_, index) => index);
}

function numberOf(stats: Stats, key: string): number | null {
  const value = stats[key];
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : null;
}
