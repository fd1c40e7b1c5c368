import { closeSync, existsSync, openSync, readdirSync, readSync, rmdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { holdsData } from "../host/kinds/index.ts";
import { HostLedger, openLedgerDatabase } from "../host/ledger.ts";
import { passwordFileName } from "../kernel/config/passwords.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { systemClock } from "../kernel/time/clock.ts";

/** What belongs to the cloud inside DATA_DIR; `clean` and `stack --fresh` remove it. Anything else there stays. */
const CLOUD_FILES = [
  "tenrec.db",
  "tenrec.pid",
  "tenrec.sock",
  "environment.json",
  "daemon.settings",
  "clouds.yaml",
  "accrc",
  "glance",
  "nova",
  "neutron",
  "cinder",
  "swift",
  "network",
  "libvirt",
  "watch",
  "kvm-probe.json",
];

/**
 * What outlives --fresh: passwords people have written into their scripts, authorities their browsers trust, ranges that were
 * chosen, and what this program needs on the way.
 */
const LASTING_FILES = [
  "remembered.json",
  passwordFileName,
  "CA",
  "ca-bundle.pem",
  "devstack-cert.pem",
  "ledger.db",
  "stack.lock",
  "stack.lock.holder",
];

/** What sqlite keeps beside a database, and what a process leaves beside a file that it was replacing when it was killed. */
const COMPANION = /(-wal|-shm|-journal|(\.\d+)?\.new)$/;

/** Whether a cloud was ever made here (and not cleaned away since). */
export const hasCloud = (dataDir: string): boolean => existsSync(join(dataDir, "tenrec.db"));

/** Whether the ledger says that nothing of this data directory is on the host, but for what unstack leaves there. */
export function isOffHost(dataDir: string): boolean {
  const path = join(dataDir, "ledger.db");
  if (!existsSync(path)) return true;
  const db = openLedgerDatabase(path, systemClock);
  try {
    // Installed packages stay whatever is removed, and volumes like everything else that users have made.
    const entries = new HostLedger(db, systemClock).list();
    return entries.every((entry) => entry.kind === "apt-package" || holdsData(entry));
  } finally {
    db.close();
  }
}

/** Removes the cloud's database, images, disks and files for clients. */
export function removeCloudFiles(settings: Settings): void {
  const { dataDir, blockStorage } = settings;
  const backing = blockStorage.backends.map(({ name }) => `${blockStorage.volumeGroupName}-${name}.img`);
  removeWithCompanions(dataDir, [...CLOUD_FILES, ...backing]);
}

/** What `clean` removes last of all: passwords, ledger, logs, and the directories themselves where nothing else is in them. */
export function removeLastFiles(settings: Settings): void {
  const { dataDir, dest, logging } = settings;
  removeWithCompanions(dataDir, LASTING_FILES);
  if (existsSync(logging.dir)) {
    for (const name of readdirSync(logging.dir)) {
      if (isOwnLog(logging.dir, name)) rmSync(join(logging.dir, name), { force: true });
    }
  }
  for (const directory of [logging.dir, dataDir, dest]) removeIfEmpty(directory);
}

function removeWithCompanions(directory: string, names: readonly string[]): void {
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory)) {
    if (names.includes(entry.replace(COMPANION, ""))) rmSync(join(directory, entry), { recursive: true, force: true });
  }
}

/** LOGDIR may be a directory of others: a log is ours when its first line is, which has the log's name in it. */
function isOwnLog(directory: string, file: string): boolean {
  if (file === "daemon.out") return true;
  const [, name] = /^([a-z-]+)\.log(\.\d{8}T\d{9}Z)?$/.exec(file) ?? [];
  return (
    name !== undefined &&
    /^\{"time":"[^"]+","level":"[a-z]+","name":"([^"]+)"/.exec(firstLineOf(join(directory, file)))?.[1] === name
  );
}

function firstLineOf(path: string): string {
  const head = Buffer.alloc(4096);
  const fd = openSync(path, "r");
  try {
    return head.toString("utf8", 0, readSync(fd, head)).split("\n", 1)[0] ?? "";
  } finally {
    closeSync(fd);
  }
}

function removeIfEmpty(directory: string): void {
  try {
    if (directory !== dirname(directory)) rmdirSync(directory);
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EBUSY"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}
