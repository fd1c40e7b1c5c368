import type { HostFacts, Settings } from "../../src/kernel/config/settings.ts";
import { loadSettings } from "../../src/settings.ts";

/** A machine for tests: root, one interface eth0 with 192.0.2.10. */
export const testHostFacts: HostFacts = {
  arch: "x86_64",
  hostname: "box",
  uid: 0,
  home: "/root",
  defaultInterface: "eth0",
  addresses: [{ interface: "eth0", family: 4, address: "192.0.2.10" }],
  hasIpv6: true,
};

type DeepPartial<T> = T extends string | number | boolean | null | readonly unknown[]
  ? T
  : { readonly [Key in keyof T]?: DeepPartial<T[Key]> };

/**
 * Settings for VIRT_DRIVER=fake with password `secret` for everything, without reading or writing files.
 * `overrides` are laid over group by group: `testSettings({ dataDir, compute: { cpuAllocationRatio: 2 } })`.
 * Paths and URLs derived from others (imageDir, authUrl, …) follow only what `variables` sets:
 * `testSettings({}, { DATA_DIR: dir })` is the way to a temporary data directory.
 */
export function testSettings(
  overrides: DeepPartial<Settings> = {},
  variables: Readonly<Record<string, string>> = {},
): Settings {
  const { settings } = loadSettings({
    env: {
      VIRT_DRIVER: "fake",
      ADMIN_PASSWORD: "secret",
      SERVICE_PASSWORD: "secret",
      // The same cloud whether or not this machine has the guest image.
      DOWNLOAD_DEFAULT_IMAGES: "False",
      ...variables,
    },
    hostFacts: testHostFacts,
    cwd: "/nonexistent",
    text: "",
  });
  return merge(settings, overrides) as Settings;
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isPlain(base) || !isPlain(over)) return over;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) result[key] = merge(base[key], value);
  return result;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
