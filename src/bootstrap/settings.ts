import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir, hostname, networkInterfaces } from "node:os";
import { dirname, join } from "node:path";
import type { ConfigWarning, HostFacts, Settings } from "../kernel/config/settings.ts";
import { projectRoot } from "../kernel/program/program.ts";
import { loadSettings } from "../settings.ts";
import { replaceFile } from "./files.ts";

export interface LoadedSettings {
  settings: Settings;
  warnings: readonly ConfigWarning[];
}

/**
 * The settings of a command: local.conf, the environment, what this host is, and what an earlier stack settled on.
 * `write` stores generated passwords (stack does; a command that only reads must not).
 * Errors: ConfigError.
 */
export function settingsFor(options: {
  file?: string | undefined;
  write: boolean;
  /** Of a cloud that is about to be made: HOST_IP and SERVICE_HOST have to be this machine's. */
  ownAddresses?: boolean;
  /** Taken as if they had been remembered. */
  values?: Record<string, string>;
}): LoadedSettings {
  const base = { file: options.file ?? defaultFile(), env: process.env, cwd: process.cwd(), hostFacts: hostFacts() };
  // Twice: what is remembered lies in the data directory, which the first pass finds.
  const { dataDir } = loadSettings(base).settings;
  return loadSettings({
    ...base,
    remembered: { ...remembered(dataDir), ...options.values },
    ownAddresses: options.ownAddresses === true,
    write: options.write,
  });
}

/** local.conf of the current directory, else the one beside bin/ (where DevStack has it); undefined when there is neither. */
function defaultFile(): string | undefined {
  const root = projectRoot();
  const places = [process.cwd(), ...(root === null ? [] : [root])];
  return places.map((place) => join(place, "local.conf")).find((path) => existsSync(path));
}

const rememberedPath = (dataDir: string) => join(dataDir, "remembered.json");

/** Values that an earlier stack chose (a detected HOST_IP, a range moved out of the way), by variable name. */
export function remembered(dataDir: string): Record<string, string> {
  const path = rememberedPath(dataDir);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Record<string, string>) : {};
}

export function remember(dataDir: string, values: Record<string, string>): void {
  const path = rememberedPath(dataDir);
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, `${JSON.stringify({ ...remembered(dataDir), ...values }, null, 2)}\n`);
}

/** What local.conf's defaults depend on. Only reads /proc and the process; runs nothing. */
function hostFacts(): HostFacts {
  const interfaces = Object.entries(networkInterfaces());
  const withAddress = interfaces.find(([, list]) =>
    list?.some(({ internal, family }) => !internal && family === "IPv4"),
  );
  return {
    arch: process.arch === "arm64" ? "aarch64" : "x86_64",
    hostname: hostname(),
    uid: process.getuid?.() ?? -1,
    home: homedir(),
    // A box without a default route (a lab without a gateway) is still reached at the address it has.
    defaultInterface: defaultInterface() ?? withAddress?.[0] ?? null,
    addresses: interfaces.flatMap(([name, list]) =>
      (list ?? [])
        .filter(({ internal }) => !internal)
        .map(({ family, address }) => ({
          interface: name,
          family: family === "IPv6" ? (6 as const) : (4 as const),
          address,
        })),
    ),
    hasIpv6: existsSync("/proc/net/if_inet6"),
  };
}

/** The device of the IPv4 default route with the lowest metric, from /proc/net/route of this network namespace. */
function defaultInterface(): string | null {
  let best: { name: string; metric: number } | null = null;
  for (const line of readFileSync("/proc/self/net/route", "utf8").split("\n").slice(1)) {
    const [name, destination, , , , , metric = "0", mask] = line.split("\t");
    if (name === undefined || destination !== "00000000" || mask !== "00000000") continue;
    if (best === null || Number(metric) < best.metric) best = { name, metric: Number(metric) };
  }
  return best?.name ?? null;
}
