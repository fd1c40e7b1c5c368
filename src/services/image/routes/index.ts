import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { dataRoutes } from "./data.ts";
import { imageRoutes } from "./images.ts";
import { importRoutes } from "./imports.ts";
import { memberRoutes } from "./members.ts";
import { metadefNamespaceRoutes } from "./metadef-namespaces.ts";
import { metadefPartRoutes } from "./metadef-parts.ts";
import { schemaRoutes } from "./schemas.ts";
import { taskRoutes } from "./tasks.ts";
import { touchedImages } from "./touched.ts";
import { touchedNamespaces } from "./touched-namespaces.ts";
import { usageRoutes } from "./usage.ts";
import { versionRoutes } from "./versions.ts";

/** Every record of this API. */
export function allRoutes({
  core,
  images,
  data,
  listing,
  imports,
  importTasks,
  members,
  metadefs,
}: Managers): AnyRoute[] {
  const { kernel, tasks, quotas } = core;
  const pages = kernel.settings.image;
  const touched = touchedImages(core);
  const namespaces = touchedNamespaces(metadefs);
  return [
    ...versionRoutes(),
    ...imageRoutes({ images, listing, touched, pages }),
    ...dataRoutes(data, touched),
    ...memberRoutes(members, touched),
    ...importRoutes({ imports, tasks, touched }),
    ...taskRoutes(tasks, importTasks, pages),
    ...metadefNamespaceRoutes(metadefs, namespaces, pages),
    ...metadefPartRoutes(metadefs, namespaces, pages),
    ...schemaRoutes(),
    ...usageRoutes(quotas),
  ];
}
