import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";
import { settings } from "./settings.ts";

export const declaration = declareService({
  name: "image",
  endpoint: {
    prefix: "/image",
    classicPorts: ["image"],
    catalog: [{ name: "glance", type: "image", path: "", description: "Glance Image Service" }],
  },
  devstack: { project: "glance", api: ["g-api"], members: ["g-api"], prefix: "g-", others: ["g-reg"] },
  needs: ["identity"],
  uses: ["object-store"],
  accounts: { service: [{ name: "glance" }] },
  settings,
  readme: {
    works:
      "v2 with upload, import (glance-direct, web-download), members, tags, tasks (also begun as such); metadata definitions with the standard namespaces; all formats inspected before a tool opens them",
    missing: "cache API",
  },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
