import type { ComputeFacade } from "../facade.ts";
import { MetadataServer } from "../metadata/server.ts";
import { needOf } from "../scheduler/scheduler.ts";
import type { Server } from "../store/servers.ts";
import { change } from "./change.ts";
import { consoleTarget } from "./consoles.ts";
import { guestMetadata } from "./guest-metadata.ts";
import type { Managers } from "./index.ts";
import { refOf } from "./spec.ts";

/** The facade over the managers. */
export function createFacade({ core }: Managers): ComputeFacade {
  const live = (id: string): Server | null => {
    const server = core.servers.get(id);
    return server === undefined || server.deletedAt !== null ? null : server;
  };
  const metadata = new MetadataServer({
    kernel: core.kernel,
    serverForMetadata(serverId, portId) {
      const server = live(serverId);
      // The device of a port is what its owner says: only the server knows which ports are its own.
      const isOwn = server?.nics.some((nic) => nic.portId === portId) === true;
      return server === null || !isOwn ? null : guestMetadata(core, server);
    },
    setGuestPassword(serverId, encrypted) {
      const server = live(serverId);
      if (server === null || server.passwordData !== "") return false;
      change(core, serverId, { passwordData: encrypted });
      return true;
    },
  });
  return {
    answerMetadata: (socket, source) => metadata.answer(socket, source),
    async copyVolume(volumeId, file) {
      const attachments = core.kernel.facade("block-storage").findVolume(volumeId)?.attachments ?? [];
      const servers = attachments.flatMap(({ instanceId }) => (instanceId === null ? [] : (live(instanceId) ?? [])));
      const running = [];
      for (const server of servers) {
        const power = await core.driver.powerState(refOf(core, server));
        if (power === "running" || power === "paused") running.push(server);
      }
      // Each sees its own writes only.
      if (running.length > 1) throw new Error(`volume ${volumeId} is written to by several servers`);
      const [server] = running;
      return server === undefined ? false : core.driver.copyVolume(refOf(core, server), volumeId, file);
    },
    resolveConsoleToken: (token) => consoleTarget(core, token),
    async inventory() {
      const { compute } = core.kernel.settings;
      const host = await core.driver.hostInfo();
      const hypervisor = core.hosts.hypervisor();
      return {
        providerId: hypervisor?.uuid ?? "",
        hostname: host.hostname,
        info: host,
        resources: {
          VCPU: { total: host.vcpus, reserved: compute.reservedHostCpus, allocationRatio: compute.cpuAllocationRatio },
          MEMORY_MB: {
            total: host.memoryMb,
            reserved: compute.reservedHostMemoryMb,
            allocationRatio: compute.ramAllocationRatio,
          },
          DISK_GB: {
            total: host.diskGb,
            reserved: Math.ceil(compute.reservedHostDiskMb / 1024),
            allocationRatio: compute.diskAllocationRatio,
          },
        },
      };
    },
    taken(owner) {
      const use =
        owner === undefined ? core.servers.hostUsage() : core.servers.ownerUsage(owner.projectId, owner.userId);
      return {
        servers: use.servers,
        resources: { VCPU: use.vcpus, MEMORY_MB: use.memoryMb, DISK_GB: use.diskGb },
      };
    },
    listAllocations: (serverId) =>
      core.servers.onHost(serverId).map((server) => {
        const { vcpus, memoryMb, diskGb } = needOf(server);
        const { id: serverId, projectId, userId } = server;
        return { serverId, projectId, userId, resources: { VCPU: vcpus, MEMORY_MB: memoryMb, DISK_GB: diskGb } };
      }),
  };
}
