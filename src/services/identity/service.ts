import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";
import { settings } from "./settings.ts";

export const declaration = declareService({
  name: "identity",
  endpoint: {
    prefix: "/identity",
    classicPorts: ["identity", "identityAdmin"],
    catalog: [{ name: "keystone", type: "identity", path: "", description: "Keystone Identity Service" }],
  },
  devstack: { project: "keystone", api: ["key"], members: ["key"] },
  needs: [],
  accounts: {
    people: [
      "admin",
      "demo",
      "demo_reader",
      "alt_demo",
      "alt_demo_member",
      "alt_demo_reader",
      "system_member",
      "system_reader",
    ],
  },
  settings,
  readme: {
    works:
      "v3: tokens (password, token, application credential, trust), scopes, domains, projects, users, groups, roles, assignments, catalog (also narrowed by endpoint filters), domain options, unified limits, EC2 credentials; v2.0 log-in",
    missing: "OAuth",
  },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
