import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";
import { settings } from "./settings.ts";

export const declaration = declareService({
  name: "placement",
  endpoint: {
    prefix: "/placement",
    classicPorts: ["placement"],
    catalog: [{ name: "placement", type: "placement", path: "", description: "Placement Service" }],
  },
  devstack: {
    project: "placement",
    api: ["placement-api"],
    members: ["placement-api", "placement-client"],
    prefix: "placement-",
    inner: ["placement-client"],
  },
  needs: ["identity"],
  uses: ["compute"],
  accounts: { service: [{ name: "placement" }] },
  settings,
  readme: { works: "providers, inventories, allocations, candidates", missing: "nested providers" },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
