import { HostCommandError } from "../exec.ts";
import type { Daemon, DaemonOptions, Exec, FollowOptions, ProcessIdentity, RunOptions, RunResult } from "../types.ts";

/** One command as it was asked for. */
export interface RecordedCommand {
  command: string;
  args: readonly string[];
  options: RunOptions | DaemonOptions;
  daemon: boolean;
}

export type Answer = Partial<RunResult> | undefined;

/** Runs nothing: records every command, and answers what `answer` says (default: success without output). */
export class FakeExec implements Exec {
  readonly commands: RecordedCommand[] = [];
  /** Children that `follow` started: what they say is up to the test. */
  readonly followed: { command: string; args: readonly string[]; line: (text: string) => void; daemon: Daemon }[] = [];
  readonly #answer: (command: string, args: readonly string[], options: RunOptions) => Answer;
  readonly #alive = new Map<number, { identity: ProcessIdentity; pidFile: string; end: () => void }>();
  #nextPid = 1000;

  constructor(answer: (command: string, args: readonly string[], options: RunOptions) => Answer = () => undefined) {
    this.#answer = answer;
  }

  /** Each command as one line, for assertions. */
  get lines(): string[] {
    return this.commands.map(({ command, args }) => [command, ...args].join(" "));
  }

  run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    this.commands.push({ command, args, options, daemon: false });
    const result = { exitCode: 0, stdout: "", stderr: "", ...this.#answer(command, args, options) };
    const rule = options.allowFailure;
    const allowed = rule === true || (Array.isArray(rule) && rule.includes(result.exitCode));
    if (result.exitCode === 0 || allowed) return Promise.resolve(result);
    const outcome = { ...result, signal: null, timedOut: false, notFound: false };
    return Promise.reject(new HostCommandError(command, args, options.netns ?? null, outcome));
  }

  spawnDaemon(command: string, args: readonly string[], options: DaemonOptions): Promise<Daemon> {
    this.commands.push({ command, args, options, daemon: true });
    return Promise.resolve(this.#run(options.pidFile));
  }

  #run(pidFile: string): Daemon {
    const identity = { pid: this.#nextPid++, startTime: "1", bootId: "fake" };
    const { promise: exited, resolve } = Promise.withResolvers<{ exitCode: number | null; signal: string | null }>();
    const end = () => resolve({ exitCode: null, signal: "SIGTERM" });
    this.#alive.set(identity.pid, { identity, pidFile, end });
    return { ...identity, exited };
  }

  follow(command: string, args: readonly string[], options: FollowOptions): Promise<Daemon> {
    this.commands.push({ command, args, options: { netns: options.netns ?? null }, daemon: true });
    const daemon = this.#run(options.pidFile);
    this.followed.push({ command, args, line: options.onLine, daemon });
    return Promise.resolve(daemon);
  }

  identify(pid: number): Promise<ProcessIdentity | null> {
    return Promise.resolve(this.#alive.get(pid)?.identity ?? null);
  }

  isAlive(process: ProcessIdentity): Promise<boolean> {
    return Promise.resolve(this.#alive.has(process.pid));
  }

  stop(process: ProcessIdentity): Promise<boolean> {
    this.#alive.get(process.pid)?.end();
    return Promise.resolve(this.#alive.delete(process.pid));
  }

  readPidFile(path: string): Promise<ProcessIdentity | null> {
    const found = [...this.#alive.values()].find((entry) => entry.pidFile === path);
    return Promise.resolve(found?.identity ?? null);
  }
}
