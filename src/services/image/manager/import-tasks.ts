import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError } from "../../../kernel/errors.ts";
import { requireTransition } from "../states.ts";
import type { TaskRow } from "../store/tasks.ts";
import type { Core } from "./core.ts";
import type { ImageManager } from "./images.ts";
import type { ImportManager } from "./imports.ts";

/** What an import is asked for by `POST /v2/tasks`. */
export interface ImportInput {
  import_from: string;
  import_from_format: string;
  image_properties: Readonly<Record<string, unknown>>;
}

/** `POST /v2/tasks`, glance's older way to import: makes the image too. What is wrong with it is told by the task, not by the answer. */
export class ImportTasks {
  readonly #core: Core;
  readonly #images: ImageManager;
  readonly #imports: ImportManager;

  constructor(core: Core, images: ImageManager, imports: ImportManager) {
    this.#core = core;
    this.#images = images;
    this.#imports = imports;
  }

  /** The task as it begins. */
  create(context: RequestContext, type: string, input: Readonly<Record<string, unknown>>): TaskRow {
    const { kernel, images } = this.#core;
    return kernel.db.transaction(() => {
      let imageId: string | null = null;
      let problem: string | null = null;
      try {
        const { image_properties } = checked(type, input);
        const image = this.#images.create(context, image_properties);
        requireTransition(image.status, "importing");
        images.update(image.id, { status: "importing" });
        imageId = image.id;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        problem = error.detail === "" ? error.message : error.detail;
      }
      const task = this.#imports.newTask(context, { imageId, type, input });
      kernel.db.afterCommit(() => this.#imports.runTask(task, problem));
      return task;
    });
  }
}

/** Errors: 400 in glance's words. */
function checked(type: string, input: Readonly<Record<string, unknown>>): ImportInput {
  const wrong = (message: string) => new ApiError(400, message);
  if (type !== "import") throw wrong("Tasks of this type are begun by POST /v2/images/{image_id}/import.");
  for (const name of ["import_from", "import_from_format", "image_properties"])
    if (!Object.hasOwn(input, name)) throw wrong(`Input does not contain '${name}' field`);
  const { import_from, import_from_format, image_properties } = input;
  if (typeof import_from !== "string" || import_from === "") throw wrong("Invalid location: None");
  if (import_from.startsWith("file://"))
    throw wrong("File based imports are not allowed. Please use a non-local source of image data.");
  if (typeof image_properties !== "object" || image_properties === null || Array.isArray(image_properties))
    throw wrong("Input 'image_properties' is not an object");
  const attributes = image_properties as Readonly<Record<string, unknown>>;
  for (const name of ["disk_format", "container_format"])
    if (typeof attributes[name] !== "string") throw wrong(`Properties ${name} must be set prior to saving data.`);
  return { import_from, import_from_format: String(import_from_format), image_properties: attributes };
}
