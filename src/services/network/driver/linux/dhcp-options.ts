import { isIPv4, isIPv6 } from "node:net";
import type { DesiredLease } from "../driver.ts";

/**
 * Names that `dnsmasq --help dhcp` and `--help dhcp6` tell (2.90). Neutron lets a user ask for any option; a line with another name is
 * refused by dnsmasq, which then serves all but that.
 */
const NAMES: Readonly<Record<4 | 6, ReadonlySet<string>>> = {
  4: new Set(
    `netmask time-offset router dns-server log-server lpr-server boot-file-size domain-name swap-server root-path extension-path
     ip-forward-enable non-local-source-routing policy-filter max-datagram-reassembly default-ttl mtu all-subnets-local router-discovery
     router-solicitation static-route trailer-encapsulation arp-timeout ethernet-encap tcp-ttl tcp-keepalive nis-domain nis-server ntp-server
     netbios-ns netbios-dd netbios-nodetype netbios-scope x-windows-fs x-windows-dm t1 t2 vendor-class nis+-domain nis+-server tftp-server
     bootfile-name mobile-ip-home smtp-server pop3-server nntp-server irc-server user-class rapid-commit client-arch client-interface-id
     client-machine-id posix-timezone tzdb-timezone ipv6-only domain-search sip-server classless-static-route vendor-id-encap
     tftp-server-address server-ip-address`.split(/\s+/),
  ),
  6: new Set(
    `sip-server-domain sip-server dns-server domain-search nis-server nis+-server nis-domain nis+-domain sntp-server
     information-refresh-time posix-timezone tzdb-timezone ntp-server bootfile-url bootfile-param`.split(/\s+/),
  ),
};

/** Those whose value is a list of addresses: dnsmasq refuses another one. */
const OF_ADDRESSES: ReadonlySet<string> = new Set(
  `netmask router dns-server log-server lpr-server swap-server nis-server ntp-server netbios-ns netbios-dd x-windows-fs x-windows-dm
   nis+-server mobile-ip-home smtp-server pop3-server nntp-server irc-server tftp-server-address server-ip-address sntp-server`.split(
    /\s+/,
  ),
);

type Option = DesiredLease["options"][number];

/** dnsmasq's word for the option, with its value; or why it has none. */
export function optionOf({ name, value, ipVersion }: Option): { words: string } | { unserved: string } {
  const isNumber = /^\d{1,3}$/.test(name) && Number(name) > 0 && Number(name) < 255;
  if (!isNumber && !NAMES[ipVersion].has(name.toLowerCase())) return { unserved: "dnsmasq knows no such option" };
  // Both come from a user: what is not one plain line would be a line of its own.
  if (/[^\x20-\x7e]/.test(value)) return { unserved: "its value is not plain text" };
  if (!isNumber && OF_ADDRESSES.has(name.toLowerCase()) && !isAddresses(value, ipVersion))
    return { unserved: "its value is no list of addresses" };
  const prefix = ipVersion === 6 ? "option6:" : isNumber ? "" : "option:";
  return { words: value === "" ? `${prefix}${name}` : `${prefix}${name},${value}` };
}

/** Without any the option is told to be empty. IPv6 addresses may stand in brackets. */
function isAddresses(value: string, version: 4 | 6): boolean {
  if (value === "") return true;
  const parts = value.split(",").map((part) => part.trim());
  return parts.every((part) => (version === 4 ? isIPv4(part) : isIPv6(part.replace(/^\[(.*)\]$/, "$1"))));
}

/** One line for each option of the network's ports that its DHCP server cannot serve. */
export function unservedOptions(leases: readonly DesiredLease[]): string[] {
  return leases.flatMap(({ portId, options }) =>
    options.flatMap((option) => {
      const found = optionOf(option);
      if ("words" in found) return [];
      return [`DHCP option ${JSON.stringify(option.name)} of port ${portId} is left out: ${found.unserved}`];
    }),
  );
}
