import { isIPv4 } from "node:net";
import { addressNumber, addressText } from "../../../kernel/config/addresses.ts";
import { ApiError, badRequest } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { invalidInput } from "../errors.ts";
import type { FixedIpRequest, WantedOption, WantedPair } from "../manager/ports.ts";
import type { HostRoute, Pool } from "../store/rows.ts";
import { refuseDoublePairs } from "../values/address-pairs.ts";
import { macText } from "../values/mac.ts";
import { networkText, type Prefix, prefixText, readPrefix } from "../values/prefix.ts";
import { shown } from "../values/shown.ts";

/** Why a value is not accepted. Where an attribute's name is known it is put around it; elsewhere it is the 400 itself. */
export class Invalid extends ApiError {
  constructor(reason: string) {
    super(400, reason);
  }
}

type Convert<T> = (value: unknown) => T;

export const string =
  (max = 255): Convert<string> =>
  (value) => {
    if (typeof value !== "string") throw new Invalid(`'${shown(value)}' is not a valid string`);
    if (value.length > max) throw new Invalid(`'${value}' exceeds maximum length of ${max}`);
    return value;
  };

/** Oslo's bool_from_string, strict. */
export const boolean: Convert<boolean> = (value) => {
  if (typeof value === "boolean") return value;
  const text = typeof value === "string" || typeof value === "number" ? String(value).trim().toLowerCase() : "";
  if (["1", "t", "true", "on", "y", "yes"].includes(text)) return true;
  if (["0", "f", "false", "off", "n", "no"].includes(text)) return false;
  throw invalidInput(`'${shown(value)}' cannot be converted to boolean`);
};

export const integer: Convert<number> = (value) => {
  const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isSafeInteger(number))
    throw invalidInput(`'${shown(value)}' is not an integer`);
  return number;
};

export const range =
  (min: number, max: number): Convert<number> =>
  (value) => {
    const number = typeof value === "bigint" ? value : integer(value);
    if (number < min) throw new Invalid(`'${number}' is too small - must be at least '${min}'`);
    if (number > max) throw new Invalid(`'${number}' is too large - must be no larger than '${max}'`);
    return Number(number);
  };

export const oneOf =
  <T extends string | number>(...allowed: T[]): Convert<T> =>
  (value) => {
    const found = allowed.find((one) => one === value || (typeof one === "number" && String(one) === value));
    if (found === undefined) throw new Invalid(`'${shown(value)}' is not in ${pythonRepr(allowed)}`);
    return found;
  };

export const orNull =
  <T>(convert: Convert<T>): Convert<T | null> =>
  (value) =>
    value === null ? null : convert(value);

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const uuid: Convert<string> = (value) => {
  if (typeof value !== "string" || !(UUID.test(value) || /^[0-9a-f]{32}$/i.test(value)))
    throw new Invalid(`'${shown(value)}' is not a valid UUID`);
  return value;
};

export const listOf =
  <T>(convert: Convert<T>, name = "list"): Convert<T[]> =>
  (value) => {
    if (value === null) return [];
    if (!Array.isArray(value)) throw new Invalid(`'${shown(value)}' is not a ${name}`);
    return value.map(convert);
  };

/** Neutron's type:uuid_list and its like: nothing twice. */
export const uniqueListOf = <T>(convert: Convert<T>): Convert<T[]> => {
  const list = listOf(convert);
  return (value) => {
    const items = list(value);
    const twice = items.filter((item, index) => items.indexOf(item) !== index);
    if (twice.length > 0) throw new Invalid(`Duplicate items in the list: '${[...new Set(twice)].join(", ")}'`);
    return items;
  };
};

/** Canonical form of an address literal. */
export const address: Convert<string> = (value) => {
  const number = typeof value === "string" ? addressNumber(value) : null;
  if (typeof value !== "string" || number === null) throw new Invalid(`'${shown(value)}' is not a valid IP address`);
  return addressText(isIPv4(value) ? 4 : 6, number);
};

/** The block with the host bits cleared, in one spelling. */
export const cidr: Convert<string> = (value) => {
  const prefix = typeof value === "string" ? readPrefix(value) : null;
  if (prefix === null) throw invalidInput(`${shown(value)} is not in a CIDR format`);
  return networkText(prefix);
};

/** A prefix of a list (type:subnet_list): as `cidr`, but a length must be said, and IPv4 comes in its own spelling. */
export const listedPrefix: Convert<string> = (value) => {
  const prefix = typeof value === "string" ? readPrefix(value) : null;
  if (typeof value !== "string" || prefix === null) throw new Invalid(`'${shown(value)}' is not a valid IP subnet`);
  refuseOtherSpelling(value, prefix);
  return networkText(prefix);
};

