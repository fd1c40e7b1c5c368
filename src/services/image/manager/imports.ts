import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, conflict, messageOf } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { ImageFiles } from "../data/files.ts";
import { addressFilter } from "../download/address.ts";
import { DownloadRefused, type FetchOptions, fetchUrl, parseUrl, resolveAllowed, shownUri } from "../download/fetch.ts";
import { requireTransition } from "../states.ts";
import type { ImageRow, ImageStore } from "../store/images.ts";
import type { TaskRow, TaskStatus, TaskStore } from "../store/tasks.ts";
import type { Access } from "./access.ts";
import type { Core } from "./core.ts";
import type { DataManager } from "./data.ts";

const TWO_DAYS = 48 * 3_600_000;
const STORE = "file";
/** glance's [import_filtering_opts]allowed_ports, 80 and 443, as a URL has them: "" is the scheme's own. */
const ALLOWED_PORTS: ReadonlySet<string> = new Set(["", "80", "443"]);

export interface ImportRequest {
  method: { name: string; uri?: string };
  stores?: readonly string[];
  all_stores?: boolean;
  all_stores_must_succeed?: boolean;
}

/** The type of tasks that imports of this API begin. */
const OWN = "api_image_import";

interface NewTask {
  imageId: string | null;
  type: string;
  input: unknown;
  status?: TaskStatus;
}

/** What a task asked for, in the words of an import. */
function requestOf({ type, input }: TaskRow): ImportRequest {
  const given = JSON.parse(input) as { import_req: ImportRequest; import_from: string };
  return type === OWN ? given.import_req : { method: { name: "web-download", uri: given.import_from } };
}

/** `POST /v2/images/{id}/import`: brings data in after the answer, and tells by a task how it went. */
export class ImportManager {
  readonly #kernel: Kernel;
  readonly #images: ImageStore;
  readonly #tasks: TaskStore;
  readonly #access: Access;
  readonly #data: DataManager;
  readonly #files: ImageFiles;
  readonly #rules: FetchOptions;
  readonly #running = new Set<Promise<void>>();

  constructor(core: Core, data: DataManager) {
    this.#kernel = core.kernel;
    this.#images = core.images;
    this.#tasks = core.tasks;
    this.#access = core.access;
    this.#data = data;
    this.#files = core.files;
    const { settings } = core.kernel;
    const { floatingRange, ipv6 } = settings.network;
    const own = [floatingRange, ipv6.publicRange, settings.hostIp, settings.hostIpv6].filter((range) => range !== null);
    this.#rules = settings.image.allowLocalUrls
      ? { mayReach: () => true }
      : { mayReach: addressFilter(own), mayFetch: ({ port }) => ALLOWED_PORTS.has(port) };
  }

  /** Errors: 400, 403, 404, 409 before anything starts; later ones are in the task. */
  async start(context: RequestContext, image: ImageRow, wanted: ImportRequest): Promise<void> {
    const { name } = wanted.method;
    checkStores(wanted);
    if (name === "copy-image") {
      this.#access.require(context, image, "copy_image");
      if (image.status !== "active") throw conflict("Only images with status active can be targeted for copying");
      // There is one store, and the data is in it.
      this.#finish(this.#importOf(context, image, wanted), "success", "Copied 0 MiB");
      return;
    }
    if (image.container_format === null) throw badRequest("'container_format' needs to be set before import");
    if (image.disk_format === null) throw badRequest("'disk_format' needs to be set before import");
    if (name === "glance-direct" && image.status !== "uploading") {
      throw conflict("Image needs to be staged before 'glance-direct' method can be used");
    }
    if (name === "web-download") {
      if (image.status !== "queued") {
        throw conflict("Image needs to be in 'queued' state to use 'web-download' method");
      }
      await this.#checkUri(wanted.method.uri ?? "");
    }
    this.#begin(context, image.id, wanted);
  }

