import { matchesPattern } from "../absent.ts";
import type { ServiceNames } from "../services.ts";
import { NETWORK_BACKEND, TEMPEST } from "./accepted.ts";

/** Plugins whose part is here, or is not needed here: name → what is to be said of it, nothing for what is simply there. */
const plugins: readonly (readonly [names: readonly string[], note: string])[] = [
  [["*-tempest-plugin", "tempest", "rally*", "osprofiler"], TEMPEST],
  [["networking-*", "ovn-*", "neutron-dynamic-routing", "kuryr", "stackube", "astara", "neutron-*"], NETWORK_BACKEND],
];

/** Panels for horizon, whatever they are of. */
const PANELS = ["*-dashboard", "*-ui"];
const OWN_DASHBOARD = "the dashboard is the cloud's own, and takes no panels of horizon";

/** The note of a plugin that brings panels for horizon, or null. */
export function noteOfPanels(name: string): string | null {
  return PANELS.some((pattern) => matchesPattern(pattern, name)) ? OWN_DASHBOARD : null;
}

/** The note of a plugin that is known and no feature of its own, or null. */
export function noteOfPlugin(name: string, services: ServiceNames): string | null {
  if (services.isProject(name)) return "";
  return plugins.find(([names]) => names.some((pattern) => matchesPattern(pattern, name)))?.[1] ?? null;
}
