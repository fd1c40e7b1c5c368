import { isIP, isIPv4 } from "node:net";
import { addressNumber, addressText, parseBlock } from "../../../kernel/config/addresses.ts";
import { ApiError } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { invalidInput } from "../errors.ts";
import type { AddressPair, DhcpOption, HostRoute, Pool } from "../store/rows.ts";

/** Why a value is not accepted. Where an attribute's name is known it is put around it; elsewhere it is the 400 itself. */
export class Invalid extends ApiError {
  constructor(reason: string) {
    super(400, reason);
  }
}

type Convert<T> = (value: unknown) => T;

/** A value in a message. */
export const shown = (value: unknown): string => (typeof value === "string" ? value : pythonRepr(value));

export const string =
  (max = 255): Convert<string> =>
  (value) => {
    if (typeof value !== "string") throw new Invalid(`'${shown(value)}' is not a valid string`);
    if (value.length > max) throw new Invalid(`'${value}' exceeds maximum length of ${max}`);
    return value;
  };

export const boolean: Convert<boolean> = (value) => {
  if (typeof value === "boolean") return value;
  if (value === 1 || (typeof value === "string" && /^(true|1)$/i.test(value))) return true;
  if (value === 0 || (typeof value === "string" && /^(false|0)$/i.test(value))) return false;
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
    const number = integer(value);
    if (number < min) throw new Invalid(`'${number}' is too small - must be at least '${min}'`);
    if (number > max) throw new Invalid(`'${number}' is too large - must be no larger than '${max}'`);
    return number;
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

/** Canonical form of an address literal. */
export const address: Convert<string> = (value) => {
  const number = typeof value === "string" ? addressNumber(value) : null;
  if (typeof value !== "string" || number === null) throw new Invalid(`'${shown(value)}' is not a valid IP address`);
  return addressText(isIPv4(value) ? 4 : 6, number);
};

/** `A/prefix` with the host bits cleared. */
export const cidr: Convert<string> = (value) => {
  const block = typeof value === "string" ? parseBlock(value) : null;
  if (block === null) throw new Invalid(`'${shown(value)}' is not a valid IP subnet`);
  return `${addressText(block.family, block.first)}/${block.prefix}`;
};

const strictCidr: Convert<string> = (value) => {
  const block = typeof value === "string" ? parseBlock(value) : null;
  if (block === null) throw new Invalid(`'${shown(value)}' is not a valid CIDR`);
  const text = `${addressText(block.family, block.first)}/${block.prefix}`;
  if (block.hasHostBits) throw new Invalid(`'${shown(value)}' is not a recognized CIDR, '${text}' is recommended`);
  return text;
};

export const mac: Convert<string> = (value) => {
  const text = typeof value === "string" ? value.toLowerCase().replaceAll("-", ":") : "";
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(text) || text === "00:00:00:00:00:00")
    throw new Invalid(`'${shown(value)}' is not a valid MAC address`);
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

export const pools: Convert<Pool[]> = listOf((value) => {
  const { start, end } = fields(value, ["start", "end"], "IP pool");
  return { start: address(start), end: address(end) };
}, "valid list of pools");

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
    return { destination: strictCidr(destination), nexthop: address(nexthop) };
  })(value);
  return unique(
    items,
    (route) => `${route.destination} ${route.nexthop}`,
    (route) => `Duplicate hostroute '${pythonRepr(route)}'`,
  );
};

export const nameservers: Convert<string[]> = (value) => {
  const items = listOf((item) => {
    if (typeof item !== "string" || isIP(item) === 0)
      throw new Invalid(`'${shown(item)}' is not a valid nameserver. '${shown(item)}' is not a valid IP address`);
    return address(item);
  })(value);
  return unique(
    items,
    (item) => item,
    (item) => `Duplicate nameserver '${item}'`,
  );
};

export interface FixedIpRequest {
  subnet_id?: string;
  ip_address?: string;
}

export const fixedIps: Convert<FixedIpRequest[]> = (value) => {
  const items = listOf((item) => {
    if (typeof item !== "object" || item === null || Array.isArray(item))
      throw new Invalid(`Invalid data format for fixed IP: '${shown(item)}'`);
    const request: FixedIpRequest = {};
    for (const [name, part] of Object.entries(item)) {
      if (name === "ip_address") request.ip_address = address(part);
      else if (name === "subnet_id") request.subnet_id = uuid(part);
      else throw new Invalid(`Invalid data format for fixed IP: '${shown(item)}'`);
    }
    return request;
  })(value);
  const given = items.filter(({ ip_address }) => ip_address !== undefined);
  unique(
    given,
    ({ ip_address }) => ip_address ?? "",
    ({ ip_address }) => `Duplicate IP address '${ip_address}'`,
  );
  return items;
};

/** Pairs without a MAC get the port's own later. */
export const addressPairs: Convert<(Pick<AddressPair, "ip_address"> & { mac_address?: string })[]> = (value) => {
  const items = listOf((item) => {
    if (typeof item !== "object" || item === null || Array.isArray(item))
      throw new Invalid(`'${shown(item)}' is not a dictionary`);
    const { ip_address, mac_address, ...rest } = item as Record<string, unknown>;
    if (ip_address === undefined) throw invalidInput("AllowedAddressPair must contain ip_address");
    const [extra] = Object.keys(rest);
    if (extra !== undefined) throw new Invalid(`Unrecognized attribute(s) '${extra}'`);
    const text = String(ip_address);
    if (!text.includes("/") ? addressNumber(text) === null : parseBlock(text) === null)
      throw new Invalid(`'${shown(ip_address)}' is neither a valid IP address, nor is it a valid IP subnet`);
    return mac_address === undefined || mac_address === null
      ? { ip_address: text }
      : { mac_address: mac(mac_address), ip_address: text };
  })(value);
  return unique(
    items,
    (pair) => `${pair.mac_address ?? ""} ${pair.ip_address}`,
    (pair) => `Request contains duplicate address pair: mac_address ${pair.mac_address} ip_address ${pair.ip_address}`,
  );
};

/** A null value takes the option away in an update. */
export const dhcpOptions: Convert<(Omit<DhcpOption, "opt_value"> & { opt_value: string | null })[]> = listOf((item) => {
  if (typeof item !== "object" || item === null) throw new Invalid(`'${shown(item)}' is not a dictionary`);
  const { opt_name, opt_value, ip_version } = item as Record<string, unknown>;
  if (typeof opt_name !== "string" || opt_name.trim() === "")
    throw new Invalid(`'${shown(opt_name)}' Blank strings are not permitted`);
  // Options become lines of a dnsmasq file.
  if (!/^[A-Za-z0-9-]{1,64}$/.test(opt_name)) throw new Invalid(`'${opt_name}' is not the name of a DHCP option`);
  if (opt_value !== null && (typeof opt_value !== "string" || /[\r\n\0]/.test(opt_value)))
    throw new Invalid(`'${shown(opt_value)}' is not a valid string`);
  return { opt_name, opt_value: opt_value as string | null, ip_version: oneOf(4, 6)(ip_version ?? 4) };
});

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

/** Anything: checked by the manager, which has the better words. */
export const raw: Convert<unknown> = (value) => value;
