import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { actionRoutes } from "./actions.ts";
import { resourceRoutes } from "./resources.ts";
import { snapshotRoutes } from "./snapshots.ts";
import { softwareRoutes } from "./software.ts";
import { stackRoutes } from "./stacks.ts";
import { typeRoutes } from "./types.ts";
import { versionRoutes } from "./versions.ts";

export const allRoutes = (managers: Managers): AnyRoute[] => [
  ...versionRoutes(),
  ...stackRoutes(managers),
  ...actionRoutes(managers),
  ...snapshotRoutes(managers),
  ...resourceRoutes(managers),
  ...softwareRoutes(managers),
  ...typeRoutes(managers),
];
