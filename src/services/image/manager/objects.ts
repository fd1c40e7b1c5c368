import { stat } from "node:fs/promises";
import { inWords, tooLarge } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { KeptFile, KeptObject, ObjectStoreFacade } from "../../object-store/facade.ts";
import type { ImageFiles } from "../data/files.ts";
import type { ImageStore } from "../store/images.ts";

/** Names it had when its container was another are not looked for. */
const USUAL = "glance";

/**
 * Images in the object store, where `default_store` is swift: objects of the service project, named by the image's id, as glance names
 * them. Guests and volumes are made of files, so each image has one as well, which shares its blocks with the object.
 */
export class ImageObjects {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Null: this cloud has no object store, or no service project yet. */
  #place(id: string): { store: ObjectStoreFacade; object: KeptObject } | null {
    if (!this.#kernel.has("object-store")) return null;
    const project = this.#kernel.facade("identity").serviceProject();
    if (project === null) return null;
    const container = this.#kernel.settings.image.container ?? USUAL;
    return { store: this.#kernel.facade("object-store"), object: { project: project.id, container, name: id } };
  }

  /** A file that holds an image becomes its object, where images are objects. Errors: 413 (disk full). */
  async keep(id: string, file: KeptFile): Promise<void> {
    const place = this.#kernel.settings.image.container === null ? null : this.#place(id);
    if (place === null) return;
    const full = () =>
      tooLarge("Image storage media is full: There is not enough disk space on the image storage media.");
    await inWords({ 507: full }, () => place.store.keepFile(place.object, file));
  }

  /** Also where images are files by now. */
  remove(id: string): void {
    const place = this.#place(id);
    place?.store.removeObject(place.object);
  }

  /** Images that were files become objects, and a file that is lost is made of its object. */
  async settle(images: ImageStore, files: ImageFiles): Promise<void> {
    if (this.#kernel.settings.image.container === null) return;
    for (const { id, has_data, size, checksum } of images.list()) {
      const place = this.#place(id);
      if (has_data !== 1 || size === null || checksum === null || place === null) continue;
      const path = files.path(id);
      const isThere = await stat(path).then(
        () => true,
        () => false,
      );
      const sum = place.store.sumOf(place.object);
      if (isThere && sum !== checksum) await this.keep(id, { path, size, md5: checksum });
      else if (!isThere && sum === checksum)
        await files.restore(path, (incoming) => place.store.restoreFile(place.object, incoming));
    }
  }
}
