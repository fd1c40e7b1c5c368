import { isIP } from "node:net";
import type { Resolver } from "./resolve.ts";
import type { HostFacts, Settings } from "./settings.ts";

/**
 * A local.conf from the web has its author's address. HOST_IP and an address in SERVICE_HOST have to be this machine's, or
 * nobody reaches the cloud under the URLs of its catalog; HOST_IP_FORWARDED says that another machine forwards them here.
 * What was found out or remembered is not looked at.
 */
export function checkAddresses(settings: Settings, r: Resolver, facts: HostFacts): void {
  // A second compute node is told as one.
  if (r.value("HOST_IP_FORWARDED") || r.problems.some(({ message }) => message.startsWith("SERVICE_HOST"))) return;
  const { hostIp, serviceHost } = settings;
  const cases = [
    { name: "HOST_IP", address: hostIp },
    ...(serviceHost === hostIp ? [] : [{ name: "SERVICE_HOST", address: serviceHost }]),
  ];
  const own = facts.addresses.map(({ address }) => address);
  for (const { name, address } of cases) {
    if (!r.isChosen(name) || r.isWrong(name) || isIP(address) === 0 || isLoopback(address) || own.includes(address)) {
      continue;
    }
    const family = isIP(address);
    const fit = facts.addresses.filter((one) => one.family === family && !one.address.startsWith("fe80:"));
    const usable =
      fit.map((one) => `${one.address} (${one.interface})`).join(", ") || (family === 6 ? "::1" : "127.0.0.1");
    const leave = name === "HOST_IP" ? "leave it out to have it detected" : "leave it out to have HOST_IP";
    r.problem(
      name,
      `${name} ${address} is no address of this machine`,
      `${leave}, or set it to ${usable}; if another machine forwards ${address} to this one, add HOST_IP_FORWARDED=True`,
    );
  }
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
