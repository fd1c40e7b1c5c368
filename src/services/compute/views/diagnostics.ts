import type { Diagnostics } from "../driver/driver.ts";

/** Before 2.48: the flat and driver-dependent form libvirt's driver has always had. */
export function oldDiagnostics(d: Diagnostics): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const { id, timeNs } of d.cpus) flat[`cpu${id}_time`] = timeNs;
  for (const disk of d.disks) {
    flat[`${disk.device}_read`] = disk.readBytes;
    flat[`${disk.device}_read_req`] = disk.readRequests;
    flat[`${disk.device}_write`] = disk.writeBytes;
    flat[`${disk.device}_write_req`] = disk.writeRequests;
    flat[`${disk.device}_errors`] = disk.errors;
  }
  flat.memory = d.memoryMaxMb * 1024;
  for (const [index, nic] of d.nics.entries()) {
    const name = `vnet${index}`;
    flat[`${name}_rx`] = nic.rxOctets;
    flat[`${name}_rx_drop`] = nic.rxDrop;
    flat[`${name}_rx_errors`] = nic.rxErrors;
    flat[`${name}_rx_packets`] = nic.rxPackets;
    flat[`${name}_tx`] = nic.txOctets;
    flat[`${name}_tx_drop`] = nic.txDrop;
    flat[`${name}_tx_errors`] = nic.txErrors;
    flat[`${name}_tx_packets`] = nic.txPackets;
  }
  return flat;
}

/** Since 2.48, the same of every driver. */
export const newDiagnostics = (d: Diagnostics) => ({
  state: d.state === "nostate" ? "pending" : d.state,
  // The schema knows nova's drivers only.
  driver: "libvirt",
  hypervisor: d.hypervisor,
  hypervisor_os: d.hypervisorOs,
  uptime: d.uptime,
  config_drive: d.configDrive,
  num_cpus: d.cpus.length,
  num_nics: d.nics.length,
  num_disks: d.disks.length,
  disk_details: d.disks.map((disk) => ({
    read_bytes: disk.readBytes,
    read_requests: disk.readRequests,
    write_bytes: disk.writeBytes,
    write_requests: disk.writeRequests,
    errors_count: disk.errors,
  })),
  cpu_details: d.cpus.map(({ id, timeNs, utilisation }) => ({ id, time: timeNs, utilisation })),
  nic_details: d.nics.map((nic) => ({
    mac_address: nic.mac,
    rx_octets: nic.rxOctets,
    rx_errors: nic.rxErrors,
    rx_drop: nic.rxDrop,
    rx_packets: nic.rxPackets,
    rx_rate: null,
    tx_octets: nic.txOctets,
    tx_errors: nic.txErrors,
    tx_drop: nic.txDrop,
    tx_packets: nic.txPackets,
    tx_rate: null,
  })),
  memory_details: { maximum: d.memoryMaxMb, used: d.memoryUsedMb },
});
