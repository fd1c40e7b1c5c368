import type { ServiceProgress } from "../kernel/kernel.ts";
import type { LoopDelays } from "../kernel/turns/loop-delay.ts";
import type { Warning } from "../kernel/warnings/warnings.ts";

/** The answer to GET /status. */
export interface DaemonStatus {
  pid: number;
  /** Ports are open. */
  ready: boolean;
  /** What is still being brought back since the start, of which service; empty when everything is. */
  progress: readonly ServiceProgress[];
  version: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Service name → URL. */
  urls: Record<string, string>;
  services: string[];
  warnings: Warning[];
  memoryBytes: number;
  /** How late the event loop was while there was work: so long a new client waits until it is heard. */
  loopDelay: LoopDelays;
}

/** The answer to GET /health: what the daemon knows of its own state, for `tenrec doctor`. */
export interface DaemonHealth {
  status: DaemonStatus;
  /** sqlite's quick_check: "ok", or what is wrong. */
  integrity: string;
  /** Bytes of the database and its write-ahead log. */
  databaseBytes: number;
  /** Long work under way. `age`: milliseconds since it last moved. */
  operations: { kind: string; resource: string; state: "running" | "undoing"; age: number }[];
  /** Milliseconds the wall clock has moved more (or less) than time has passed since the daemon started. */
  clockDrift: number;
  /** What the services found when they compared their rows with each other and the host. */
  problems: { key: string; message: string; hint: string }[];
}

/** "networks 3 of 10, guests 120 of 4000"; empty when everything is back. */
export const progressText = ({ progress }: Pick<DaemonStatus, "progress">): string =>
  progress.map(({ what, done, total }) => `${what} ${done} of ${total}`).join(", ");

/** Where the daemon of a data directory listens for `tenrec` commands. */
export const controlSocket = (dataDir: string): string => `${dataDir}/tenrec.sock`;
