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
  paged: false,
};
