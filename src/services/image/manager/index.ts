import type { Kernel } from "../../../kernel/module.ts";
import { createCore } from "./core.ts";
import { DataManager } from "./data.ts";
import { ImageManager } from "./images.ts";
import { ImportTasks } from "./import-tasks.ts";
import { ImportManager } from "./imports.ts";
import { ImageListing } from "./listing.ts";
import { MemberManager } from "./members.ts";
import { MetadefManager } from "./metadefs.ts";

export type Managers = ReturnType<typeof createManagers>;

/** The managers of one cloud, put together. */
export function createManagers(kernel: Kernel) {
  const core = createCore(kernel);
  const images = new ImageManager(core);
  const data = new DataManager(core);
  const imports = new ImportManager(core, data);
  images.onDeleted((id) => data.abort(id));
  return {
    core,
    images,
    data,
    listing: new ImageListing(core),
    imports,
    importTasks: new ImportTasks(core, images, imports),
    members: new MemberManager(core),
    metadefs: new MetadefManager(core),
  };
}
