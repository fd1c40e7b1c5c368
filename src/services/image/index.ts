import { join } from "node:path";
import type { DriverParts } from "../../host/ready.ts";
import type { Exec } from "../../host/types.ts";
import { defineService, forProjects } from "../../kernel/module.ts";
import { Retriever } from "./download/retrieve.ts";
import { createDrivers } from "./driver/create.ts";
import { imageApi } from "./errors.ts";
import { createFacade } from "./manager/facade.ts";
import { createManagers } from "./manager/index.ts";
import { images as imagesMigration } from "./migrations/0001-images.ts";
import { listIndexes } from "./migrations/0002-list-indexes.ts";
import { nameIndexes } from "./migrations/0003-name-indexes.ts";
import { metadefs } from "./migrations/0004-metadefs.ts";
import { words } from "./migrations/0005-words.ts";
import { countedUse } from "./migrations/0006-counted-use.ts";
import { policies, scopesOf } from "./policies.ts";
import { allRoutes } from "./routes/index.ts";
import { seedImages, seedMetadefs } from "./seed.ts";
import { declaration } from "./service.ts";
import { watched } from "./store/watched.ts";

export interface ImageDrivers {
  /** Unpacks .xz and .bz2 files of IMAGE_URLS. */
  exec: Exec;
}

/** Glance v2: images, their data and whom they are shared with. */
export const image = defineService<"image", ImageDrivers>({
  ...declaration,
  api: imageApi,
  policies,
  olderRules: true,
  scopes: forProjects("image", scopesOf),
  migrations: [imagesMigration, listIndexes, nameIndexes, metadefs, words, countedUse],
  watched,
  create(kernel, drivers) {
    const managers = createManagers(kernel);
    const { images, data, imports } = managers;
    const retriever = new Retriever(join(kernel.settings.image.imageDir, ".downloads"), drivers.exec);
    const facade = createFacade(managers);
    return {
      facade,
      routes: allRoutes(managers),
      seed() {
        seedMetadefs(managers);
        return seedImages({ kernel, facade, retriever });
      },
      async prepare() {
        await data.recover(imports.unfinished());
        await images.emptyTrash();
      },
      reconcile: () => managers.core.objects.settle(managers.core.images, managers.core.files),
      start: () => imports.resume(),
      stop: () => imports.idle(),
    };
  },
});

/** The service as the settings ask for it. */
export const assemble = (parts: DriverParts) => image(createDrivers(parts));
