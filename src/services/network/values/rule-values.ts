import { badRequest } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { prefixText, readPrefix } from "./prefix.ts";
import { PROTOCOLS } from "./protocols.ts";
import { shown } from "./shown.ts";

/** The values of a security group rule, each by itself (converters of neutron/extensions/securitygroup.py). Errors: 400. */

const wrong = (type: string, message: string) => badRequest(message, { type });
const ETHERTYPES = ["IPv4", "IPv6"] as const;
export type Ethertype = (typeof ETHERTYPES)[number];

export function ethertype(value: unknown): Ethertype {
  const found = ETHERTYPES.find((one) => typeof value === "string" && one.toLowerCase() === value.toLowerCase());
  if (found !== undefined) return found;
  throw wrong(
    "SecurityGroupRuleInvalidEtherType",
    `Security group rule for ethertype '${shown(value)}' not supported. Allowed values are ['IPv4', 'IPv6'].`,
  );
}

/** A name or a number as text; a name is not made a number, nor the other way. */
export function protocol(value: unknown): string | null {
  if (value === null) return null;
  const text = shown(value).toLowerCase();
  const isKnown = typeof value === "string" && Object.hasOwn(PROTOCOLS, text);
  const isNumber = /^\d{1,9}$/.test(text) && Number(text) <= 255;
  if (isKnown) return text;
  if (isNumber) return String(Number(text));
  const names = [null, ...Object.keys(PROTOCOLS)];
  throw wrong(
    "SecurityGroupRuleInvalidProtocol",
    `Security group rule protocol ${shown(value)} not supported. Only protocol values ${pythonRepr(names)} and integer representations [0 to 255] are supported.`,
  );
}

/** Also the type or code of an ICMP rule. */
export function portNumber(value: unknown): number | null {
  if (value === null) return null;
  const number = typeof value === "string" && /^\s*\d{1,9}\s*$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= 65535) return number;
  throw wrong("SecurityGroupInvalidPortValue", `Invalid value for port ${shown(value)}`);
}

/** In one spelling, with a length; host bits stay (normalized_cidr shows what they mean). */
export function remotePrefix(value: unknown): string | null {
  if (value === null || value === "") return null;
  const prefix = typeof value === "string" ? readPrefix(value) : null;
  if (prefix === null) throw wrong("InvalidCIDR", `Invalid CIDR ${shown(value)} given as IP prefix.`);
  return prefixText(prefix);
}
