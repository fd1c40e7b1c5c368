import { join } from "node:path";
import type { Exec } from "../../host/types.ts";
import { defineService, forProjects } from "../../kernel/module.ts";
import { Quotas } from "../../kernel/quota/quota.ts";
import { ImageFiles } from "./data/files.ts";
import { Retriever } from "./download/retrieve.ts";
import { imageApi } from "./errors.ts";
import "./facade.ts";
import { Access } from "./manager/access.ts";
import { DataManager } from "./manager/data.ts";
import { imageFacade } from "./manager/facade.ts";
import { ImageManager } from "./manager/images.ts";
import { ImportManager } from "./manager/imports.ts";
import { ImageListing } from "./manager/listing.ts";
import { MemberManager } from "./manager/members.ts";
import { images as imagesMigration } from "./migrations/0001-images.ts";
import { policies, scopesOf } from "./policies.ts";
import { quotaResources } from "./quotas.ts";
import { dataRoutes } from "./routes/data.ts";
import { imageRoutes } from "./routes/images.ts";
import { importRoutes } from "./routes/imports.ts";
import { memberRoutes } from "./routes/members.ts";
import { metadefRoutes } from "./routes/metadefs.ts";
import { schemaRoutes } from "./routes/schemas.ts";
import { taskRoutes } from "./routes/tasks.ts";
import { touchedImages } from "./routes/touched.ts";
import { usageRoutes } from "./routes/usage.ts";
import { versionRoutes } from "./routes/versions.ts";
import { seedImages } from "./seed.ts";
import { ImageStore } from "./store/images.ts";
import { MemberStore } from "./store/members.ts";
import { TaskStore } from "./store/tasks.ts";

export interface ImageDrivers {
  /** Unpacks .xz and .bz2 files of IMAGE_URLS. */
  exec: Exec;
}

/** Glance v2: images, their data and whom they are shared with. */
export const image = defineService<"image", ImageDrivers>({
  name: "image",
  endpoint: {
    prefix: "/image",
    classicPorts: ["image"],
    catalog: [{ name: "glance", type: "image", path: "", description: "Glance Image Service" }],
  },
  api: imageApi,
  policies,
  olderRules: "glance",
  scopes: forProjects("glance", scopesOf),
  migrations: [imagesMigration],
  create(kernel, drivers) {
    const settings = kernel.settings.image;
    const store = new ImageStore(kernel.db);
    const members = new MemberStore(kernel.db);
    const files = new ImageFiles(settings.imageDir);
    const access = new Access(kernel, store, members);
    const quotas = new Quotas(kernel.db, "image", quotaResources(store, settings));
    const deps = { kernel, images: store, access, quotas, files };
    const images = new ImageManager(deps);
    const data = new DataManager(deps);
    const listing = new ImageListing(store, access);
    const tasks = new TaskStore(kernel.db);
    const imports = new ImportManager({ kernel, images: store, tasks, access, data, files });
    const sharing = new MemberManager(kernel, members);
    images.onDeleted((id) => data.abort(id));
    const retriever = new Retriever(join(settings.imageDir, ".downloads"), drivers.exec);
    const touched = touchedImages(kernel, store, access);
    const facade = imageFacade({ store, access, images, data, listing, files });
    return {
      facade,
      routes: [
        ...versionRoutes(),
        ...imageRoutes({ images, listing, touched, pages: settings }),
        ...dataRoutes(data, touched),
        ...memberRoutes(sharing, touched),
        ...importRoutes({ imports, tasks, touched }),
        ...taskRoutes(tasks, settings),
        ...metadefRoutes(settings),
        ...schemaRoutes(),
        ...usageRoutes(quotas),
      ],
      seed: () => seedImages({ kernel, facade, retriever }),
      async reconcile() {
        await data.recover(imports.unfinished());
        await images.emptyTrash();
      },
      start: () => imports.resume(),
      stop: () => imports.idle(),
    };
  },
});
