import { basename } from "node:path";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest, conflict, forbidden } from "../../../kernel/errors.ts";
import { exactly } from "../../../kernel/http/exact-json.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { isUuidLike, uuid } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Quotas } from "../../../kernel/quota/quota.ts";
import type { ImageFiles } from "../data/files.ts";
import { denied, imageApi } from "../errors.ts";
import { overQuota } from "../quotas.ts";
import { requireTransition } from "../states.ts";
import type { ImageRow, ImageStore } from "../store/images.ts";
import { CHECKS, checkProperty, checkPropertyCount, checkTags, isReadOnly, isReserved } from "./attributes.ts";
import type { Core } from "./core.ts";
import type { ImageObjects } from "./objects.ts";
import { applyPatch, type PatchChange, setOwn } from "./patch.ts";

/** The verbs on images that need no data. Knows nothing of HTTP. */
export class ImageManager {
  readonly #kernel: Kernel;
  readonly #images: ImageStore;
  readonly #quotas: Quotas;
  readonly #files: ImageFiles;
  readonly #objects: ImageObjects;
  /** Told of every deletion, so that an upload under way ends. */
  readonly #onDeleted: ((id: string) => void)[] = [];

  constructor(core: Core) {
    this.#kernel = core.kernel;
    this.#images = core.images;
    this.#quotas = core.quotas;
    this.#files = core.files;
    this.#objects = core.objects;
  }

  onDeleted(listener: (id: string) => void): void {
    this.#onDeleted.push(listener);
  }

  /** `attributes` as in the API's body. Errors: 400, 403, 409 (id taken), 413 over quota. */
  create(context: RequestContext, attributes: Readonly<Record<string, unknown>>): ImageRow {
    const { db, clock } = this.#kernel;
    const image = this.#newRow(context, attributes, clock.now());
    this.#mayBeOwnedBy(context, image.owner);
    this.#require(context, image, "add_image");
    if (image.visibility === "public") this.#require(context, image, "publicize_image");
    if (image.visibility === "community") this.#require(context, image, "communitize_image");
    db.transaction(() => {
      if (this.#images.get(image.id) !== undefined) throw conflict(`Image ID ${image.id} already exists!`);
      if (image.owner !== null) {
        const [exceeded] = this.#quotas.check(image.owner, { image_count_total: 1 });
        if (exceeded !== undefined) throw overQuota(image.owner, exceeded);
      }
      this.#images.insert(image);
    });
    return image;
  }

  update(context: RequestContext, before: ImageRow, changes: readonly PatchChange[]): ImageRow {
    const { db, clock } = this.#kernel;
    return db.transaction(() => {
      const after = applyPatch(before, changes);
      if (after.visibility !== before.visibility) {
        if (after.visibility === "public") this.#require(context, before, "publicize_image");
        if (after.visibility === "community") this.#require(context, before, "communitize_image");
      }
      if (after.owner !== before.owner) this.#mayBeOwnedBy(context, after.owner);
      if (changes.length === 0) return before;
      const row = { ...after, updated_at: clock.now() };
      this.#images.update(row.id, row);
      return row;
    });
  }

  /** Errors: 403 when protected. */
  async delete(image: ImageRow): Promise<void> {
    const { db } = this.#kernel;
    const { id } = image;
    const paths = [this.#files.path(id), this.#files.stagingPath(id)];
    db.transaction(() => {
      if (image.protected !== 0) throw forbidden(`Image ${id} is protected and cannot be deleted.`);
      for (const path of paths) this.#images.addTrash(path);
      this.#images.delete(id);
    });
    for (const listener of this.#onDeleted) listener(id);
    await this.emptyTrash(paths);
  }

  /** Unlinks files of deleted images; a failure is tried again at the next start. */
  async emptyTrash(paths: readonly string[] = this.#images.trash()): Promise<void> {
    for (const path of paths) {
      await this.#files.remove(path);
      this.#kernel.eventually.write("a removed file", () => {
        if (path === this.#files.path(basename(path))) this.#objects.remove(basename(path));
        this.#images.removeTrash(path);
      });
    }
  }

  /** Errors: 409. */
  setActive(image: ImageRow, active: boolean): void {
    this.#kernel.db.transaction(() => {
      const status = active ? "active" : "deactivated";
      if (image.status === status) return;
      if (active ? image.status !== "deactivated" : image.status !== "active") {
        throw conflict(
          active
            ? "The status of the image must be either active or deactivated to reactivate it."
            : "The status of the image must be either active or deactivated to deactivate it.",
        );
      }
      requireTransition(image.status, status);
      this.#images.update(image.id, { status, updated_at: this.#kernel.clock.now() });
    });
  }

  /** Errors: 400, 413. */
  addTag(image: ImageRow, tag: string): void {
    this.#changeTags(image, (tags) => checkTags([...tags, tag]));
  }

  /** Errors: 404 when the image has no such tag. */
  removeTag(image: ImageRow, tag: string): void {
    this.#changeTags(image, (tags) => {
      if (!tags.includes(tag)) throw new ApiError(404, "The resource could not be found.");
      return tags.filter((other) => other !== tag);
    });
  }

  #changeTags(image: ImageRow, change: (tags: string[]) => string[]): void {
    this.#kernel.db.transaction(() => {
      const tags = JSON.stringify(change(JSON.parse(image.tags) as string[]));
      this.#images.update(image.id, { tags, updated_at: this.#kernel.clock.now() });
    });
  }

  #newRow(context: RequestContext, attributes: Readonly<Record<string, unknown>>, now: number): ImageRow {
    const properties: Record<string, string> = {};
    let row = emptyRow(context.projectId, now);
    for (const name of Object.keys(attributes)) {
      const value = exactly(attributes, name);
      if (isReadOnly(name)) throw denied(`Attribute '${name}' is read-only.`);
      if (isReserved(name)) throw denied(`Attribute '${name}' is reserved.`);
      const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
      if (name === "id") row = { ...row, id: checkId(value) };
      else if (check !== undefined) row = { ...row, ...check(value) };
      else setOwn(properties, name, checkProperty(name, value));
    }
    checkPropertyCount(properties);
    return { ...row, properties: JSON.stringify(properties) };
  }

  #mayBeOwnedBy(context: RequestContext, owner: string | null): void {
    if (context.isAdmin || owner === context.projectId) return;
    throw forbidden(`You are not permitted to create images owned by '${owner ?? ""}'.`);
  }

  #require(context: RequestContext, image: ImageRow, policy: string): void {
    const target = { projectId: image.owner, visibility: image.visibility };
    if (!this.#kernel.policies.allows(policy, context, target)) throw forbidden(imageApi.forbidden(policy));
  }
}

/** A queued image without anything. Its visibility is glance's default, "shared". */
function emptyRow(owner: string | null, now: number): ImageRow {
  return {
    id: uuid(),
    name: null,
    status: "queued",
    owner,
    visibility: "shared",
    disk_format: null,
    container_format: null,
    size: null,
    virtual_size: null,
    min_disk: 0,
    min_ram: 0,
    protected: 0,
    os_hidden: 0,
    checksum: null,
    os_hash_algo: null,
    os_hash_value: null,
    properties: "{}",
    tags: "[]",
    has_data: 0,
    created_at: now,
    updated_at: now,
  };
}

/** It becomes a file name, so nothing but a UUID will do. */
function checkId(value: unknown): string {
  if (typeof value !== "string" || !isUuidLike(value) || value.length !== 36) {
    throw badRequest(`Invalid image id format: ${typeof value === "string" ? value : pythonRepr(value)}`);
  }
  return value.toLowerCase();
}
