import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, open, rename, writeFile } from "node:fs/promises";
import { Socket } from "node:net";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import type { Logger } from "../kernel/log/logger.ts";
import type { Tracer } from "../kernel/trace/trace.ts";
import { identifyProcess, isSameProcess, readPidFile, stopProcess } from "./processes.ts";
import type { Daemon, DaemonOptions, Exec, FollowOptions, ProcessIdentity, RunOptions, RunResult } from "./types.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_OUTPUT = 64 * 1024 * 1024;
/** Started by cron, sudo or an init script the PATH may lack these, where ip, iptables and libvirtd live. */
const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A command that could not be started, ended with an error, or took too long. `message` holds its first words on stderr. */
export class HostCommandError extends Error {
  readonly command: string;
  readonly args: readonly string[];
  readonly netns: string | null;
  /** Null when it was killed by a signal or never started. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** There is no such program. */
  readonly notFound: boolean;

  constructor(
    command: string,
    args: readonly string[],
    netns: string | null,
    outcome: {
      exitCode: number | null;
      signal: string | null;
      stdout: string;
      stderr: string;
      timedOut: boolean;
      notFound: boolean;
      reason?: string;
    },
  ) {
    const what = outcome.notFound
      ? "is not installed"
      : outcome.timedOut
        ? "took too long and was killed"
        : (outcome.reason ??
          (outcome.signal !== null ? `was ended by ${outcome.signal}` : `failed with exit code ${outcome.exitCode}`));
    const where = netns === null ? "" : ` in namespace ${netns}`;
    const said = outcome.stderr.trim().slice(0, 500);
    super(`${shown(command, args)}${where} ${what}${said === "" || outcome.notFound ? "" : `: ${said}`}`);
    this.name = "HostCommandError";
    this.command = command;
    this.args = args;
    this.netns = netns;
    this.exitCode = outcome.exitCode;
    this.signal = outcome.signal;
    this.stdout = outcome.stdout;
    this.stderr = outcome.stderr;
    this.timedOut = outcome.timedOut;
    this.notFound = outcome.notFound;
  }
}

