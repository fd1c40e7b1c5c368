import type { RequestContext } from "../../../kernel/auth/context.ts";
import { type ApiError, forbidden, notFound } from "../../../kernel/errors.ts";
import type { Touched } from "../../../kernel/http/route.ts";
import { imageNotFound } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import type { ImageRow } from "../store/images.ts";

/** What records of this API touch. glance gets an image first and then asks who may (glance/api/v2/policy.py `_enforce`). */
export interface TouchedImages {
  /** `missing` words the 404: glance does it differently from verb to verb. */
  image(missing?: (id: string) => ApiError): Touched<ImageRow>;
  /** An image that is shared, which alone has members. `refusal` words the 403. */
  shared(refusal?: (id: string) => string): Touched<ImageRow>;
  /** An image that somebody shares with the caller's project. */
  readonly membership: Touched<ImageRow>;
}

export function touchedImages({ kernel, images, access }: Core): TouchedImages {
  const see = (context: RequestContext, id: string, missing: (id: string) => ApiError): ImageRow => {
    const image = images.get(id);
    if (image === undefined || !access.sees(context, image)) throw missing(id);
    // Who has no role that counts sees no image, not even a public one.
    if (!kernel.policies.allows("get_image", context, null)) throw notFound("The resource could not be found.");
    return image;
  };
  const owner = (image: ImageRow, context: RequestContext) => access.owner(context, image);
  const shared: TouchedImages["shared"] = (refusal) => ({
    kind: "shared image",
    first: true,
    find({ context, param }) {
      const image = see(context, param("image_id"), imageNotFound);
      if (image.visibility !== "shared") throw forbidden("Only shared images have members.");
      return image;
    },
    owner,
    ...(refusal === undefined ? {} : { refused: ({ id }) => forbidden(refusal(id)) }),
  });
  return {
    image: (missing = imageNotFound) => ({
      kind: "image",
      first: true,
      find: ({ context, param }) => see(context, param("image_id"), missing),
      owner,
    }),
    shared,
    membership: { ...shared((id) => `Not allowed to update members for image ${id}.`), kind: "image membership" },
  };
}
