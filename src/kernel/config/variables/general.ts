import { ABSENT_DRIVERS } from "../absent.ts";
import { contains, parseBlock } from "../addresses.ts";
import {
  boolean,
  choice,
  host,
  integer,
  interfaceName,
  ipv4,
  ipv6,
  nonEmpty,
  optional,
  path,
  stackName,
  text,
  type ValueType,
} from "../types.ts";
import { type DefaultContext, variable } from "../variable.ts";

/** DevStack's other drivers make something else than guests of this machine: taking one for libvirt would not be what was asked for. */
const virtDriver: ValueType<"libvirt" | "fake"> = {
  ...choice("libvirt", "fake"),
  parse(value) {
    const parsed = choice("libvirt", "fake").parse(value);
    const why = ABSENT_DRIVERS[value.toLowerCase()];
    if (parsed.ok || why === undefined) return parsed;
    const hint = "write VIRT_DRIVER=libvirt for virtual machines, or fake for none; without the line it is libvirt";
    return { ...parsed, message: `is "${value}": ${why}`, hint };
  },
};
/** `enabledServices`: the default of ENABLED_SERVICES. */
export const generalVariables = (enabledServices: string) => ({
  STACK_NAME: variable({
    type: stackName,
    default: "tenrec",
    meaning: "Name of this stack: its network namespace, interfaces and units; two stacks with two names share a box.",
  }),
  HOST_IP: variable({
    type: ipv4,
    default: detectHostIp,
    derived: "address of HOST_IP_IFACE outside FIXED_RANGE and FLOATING_RANGE",
    meaning: "Address other machines reach this box at; `dhcp` means detect it.",
  }),
  HOST_IP_FORWARDED: variable({
    type: boolean,
    default: "False",
    meaning: "Another machine forwards HOST_IP and SERVICE_HOST to this one: they need not be addresses of it.",
  }),
  HOST_IP_IFACE: variable({
    type: optional(interfaceName),
    default: ({ facts }) => facts.defaultInterface ?? "",
    derived: "interface of the default route",
    meaning: "Interface that HOST_IP is looked up on.",
  }),
  HOST_IPV6: variable({ type: optional(ipv6), default: "", meaning: "IPv6 address of this box." }),
  SERVICE_HOST: variable({
    type: host,
    default: ({ get }) =>
      get("SERVICE_IP_VERSION") === "6" && get("HOST_IPV6") !== "" ? get("HOST_IPV6") : get("HOST_IP"),
    derived: "HOST_IP (HOST_IPV6 with SERVICE_IP_VERSION=6)",
    meaning: "Name or address in the catalog's URLs.",
  }),
  SERVICE_IP_VERSION: variable({
    type: choice("4", "6"),
    default: "4",
    meaning: "Address family of the API endpoints.",
  }),
  REGION_NAME: variable({
    type: nonEmpty,
    default: "RegionOne",
    aliases: ["KEYSTONE_REGION_NAME"],
    meaning: "Region of all endpoints.",
  }),
  DEST: variable({
    type: path,
    default: ({ get, facts }) =>
      get("VIRT_DRIVER") === "fake" && facts.uid !== 0
        ? `${facts.home}/.local/state/${get("STACK_NAME")}`
        : "/opt/stack",
    derived: "/opt/stack (~/.local/state/STACK_NAME for VIRT_DRIVER=fake without root)",
    meaning: "Top folder of what the stack keeps.",
  }),
  DATA_DIR: variable({
    type: path,
    default: ({ get }) => `${get("DEST")}/data${get("STACK_NAME") === "tenrec" ? "" : `-${get("STACK_NAME")}`}`,
    derived: "DEST/data (DEST/data-STACK_NAME when STACK_NAME is set)",
    meaning: "Database, images, disks, sockets and the ledger of host changes.",
  }),
  ENABLED_SERVICES: variable({
    type: text,
    default: enabledServices,
    meaning: "Services that run; edited by enable_service, disable_service and `+=,name` or `+=,-name`.",
  }),
  VIRT_DRIVER: variable({
    type: virtDriver,
    default: "libvirt",
    meaning: "`libvirt` runs real guests, `fake` simulates them: no root, no host changes.",
  }),
  OFFLINE: variable({ type: boolean, default: "False", meaning: "Never use the network, for packages or images." }),
  FORCE: variable({ type: boolean, default: "no", meaning: "Go on where the preflight check refuses the host." }),
  SERVICE_TIMEOUT: variable({
    type: integer(1, 86400),
    default: "600",
    meaning: "Seconds to wait for the daemon to have networks and guests in order (DevStack's 60 is one service's).",
  }),
  ENABLE_KSM: variable({
    type: boolean,
    default: "True",
    meaning: "Share equal memory pages of guests, False switches that off; undone by unstack.",
  }),
  ENABLE_ZSWAP: variable({ type: boolean, default: "False", meaning: "Compress swapped pages; undone by unstack." }),
  ZSWAP_COMPRESSOR: variable({ type: nonEmpty, default: "lz4", meaning: "Algorithm of ENABLE_ZSWAP." }),
  ZSWAP_ZPOOL: variable({ type: nonEmpty, default: "zsmalloc", meaning: "Allocator of ENABLE_ZSWAP." }),
});

/**
 * DevStack's get_default_host_ip: an address of the interface, one outside the stack's own ranges if there is one
 * (floating addresses may be a part of the LAN's range). Empty when the interface has no address.
 */
function detectHostIp({ get, facts }: DefaultContext): string {
  const own = [parseBlock(get("FIXED_RANGE")), parseBlock(get("FLOATING_RANGE"))];
  const candidates = facts.addresses.filter((entry) => entry.family === 4 && entry.interface === get("HOST_IP_IFACE"));
  const outside = candidates.find((entry) => !own.some((block) => block !== null && contains(block, entry.address)));
  const found = outside ?? candidates[0];
  return found?.address ?? (get("VIRT_DRIVER") === "fake" ? "127.0.0.1" : "");
}
