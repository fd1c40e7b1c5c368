import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import Database from "better-sqlite3";
import type { Json } from "./json.ts";
import { isPlaceOfTest, Patience } from "./patience.ts";

export interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  input?: string;
  /** Seconds of rest (see `Patience`) after which it is killed; 120 by default. */
  patience?: number;
}

const ROOT = resolve(import.meta.dirname, "../..");
/** The executable under test: bin/tenrec of this checkout, or what TENREC names (`make binary`'s). */
export const TENREC = resolve(ROOT, process.env.TENREC ?? "bin/tenrec");

/** Without what the clients of somebody's own cloud are told by their environment. */
export const OWN_ENVIRONMENT = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("OS_")),
);

/**
 * Two network namespaces on this machine: `host`, which a stack takes for the box's main namespace, and `world`, the outside
 * that it reaches and is reached from. Nothing touches the machine's own main namespace.
 */
export class Lab {
  readonly name: string;
  readonly directory: string;
  readonly hostAddress = "198.51.100.2";
  readonly worldAddress = "198.51.100.1";
  readonly localConf: string;
  readonly #children = new Set<ChildProcess>();
  readonly #namespaces = new Set<string>();
  /** Of all clouds that a test makes in this lab. */
  readonly dataDirs: string[] = [];

  constructor(name: string, localrc: string) {
    this.name = `${name}${process.pid % 10_000}`;
    this.directory = mkdtempSync(join(tmpdir(), `tenrec-${name}-`));
    isPlaceOfTest(this.directory);
    // Guests do not run as root: their user must be able to enter.
    chmodSync(this.directory, 0o755);
    this.dataDirs.push(this.dataDir);
    this.localConf = join(this.directory, "local.conf");
    const own = [
      `STACK_NAME=${this.stackName}`,
      `DEST=${this.directory}/dest`,
      `DATA_DIR=${this.dataDir}`,
      `HOST_IP=${this.hostAddress}`,
      "ADMIN_PASSWORD='it is \"$ecret\"'",
    ];
    writeFileSync(this.localConf, `[[local|localrc]]\n${own.join("\n")}\n${localrc}\n`);
    const ip = (...args: string[]) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
    for (const ns of [this.host, this.world]) {
      ip("netns", "add", ns);
      ip("-n", ns, "link", "set", "lo", "up");
    }
    ip("-n", this.host, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", this.world);
    ip("-n", this.host, "address", "add", `${this.hostAddress}/24`, "dev", "eth0");
    ip("-n", this.world, "address", "add", `${this.worldAddress}/24`, "dev", "eth0");
    for (const ns of [this.host, this.world]) {
      // Without duplicate address detection a picture of the host does not change by itself seconds later.
      execFileSync("nsenter", [`--net=/run/netns/${ns}`, "sysctl", "-qw", "net.ipv6.conf.eth0.accept_dad=0"]);
      ip("-n", ns, "link", "set", "eth0", "up");
    }
    ip("-n", this.host, "route", "add", "default", "via", this.worldAddress);
    // What a laptop beside the box would add to reach the floating addresses.
    ip("-n", this.world, "route", "add", "172.24.4.0/24", "via", this.hostAddress);
  }

  get host(): string {
    return `${this.name}-host`;
  }
  get world(): string {
    return `${this.name}-world`;
  }
  get stackName(): string {
    return this.name;
  }

  /** Runs in the box's main namespace; throws when it fails. */
  onHost(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    if (command === TENREC) this.namespaces();
    return this.#must(this.host, command, args, options);
  }

  /** Runs outside of the box; throws when it fails. */
  outside(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return this.#must(this.world, command, args, options);
  }

  try(where: "host" | "world", command: string, args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return this.#run(where === "host" ? this.host : this.world, command, args, options);
  }

  tenrec(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const [command = "", ...rest] = args;
    return this.onHost(TENREC, [command, "-c", this.localConf, ...rest], options);
  }

  /** The unmodified openstack client, from outside, as `cloud` of the stack's own clouds.yaml; JSON where the command prints any. */
  async openstack(
    cloud: string,
    args: readonly string[],
    options: RunOptions & { plain?: boolean } = {},
  ): Promise<Json> {
    const format = options.plain === true ? [] : ["-f", "json"];
    // HOME: the client keeps caches there.
    const env = { HOME: this.directory, OS_CLIENT_CONFIG_FILE: join(this.dataDir, "clouds.yaml"), OS_CLOUD: cloud };
    const text = await this.outside("openstack", [...args, ...format], { ...options, env });
    // `--wait` may print "Progress: …" on a line before it, as the server's progress happens to be asked for.
    return options.plain === true ? text : JSON.parse(text.slice(text.search(/^[[{]/m)));
  }

  get dataDir(): string {
    return join(this.directory, "dest/data");
  }

  /**
   * Every network namespace that this lab's clouds have had so far, whether or not it is there now: by their ledgers, and by what
   * their databases say there should be. Looked up again at each `tenrec` command, as unstack forgets them.
   */
  namespaces(): ReadonlySet<string> {
    const names = (path: string, sql: string): void => {
      if (!existsSync(path)) return;
      const db = new Database(path, { readonly: true });
      try {
        // A stack that was killed early has left a database without tables.
        const ready = db.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(/FROM (\w+)/.exec(sql)?.[1]);
        if (ready === undefined) return;
        for (const name of db.prepare<[], string>(sql).pluck().all() as string[]) this.#namespaces.add(name);
      } finally {
        db.close();
      }
    };
    for (const directory of this.dataDirs) {
      names(join(directory, "ledger.db"), "SELECT name FROM host_ledger WHERE kind = 'namespace'");
      names(join(directory, "tenrec.db"), "SELECT 'qdhcp-' || id FROM network_networks");
      names(join(directory, "tenrec.db"), "SELECT 'qrouter-' || id FROM network_routers");
    }
    return this.#namespaces;
  }

  /** ssh from outside, which must succeed; `key` is a private key file. */
  ssh(key: string, address: string, command: string, options: RunOptions = {}): Promise<string> {
    return this.outside("ssh", ssh(PATIENT, key, address, command), options);
  }

  /** The same for what may fail, or is tried again and again. */
  trySsh(key: string, address: string, command: string, options: RunOptions = {}): Promise<Result> {
    return this.try("world", "ssh", ssh(QUICK, key, address, command), options);
  }

  /** A session that lives until `close` (or is killed by the test). */
  spawnSsh(key: string, address: string, command: string): ChildProcess {
    return this.spawnOutside("ssh", ssh(PATIENT, key, address, command));
  }

  /** A child that lives until `close` (or is killed by the test). */
  spawnOutside(command: string, args: readonly string[]): ChildProcess {
    const child = spawn("nsenter", [`--net=/run/netns/${this.world}`, "--", command, ...args], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#children.add(child);
    return child;
  }

  /** Unstack first; what a failed one left running is killed here, by this lab's own directory in its command line. */
  close(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    for (const { pid } of processesOf(this.directory)) process.kill(pid, "SIGKILL");
    for (const ns of [this.host, this.world]) execFileSync("ip", ["netns", "delete", ns]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #must(ns: string, command: string, args: readonly string[], options: RunOptions): Promise<string> {
    const result = await this.#run(ns, command, args, options);
    if (result.code !== 0) {
      throw new Error(`${command} ${args.join(" ")} → ${result.code}\n${result.stdout}\n${result.stderr}`);
    }
    return result.stdout;
  }

  async #run(ns: string, command: string, args: readonly string[], options: RunOptions): Promise<Result> {
    const done = Promise.withResolvers<Result>();
    const child = execFile(
      "nsenter",
      [`--net=/run/netns/${ns}`, "--", command, ...args],
      { maxBuffer: 64 << 20, env: { ...OWN_ENVIRONMENT, ...options.env } },
      (error, stdout, stderr) =>
        done.resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr }),
    );
    // A command may end before it has read what it was given.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
    const patience = new Patience(options.patience ?? 120);
    let isKilled = false;
    const watch = setInterval(() => {
      isKilled ||= patience.isOver();
      if (isKilled) child.kill("SIGKILL");
    }, 1_000);
    try {
      const result = await done.promise;
      return isKilled ? { ...result, stderr: `${result.stderr}\n(killed: it rested too long)` } : result;
    } finally {
      clearInterval(watch);
    }
  }
}

/** Processes that have to do with a lab's stack: its directory is in their command line. */
export function processesOf(directory: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
        return command.includes(directory) ? [{ pid: Number(pid), command }] : [];
      } catch {
        return [];
      }
    });
}

/** How long a silent peer is waited for: one that surely is there may be busy, one that may not be is asked again. */
const PATIENT = ["ConnectTimeout=60", "ServerAliveInterval=10", "ServerAliveCountMax=12"];
const QUICK = ["ConnectTimeout=5", "ServerAliveInterval=2", "ServerAliveCountMax=10"];

const ssh = (more: readonly string[], key: string, address: string, command: string): string[] => {
  const options = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "BatchMode=yes",
    "LogLevel=ERROR",
    ...more,
  ];
  return [...options.flatMap((option) => ["-o", option]), "-i", key, `cirros@${address}`, command];
};

/** Why an e2e test cannot run here, or null. */
export function missingForLab(): string | null {
  if (process.getuid?.() !== 0) return "needs root (network namespaces)";
  for (const command of ["ip", "nsenter", "openstack", "ssh"]) {
    try {
      execFileSync("sh", ["-c", 'command -v "$1"', "sh", command], { stdio: "ignore" });
    } catch {
      return `${command} is not installed (make deps installs it)`;
    }
  }
  return null;
}
