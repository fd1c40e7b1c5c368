import { isIP } from "node:net";
import type { Settings } from "../../kernel/config/settings.ts";

/** The names and addresses that clients reach the cloud by; the catalog's own comes first. */
export function certificateNames(settings: Settings, hostname: string): string[] {
  const { serviceHost, hostIp, hostIpv6, identity, compute } = settings;
  const names = [
    serviceHost,
    hostIp,
    ...(hostIpv6 === null ? [] : [hostIpv6]),
    ...hostsOf(identity.authUrl, compute.noVncProxyUrl),
    hostname,
    hostname.split(".")[0] ?? "",
    "localhost",
    "127.0.0.1",
    "::1",
  ];
  return [...new Set(names.filter((name) => isIP(name) !== 0 || /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,252}$/.test(name)))];
}

/** Those of https URLs: http ones, given in local.conf, are another program's. */
const hostsOf = (...urls: string[]): string[] =>
  urls.flatMap((url) => {
    const { protocol, hostname } = new URL(url);
    return protocol === "https:" ? [hostname.replace(/^\[(.*)\]$/, "$1")] : [];
  });
