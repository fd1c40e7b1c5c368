import type { HostNetwork } from "../../../../host/net/index.ts";
import type { Logger } from "../../../../kernel/log/logger.ts";

export type BoxChange = "links" | "rules";

export interface LinuxNetworkOptions {
  host: HostNetwork;
  /** Namespace in which bridges and taps live; it must exist before `start`. */
  box: string;
  /** PUBLIC_BRIDGE. It is made with the external network unless it is there already. */
  publicBridge: string;
  /** Put the external subnets' gateway addresses on the public bridge; false when a real router on the LAN has them. */
  publicGateway: boolean;
  /** Where dnsmasq forwards what guests ask, for subnets without dns_nameservers. Empty: it answers for its own names only. */
  upstreamDns: readonly string[];
  /** Seconds a DHCP lease lasts; Neutron's dhcp_lease_duration, 86400. */
  leaseDuration: number;
  /** Milliseconds between two looks for damage; 0 never looks. */
  watchInterval: number;
  /** Tells when links or rules in the box change. Without it every look is at everything, which costs processes. */
  changes?: (listener: (what: BoxChange) => void) => () => void;
  log: Logger;
}
