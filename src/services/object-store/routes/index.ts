import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { accountRoutes } from "./accounts.ts";
import { bulkRoutes } from "./bulk.ts";
import { containerRoutes } from "./containers.ts";
import { formRoutes } from "./forms.ts";
import { infoRoutes } from "./info.ts";
import { largeObjectRoutes } from "./large-objects.ts";
import { objectRoutes } from "./objects.ts";
import { preflightRoutes } from "./preflight.ts";
import { places } from "./touched.ts";

/** Every record of this API. */
export function allRoutes(managers: Managers): AnyRoute[] {
  const touched = places(managers);
  return [
    ...infoRoutes(managers),
    ...accountRoutes(managers, touched),
    ...containerRoutes(managers, touched),
    ...objectRoutes(managers, touched),
    ...largeObjectRoutes(managers, touched),
    ...bulkRoutes(managers, touched),
    ...formRoutes(managers),
    ...preflightRoutes(managers),
  ];
}
