import { classicPort, newDefaults } from "../../kernel/config/variable.ts";

/** What it understands of localrc. */
export const variables = {
  PLACEMENT_SERVICE_PORT: classicPort(8778, "Classic port of placement."),
  PLACEMENT_ENFORCE_NEW_DEFAULTS: newDefaults("placement"),
};

type PlacementVariables = typeof variables;

declare module "../../kernel/config/variables.ts" {
  interface ServiceVariables extends PlacementVariables {}
}
