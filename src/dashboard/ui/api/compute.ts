import { type Call, type Operation, operation } from "./call.ts";
import type { Resource } from "./resource.ts";

export interface Address {
  readonly addr: string;
  readonly version: 4 | 6;
  readonly "OS-EXT-IPS:type": "fixed" | "floating";
  readonly "OS-EXT-IPS-MAC:mac_addr": string;
}

export interface Server {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly "OS-EXT-STS:task_state": string | null;
  readonly "OS-EXT-STS:vm_state": string;
  readonly "OS-EXT-STS:power_state": number;
  readonly addresses: Readonly<Record<string, readonly Address[]>>;
  readonly flavor: {
    readonly original_name: string;
    readonly vcpus: number;
    readonly ram: number;
    readonly disk: number;
    readonly ephemeral: number;
    readonly swap: number;
    readonly extra_specs?: Readonly<Record<string, string>>;
  };
  readonly image: { readonly id: string } | "";
  readonly key_name: string | null;
  readonly created: string;
  readonly updated: string;
  readonly tenant_id: string;
  readonly user_id: string;
  readonly locked: boolean;
  readonly locked_reason?: string | null;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags?: readonly string[];
  readonly progress?: number;
  readonly config_drive: string;
  readonly fault?: { readonly code: number; readonly message: string; readonly created: string };
  readonly security_groups?: readonly { readonly name: string }[];
  readonly "os-extended-volumes:volumes_attached": readonly {
    readonly id: string;
    readonly delete_on_termination: boolean;
  }[];
  readonly "OS-EXT-AZ:availability_zone": string;
  readonly "OS-EXT-SRV-ATTR:host"?: string | null;
  readonly "OS-EXT-SRV-ATTR:instance_name"?: string;
  readonly "OS-EXT-SRV-ATTR:hostname"?: string;
  readonly "OS-SRV-USG:launched_at": string | null;
}

export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  readonly ram: number;
  readonly disk: number;
  readonly swap: number | "";
  readonly "OS-FLV-EXT-DATA:ephemeral": number;
  readonly "os-flavor-access:is_public": boolean;
  readonly description: string | null;
  readonly extra_specs?: Readonly<Record<string, string>>;
}

export interface Keypair {
  readonly name: string;
  readonly type: string;
  readonly fingerprint: string;
  readonly public_key: string;
}

export interface ServerAction {
  readonly action: string;
  readonly request_id: string;
  readonly user_id: string;
  readonly project_id: string;
  readonly start_time: string;
  readonly updated_at?: string;
  readonly message: string | null;
}

export interface ServerGroup {
  readonly id: string;
  readonly name: string;
  readonly policy: string;
  readonly rules: Readonly<Record<string, unknown>>;
  readonly members: readonly string[];
}

export const servers: Resource<Server> = {
  kind: "compute.server",
  list: { service: "compute", path: "/v2.1/servers/detail" },
  plural: "servers",
  singular: "server",
  path: "/v2.1/servers",
  idOf: ({ id }) => id,
  paged: true,
};

export const flavors: Resource<Flavor> = {
  kind: "compute.flavor",
  list: { service: "compute", path: "/v2.1/flavors/detail" },
  plural: "flavors",
  singular: "flavor",
  path: "/v2.1/flavors",
  idOf: ({ id }) => id,
  paged: true,
};

/** A list of key pairs has each in an envelope of its own. */
export const keypairs: Resource<{ readonly keypair: Keypair }> = {
  kind: "compute.keypair",
  list: { service: "compute", path: "/v2.1/os-keypairs" },
  plural: "keypairs",
  singular: null,
  path: "/v2.1/os-keypairs",
  idOf: ({ keypair }) => keypair.name,
  paged: true,
};

export const serverGroups: Resource<ServerGroup> = {
  kind: "compute.server-group",
  list: { service: "compute", path: "/v2.1/os-server-groups" },
  plural: "server_groups",
  singular: "server_group",
  path: "/v2.1/os-server-groups",
  idOf: ({ id }) => id,
  paged: false,
};

export const compute = (method: Call["method"], path: string, body?: unknown): Call => ({
  service: "compute",
  ...(method === undefined ? {} : { method }),
  path: `/v2.1${path}`,
  ...(body === undefined ? {} : { body }),
});

/** `openstack server VERB NAME`, which is a POST to the server's action. */
export const serverAction = (server: Server, body: object, words: readonly string[]): Operation =>
  operation(["openstack", "server", ...words, server.id], compute("POST", `/servers/${server.id}/action`, body));
