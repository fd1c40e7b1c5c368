import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { resourceRoutes } from "./resources.ts";
import { stackRoutes } from "./stacks.ts";
import { typeRoutes } from "./types.ts";
import { versionRoutes } from "./versions.ts";

export const allRoutes = (managers: Managers): AnyRoute[] => [
  ...versionRoutes(),
  ...stackRoutes(managers),
  ...resourceRoutes(managers),
  ...typeRoutes(managers),
];
