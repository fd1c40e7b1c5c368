declare module "../../kernel/events/events.ts" {
  interface Events {
    /** What other services may want to tidy up after. */
    "identity.project.deleted": { projectId: string };
    "identity.user.deleted": { userId: string };
  }
}

export {};
