/** libvirt's numbers as words: states, flag bits, event ids. */

/** Bits of the calls' `flags` argument, by call. */
export const bits = {
  affect: { current: 0, live: 1, config: 2, both: 3 },
  start: { paused: 1, bypassCache: 4, forceBoot: 8 },
  destroy: { graceful: 1 },
  undefine: { managedSave: 1, snapshotsMetadata: 2, nvram: 4, keepNvram: 8, checkpointsMetadata: 16 },
  save: { bypassCache: 1, running: 2, paused: 4 },
  power: { default: 0, acpi: 1, agent: 2 },
  xml: { secure: 1, inactive: 2 },
  define: { validate: 1 },
  list: { active: 1, inactive: 2, persistent: 4, transient: 8, running: 16, paused: 32, shutOff: 64 },
  vcpus: { maximum: 4, guest: 8 },
  memory: { maximum: 4 },
  block: { resizeBytes: 1, jobAsync: 1, jobPivot: 2, jobInfoBytes: 1, jobSpeedBytes: 1, pullBytes: 64 },
  commit: { shallow: 1, delete: 2, active: 4, relative: 8, bytes: 16 },
  copy: { shallow: 1, reuseExternal: 2, transientJob: 4, synchronousWrites: 8 },
  snapshot: {
    redefine: 1,
    current: 2,
    noMetadata: 4,
    halt: 8,
    diskOnly: 16,
    reuseExternal: 32,
    quiesce: 64,
    atomic: 128,
    live: 256,
  },
  snapshotDelete: { children: 1, metadataOnly: 2, childrenOnly: 4 },
  snapshotRevert: { running: 1, paused: 2, force: 4 },
  console: { force: 1, safe: 2 },
  statsFilter: { active: 1, inactive: 2, noWait: 0x2000_0000, backing: 0x4000_0000 },
} as const;

/** Groups of counters in all-domain stats. */
export const statsGroups = {
  state: 1,
  cpu: 2,
  balloon: 4,
  vcpu: 8,
  interface: 16,
  block: 32,
  perf: 64,
  iothread: 128,
  memory: 256,
  dirtyrate: 512,
  vm: 1024,
} as const;
export type StatsGroup = keyof typeof statsGroups;

/** Numbers 0, 1, 2… as words. */
export type Words = readonly string[];

export const domainStates = [
  "none",
  "running",
  "blocked",
  "paused",
  "shutting-down",
  "shut-off",
  "crashed",
  "pm-suspended",
] as const;
export type DomainState = (typeof domainStates)[number];

/** Why a guest is in its state, by state. */
export const stateReasons: Readonly<Record<DomainState, Words>> = {
  none: ["unknown"],
  running: [
    "unknown",
    "booted",
    "migrated",
    "restored",
    "from-snapshot",
    "unpaused",
    "migration-canceled",
    "save-canceled",
    "wakeup",
    "crashed",
    "postcopy",
    "postcopy-failed",
  ],
  blocked: ["unknown"],
  paused: [
    "unknown",
    "user",
    "migration",
    "save",
    "dump",
    "io-error",
    "watchdog",
    "from-snapshot",
    "shutting-down",
    "snapshot",
    "crashed",
    "starting-up",
    "postcopy",
    "postcopy-failed",
  ],
  "shutting-down": ["unknown", "user"],
  "shut-off": ["unknown", "shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot", "daemon"],
  crashed: ["unknown", "panicked"],
  "pm-suspended": ["unknown"],
};

export const lifecycleEvents = [
  "defined",
  "undefined",
  "started",
  "suspended",
  "resumed",
  "stopped",
  "shutdown",
  "pm-suspended",
  "crashed",
] as const;
export type LifecycleEvent = (typeof lifecycleEvents)[number];

/** The second number of a lifecycle event, by the first. */
export const lifecycleDetails: Readonly<Record<LifecycleEvent, Words>> = {
  defined: ["added", "updated", "renamed", "from-snapshot"],
  undefined: ["removed", "renamed"],
  started: ["booted", "migrated", "restored", "from-snapshot", "wakeup"],
  suspended: [
    "paused",
    "migrated",
    "io-error",
    "watchdog",
    "restored",
    "from-snapshot",
    "api-error",
    "postcopy",
    "postcopy-failed",
  ],
  resumed: ["unpaused", "migrated", "from-snapshot", "postcopy", "postcopy-failed"],
  stopped: ["shutdown", "destroyed", "crashed", "migrated", "saved", "failed", "from-snapshot"],
  shutdown: ["finished", "guest", "host"],
  "pm-suspended": ["memory", "disk"],
  crashed: ["panicked", "crash-loaded"],
};

export const blockJobTypes = ["unknown", "pull", "copy", "commit", "active-commit", "backup"] as const;
export type BlockJobType = (typeof blockJobTypes)[number];
export const blockJobStatuses = ["completed", "failed", "canceled", "ready"] as const;
export type BlockJobStatus = (typeof blockJobStatuses)[number];

/** The word for a number; `unknown-N` for one that a newer libvirt added. */
export function word(words: Words, number: number): string {
  return words[number] ?? `unknown-${number}`;
}

/** Combines the bits whose switch is on: `mask(bits.start, { paused: true })` → 1. */
export function mask<B extends Readonly<Record<string, number>>>(
  available: B,
  chosen: { readonly [K in keyof B]?: boolean | undefined },
): number {
  let flags = 0;
  for (const [name, bit] of Object.entries(available)) if (chosen[name]) flags += bit;
  return flags;
}
