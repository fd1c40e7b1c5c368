import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";
import { settings } from "./settings.ts";

export const declaration = declareService({
  name: "compute",
  endpoint: {
    prefix: "/compute",
    classicPorts: ["compute"],
    catalog: [
      { name: "nova", type: "compute", path: "/v2.1", description: "Nova Compute Service" },
      {
        name: "nova_legacy",
        type: "compute_legacy",
        path: "/v2/%(project_id)s",
        description: "Nova Compute Service (Legacy 2.0)",
      },
    ],
  },
  devstack: {
    project: "nova",
    api: ["n-api"],
    members: ["n-api", "n-cpu", "n-cond", "n-sch", "n-novnc", "n-api-meta"],
    prefix: "n-",
    parts: ["n-novnc", "n-api-meta"],
    inner: ["n-cond"],
    others: [
      "n-crt",
      "n-obj",
      "n-cauth",
      "n-xvnc",
      "n-spice",
      "n-sproxy",
      "n-cell",
      "n-cell-child",
      "n-cell-region",
      "n-super-cond",
    ],
    // Before n-api-meta had a name of its own, n-api answered guests, too.
    holds: { "n-api": ["n-api-meta"] },
  },
  needs: ["identity", "image", "network"],
  // Servers find their volumes when they are reconciled.
  uses: ["block-storage"],
  accounts: { service: [{ name: "nova", roles: ["admin"] }] },
  settings,
  readme: {
    works:
      "flavors, key pairs (ssh, x509), servers and their actions (also rescue, resize, rebuild, shelve, snapshot), consoles (VNC, serial), metadata, config drive, quotas, aggregates",
    missing: "live migration (there is one host)",
  },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
