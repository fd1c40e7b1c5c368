import type { RequestContext } from "../../../kernel/auth/context.ts";
import { forbidden } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Target } from "../../../kernel/policy/policy.ts";
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

  /** The image, if the context may see it and `policy` allows it. Errors: 404, 403. */
  authorized(context: RequestContext, id: string, policy: string): ImageRow {
    const image = this.visible(context, id);
    this.require(context, image, policy);
    return image;
  }

  require(context: RequestContext, image: ImageRow, policy: string): void {
    if (!this.#kernel.policies.allows(policy, context, this.owner(context, image)))
      throw forbidden(imageApi.forbidden(policy));
  }

  /** Whose it is, as policies ask. */
  owner(context: RequestContext, image: ImageRow): Target {
    const member_id = this.membership(context, image)?.member_id ?? null;
    return { projectId: image.owner, visibility: image.visibility, member_id };
  }

  /** The context's project among the image's members. */
  membership(context: RequestContext, image: ImageRow): MemberRow | undefined {
    if (image.visibility !== "shared" || context.projectId === null) return undefined;
    return this.#members.find({ image_id: image.id, member_id: context.projectId });
  }

  sees(context: RequestContext, image: ImageRow): boolean {
    if (context.isAdmin || image.visibility === "public" || image.visibility === "community") return true;
    if (image.owner !== null && image.owner === context.projectId) return true;
    return this.membership(context, image) !== undefined;
  }
}
