/** The name DHCP gives a guest: its dns_name, or `host-10-0-0-5`. */
export function hostName(dnsName: string, address: string): string {
  return dnsName !== "" ? (dnsName.split(".")[0] ?? dnsName) : `host-${address.replaceAll(/[.:]/g, "-")}`;
}
