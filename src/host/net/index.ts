import { Dnsmasq } from "../dnsmasq/dnsmasq.ts";
import { Firewall } from "../firewall/firewall.ts";
import type { Exec, Ledger } from "../types.ts";
import { ensureBridgeFilter } from "./bridge-filter.ts";
import { announceAddress } from "./garp.ts";
import { Ip } from "./ip.ts";
import { defaultListenHelper, listenInNamespace } from "./listen.ts";
import { Namespaces } from "./namespaces.ts";

/** Everything of the host that a network driver needs, as one thing to inject. */
export interface HostNetwork {
  readonly ip: Ip;
  readonly namespaces: Namespaces;
  readonly firewall: Firewall;
  readonly dnsmasq: Dnsmasq;
  readonly ledger: Ledger;
  /** See listen.ts. */
  listenIn: (netns: string, address: string, port: number) => ReturnType<typeof listenInNamespace>;
  /** See bridge-filter.ts. */
  ensureBridgeFilter: () => Promise<void>;
  /** See garp.ts. */
  announce: (netns: string, device: string, address: string) => Promise<boolean>;
}

/** `stateDirectory` holds the files of the dnsmasq processes. `listenHelper`: see listen.ts; for the single executable. */
export function hostNetwork(options: {
  exec: Exec;
  ledger: Ledger;
  stateDirectory: string;
  listenHelper?: readonly string[];
}): HostNetwork {
  const { exec, ledger, stateDirectory, listenHelper = defaultListenHelper() } = options;
  const ip = new Ip(exec);
  return {
    ip,
    namespaces: new Namespaces(exec, ledger, ip),
    firewall: new Firewall(exec, ledger),
    dnsmasq: new Dnsmasq(exec, ledger, stateDirectory),
    ledger,
    listenIn: (netns, address, port) => listenInNamespace(netns, address, port, listenHelper),
    ensureBridgeFilter: () => ensureBridgeFilter(exec),
    announce: (netns, device, address) => announceAddress(exec, netns, device, address),
  };
}
