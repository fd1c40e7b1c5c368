import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest, conflict, forbidden } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { imageNotFound, overLimit } from "../errors.ts";
import type { MemberStatus } from "../states.ts";
import type { ImageRow, ImageStore } from "../store/images.ts";
import type { MemberRow, MemberStore } from "../store/members.ts";
import type { Access } from "./access.ts";
import { MEMBER_QUOTA } from "./attributes.ts";

const STATUSES: readonly string[] = ["pending", "accepted", "rejected"];

/** Whom an image is shared with. The owner adds projects; each of them accepts or rejects for itself. */
export class MemberManager {
  readonly #kernel: Kernel;
  readonly #images: ImageStore;
  readonly #members: MemberStore;
  readonly #access: Access;

  constructor(deps: { kernel: Kernel; images: ImageStore; members: MemberStore; access: Access }) {
    this.#kernel = deps.kernel;
    this.#images = deps.images;
    this.#members = deps.members;
    this.#access = deps.access;
  }

  /** Errors: 404, 403 (not the owner, or not shared), 409 (is a member), 413. */
  add(context: RequestContext, imageId: string, memberId: unknown): MemberRow {
    if (typeof memberId !== "string") throw badRequest("Member to be added not specified");
    if (memberId === "" || memberId.length > 255) throw badRequest("Member can't be empty");
    const { db, clock } = this.#kernel;
    return db.transaction(() => {
      const image = this.#shared(context, imageId);
      this.#own(context, image, "add_member", `Not allowed to create members for image ${imageId}.`);
      if (this.#members.get(imageId, memberId) !== undefined) {
        throw conflict(`Member ${memberId} is duplicated for image ${imageId}`);
      }
      const count = this.#members.list(imageId).length + 1;
      if (count > MEMBER_QUOTA) throw overLimit("members for this image", count, MEMBER_QUOTA);
      const now = clock.now();
      const row: MemberRow = {
        image_id: imageId,
        member_id: memberId,
        status: "pending",
        created_at: now,
        updated_at: now,
      };
      this.#members.insert(row);
      return row;
    });
  }

  /** Errors: 400 for an unknown status; 403 for the owner, who may not accept in another's name; 404. */
  setStatus(context: RequestContext, imageId: string, memberId: string, status: unknown): MemberRow {
    if (status === undefined || status === null) throw badRequest("Status not specified");
    if (typeof status !== "string" || !STATUSES.includes(status)) {
      throw badRequest('Incorrect request: Status must be "pending", "accepted" or "rejected".');
    }
    const { db, clock } = this.#kernel;
    return db.transaction(() => {
      this.#shared(context, imageId);
      const member = this.#members.get(imageId, memberId);
      const own = memberId === context.projectId;
      if (!context.isAdmin && !own) throw forbidden(`Not allowed to update members for image ${imageId}.`);
      if (member === undefined) throw this.#noMember(imageId, memberId);
      this.#members.setStatus(imageId, memberId, status as MemberStatus, clock.now());
      return this.#members.get(imageId, memberId) ?? member;
    });
  }

  /** All for the owner; a member sees itself only. Errors: 404, 403 when the image is not shared. */
  list(context: RequestContext, imageId: string): MemberRow[] {
    const image = this.#shared(context, imageId);
    this.#access.require(context, image, "get_members");
    const members = this.#members.list(imageId);
    if (context.isAdmin || image.owner === context.projectId) return members;
    return members.filter(({ member_id }) => member_id === context.projectId);
  }

  get(context: RequestContext, imageId: string, memberId: string): MemberRow {
    const found = this.list(context, imageId).find(({ member_id }) => member_id === memberId);
    if (found === undefined) throw this.#noMember(imageId, memberId);
    return found;
  }

  remove(context: RequestContext, imageId: string, memberId: string): void {
    this.#kernel.db.transaction(() => {
      const image = this.#shared(context, imageId);
      this.#own(context, image, "delete_member", `Not allowed to delete members for image ${imageId}.`);
      if (!this.#members.delete(imageId, memberId)) throw this.#noMember(imageId, memberId);
    });
  }

  #shared(context: RequestContext, imageId: string): ImageRow {
    const image = this.#images.get(imageId);
    if (image === undefined || !this.#access.sees(context, image)) throw imageNotFound(imageId);
    if (image.visibility !== "shared") throw forbidden("Only shared images have members.");
    return image;
  }

  #own(context: RequestContext, image: ImageRow, policy: string, message: string): void {
    const target = { projectId: image.owner };
    if (!this.#kernel.policies.allows(policy, context, target)) throw forbidden(message);
  }

  #noMember(imageId: string, memberId: string): ApiError {
    return new ApiError(404, `${memberId} not found in the member list of the image ${imageId}.`);
  }
}