function refuseOtherSpelling(value: string, prefix: Prefix): void {
  if (value.includes("/") && (prefix.family === 6 || prefixText(prefix) === value)) return;
  throw new Invalid(`'${value}' isn't a recognized IP subnet cidr, '${networkText(prefix)}' is recommended`);
}

/** Where a route leads: no host bits, not the loopback. It is kept as it was written, as neutron does. */
const routeDestination: Convert<string> = (value) => {
  const prefix = typeof value === "string" ? readPrefix(value) : null;
  if (typeof value !== "string" || prefix === null) throw new Invalid(`'${shown(value)}' is not a valid CIDR`);
  const network = networkText(prefix);
  if (!value.includes("/") || network !== prefixText(prefix))
    throw new Invalid(`'${value}' is not a recognized CIDR, '${network}' is recommended`);
  const loopback = prefix.family === 4 ? network.startsWith("127.") : network === "::1/128";
  if (loopback) throw new Invalid(`'${value}' is not a routable CIDR`);
  return value;
};

/** `fa:16:3e:00:00:01`, whatever its spelling. */
export const mac: Convert<string> = (value) => {
  const text = typeof value === "string" ? macText(value) : null;
  if (text === null) throw new Invalid(`'${shown(value)}' is not a valid MAC address`);
  return text;
};

function fields(value: unknown, names: readonly string[], what: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Invalid(`Invalid data format for ${what}: '${shown(value)}'`);
  const keys = Object.keys(value);
  if (keys.length !== names.length || !names.every((name) => keys.includes(name))) {
    throw new Invalid(
      `Validation of dictionary's keys failed. Expected keys: {${names.map(pythonRepr).join(", ")}} Provided keys: ${keys.map(pythonRepr).join(", ")}`,
    );
  }
  return value as Record<string, unknown>;
}

export const pools: Convert<Pool[]> = (value) => {
  if (!Array.isArray(value)) throw new Invalid(`Invalid data format for IP pool: '${shown(value)}'`);
  return value.map((item) => {
    const { start, end } = fields(item, ["start", "end"], "IP pool");
    return { start: address(start), end: address(end) };
  });
};

function unique<T>(items: T[], key: (item: T) => string, message: (item: T) => string): T[] {
  const seen = new Set<string>();
  for (const item of items) {
    if (seen.has(key(item))) throw new Invalid(message(item));
    seen.add(key(item));
  }
  return items;
}

export const routes: Convert<HostRoute[]> = (value) => {
  const items = listOf((item) => {
    const { destination, nexthop } = fields(item, ["destination", "nexthop"], "hostroute");
    return { destination: routeDestination(destination), nexthop: address(nexthop) };
  })(value);
  return unique(
    items,
    (route) => `${route.destination} ${route.nexthop}`,
    (route) => `Duplicate hostroute '${pythonRepr(route)}'`,
  );
};

/** Kept as they were written, as neutron does. */
export const nameservers: Convert<string[]> = (value) => {
  const items = listOf((item) => {
    if (typeof item !== "string" || addressNumber(item) === null)
      throw new Invalid(`'${shown(item)}' is not a valid nameserver. '${shown(item)}' is not a valid IP address`);
    return item;
  })(value);
  return unique(
    items,
    (item) => item,
    (item) => `Duplicate nameserver '${item}'`,
  );
};

export const fixedIps: Convert<FixedIpRequest[]> = (value) => {
  if (!Array.isArray(value)) throw new Invalid(`Invalid data format for fixed IP: '${shown(value)}'`);
  const items = value.map((item) => {
    if (!isPlain(item)) throw new Invalid(`Invalid data format for fixed IP: '${shown(item)}'`);
    const request: FixedIpRequest = {};
    if (item.ip_address !== undefined) request.ip_address = address(item.ip_address);
    if (item.subnet_id !== undefined) request.subnet_id = uuid(item.subnet_id);
    if (item.delete_subnet === true) request.delete_subnet = true;
    return request;
  });
  const given = items.filter(({ ip_address }) => ip_address !== undefined);
  unique(
    given,
    ({ ip_address }) => ip_address ?? "",
    ({ ip_address }) => `Duplicate IP address '${ip_address}'`,
  );
  return items;
};

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Pairs without a MAC get the port's own later. Both parts stay as they were written (neutron shows them so); what they mean is made out
 * where rules are rendered.
 */
export const addressPairs: Convert<WantedPair[]> = (value) => {
  if (value === null) return [];
  if (!Array.isArray(value)) throw badRequest("Allowed address pairs must be a list.");
  const pairs = value.map((item): WantedPair => {
    if (!isPlain(item)) throw new Invalid(`'${shown(item)}' is not a dictionary`);
    const { ip_address, mac_address, ...rest } = item;
    if (mac_address !== undefined) plainly(() => mac(mac_address));
    if (ip_address === undefined)
      throw badRequest("AllowedAddressPair must contain ip_address", { type: "AllowedAddressPairsMissingIP" });
    const extra = Object.keys(rest);
    if (extra.length > 0) throw badRequest(`Unrecognized attribute(s) '${extra.join(", ")}'`);
    const text = pairAddress(ip_address);
    return mac_address === undefined ? { ip_address: text } : { mac_address: String(mac_address), ip_address: text };
  });
  refuseDoublePairs(pairs);
  return pairs;
};

