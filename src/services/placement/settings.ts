import type { SettingsDeclaration } from "../../kernel/config/declaration.ts";
import { variables } from "./variables.ts";

declare module "../../kernel/config/settings.ts" {
  interface PortSettings {
    /** PLACEMENT_SERVICE_PORT (8778) */
    readonly placement: number;
  }
}

export const settings: SettingsDeclaration = {
  groups: [{ title: "Placement", variables }],
  newDefaults: "PLACEMENT_ENFORCE_NEW_DEFAULTS",
  ports: {
    placement: {
      variable: "PLACEMENT_SERVICE_PORT",
      what: "placement",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
  },
  build: () => ({}),
};
