declare module "../../kernel/events/events.ts" {
  interface Events {
    /** vm_state, task_state or what is shown of a server changed. */
    "compute.server.changed": { serverId: string; projectId: string; vmState: string; taskState: string | null };
    "compute.server.created": { serverId: string; projectId: string };
    "compute.server.deleted": { serverId: string; projectId: string };
  }
}

export {};
