import type { Kernel } from "../../../kernel/module.ts";
import { Quotas } from "../../../kernel/quota/quota.ts";
import { ImageFiles } from "../data/files.ts";
import { quotaResources } from "../quotas.ts";
import { ImageStore } from "../store/images.ts";
import { MemberStore } from "../store/members.ts";
import { MetadefStore } from "../store/metadefs.ts";
import { TaskStore } from "../store/tasks.ts";
import { Access } from "./access.ts";
import { ImageObjects } from "./objects.ts";

/** What the managers of this service share. */
export interface Core {
  readonly kernel: Kernel;
  readonly images: ImageStore;
  readonly members: MemberStore;
  readonly metadefs: MetadefStore;
  readonly tasks: TaskStore;
  readonly files: ImageFiles;
  readonly objects: ImageObjects;
  readonly quotas: Quotas;
  readonly access: Access;
}

export function createCore(kernel: Kernel): Core {
  const { db, settings } = kernel;
  const images = new ImageStore(db);
  const members = new MemberStore(db);
  return {
    kernel,
    images,
    members,
    metadefs: new MetadefStore(db),
    tasks: new TaskStore(db),
    files: new ImageFiles(settings.image.imageDir),
    objects: new ImageObjects(kernel),
    quotas: new Quotas(db, "image", quotaResources(images, settings.image)),
    access: new Access(kernel, images, members),
  };
}
