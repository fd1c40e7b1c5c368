import type { RequestContext } from "../../kernel/auth/context.ts";
import type { ImageStatus, Visibility } from "./states.ts";

/** An image as other services see it. */
export interface ImageInfo {
  readonly id: string;
  readonly name: string | null;
  /** Only "active" ones have data that may be used; "deactivated" ones are refused to everybody but admin. */
  readonly status: ImageStatus;
  /** One of states.ts DISK_FORMATS, or null before it is known. */
  readonly diskFormat: string | null;
  readonly containerFormat: string | null;
  /** Bytes of the file; null before the data is there. */
  readonly size: number | null;
  /** Bytes of the disk inside; null when not known. */
  readonly virtualSize: number | null;
  /** GiB */
  readonly minDisk: number;
  /** MiB */
  readonly minRam: number;
  /** md5, hexadecimal; null before the data is there. */
  readonly checksum: string | null;
  readonly osHashAlgo: string | null;
  readonly osHashValue: string | null;
  readonly protected: boolean;
  readonly osHidden: boolean;
  readonly visibility: Visibility;
  /** Project id. */
  readonly owner: string | null;
  readonly tags: readonly string[];
  /** What the image carries beside glance's own attributes: "hw_disk_bus", "os_type", "kernel_id", … */
  readonly properties: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Local path of the data, to be read only; null before the data is there. Its header was inspected before it got there. */
  readonly filePath: string | null;
}

export interface CreateImage {
  name: string | null;
  /** Made up when left out. */
  id?: string;
  /** Project id; the context's project when left out. Another one is admin's to give. */
  owner?: string | null;
  diskFormat?: string | null;
  containerFormat?: string | null;
  minDisk?: number;
  minRam?: number;
  /** "shared" when left out, as in the API. */
  visibility?: Visibility;
  protected?: boolean;
  properties?: Readonly<Record<string, string>>;
  tags?: readonly string[];
}

/** All must match. */
export interface ImageFilters {
  name?: string;
  status?: ImageStatus;
  owner?: string;
  visibility?: Visibility;
  properties?: Readonly<Record<string, string>>;
}

export interface FileOptions {
  /** Copy the file instead of moving it. */
  keep?: boolean;
  signal?: AbortSignal;
}

/**
 * The verbs other services may call. Each checks what its `context` may see and do as the API would and throws the API's
 * ApiError (404 for what is not visible, 403 for policy and protection, 409). `internalContext(…)` sees and may do everything.
 */
export interface ImageFacade {
  /** Errors: 404, also for another project's private image. */
  get(context: RequestContext, imageId: string): ImageInfo;
  /** Null instead of an error, and without asking who may see it: for guests that run from an image hidden or gone meanwhile. */
  find(imageId: string): ImageInfo | null;
  /** What `GET /v2/images` would show this context, newest first; not paged. */
  list(context: RequestContext, filters?: ImageFilters): ImageInfo[];
  /**
   * A queued image without data, as `POST /v2/images`: the first half of a snapshot, so that its id can be answered at once.
   * Errors: 400, 403, 409; 413 over quota.
   */
  create(context: RequestContext, image: CreateImage): ImageInfo;
  /**
   * Moves a local file in as the image's data ("saving", then "active"); the second half. A copy is made where moving is
   * impossible. The header is inspected as an upload's is. On an error the image is "queued" again; `delete` removes it.
   * Errors: 404 when it was deleted meanwhile, 409 when it has data already, 415 for content of another format.
   */
  uploadFile(
    context: RequestContext,
    imageId: string,
    path: string,
    formats: { diskFormat: string; containerFormat: string },
    options?: FileOptions,
  ): Promise<ImageInfo>;
  /** `create` and `uploadFile` in one; nothing is left of it on an error. */
  createFromFile(context: RequestContext, image: CreateImage, path: string, options?: FileOptions): Promise<ImageInfo>;
  /** Sets (string) or removes (null) properties; the others stay. Errors: 404, 403. */
  updateProperties(
    context: RequestContext,
    imageId: string,
    changes: Readonly<Record<string, string | null>>,
  ): ImageInfo;
  /** Errors: 404; 403 when protected or somebody else's. */
  delete(context: RequestContext, imageId: string): Promise<void>;
}

declare module "../../kernel/module.ts" {
  interface Facades {
    image: ImageFacade;
  }
}
