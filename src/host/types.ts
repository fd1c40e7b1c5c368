/** What the rest of the program may import of the host layer: interfaces and plain data, no behaviour. */

export interface RunOptions {
  /** Written to standard input; without it standard input is /dev/null. */
  input?: string | Uint8Array;
  /** Milliseconds before the command is killed (SIGKILL). Default 30,000. */
  timeout?: number;
  /** Name of a network namespace (under /run/netns) to run in; the program's own when left out. */
  netns?: string | null;
  /** Return the result whatever the exit code (`true`), or for these exit codes, instead of throwing. */
  allowFailure?: boolean | readonly number[];
  /** Added to the environment. `LC_ALL=C` is always set, so that output can be parsed. */
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Most bytes of standard output kept; a command that writes more is killed and fails. Default 64 MiB. */
  maxOutput?: number;
}

export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** One process for sure: a pid alone may have been given to another process since. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  startTime: string;
  /** /proc/sys/kernel/random/boot_id at that time. */
  bootId: string;
}

export interface DaemonOptions {
  netns?: string | null;
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Where the identity is written as JSON once it runs; read it back with `readPidFile`. */
  pidFile: string;
  /** Appended to by the child's standard output and error; /dev/null when left out. */
  logFile?: string;
}

export interface Daemon extends ProcessIdentity {
  /** Settles when the child ends while this program is its parent; never rejects. */
  readonly exited: Promise<{ exitCode: number | null; signal: string | null }>;
}

export interface FollowOptions {
  netns?: string | null;
  /** Where the identity is written as JSON while it runs. */
  pidFile: string;
  /** Called for each line of its standard output. */
  onLine: (line: string) => void;
}

/** The only way commands are run. The real one is exec.ts, the recording fake fake/exec.ts. */
export interface Exec {
  /** Runs to the end. Throws `HostCommandError` when it fails, unless allowed. Arguments reach the command as they are: no shell. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Starts a child that outlives this program (own session, not killed with it). */
  spawnDaemon(command: string, args: readonly string[], options: DaemonOptions): Promise<Daemon>;
  /** Starts a child that talks for as long as it runs (a monitor of the kernel's events); it ends with this program, however that ends. */
  follow(command: string, args: readonly string[], options: FollowOptions): Promise<Daemon>;
  /** The identity of a running pid, or null when there is none (a zombie counts as none). */
  identify(pid: number): Promise<ProcessIdentity | null>;
  isAlive(process: ProcessIdentity): Promise<boolean>;
  /** SIGTERM, then SIGKILL after `graceMs` (default 5,000). True when it was running. Another process with its pid is never touched. */
  stop(process: ProcessIdentity, options?: { graceMs?: number; signal?: NodeJS.Signals }): Promise<boolean>;
  /**
   * Reads a pid file: ours (JSON) or a daemon's own (a number). For the latter `match` must occur in the process's command line,
   * since the number may be stale. Null when no such process runs.
   */
  readPidFile(path: string, match?: string): Promise<ProcessIdentity | null>;
}

export type LedgerKind =
  | "namespace"
  | "bridge"
  | "veth"
  | "tap"
  | "link"
  | "nic"
  | "address"
  | "route"
  | "proxy-neighbour"
  | "iptables-chain"
  | "iptables-rule"
  | "nft-table"
  | "nft-rule"
  | "ipset"
  | "sysctl"
  | "kernel-switch"
  | "process"
  | "loop"
  | "volume-group"
  | "logical-volume"
  | "domain"
  | "mount"
  | "file"
  | "directory"
  | "cgroup"
  | "apt-package";

