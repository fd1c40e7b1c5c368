import { isIP } from "node:net";
import { messageOf } from "../../../kernel/errors.ts";
import { idOf, type Lookup, NOVA } from "./asking.ts";
import type { Wanted } from "./types.ts";

type Asking = Pick<Wanted, "call" | "has">;

/** Constraints that know more than a schema: null where a value is good, otherwise what is wrong with it. */
type Constraint = (value: unknown, asking: Asking) => Promise<string | null> | string | null;

const isPrefix = (text: string): boolean => {
  const [, address = "", bits = ""] = /^(.+)\/(\d{1,3})$/.exec(text) ?? [];
  const version = isIP(address);
  return version !== 0 && Number(bits) <= (version === 4 ? 32 : 128);
};

const failing = (value: unknown, said: string | null = null): string =>
  `Error validating value '${String(value)}'${said === null ? "" : `: ${said}`}`;

const found =
  (kind: Lookup, service: "network" | "compute" | "image" | "block-storage" | "identity"): Constraint =>
  async (value, asking) => {
    if (value === null || value === "" || !asking.has(service)) return null;
    try {
      await idOf(asking, kind, String(value));
      return null;
    } catch (error) {
      return failing(value, messageOf(error));
    }
  };

const keyPair: Constraint = async (value, { call }) => {
  if (value === null || value === "") return null;
  try {
    await call("compute", "keypairs:show", { ...NOVA, params: { name: String(value) } });
    return null;
  } catch {
    return failing(value, `The Key (${String(value)}) could not be found.`);
  }
};

const novaHost: Constraint = async (value, { call }) => {
  const { services } = await call<{ services: { host: string }[] }>("compute", "services:list", NOVA);
  return services.some(({ host }) => host === value)
    ? null
    : failing(value, `The Host (${String(value)}) could not be found.`);
};

const HOST = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/;

function dnsName(value: unknown): string | null {
  const text = String(value ?? "");
  if (text === "") return null;
  if (text.length > 255) return `'${text}' exceeds the 255 character FQDN limit`;
  const labels = text.replace(/\.$/, "").split(".");
  return labels.every((label) => HOST.test(label)) ? null : `'${text}' not in valid format.`;
}

const CONSTRAINTS: Readonly<Record<string, Constraint>> = {
  ip_addr: (value) => (isIP(String(value)) === 0 && value !== "" ? `Invalid IP address` : null),
  mac_addr: (value) => (/^[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}$/i.test(String(value)) ? null : "Invalid MAC address."),
  net_cidr: (value) => (isPrefix(String(value)) ? null : `Invalid net cidr ${cidrMistake(String(value))} `),
  ip_or_cidr: (value) =>
    isIP(String(value)) !== 0 || isPrefix(String(value)) ? null : `Invalid IP or CIDR : ${String(value)}`,
  dns_name: dnsName,
  rel_dns_name: dnsName,
  dns_domain: (value) => (value === "" || String(value).endsWith(".") ? null : `'${String(value)}' must end with '.'.`),
  iso_8601: (value) => (Number.isNaN(Date.parse(String(value))) ? failing(value) : null),
  timezone: () => null,
  cron_expression: () => null,
  expiration: (value) => (Date.parse(String(value)) > Date.now() ? null : `Expiration ${String(value)} is invalid`),
  test_constr: () => null,
  "neutron.network": found("network", "network"),
  "neutron.subnet": found("subnet", "network"),
  "neutron.subnetpool": found("subnetpool", "network"),
  "neutron.port": found("port", "network"),
  "neutron.router": found("router", "network"),
  "neutron.security_group": found("security_group", "network"),
  "neutron.address_scope": found("address_scope", "network"),
  "glance.image": found("image", "image"),
  "cinder.volume": found("volume", "block-storage"),
  "cinder.snapshot": found("snapshot", "block-storage"),
  "cinder.vtype": found("volume_type", "block-storage"),
  "nova.flavor": found("flavor", "compute"),
  "nova.server": found("server", "compute"),
  "nova.keypair": keyPair,
  "nova.host": novaHost,
  "keystone.project": found("project", "identity"),
  "keystone.user": found("user", "identity"),
  "keystone.group": found("group", "identity"),
  "keystone.role": found("role", "identity"),
  "keystone.domain": found("domain", "identity"),
  "keystone.region": found("region", "identity"),
  "keystone.service": found("keystone_service", "identity"),
};

const cidrMistake = (text: string): string => `invalid IPNetwork ${text}`;

/** Null where it holds. */
export async function checkCustom(name: string, value: unknown, asking: Asking): Promise<string | null> {
  const constraint = CONSTRAINTS[name];
  if (constraint === undefined) return `"${String(value)}" does not validate ${name} (constraint not found)`;
  if (Array.isArray(value)) {
    for (const item of value) {
      const said = await constraint(item, asking);
      if (said !== null) return said;
    }
    return null;
  }
  return constraint(value, asking);
}