  /** Resolves when no import runs. For tests and for shutting down. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Imports that a restart interrupted were promised: they begin anew. Answers the ids of their images. */
  unfinished(): Set<string> {
    return new Set(this.#tasks.unfinished().flatMap(({ image_id }) => image_id ?? []));
  }

  /** Continues them. */
  resume(): void {
    for (const task of this.#tasks.unfinished()) {
      const image = task.image_id === null ? undefined : this.#images.get(task.image_id);
      if (image?.status === "importing") {
        this.#run(image.id, requestOf(task), task);
        continue;
      }
      // It had ended, and only that was not written down yet.
      const done = image?.has_data === 1;
      this.#finish(task, done ? "success" : "failure", done ? `Copied ${mebibytes(image)} MiB` : "The import failed.");
    }
  }

  #begin(context: RequestContext, id: string, wanted: ImportRequest): void {
    const { db, clock } = this.#kernel;
    const task = db.transaction(() => {
      const image = this.#access.authorized(context, id, "modify_image");
      requireTransition(image.status, "importing");
      this.#images.update(image.id, {
        status: "importing",
        properties: withProgress(image, STORE, ""),
        updated_at: clock.now(),
      });
      return this.#importOf(context, image, wanted);
    });
    this.#run(id, wanted, task);
  }

  #run(id: string, wanted: ImportRequest, task: TaskRow): void {
    const staging = this.#files.stagingPath(id);
    const bring = (signal: AbortSignal) =>
      wanted.method.name === "glance-direct"
        ? this.#files.receiveStaged(id, this.#data.receiveLimits(signal))
        : this.#download(wanted.method.uri ?? "", signal);
    const work = this.#data
      .finishImport(id, bring)
      .finally(() => this.#files.remove(staging))
      .then(
        (image) => this.#finish(task, "success", `Copied ${mebibytes(image)} MiB`),
        (error: unknown) => {
          this.#kernel.log.named("glance").warning(`import of image ${id} failed: ${messageOf(error)}`);
          this.#finish(task, "failure", userMessage(error));
        },
      )
      .finally(() => this.#running.delete(work));
    this.#running.add(work);
  }

  async #download(uri: string, signal: AbortSignal) {
    const { stream, length } = await fetchUrl(uri, { ...this.#rules, signal });
    return this.#files.receive(stream, { ...this.#data.receiveLimits(signal), expected: length });
  }

  /** Glance says no at once to what its filter refuses. A name that cannot be resolved is refused alike. */
  async #checkUri(uri: string): Promise<void> {
    try {
      await resolveAllowed(parseUrl(uri), this.#rules);
    } catch (error) {
      if (error instanceof DownloadRefused && !error.message.includes("cannot be resolved")) {
        throw badRequest(`URI for web-download does not pass filtering: ${shownUri(uri)}`);
      }
      if (!(error instanceof DownloadRefused)) throw error;
    }
  }

  #importOf(context: RequestContext, image: ImageRow, wanted: ImportRequest): TaskRow {
    const input = { image_id: image.id, import_req: wanted, backend: [STORE] };
    return this.newTask(context, { imageId: image.id, type: OWN, input, status: "processing" });
  }

  /** A task that was asked for as such: brings its image, or fails at once with `problem`. */
  runTask(task: TaskRow, problem: string | null): void {
    if (task.image_id === null || problem !== null) this.#finish(task, "failure", problem ?? "The import failed.");
    else this.#run(task.image_id, requestOf(task), task);
  }

  /** Written down; in the transaction that makes the change. */
  newTask(context: RequestContext, { imageId, type, input, status = "pending" }: NewTask): TaskRow {
    const now = this.#kernel.clock.now();
    const task: TaskRow = {
      id: uuid(),
      image_id: imageId,
      type,
      status,
      owner: context.projectId,
      user_id: context.userId,
      request_id: context.requestId,
      input: JSON.stringify(input),
      result: null,
      message: "",
      expires_at: null,
      created_at: now,
      updated_at: now,
    };
    this.#tasks.insert(task);
    return task;
  }

  #finish(task: TaskRow, status: "success" | "failure", message: string): void {
    const { db, clock, eventually } = this.#kernel;
    const write = () => {
      const now = clock.now();
      const image = task.image_id === null ? undefined : this.#images.get(task.image_id);
      if (image !== undefined && task.type === OWN) {
        this.#images.update(image.id, { properties: withProgress(image, "", status === "success" ? "" : STORE) });
      }
      const result = status === "success" ? JSON.stringify({ image_id: task.image_id }) : null;
      this.#tasks.update(task.id, { status, message, result, expires_at: now + TWO_DAYS, updated_at: now });
    };
    eventually.write(`the end of task ${task.id}`, () => db.transaction(write));
  }
}

const mebibytes = (image: ImageRow): number => Math.floor((image.size ?? 0) / 2 ** 20);

/** The properties by which clients see how an import goes (glance keeps them afterwards too). */
function withProgress(image: ImageRow, importing: string, failed: string): string {
  return JSON.stringify({
    ...(JSON.parse(image.properties) as Record<string, string>),
    os_glance_importing_to_stores: importing,
    os_glance_failed_import: failed,
  });
}

/** Causes that are the user's to know; anything else may tell of the host. */
function userMessage(error: unknown): string {
  if (error instanceof DownloadRefused) return error.message;
  const status = (error as { status?: number } | null)?.status;
  const detail = (error as { detail?: string } | null)?.detail ?? "";
  if (status !== undefined && status < 500) return detail === "" ? messageOf(error) : detail;
  return "The import failed.";
}

function checkStores(wanted: ImportRequest): void {
  if (wanted.all_stores === true && wanted.stores !== undefined) {
    throw badRequest("all_stores parameter can't be used with x-image-meta-store header or stores parameter");
  }
  const unknown = wanted.stores?.find((store) => store !== STORE);
  if (unknown !== undefined) throw badRequest(`Store for identifier '${unknown}' not found`);
}