/** What each kind's undo needs to know. `netns` null is the namespace the program runs in. */
export interface LedgerDetails {
  namespace: Record<never, never>;
  bridge: { netns: string | null };
  /** The name is that of the end in `netns`; removing one end removes the other. */
  veth: { netns: string | null; peer?: string; peerNetns?: string | null };
  tap: { netns: string | null };
  link: { netns: string | null };
  /** A real network card that was moved into a namespace; how it was before. */
  nic: {
    netns: string;
    wasUp: boolean;
    mtu: number;
    addresses: readonly { address: string; prefix: number; broadcast: string | null }[];
    routes: readonly (readonly string[])[];
    /** Its own kernel settings, which do not come along: "ipv6/conf/eth1/accept_ra" → "0". */
    sysctls?: Readonly<Record<string, string>>;
  };
  address: { netns: string | null; device: string; address: string };
  /** `spec` as given to `ip route add`. */
  route: { netns: string | null; spec: readonly string[]; family: 4 | 6 };
  "proxy-neighbour": { netns: string | null; address: string; device: string };
  "iptables-chain": { netns: string | null; variant: IptablesVariant; family: 4 | 6; table: string; chain: string };
  /** `rule` without `-A CHAIN`. */
  "iptables-rule": {
    netns: string | null;
    variant: IptablesVariant;
    family: 4 | 6;
    table: string;
    chain: string;
    rule: readonly string[];
  };
  "nft-table": {
    netns: string | null;
    family: "ip" | "ip6" | "inet" | "arp" | "bridge" | "netdev";
    table: string;
    /** A table that others use too (iptables-nft's): only what was not there before and holds no rule is removed. `chainsBefore` null: the table was not there. */
    onlyEmpty?: { chainsBefore: readonly string[] | null };
  };
  /** `rule` as nft lists it, without its handle. */
  "nft-rule": { netns: string | null; family: "ip" | "inet"; table: string; chain: string; rule: string };
  ipset: { netns: string | null };
  /** The name is the key with slashes (`net/ipv4/ip_forward`), inside a namespace `NETNS:net/ipv4/ip_forward`. */
  sysctl: {
    netns: string | null;
    previous: string;
    value: string;
    /** Set back whatever it is now: the kernel changes it along with another key. */
    always?: boolean;
  };
  /** The name is the path of a file in /sys. */
  "kernel-switch": { previous: string; value: string };
  process: {
    pidFile: string;
    /** Must occur in its command line when only the daemon's own pid file is known. */
    match: string;
    identity?: ProcessIdentity;
  };
  loop: { device?: string; backingFile: string };
  "volume-group": { physicalVolume: string };
  "logical-volume": { volumeGroup: string; volume: string };
  /** `socket` is the private libvirtd's. */
  domain: { socket: string; uuid: string };
  /** `whenEmpty`: left alone while anything is in it. */
  mount: { target: string; whenEmpty?: boolean };
  /** `previous` is the content there was before (base64), null when there was no file. */
  file: { path: string; previous: string | null; mode?: number };
  /** Removed only when empty, unless `recursive`: then all of it is ours. `data`: it outlives unstack, guests' disks are in it. */
  directory: { path: string; recursive: boolean; data?: boolean };
  /** Whatever is in it is ours too. */
  cgroup: { path: string };
  /** Packages stay: other things may use them by now. The entry only tells what was installed for us. */
  "apt-package": { version: string };
}

export type IptablesVariant = "iptables-nft" | "iptables-legacy";

export interface LedgerEntry<K extends LedgerKind = LedgerKind> {
  readonly id: number;
  readonly kind: K;
  /** Unique within the kind. For things inside a namespace: `NETNS/NAME`. */
  readonly name: string;
  readonly details: LedgerDetails[K];
  /** Which part made it ("box", "network:<id>", "compute"); lets a part list its own. */
  readonly owner: string;
  /** `making`: written down, not known to be complete. `made`: it is there. */
  readonly state: "making" | "made";
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface LedgerRequest<K extends LedgerKind> {
  kind: K;
  name: string;
  details: LedgerDetails[K];
  owner: string;
}

export type Undo<K extends LedgerKind> = (entry: LedgerEntry<K>) => Promise<void>;

export interface UndoProgress {
  entry: LedgerEntry;
  done: number;
  total: number;
  error: Error | null;
}

export interface UndoReport {
  undone: number;
  /** Entries whose undo failed; they stay in the ledger, so that the next run tries again. */
  failures: { entry: LedgerEntry; error: Error }[];
}

/** What was made on the host, written down before it is made. */
export interface Ledger {
  /**
   * Writes the row (durably), runs `make`, marks the row as made. With a row already there its first details are kept (they
   * hold how the host was before) and `make` runs again, so it must be idempotent. When `make` throws the row stays: something
   * may be half made, and undoing is idempotent.
   */
  create<K extends LedgerKind, T>(request: LedgerRequest<K>, make: () => Promise<T> | T): Promise<T>;
  /** The same for many things that one command makes (a restore file of rules): one durable write, one `make`. */
  createMany<T>(requests: readonly LedgerRequest<LedgerKind>[], make: () => Promise<T> | T): Promise<T>;
  /** Replaces the details (a process has its pid only afterwards). */
  amend<K extends LedgerKind>(kind: K, name: string, details: LedgerDetails[K]): Promise<void>;
  /** Runs `unmake` (default: the kind's registered undo), then strikes the row off. Nothing happens without a row. */
  remove<K extends LedgerKind>(
    kind: K,
    name: string,
    unmake?: (entry: LedgerEntry<K>) => Promise<void> | void,
  ): Promise<void>;
  /** Strikes rows off whose things are known to be gone (with their namespace). */
  forget(entries: readonly { kind: LedgerKind; name: string }[]): Promise<void>;
  get<K extends LedgerKind>(kind: K, name: string): LedgerEntry<K> | null;
  /** Oldest first. */
  list(filter?: { kind?: LedgerKind; owner?: string; ownerPrefix?: string }): LedgerEntry[];
  registerUndo<K extends LedgerKind>(kind: K, undo: Undo<K>): void;
  /** Walks backwards through everything (or one owner's, and without what to `keep`), goes on after failures and reports them. */
  undoAll(options?: {
    owner?: string;
    keep?: (entry: LedgerEntry) => boolean;
    progress?: (step: UndoProgress) => void;
  }): Promise<UndoReport>;
}
