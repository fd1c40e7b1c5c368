import { badRequest } from "../../../kernel/errors.ts";
import { badResource, disallowed } from "../errors.ts";
import { isObject } from "../schemas/attribute.ts";
import { boolean, type FixedIpRequest, fixedIps, shown, uuid } from "../schemas/converters.ts";
import type { HostRoute } from "../store/rows.ts";

/** What requests say of a router's gateway, interfaces and routes. */

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

export function interfaceOf(body: unknown): { portId: string | null; subnetId: string | null } {
  if (!isObject(body)) throw badRouter("Either subnet_id or port_id must be specified");
  const id = (name: "port_id" | "subnet_id"): string | null => {
    const value = body[name];
    if (value === undefined || value === null) return null;
    if (typeof value === "string" && /^[0-9a-fA-F-]{32,36}$/.test(value)) return value;
    throw badRouter(`'${shown(value)}' is not a valid UUID`);
  };
  const found = { portId: id("port_id"), subnetId: id("subnet_id") };
  if (found.portId === null && found.subnetId === null)
    throw badRouter("Either subnet_id or port_id must be specified");
  return found;
}

/** Null and `{}` take the gateway away. Errors: 400. */
export function gatewayOf(value: unknown): GatewayInfo | null {
  if (value === null || value === undefined) return null;
  if (!isObject(value))
    throw badRequest(`Invalid input for external_gateway_info. Reason: '${shown(value)}' is not a dictionary.`);
  if (Object.keys(value).length === 0) return null;
  const known = ["network_id", "enable_snat", "external_fixed_ips"];
  const extra = Object.keys(value).filter((key) => !known.includes(key));
  if (extra.length > 0)
    throw badRequest(`Invalid input for external_gateway_info. Reason: Unexpected keys supplied: ${extra.join(", ")}.`);
  if (value.network_id === undefined || value.network_id === null) return null;
  const info: GatewayInfo = { network_id: checked(() => uuid(value.network_id)) };
  if (value.enable_snat !== undefined) info.enable_snat = boolean(value.enable_snat);
  if (value.external_fixed_ips !== undefined && value.external_fixed_ips !== null)
    info.external_fixed_ips = checked(() => fixedIps(value.external_fixed_ips));
  return info;
}

function checked<T>(convert: () => T): T {
  try {
    return convert();
  } catch (error) {
    throw badRequest(
      `Invalid input for external_gateway_info. Reason: ${error instanceof Error ? error.message : ""}.`,
    );
  }
}
