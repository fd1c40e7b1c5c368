import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Chunks } from "../../../kernel/bytes/incoming-file.ts";
import { ApiError, badRequest, forbidden, gone } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Quotas } from "../../../kernel/quota/quota.ts";
import { type ImageFiles, Incomplete, type ReceivedFile } from "../data/files.ts";
import { invalidImageData } from "../errors.ts";
import { inspectFile, judge } from "../inspect/inspect.ts";
import { overQuota } from "../quotas.ts";
import { type ImageStatus, requireTransition } from "../states.ts";
import type { ImageRow, ImageStore } from "../store/images.ts";
import type { Core } from "./core.ts";
import type { ImageObjects } from "./objects.ts";

const MIB = 1024 * 1024;

/** Containers whose content is not the disk itself, so that nothing can be said about it but what it must not be. */
const OPAQUE_CONTAINERS: ReadonlySet<string> = new Set(["ovf", "ova", "docker", "compressed"]);

export interface UploadOptions {
  /** Bytes announced by the client, or null. */
  expected?: number | null;
}

/** Bytes in and out: upload, staging, download. */
export class DataManager {
  readonly #kernel: Kernel;
  readonly #images: ImageStore;
  readonly #quotas: Quotas;
  readonly #files: ImageFiles;
  readonly #objects: ImageObjects;
  /** Image → its upload under way. */
  readonly #uploads = new Map<string, AbortController>();

  constructor(core: Core) {
    this.#kernel = core.kernel;
    this.#images = core.images;
    this.#quotas = core.quotas;
    this.#files = core.files;
    this.#objects = core.objects;
  }

  /** The image was deleted: nobody needs the rest. */
  abort(imageId: string): void {
    this.#uploads.get(imageId)?.abort(imageGone(imageId));
  }

