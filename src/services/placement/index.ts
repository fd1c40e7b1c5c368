import { defineService, forProjects } from "../../kernel/module.ts";
import { placementApi } from "./errors.ts";
import { PlacementManager } from "./manager/placement.ts";
import { placementTables } from "./migrations/0001-placement.ts";
import { policies } from "./policies.ts";
import { allRoutes } from "./routes/index.ts";
import { declaration } from "./service.ts";
import { PlacementStore } from "./store/placement.ts";

/** Placement: what the host has and what servers take of it (read from compute), and providers of the users' own. */
export const placement = defineService({
  ...declaration,
  api: placementApi,
  policies,
  scopes: forProjects("placement"),
  migrations: [placementTables],
  create(kernel) {
    const manager = new PlacementManager(kernel, new PlacementStore(kernel.db));
    return {
      facade: {},
      routes: allRoutes(manager, () => kernel.clock.now()),
    };
  },
});

/** The service as the settings ask for it. */
export const assemble = () => placement();
