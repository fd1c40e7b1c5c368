import type { RequestContext } from "../../../kernel/auth/context.ts";
import { forbidden, notFound } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { imageApi, imageNotFound } from "../errors.ts";
import type { ImageRow, ImageStore } from "../store/images.ts";
import type { MemberRow, MemberStore } from "../store/members.ts";

/** Who may see an image and who may do what with it. */
export class Access {
  readonly #kernel: Kernel;
  readonly #images: ImageStore;
  readonly #members: MemberStore;

  constructor(kernel: Kernel, images: ImageStore, members: MemberStore) {
    this.#kernel = kernel;
    this.#images = images;
    this.#members = members;
  }

  /** Errors: 404 when there is none that the context may see. */
  visible(context: RequestContext, id: string): ImageRow {
    const image = this.#images.get(id);
    if (image === undefined || !this.sees(context, image)) throw imageNotFound(id);
    return image;
  }

  /**
   * For who may do `policy` to no image at all: 404 where this one is not to be seen, or none is. glance gets the image first
   * and then asks (glance/api/v2/policy.py ImageAPIPolicy `_enforce`).
   */
  findFirst(context: RequestContext, id: string, policy: string): void {
    const { policies } = this.#kernel;
    if (policies.allows(policy, context, null)) return;
    this.visible(context, id);
    if (!policies.allows("get_image", context, null)) throw notFound("The resource could not be found.");
  }

  /** The image, if the context may see it and `policy` allows it. Errors: 404, 403. */
  authorized(context: RequestContext, id: string, policy: string): ImageRow {
    const image = this.visible(context, id);
    this.require(context, image, policy);
    return image;
  }

  require(context: RequestContext, image: ImageRow, policy: string): void {
    const member = this.membership(context, image);
    const target = {
      projectId: image.owner,
      visibility: image.visibility,
      member_id: member?.member_id ?? null,
    };
    if (!this.#kernel.policies.allows(policy, context, target)) throw forbidden(imageApi.forbidden(policy));
  }

  /** The context's project among the image's members. */
  membership(context: RequestContext, image: ImageRow): MemberRow | undefined {
    if (image.visibility !== "shared" || context.projectId === null) return undefined;
    return this.#members.get(image.id, context.projectId);
  }

  sees(context: RequestContext, image: ImageRow): boolean {
    if (context.isAdmin || image.visibility === "public" || image.visibility === "community") return true;
    if (image.owner !== null && image.owner === context.projectId) return true;
    return this.membership(context, image) !== undefined;
  }
}