/** The command as one would type it, shortened; only for people, never to be run. */
export function shown(command: string, args: readonly string[]): string {
  const words = [command, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`));
  const text = words.join(" ");
  return text.length > 300 ? `${text.slice(0, 297)}…` : text;
}

/** Where a namespace's file is; a name with a slash is taken as a path. */
export function netnsPath(netns: string): string {
  return netns.includes("/") ? netns : `/run/netns/${netns}`;
}

/** The command line that runs `command` in `netns`. `nsenter --net` keeps the mount namespace, unlike `ip netns exec`, so namespaces it adds are seen by all. */
export function inNamespace(command: string, args: readonly string[], netns: string | null): [string, string[]] {
  if (netns === null) return [command, [...args]];
  return ["nsenter", [`--net=${netnsPath(netns)}`, "--", command, ...args]];
}

export class HostExec implements Exec {
  readonly #log: Logger;
  readonly #tracer: Tracer | null;

  constructor(options: { log: Logger; tracer: Tracer | null }) {
    this.#log = options.log.named("host");
    this.#tracer = options.tracer;
  }

  async run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    const attributes: Record<string, unknown> = { args };
    if (options.netns != null) attributes.netns = options.netns;
    if (typeof options.input === "string" && options.input.length <= 20_000) attributes.input = options.input;
    const body = () => this.#run(command, args, options, attributes);
    return this.#tracer === null ? body() : this.#tracer.span("command", command, attributes, body);
  }

  async #run(
    command: string,
    args: readonly string[],
    options: RunOptions,
    attributes: Record<string, unknown>,
  ): Promise<RunResult> {
    const netns = options.netns ?? null;
    const [file, words] = inNamespace(command, args, netns);
    // Loaded with the first command: many small files, which a cloud without a host does without.
    const { execa } = await import("execa");
    const start = performance.now();
    const result = await execa(file, words, {
      ...(options.input === undefined ? { stdin: "ignore" as const } : { input: options.input }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      timeout: options.timeout ?? DEFAULT_TIMEOUT_MS,
      killSignal: "SIGKILL",
      maxBuffer: options.maxOutput ?? DEFAULT_MAX_OUTPUT,
      stripFinalNewline: false,
      reject: false,
      extendEnv: false,
      env: environment(options.env),
    });
    const exitCode = result.exitCode ?? null;
    const stderr = result.stderr ?? "";
    const stdout = result.stdout ?? "";
    const ms = Math.round(performance.now() - start);
    attributes.exitCode = exitCode;
    if (stderr !== "") attributes.stderr = stderr.slice(0, 2_000);
    this.#log.debug(shown(command, args), { ms, exit: exitCode, ...(netns === null ? {} : { netns }) });
    if (exitCode === 0) return { exitCode, stdout, stderr };
    const notFound = result.code === "ENOENT" || (exitCode === 127 && /nsenter: failed to execute/.test(stderr));
    const ended = exitCode !== null && !result.timedOut && !result.isMaxBuffer && !notFound;
    if (ended && allowed(options.allowFailure, exitCode)) return { exitCode, stdout, stderr };
    throw new HostCommandError(command, args, netns, {
      exitCode,
      signal: result.signal ?? null,
      stdout,
      stderr,
      timedOut: result.timedOut,
      notFound,
      ...(result.isMaxBuffer ? { reason: "wrote more than it may" } : {}),
      ...(exitCode === null && result.signal === undefined
        ? { reason: result.originalMessage ?? "did not start" }
        : {}),
    });
  }

  async spawnDaemon(command: string, args: readonly string[], options: DaemonOptions): Promise<Daemon> {
    const netns = options.netns ?? null;
    const log = await open(options.logFile ?? "/dev/null", "a", 0o640);
    try {
      const child = spawn(...inNamespace(command, args, netns), {
        detached: true,
        stdio: ["ignore", log.fd, log.fd],
        env: environment(options.env),
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      });
      return await this.#started(child, command, args, { netns, pidFile: options.pidFile });
    } finally {
      await log.close();
    }
  }

  async follow(command: string, args: readonly string[], options: FollowOptions): Promise<Daemon> {
    const netns = options.netns ?? null;
    // The kernel kills it when this program is gone, whatever ended it.
    const words = ["--pdeathsig", "KILL", command, ...args];
    const child = spawn(...inNamespace("setpriv", words, netns), {
      stdio: ["ignore", "pipe", "ignore"],
      env: environment(),
    });
    createInterface({ input: child.stdout }).on("line", options.onLine);
    // It must not keep this program from ending.
    if (child.stdout instanceof Socket) child.stdout.unref();
    return this.#started(child, command, args, { netns, pidFile: options.pidFile });
  }

  /** Waits until the child runs, and notes down who it is. */
  async #started(
    child: ChildProcess,
    command: string,
    args: readonly string[],
    { netns, pidFile }: { netns: string | null; pidFile: string },
  ): Promise<Daemon> {
    const exited = new Promise<{ exitCode: number | null; signal: string | null }>((resolve) => {
      child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
      child.once("error", () => resolve({ exitCode: null, signal: null }));
    });
    try {
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", reject);
      });
      child.unref();
      const identity = child.pid === undefined ? null : await identifyProcess(child.pid);
      if (identity === null) {
        const { exitCode, signal } = await exited;
        const outcome = { exitCode, signal, stdout: "", stderr: "", timedOut: false, notFound: exitCode === 127 };
        throw new HostCommandError(command, args, netns, { ...outcome, reason: "ended at once" });
      }
      await mkdir(dirname(pidFile), { recursive: true });
      // Written aside and renamed: a reader sees all of it or nothing.
      await writeFile(`${pidFile}.new`, `${JSON.stringify(identity)}\n`);
      await rename(`${pidFile}.new`, pidFile);
      this.#log.debug(`${shown(command, args)} &`, { pid: identity.pid, ...(netns === null ? {} : { netns }) });
      this.#tracer?.note("command", command, { args, pid: identity.pid, ...(netns === null ? {} : { netns }) });
      return { ...identity, exited };
    } catch (error) {
      if (error instanceof HostCommandError) throw error;
      const notFound = (error as NodeJS.ErrnoException).code === "ENOENT";
      const outcome = { exitCode: null, signal: null, stdout: "", stderr: "", timedOut: false, notFound };
      throw new HostCommandError(command, args, netns, { ...outcome, reason: String(error) });
    }
  }

  identify(pid: number): Promise<ProcessIdentity | null> {
    return identifyProcess(pid);
  }

  isAlive(process: ProcessIdentity): Promise<boolean> {
    return isSameProcess(process);
  }

  async stop(process: ProcessIdentity, options: { graceMs?: number; signal?: NodeJS.Signals } = {}): Promise<boolean> {
    const stopped = await stopProcess(process, options);
    this.#log.debug(`stop ${process.pid}`, { stopped });
    return stopped;
  }

  readPidFile(path: string, match?: string): Promise<ProcessIdentity | null> {
    return readPidFile(path, match);
  }
}

function allowed(rule: RunOptions["allowFailure"], exitCode: number): boolean {
  return rule === true || (Array.isArray(rule) && rule.includes(exitCode));
}

function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const path = process.env.PATH === undefined ? SYSTEM_PATH : `${process.env.PATH}:${SYSTEM_PATH}`;
  return { ...process.env, PATH: path, LC_ALL: "C", ...extra };
}
