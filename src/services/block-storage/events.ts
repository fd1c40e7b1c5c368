declare module "../../kernel/events/events.ts" {
  interface Events {
    "block-storage.volume.created": { volumeId: string; projectId: string; sizeGb: number };
    "block-storage.volume.deleted": { volumeId: string; projectId: string };
    /** `instanceIds`: the servers that have it, who must be told (compute's driver: extendVolume). */
    "block-storage.volume.extended": { volumeId: string; sizeGb: number; instanceIds: string[] };
  }
}

export {};
