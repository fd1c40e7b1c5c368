import type { Resource } from "./resource.ts";

export interface Aggregate {
  readonly id: number;
  readonly name: string;
  readonly availability_zone: string | null;
  readonly hosts: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface ComputeService {
  readonly id: string;
  readonly binary: string;
  readonly host: string;
  readonly zone: string;
  readonly status: string;
  readonly state: string;
  readonly disabled_reason: string | null;
}

export const aggregates: Resource<Aggregate> = {
  kind: "compute.aggregate",
  list: { service: "compute", path: "/v2.1/os-aggregates" },
  plural: "aggregates",
  singular: "aggregate",
  path: "/v2.1/os-aggregates",
  idOf: ({ id }) => String(id),
  paged: false,
};

export const computeServices: Resource<ComputeService> = {
  kind: "compute.service",
  list: { service: "compute", path: "/v2.1/os-services" },
  plural: "services",
  singular: null,
  path: "/v2.1/os-services",
  idOf: ({ id }) => id,
  listedOnly: true,
  paged: false,
};

export interface Hypervisor {
  readonly id: string;
  readonly hypervisor_hostname: string;
  readonly hypervisor_type: string;
  readonly hypervisor_version: number;
  readonly host_ip: string;
  readonly state: string;
  readonly status: string;
  readonly service: { readonly host: string };
}

/** No event tells of them; how full they are is asked for again when servers change. */
export const hypervisors: Resource<Hypervisor> = {
  kind: "compute.hypervisor",
  list: { service: "compute", path: "/v2.1/os-hypervisors/detail" },
  plural: "hypervisors",
  singular: "hypervisor",
  path: "/v2.1/os-hypervisors",
  idOf: ({ id }) => id,
  paged: false,
};

/** Of block storage: it has no id, a host and a name are it. */
export interface VolumeService {
  readonly binary: string;
  readonly host: string;
  readonly zone: string;
  readonly status: string;
  readonly state: string;
  readonly disabled_reason: string | null;
}

export const volumeServices: Resource<VolumeService> = {
  kind: "block-storage.service",
  list: { service: "block-storage", path: "/v3/{project}/os-services" },
  plural: "services",
  singular: null,
  path: "/v3/{project}/os-services",
  idOf: ({ binary, host }) => `${binary} ${host}`,
  listedOnly: true,
  paged: false,
};

export interface Agent {
  readonly id: string;
  readonly agent_type: string;
  readonly binary: string;
  readonly host: string;
  readonly availability_zone: string | null;
  readonly admin_state_up: boolean;
  readonly alive: boolean;
}

export const agents: Resource<Agent> = {
  kind: "network.agent",
  list: { service: "network", path: "/v2.0/agents" },
  plural: "agents",
  singular: "agent",
  path: "/v2.0/agents",
  idOf: ({ id }) => id,
  paged: false,
};