function pairAddress(value: unknown): string {
  const prefix = typeof value === "string" ? readPrefix(value) : null;
  if (typeof value !== "string" || prefix === null) throw badRequest(`'${shown(value)}' is not a valid IP address`);
  if (value.includes("/")) plainly(() => refuseOtherSpelling(value, prefix));
  return value;
}

/** Without "Invalid input for …" around it: neutron's validator of pairs answers by itself. */
function plainly(check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw error instanceof Invalid ? badRequest(error.message) : error;
  }
}

/** Options that mean something without a value. */
const BLANK_OPTIONS: ReadonlySet<unknown> = new Set(["router", "classless-static-route"]);
/**
 * Any name and value of one line, as in neutron (neutron_lib/api/definitions/extra_dhcp_opt.py); whether the DHCP server knows it shows when
 * its files are written. A null value takes the option away in an update.
 */
export const dhcpOptions: Convert<WantedOption[]> = (value) => {
  if (value === null) return [];
  if (!Array.isArray(value)) throw invalidInput(`'${shown(value)}' is not a list`);
  const texts = value.map((item) => JSON.stringify(item));
  const twice = value.filter((_, index) => texts.indexOf(texts[index] ?? "") !== index);
  if (twice.length > 0)
    throw invalidInput(`Duplicate items in the list: '${[...new Set(twice.map(pythonRepr))].join(", ")}'`);
  return value.map(dhcpOption);
};

function dhcpOption(item: unknown): WantedOption {
  const unfit = () => invalidInput(`No valid key specs matched for: ${pythonRepr(item)}`);
  if (!isPlain(item)) throw unfit();
  const { opt_name, opt_value, ip_version = 4, ...rest } = item;
  if (Object.keys(rest).length > 0 || !isOneLine(opt_name, 64)) throw unfit();
  const fits =
    opt_value === null ||
    (BLANK_OPTIONS.has(opt_name)
      ? typeof opt_value === "string" && opt_value.length <= 255
      : isOneLine(opt_value, 255));
  const version = Number(ip_version);
  if (!fits || (version !== 4 && version !== 6)) throw unfit();
  return { opt_name, opt_value: opt_value as string | null, ip_version: version };
}

/** Python's str.splitlines() finds one line, and it is not blank. */
function isOneLine(value: unknown, max: number): value is string {
  if (typeof value !== "string" || value.trim() === "" || value.length > max) return false;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the line ends that Python knows
  return !/[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]./s.test(value);
}

export const dictionary: Convert<Record<string, unknown>> = (value) => {
  if (value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw new Invalid(`'${shown(value)}' is not a dictionary`);
  return value as Record<string, unknown>;
};

/** A host label or name for DNS. */
export const dnsName: Convert<string> = (value) => {
  const text = string(255)(value);
  if (text !== "" && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*\.?$/i.test(text))
    throw new Invalid(
      `'${text}' not a valid PQDN or FQDN. Reason: Name '${text}' must be 1-63 characters long, each of which can only be alphanumeric or a hyphen`,
    );
  return text.toLowerCase();
};

/** A filter's value in the one spelling where it has one, else as it is: neutron's converters do not validate. */
export const spelling =
  (convert: Convert<string>): ((text: string) => string) =>
  (text) => {
    try {
      return convert(text);
    } catch {
      return text;
    }
  };

/** `ip_address=10.0.0.5`, a filter of a list's items. Errors: 400 without a key. */
export function keyAndValue(text: string): string {
  if (/^\s*[^=\s][^=]*=/.test(text)) return text;
  throw invalidInput(`'${text}' is not of the form <key>=[value]`);
}

/** Owners of ports that a subnet is for. */
export const serviceTypes: Convert<string[]> = (value) => {
  if (value === null) return [];
  if (!Array.isArray(value)) throw badRequest("Subnet service types must be a list.");
  return value.map((type) => {
    if (typeof type !== "string") {
      throw badRequest(`Subnet service type ${shown(type)} is not a string.`, {
        type: "InvalidInputSubnetServiceType",
      });
    }
    // Neutron means "compute:" by the second part, and takes each of its letters for a prefix.
    if (/^(network:|neutron:|[compute:])/.test(type)) return type;
    throw badRequest(`Subnet service type ${type} does not correspond to a valid device owner.`, {
      type: "InvalidSubnetServiceType",
    });
  });
};
