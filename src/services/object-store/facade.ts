/** The verbs other services may call. */
export interface ObjectStoreFacade {
  /** Bytes of current objects and older versions in an account. */
  bytesUsed(projectId: string): number;
}

declare module "../../kernel/module.ts" {
  interface Facades {
    "object-store": ObjectStoreFacade;
  }
}
