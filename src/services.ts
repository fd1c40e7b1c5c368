import { mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BoxReport } from "./host/box/box.ts";
import { HostExec } from "./host/exec.ts";
import type { Host } from "./host/index.ts";
import type { VolumeGroups } from "./host/volume-groups.ts";
import type { Settings } from "./kernel/config/settings.ts";
import type { Logger } from "./kernel/log/logger.ts";
import type { Kernel, Service } from "./kernel/module.ts";
import type { Tracer } from "./kernel/trace/trace.ts";
import type { DriverFactory } from "./services/block-storage/driver/driver.ts";
import { FakeVolumeDriver } from "./services/block-storage/driver/fake.ts";
import { FileVolumeDriver } from "./services/block-storage/driver/files.ts";
import { LvmVolumeDriver } from "./services/block-storage/driver/lvm.ts";
import { blockStorage } from "./services/block-storage/index.ts";
import type { ComputeDriver } from "./services/compute/driver/driver.ts";
import { FakeComputeDriver } from "./services/compute/driver/fake.ts";
import { fakeMemory } from "./services/compute/driver/fake-memory.ts";
import { createLibvirtComputeDriver } from "./services/compute/driver/libvirt/driver.ts";
import { compute } from "./services/compute/index.ts";
import { identity } from "./services/identity/index.ts";
import { image } from "./services/image/index.ts";
import type { NetworkDriver } from "./services/network/driver/driver.ts";
import { FakeNetworkDriver } from "./services/network/driver/fake.ts";
import { LinuxNetworkDriver } from "./services/network/driver/linux/driver.ts";
import { network } from "./services/network/index.ts";
import { placement } from "./services/placement/index.ts";

/** The host, made ready for a cloud; null parts do not exist with VIRT_DRIVER=fake. */
export interface ReadyHost {
  host: Host;
  box: BoxReport;
  /** Null where the kernel has no device-mapper: volumes are files there. */
  volumeGroups: VolumeGroups | null;
  tracer: Tracer;
}

interface Drivers {
  network: NetworkDriver;
  compute: ComputeDriver;
  volumes: DriverFactory;
  /** What volumes ask of compute; set once there is one. */
  live: { copy(volumeId: string, file: string): Promise<boolean> };
}

export interface ServiceSet {
  services: Service[];
  /** What connects services and drivers beyond their interfaces; once the kernel is there. */
  connect(kernel: Kernel): void;
}

/** Which services a cloud has, with the drivers its settings ask for. The order is the order they are seeded and started in. */
export function createServices(settings: Settings, log: Logger, ready: ReadyHost | null): ServiceSet {
  const drivers = ready === null ? fakeDrivers(settings) : realDrivers(settings, log, ready);
  return {
    services: [
      identity(),
      image({ exec: ready?.host.exec ?? new HostExec({ log: log.named("host"), tracer: null }) }),
      network({ driver: drivers.network }),
      // Before compute: servers find their volumes when they are reconciled.
      blockStorage({ driver: drivers.volumes, hostname: hostname() }),
      compute({ driver: drivers.compute }),
      placement(),
    ],
    connect(kernel) {
      drivers.live.copy = (volumeId, file) => kernel.facade("compute").copyVolume(volumeId, file);
      drivers.network.serveMetadata((socket, source) => kernel.facade("compute").answerMetadata(socket, source));
    },
  };
}

const SNAPSHOT_MS = 500;

function fakeDrivers({ compute }: Settings): Drivers {
  return {
    network: new FakeNetworkDriver(),
    compute: new FakeComputeDriver({
      hostname: hostname(),
      writeFile: writeWithDirectory,
      memory: fakeMemory(join(compute.instancesPath, "fake")),
      // A snapshot takes long enough for a client to meet the state in between, as it would with a real guest.
      before: async (verb) => {
        if (verb === "snapshot") await delay(SNAPSHOT_MS);
      },
    }),
    volumes: () => new FakeVolumeDriver(),
    live: { copy: async () => false },
  };
}

/** Where the fake driver puts the data of snapshots, so that their images become active. */
async function writeWithDirectory(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

function realDrivers(settings: Settings, log: Logger, { host, box, volumeGroups, tracer }: ReadyHost): Drivers {
  const live: Drivers["live"] = { copy: async () => false };
  return {
    network: new LinuxNetworkDriver({
      host: host.network,
      box: box.netns,
      publicBridge: settings.network.publicBridge,
      // In the other modes a real router on the LAN has that address.
      publicGateway: box.mode === "nat",
      upstreamDns: settings.network.dnsServers,
      leaseDuration: settings.network.dhcpLeaseDuration,
      watchInterval: 3_000,
      changes: (listener) => host.watch.onBoxChange(listener),
      log: log.named("network"),
    }),
    compute: createLibvirtComputeDriver({
      socketPath: host.libvirtd.socketPath,
      uri: "qemu:///system",
      exec: host.exec,
      ledger: host.ledger,
      log: log.named("libvirt"),
      tracer,
      stackName: settings.stackName,
      partition: () => host.libvirtd.ensurePartition(),
      hostname: hostname(),
      hostIp: settings.hostIp,
      instancesPath: settings.compute.instancesPath,
      qemuUser: host.libvirtd.guestUser.uid === 0 ? null : host.libvirtd.guestUser,
    }),
    volumes: volumeDrivers(settings, host, volumeGroups, live),
    live,
  };
}

function volumeDrivers(
  settings: Settings,
  { exec, lvm }: Host,
  groups: VolumeGroups | null,
  live: Drivers["live"],
): DriverFactory {
  const { volumeNamePrefix: prefix, volumeClear: clear, lvmType } = settings.blockStorage;
  return ({ name }) => {
    const group = groups?.get(name);
    if (group !== undefined)
      return new LvmVolumeDriver({ exec, lvm, group, prefix, clear, thin: lvmType !== "default" });
    const directory = join(settings.dataDir, "cinder", name);
    return new FileVolumeDriver({ exec, directory, prefix, clear, copyLive: (id, file) => live.copy(id, file) });
  };
}

/** Where a data directory keeps the cloud's database. */
export const databasePath = (settings: Settings): string => join(settings.dataDir, "tenrec.db");
