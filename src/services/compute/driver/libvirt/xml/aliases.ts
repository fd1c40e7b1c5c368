import type { DeviceRef } from "../../driver.ts";

/** What devices that come and go are called in libvirt: by what they stand for, so that each is found again. */
export const volumeAlias = (volumeId: string): string => `ua-vol-${safeAlias(volumeId)}`;
export const nicAlias = (portId: string): string => `ua-net-${safeAlias(portId)}`;

/** The inverse for ids as this cloud makes them (UUIDs); null for other devices. */
export function deviceOfAlias(alias: string): DeviceRef | null {
  const [, prefix, id = ""] = /^ua-(vol|net)-(.+)$/.exec(alias) ?? [];
  if (prefix === undefined) return null;
  return { kind: prefix === "vol" ? "volume" : "interface", id };
}

/** libvirt takes letters, digits, "-" and "_" in an alias of the user's. */
function safeAlias(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, "_");
}
