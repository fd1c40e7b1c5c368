import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { PlacementManager } from "../manager/placement.ts";
import { allocationRoutes } from "./allocations.ts";
import { candidateRoutes } from "./candidates.ts";
import { dated } from "./dated.ts";
import { nameRoutes } from "./names.ts";
import { providerRoutes } from "./providers.ts";
import { versionRoutes } from "./versions.ts";

/** Every record of this API. */
export function allRoutes(manager: PlacementManager, now: () => number): AnyRoute[] {
  return dated(
    [
      ...versionRoutes(),
      ...providerRoutes(manager),
      ...allocationRoutes(manager),
      ...candidateRoutes(manager),
      ...nameRoutes(manager),
    ],
    now,
  );
}
