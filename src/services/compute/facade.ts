import type { Socket } from "node:net";
import type { ConsoleEndpoint, HostInfo } from "./driver/driver.ts";
import type { MetadataSource } from "./metadata/server.ts";

/** The verbs other services may call. */
export interface ComputeFacade {
  /** Serves the metadata API on a connection of a guest, which is known by where it comes from. */
  answerMetadata(socket: Socket, source: MetadataSource | null): void;
  /**
   * Writes what a volume holds, as of one moment, into `file`, which is there and as large as the volume. False: no server that
   * runs has it. Throws when the server ends meanwhile, and for a volume that several run with.
   */
  copyVolume(volumeId: string, file: string): Promise<boolean>;
  /** Whom a console token lets in and where to; null for an unknown or expired one. */
  resolveConsoleToken(token: string): Promise<ConsoleTarget | null>;
  /** The one resource provider, as placement shows it. */
  inventory(): Promise<ComputeInventory>;
  /** What each server takes of it. */
  listAllocations(serverId?: string): ComputeAllocation[];
  /** What all of them take together, whatever their number; those of a project, or of a user in it. */
  taken(owner?: { projectId: string; userId: string | null }): ComputeTaken;
}

export interface ConsoleTarget {
  serverId: string;
  /** Its display name, for people. */
  serverName: string;
  /** "novnc", "serial" */
  type: string;
  endpoint: ConsoleEndpoint;
}

export interface ComputeInventory {
  /** The hypervisor's uuid, which is its resource provider's. */
  providerId: string;
  hostname: string;
  info: HostInfo;
  resources: Record<"VCPU" | "MEMORY_MB" | "DISK_GB", { total: number; reserved: number; allocationRatio: number }>;
}

export interface ComputeAllocation {
  serverId: string;
  projectId: string;
  userId: string;
  resources: { VCPU: number; MEMORY_MB: number; DISK_GB: number };
}

export interface ComputeTaken {
  servers: number;
  resources: ComputeAllocation["resources"];
}

declare module "../../kernel/module.ts" {
  interface Facades {
    compute: ComputeFacade;
  }
}
