import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest, conflict, forbidden } from "../../../kernel/errors.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { overLimit } from "../errors.ts";
import type { MemberStatus } from "../states.ts";
import type { ImageRow } from "../store/images.ts";
import type { MemberRow, MemberStore } from "../store/members.ts";
import { MEMBER_QUOTA } from "./attributes.ts";
import type { Core } from "./core.ts";

const STATUSES: readonly string[] = ["pending", "accepted", "rejected"];

/** Whom an image is shared with. The owner adds projects; each of them accepts or rejects for itself. */
export class MemberManager {
  readonly #kernel: Kernel;
  readonly #members: MemberStore;

  constructor({ kernel, members }: Core) {
    this.#kernel = kernel;
    this.#members = members;
  }

  /** Errors: 400, 409 (is a member), 413. */
  add({ id: imageId }: ImageRow, memberId: unknown): MemberRow {
    if (typeof memberId !== "string") throw badRequest("Member to be added not specified");
    if (memberId === "" || memberId.length > 255) throw badRequest("Member can't be empty");
    const { db, clock } = this.#kernel;
    return db.transaction(() => {
      if (this.#members.has({ image_id: imageId, member_id: memberId })) {
        throw conflict(`Member ${memberId} is duplicated for image ${imageId}`);
      }
      const count = this.#members.countOf({ image_id: imageId }) + 1;
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
  setStatus(context: RequestContext, { id: imageId }: ImageRow, memberId: string, status: unknown): MemberRow {
    if (status === undefined || status === null) throw badRequest("Status not specified");
    if (typeof status !== "string" || !STATUSES.includes(status)) {
      throw badRequest('Incorrect request: Status must be "pending", "accepted" or "rejected".');
    }
    const { db, clock } = this.#kernel;
    return db.transaction(() => {
      const key = { image_id: imageId, member_id: memberId };
      const member = this.#members.find(key);
      const own = memberId === context.projectId;
      if (!context.isAdmin && !own) throw forbidden(`Not allowed to update members for image ${imageId}.`);
      if (member === undefined) throw this.#noMember(imageId, memberId);
      const changes = { status: status as MemberStatus, updated_at: clock.now() };
      this.#members.updateWhere(key, changes);
      return { ...member, ...changes };
    });
  }

  /** All for the owner; a member sees itself only. */
  list(context: RequestContext, image: ImageRow): MemberRow[] {
    const members = this.#members.list({ image_id: image.id });
    if (context.isAdmin || image.owner === context.projectId) return members;
    return members.filter(({ member_id }) => member_id === context.projectId);
  }

  /** Errors: 404. */
  get(context: RequestContext, image: ImageRow, memberId: string): MemberRow {
    const found = this.list(context, image).find(({ member_id }) => member_id === memberId);
    if (found === undefined) throw this.#noMember(image.id, memberId);
    return found;
  }

  /** Errors: 404. */
  remove({ id: imageId }: ImageRow, memberId: string): void {
    const key = { image_id: imageId, member_id: memberId };
    if (!this.#members.deleteWhere(key)) throw this.#noMember(imageId, memberId);
  }

  #noMember(imageId: string, memberId: string): ApiError {
    return new ApiError(404, `${memberId} not found in the member list of the image ${imageId}.`);
  }
}
