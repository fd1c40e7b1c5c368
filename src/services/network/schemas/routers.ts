import { badRequest } from "../../../kernel/errors.ts";
import { badResource } from "../errors.ts";
import type { GatewayInfo } from "../manager/router-values.ts";
import type { InterfaceChoice } from "../manager/routers.ts";
import { shown } from "../values/shown.ts";
import { isObject } from "./attribute.ts";
import { boolean, fixedIps, uuid } from "./converters.ts";

/** What requests say of a router's gateway and interfaces. */

const badRouter = (message: string) => badResource("router", message);

export function interfaceOf(body: unknown): InterfaceChoice {
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
