import { join } from "node:path";
import type { Exec } from "../../host/types.ts";
import { defineService, forProjects } from "../../kernel/module.ts";
import { Retriever } from "./download/retrieve.ts";
import { imageApi } from "./errors.ts";
import "./facade.ts";
import { createFacade } from "./manager/facade.ts";
import { createManagers } from "./manager/index.ts";
import { images as imagesMigration } from "./migrations/0001-images.ts";
import { policies, scopesOf } from "./policies.ts";
import { allRoutes } from "./routes/index.ts";
import { seedImages } from "./seed.ts";

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
    const managers = createManagers(kernel);
    const { images, data, imports } = managers;
    const retriever = new Retriever(join(kernel.settings.image.imageDir, ".downloads"), drivers.exec);
    const facade = createFacade(managers);
    return {
      facade,
      routes: allRoutes(managers),
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
