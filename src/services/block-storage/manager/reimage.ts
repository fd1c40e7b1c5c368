import type { RequestContext } from "../../../kernel/auth/context.ts";
import { conflict, inWords, notFound } from "../../../kernel/errors.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import type { ImageInfo } from "../../image/facade.ts";
import { invalidVolume } from "../errors.ts";
import { requireStatus } from "../states.ts";
import type { Core } from "./core.ts";
import { checkImage, fileOf, imageMetadataOf } from "./images.ts";
import { fail, finish, GIB, type VolumeInput, withVolume } from "./work.ts";

interface ReimageInput extends VolumeInput {
  imageId: string;
  imageMetadata: Readonly<Record<string, string>>;
}

/** Writes an image again to a volume that is there: os-reimage (3.68), and what compute's rebuild of a root volume asks for. */
export class Reimager {
  readonly #core: Core;
  readonly #reimage: OperationHandle<ReimageInput>;

  constructor(core: Core) {
    this.#core = core;
    this.#reimage = core.kernel.operations.define<ReimageInput>({
      kind: "block-storage.volume.reimage",
      steps: [
        {
          name: "write the image to the volume",
          do: ({ input }) =>
            withVolume(core, input.volumeId, (volume, driver) =>
              core.locks.hold(`volume:${volume.id}`, () =>
                driver.reimage(volume, volume.size_gb * GIB, fileOf(core, input.imageId)),
              ),
            ),
        },
      ],
      onDone: ({ input }) => finish(core, input.volumeId, { bootable: true, image_metadata: input.imageMetadata }),
      onFailed({ input, requestId }) {
        fail(core, input.volumeId, "error", {});
        core.tellOfVolume(input.volumeId, requestId, "reimageVolume", "unknown");
      },
    });
  }

  /**
   * Begins it; the volume is "downloading" and then what it was before. `reserved`: also a volume that a server holds without having it
   * plugged in. As cinder/volume/api.py reimage, but nothing changes when the image is refused. Errors: 400, 404 (volume, image), 409.
   */
  start(context: RequestContext, id: string, imageId: string, options: { reserved: boolean }): void {
    const core = this.#core;
    core.kernel.db.transaction(() => {
      const volume = core.volume(context, id);
      if (core.attachments.ofVolume(id).length > 1) {
        throw conflict("Cannot re-image a volume which is attached to more than one server.");
      }
      requireStatus(volume, options.reserved ? "reimageReserved" : "reimage");
      if (volume.host === null) throw invalidVolume(`Volume ${id} has no storage backend.`);
      const image = this.#image(context, imageId);
      checkImage(image, volume.size_gb);
      core.setVolume(id, { status: "downloading", previous_status: volume.status });
      const input = { volumeId: id, imageId, imageMetadata: imageMetadataOf(image) };
      this.#reimage.start({ resource: `volume:${id}`, input, requestId: context.requestId });
    });
  }

  #image(context: RequestContext, id: string): ImageInfo {
    const unknown = () => notFound(`Image ${id} could not be found.`);
    return inWords({ 404: unknown }, () => this.#core.kernel.facade("image").get(context, id));
  }
}
