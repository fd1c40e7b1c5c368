import type { DriverParts } from "../../../host/ready.ts";
import type { NetworkDriver } from "./driver.ts";
import { FakeNetworkDriver } from "./fake.ts";

/** Only what is used is loaded. */
export async function createDrivers({ settings, log, ready }: DriverParts): Promise<{ driver: NetworkDriver }> {
  if (ready === null) return { driver: new FakeNetworkDriver() };
  const { host, box } = ready;
  const { LinuxNetworkDriver } = await import("./linux/driver.ts");
  const driver = new LinuxNetworkDriver({
    host: host.network,
    box: box.netns,
    publicBridge: settings.network.publicBridge,
    // In the other modes a real router on the LAN has that address.
    publicGateway: box.mode === "nat",
    upstreamDns: settings.network.dnsServers,
    leaseDuration: settings.network.dhcpLeaseDuration,
    watchInterval: 3_000,
    changes: (listener) => host.watch.onBoxChange(listener),
    log: log.named("network"),
  });
  return { driver };
}