  /**
   * PUT /v2/images/{id}/file. On any error the image is queued again and no byte is left.
   * Errors: 409 (status), 400 (formats missing, data incomplete), 410 (deleted meanwhile), 413, 415.
   */
  async upload(image: ImageRow, source: Chunks, options: UploadOptions = {}): Promise<void> {
    const { id } = image;
    this.#checkQuota(image, "image_size_total", options.expected ?? null);
    this.#begin(image, "saving");
    await this.#take(
      id,
      "queued",
      (signal) => this.#files.receive(source, this.#receiveOptions(options, signal)),
      (received) => this.#store(id, received),
    );
  }

  /** A local file instead of a stream; the caller may do it whatever its rights (nova's snapshot). */
  async uploadFile(
    id: string,
    path: string,
    options: { keep?: boolean; signal?: AbortSignal } = {},
  ): Promise<ImageRow> {
    const image = this.#images.get(id);
    if (image === undefined) throw new ApiError(404, `No image found with ID ${id}`);
    this.#begin(image, "saving");
    return this.#take(
      id,
      "queued",
      (signal) => {
        const both = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
        return this.#files.adopt(path, { ...this.#receiveOptions({}, both), keep: options.keep ?? false });
      },
      (received) => this.#store(id, received),
    );
  }

  /** PUT /v2/images/{id}/stage: keeps the data aside until it is imported. Errors: as upload. */
  async stage(image: ImageRow, source: Chunks, options: UploadOptions = {}): Promise<void> {
    const { id } = image;
    this.#checkQuota(image, "image_stage_total", options.expected ?? null);
    this.#begin(image, "uploading", { formatsNeeded: false });
    await this.#take(
      id,
      "queued",
      (signal) => this.#files.receive(source, this.#receiveOptions(options, signal)),
      async (received) => {
        const path = this.#files.stagingPath(id);
        await this.#files.publish(received, path);
        await this.#orRemove(path, () =>
          this.#images.update(this.#present(id).id, { size: received.size, updated_at: this.#kernel.clock.now() }),
        );
      },
    );
  }

  /** The last half of an import: data that came from somewhere else. The image is "importing"; on an error it is queued again. */
  async finishImport(id: string, bring: (signal: AbortSignal) => Promise<ReceivedFile>): Promise<ImageRow> {
    return this.#take(id, "queued", bring, (received) => this.#store(id, received));
  }

  receiveLimits(signal: AbortSignal): { limit: number; signal: AbortSignal } {
    return { limit: this.#kernel.settings.image.imageSizeCap, signal };
  }

  /** What a download reads; null when there is no data (yet). Errors: 403 for a deactivated one. */
  readable(context: RequestContext, image: ImageRow): { image: ImageRow; path: string } | null {
    if (image.status === "deactivated" && !context.isAdmin) {
      throw forbidden("The requested image has been deactivated. Image data download is forbidden.");
    }
    if (image.has_data === 0) return null;
    return { image, path: this.#files.path(image.id) };
  }

  /** Images whose upload a crash interrupted are queued again, but for those in `kept`; what they left is removed. */
  async recover(kept: ReadonlySet<string> = new Set()): Promise<void> {
    await this.#files.clearIncoming();
    for (const status of ["saving", "importing"] as const) {
      for (const image of this.#images.list({ status })) {
        await this.#files.remove(this.#files.path(image.id));
        this.#objects.remove(image.id);
        if (kept.has(image.id)) continue;
        await this.#files.remove(this.#files.stagingPath(image.id));
        this.#images.update(image.id, { status: "queued", size: null, updated_at: this.#kernel.clock.now() });
      }
    }
    for (const image of this.#images.list({ status: "uploading" })) {
      // Without a size the staging had not ended.
      if (image.size !== null) continue;
      await this.#files.remove(this.#files.stagingPath(image.id));
      this.#images.update(image.id, { status: "queued", updated_at: this.#kernel.clock.now() });
    }
    // What an import had used up, or was staged for an image that is deleted by now.
    for (const id of await this.#files.staged()) {
      const status = this.#images.get(id)?.status;
      if (status !== "uploading" && status !== "importing") await this.#files.remove(this.#files.stagingPath(id));
    }
  }

  /** Moves to a status of work in progress. Errors: 400, 409, 413. */
  #begin(image: ImageRow, status: ImageStatus, { formatsNeeded = true } = {}): void {
    requireTransition(image.status, status);
    if (formatsNeeded) requireFormats(image);
    if (image.owner !== null) {
      const [exceeded] = this.#quotas.check(image.owner, { image_count_uploading: 1 });
      if (exceeded !== undefined) throw overQuota(image.owner, exceeded);
    }
    this.#images.update(image.id, { status, updated_at: this.#kernel.clock.now() });
  }

  /** Receives and stores; on an error sets `fallback` again, unless the image was deleted. */
  async #take<T>(
    id: string,
    fallback: ImageStatus,
    receive: (signal: AbortSignal) => Promise<ReceivedFile>,
    store: (received: ReceivedFile) => Promise<T>,
  ): Promise<T> {
    const controller = new AbortController();
    this.#uploads.set(id, controller);
    let received: ReceivedFile | null = null;
    try {
      received = await receive(controller.signal);
      return await store(received);
    } catch (error) {
      if (received !== null) await this.#files.remove(received.path);
      if (this.#images.get(id) === undefined) throw imageGone(id);
      this.#kernel.eventually.write(`the status of image ${id}`, () => {
        const image = this.#images.get(id);
        if (image === undefined || image.has_data === 1) return;
        this.#images.update(image.id, { status: fallback, size: null, updated_at: this.#kernel.clock.now() });
      });
      throw error instanceof ApiError ? error : readable(error);
    } finally {
      this.#uploads.delete(id);
    }
  }

  async #store(id: string, received: ReceivedFile): Promise<ImageRow> {
    const virtualSize = await this.#check(this.#present(id), received);
    const path = this.#files.path(id);
    await this.#files.publish(received, path);
    const row = await this.#orRemove(path, async () => {
      await this.#objects.keep(id, { ...received, path });
      return this.#activate(id, received, virtualSize);
    });
    if (row !== null) return row;
    await this.#files.remove(path);
    this.#objects.remove(id);
    this.#images.removeTrash(path);
    throw imageGone(id);
  }

  /** Null when the image was deleted meanwhile: its file is trash then. */
  #activate(id: string, received: ReceivedFile, virtualSize: number | null): ImageRow | null {
    const { db, clock } = this.#kernel;
    return db.transaction(() => {
      const image = this.#images.get(id);
      if (image === undefined) {
        this.#images.addTrash(this.#files.path(id));
        return null;
      }
      const stored = {
        status: "active" as const,
        size: received.size,
        virtual_size: virtualSize,
        checksum: received.md5,
        os_hash_algo: "sha512",
        os_hash_value: received.sha512,
        has_data: 1,
        updated_at: clock.now(),
      };
      this.#images.update(id, stored);
      return { ...image, ...stored };
    });
  }

  /** What could not be written down has no data either. */
  async #orRemove<T>(path: string, write: () => T | Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      await this.#files.remove(path);
      throw error;
    }
  }

  /** Looks into the file before any tool may. Returns the virtual size. Errors: 415. */
  async #check(image: ImageRow, received: ReceivedFile): Promise<number | null> {
    const opaque = image.container_format === null || OPAQUE_CONTAINERS.has(image.container_format);
    const verdict = judge(await inspectFile(received.path), image.disk_format ?? "raw");
    if (verdict.ok) {
      if (opaque) return null;
      if (verdict.note !== null) this.#kernel.log.named("glance").warning(`image ${image.id}: ${verdict.note}`);
      return image.container_format === "bare" ? verdict.virtualSize : null;
    }
    // Content of another format may be kept without enforcement, and in containers that glance does not look into (it is only
    // ever opened as what it is declared as) …
    const enforced = this.#kernel.settings.image.enforceFormat && image.container_format === "bare";
    if (!verdict.unsafe && !enforced) return null;
    // … but content that reaches for other files never is, whatever it is said to be packed in.
    throw invalidImageData(verdict.reason);
  }

  #present(id: string): ImageRow {
    const image = this.#images.get(id);
    if (image === undefined) throw imageGone(id);
    return image;
  }

  #checkQuota(image: ImageRow, resource: "image_size_total" | "image_stage_total", announced: number | null): void {
    if (image.owner === null) return;
    // Already full counts as one more, although nothing was announced.
    const wanted = Math.max(1, Math.floor((announced ?? 0) / MIB));
    const [exceeded] = this.#quotas.check(image.owner, { [resource]: wanted });
    if (exceeded !== undefined) throw overQuota(image.owner, exceeded);
  }

  #receiveOptions(options: UploadOptions, signal: AbortSignal) {
    return { ...this.receiveLimits(signal), expected: options.expected ?? null };
  }
}

function requireFormats(image: ImageRow): void {
  const missing = [
    image.disk_format === null ? "disk_format" : null,
    image.container_format === null ? "container_format" : null,
  ].filter((name) => name !== null);
  if (missing.length > 0) throw badRequest(`Properties ${missing.join(", ")} must be set prior to saving data.`);
}

const imageGone = (id: string): ApiError =>
  gone(
    `Image ${id} could not be found after upload. The image may have been deleted during the upload, cleaning up the chunks uploaded.`,
  );

/** A client that went away gets no answer anyway; the error must only not look like ours. */
function readable(error: unknown): unknown {
  if (error instanceof Incomplete) return badRequest(`The image data ended early: ${error.message}`);
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE" || code === "ABORT_ERR") {
    return badRequest("The client closed the connection before all data came.");
  }
  return error;
}
