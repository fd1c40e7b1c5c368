/** An object of a project, by which another service keeps something. */
export interface KeptObject {
  /** Its id. */
  readonly project: string;
  readonly container: string;
  readonly name: string;
}

/** A file that is whole and durable, and never changed again. */
export interface KeptFile {
  readonly path: string;
  readonly size: number;
  /** In hexadecimal digits. */
  readonly md5: string;
}

/** The verbs other services may call. Nobody is asked whether they may: it is the service's own project. */
export interface ObjectStoreFacade {
  /**
   * Makes an object of what a file holds, in the place of one of that name; its container is made. Where both are on one file system
   * they share their blocks, and either may go without the other. Durable when it resolves. Errors: 507.
   */
  keepFile(object: KeptObject, file: KeptFile): Promise<void>;
  /** The md5 of its bytes; null where there is none. */
  sumOf(object: KeptObject): string | null;
  /** Writes its bytes to a new file, durably. Errors: 404. */
  restoreFile(object: KeptObject, path: string): Promise<void>;
  /** One that is not there is removed already. */
  removeObject(object: KeptObject): void;
}

declare module "../../kernel/module.ts" {
  interface Facades {
    "object-store": ObjectStoreFacade;
  }
}
