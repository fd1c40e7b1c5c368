declare module "../../kernel/events/events.ts" {
  interface Events {
    /** `instanceIds`: the servers that have it, whose guests must be told; `requestId`: of who extended it. */
    "block-storage.volume.extended": { volumeId: string; instanceIds: string[]; requestId: string };
  }
}

export {};
