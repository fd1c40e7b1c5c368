import { badResource, disallowed } from "../errors.ts";
import type { HostRoute } from "../store/rows.ts";
import type { FixedIpRequest } from "./ports.ts";

/** A router's gateway and routes, by themselves. */

export const badRouter = (message: string) => badResource("router", message);

export interface GatewayInfo {
  network_id: string;
  enable_snat?: boolean;
  external_fixed_ips?: FixedIpRequest[];
}

/** What only an admin says of a gateway; addresses outside are not for users to choose. */
export function refuseAdminParts(info: GatewayInfo): void {
  const parts = (["enable_snat", "external_fixed_ips"] as const).filter((name) => info[name] !== undefined);
  if (parts.length === 0) return;
  const rules = parts.map((name) => `rule:update_router:external_gateway_info:${name}`);
  throw disallowed(`(rule:update_router and ${rules.join(" and ")})`);
}

export const sortRoutes = (routes: readonly HostRoute[]): HostRoute[] =>
  [...routes].sort((one, other) =>
    one.destination < other.destination ? -1 : one.destination > other.destination ? 1 : 0,
  );
