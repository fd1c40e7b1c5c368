import type { Server } from "../store/servers.ts";

/** What the one host has and what its servers take of it. */
export interface HostState {
  readonly host: string;
  readonly zone: string;
  readonly enabled: boolean;
  readonly architecture: string;
  /** Amounts times their allocation ratio, less what is reserved; memory in MiB, disk in GiB. */
  readonly capacity: { vcpus: number; memoryMb: number; diskGb: number };
  readonly used: { vcpus: number; memoryMb: number; diskGb: number };
  /** A single server may not be larger than the host itself, whatever the ratio (placement's max_unit). */
  readonly largest: { vcpus: number; memoryMb: number; diskGb: number };
  /** Whether a server is there. */
  has(serverId: string): boolean;
}

export interface SchedulingRequest {
  readonly server: Server;
  readonly need: { vcpus: number; memoryMb: number; diskGb: number };
  readonly group: { policy: string; members: readonly string[]; maxPerHost: number } | null;
}

export interface Filter {
  name: string;
  /** Asked again when a server is rebuilt of another image: it is about the image, not about room. */
  onRebuild?: true;
  /** Why the host does not fit; null when it does. */
  objection(request: SchedulingRequest, host: HostState): string | null;
}

const listOf = (value: unknown): string[] => (value === undefined ? [] : [value].flat().map(String));

/** nova's filters that mean something on one host, in the order they are asked. */
export const FILTERS: readonly Filter[] = [
  {
    name: "ComputeFilter",
    objection: (_, host) => (host.enabled ? null : "its compute service is disabled or down"),
  },
  {
    name: "AvailabilityZoneFilter",
    objection: ({ server }, host) =>
      server.requestedZone === null || server.requestedZone === host.zone
        ? null
        : `it is in zone ${host.zone}, not in ${server.requestedZone}`,
  },
  {
    name: "VCPU",
    objection: ({ need }, { capacity, used, largest }) =>
      need.vcpus <= largest.vcpus && used.vcpus + need.vcpus <= capacity.vcpus
        ? null
        : `${need.vcpus} VCPUs wanted, ${used.vcpus} of ${capacity.vcpus} taken`,
  },
  {
    name: "MEMORY_MB",
    objection: ({ need }, { capacity, used, largest }) =>
      need.memoryMb <= largest.memoryMb && used.memoryMb + need.memoryMb <= capacity.memoryMb
        ? null
        : `${need.memoryMb} MiB wanted, ${used.memoryMb} of ${capacity.memoryMb} taken`,
  },
  {
    name: "DISK_GB",
    objection: ({ need }, { capacity, used, largest }) =>
      need.diskGb <= largest.diskGb && used.diskGb + need.diskGb <= capacity.diskGb
        ? null
        : `${need.diskGb} GiB wanted, ${used.diskGb} of ${capacity.diskGb} taken`,
  },
  {
    name: "ImagePropertiesFilter",
    onRebuild: true,
    objection({ server }, host) {
      const wanted = server.imageProperties.hw_architecture ?? server.imageProperties.architecture;
      return wanted === undefined || wanted === "" || wanted === host.architecture
        ? null
        : `the image is for ${wanted}, the host is ${host.architecture}`;
    },
  },
  {
    name: "DifferentHostFilter",
    objection: ({ server }, host) =>
      listOf(server.hints.different_host).some((id) => host.has(id)) ? "a server to keep away from is there" : null,
  },
  {
    name: "SameHostFilter",
    objection: ({ server }, host) =>
      listOf(server.hints.same_host).every((id) => host.has(id)) ? null : "a server to be near to is not there",
  },
  {
    name: "ServerGroupAntiAffinityFilter",
    objection({ server, group }, host) {
      if (group?.policy !== "anti-affinity") return null;
      const there = group.members.filter((id) => id !== server.id && host.has(id)).length;
      return there < group.maxPerHost ? null : `${there} members of its anti-affinity group are there`;
    },
  },
];

/** The filters of the configuration, or all; what placement decides (VCPU, MEMORY_MB, DISK_GB) cannot be left out. */
export function enabledFilters(names: readonly string[]): readonly Filter[] {
  if (names.length === 0) return FILTERS;
  return FILTERS.filter(({ name }) => /^[A-Z_]+$/.test(name) || names.includes(name));
}

/** What a server takes of its host; a root disk on a volume takes none. */
export function needOf(server: Pick<Server, "flavor" | "imageId">): {
  vcpus: number;
  memoryMb: number;
  diskGb: number;
} {
  const { vcpus, ram, disk, ephemeral, swap } = server.flavor;
  const root = server.imageId === "" ? 0 : disk;
  return { vcpus, memoryMb: ram, diskGb: root + ephemeral + Math.ceil(swap / 1024) };
}
