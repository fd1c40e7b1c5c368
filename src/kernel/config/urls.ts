import { isIPv6 } from "node:net";

/** A host as it stands in a URL: IPv6 in brackets. */
export function urlHost(host: string): string {
  return isIPv6(host) ? `[${host}]` : host;
}

/** `protocol://host[:port]`; the port is left out when it is the protocol's own, as in DevStack's catalog. */
export function withPort(protocol: string, host: string, port: string | number): string {
  const usual = protocol === "https" ? "443" : "80";
  return String(port) === usual ? `${protocol}://${host}` : `${protocol}://${host}:${port}`;
}
