import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";
import { settings } from "./settings.ts";

export const declaration = declareService({
  name: "block-storage",
  endpoint: {
    prefix: "/volume",
    classicPorts: ["blockStorage"],
    catalog: [
      { name: "cinder", type: "block-storage", path: "/v3", description: "Cinder Volume Service" },
      { name: "cinderv3", type: "volumev3", path: "/v3/%(project_id)s", description: "Cinder Volume Service V3" },
    ],
  },
  devstack: {
    project: "cinder",
    // n-vol made volumes before there was a project for them.
    api: ["c-api", "n-vol"],
    members: ["c-api", "c-sch", "c-vol"],
    prefix: "c-",
    others: ["n-vol"],
  },
  needs: ["identity"],
  uses: ["image"],
  accounts: { service: [{ name: "cinder" }] },
  settings,
  readme: {
    works:
      "volumes (also extended in use, written again with an image), types whose extra specs choose the backend, snapshots, attachments, boot from volume, messages to users; logical volumes where the kernel has device-mapper, else files",
    missing: "backups, transfers, groups, QoS, encryption",
  },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
