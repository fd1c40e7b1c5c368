declare module "../../kernel/events/events.ts" {
  interface Events {
    "image.created": { imageId: string; projectId: string | null };
    /** Its data is there: somebody may boot from it. */
    "image.activated": { imageId: string; projectId: string | null };
    "image.updated": { imageId: string; projectId: string | null };
    "image.deleted": { imageId: string; projectId: string | null };
  }
}

export {};
