import { join } from "node:path";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/log/logger.ts";
import type { Daemon, Exec, Ledger } from "../types.ts";

const OWNER = "watch";
const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 60_000;

export interface MonitorOptions {
  exec: Exec;
  ledger: Ledger;
  log: Logger;
  /** Holds its pid file. */
  directory: string;
  /** Of its row in the ledger: "watch:NAME". */
  name: string;
  command: string;
  args: readonly string[];
  netns: string | null;
  onLine: (line: string) => void;
  /** It listens from now on, again: what happened in between was not heard. */
  onGap: () => void;
}

/** A child that tells of the kernel's events (`ip monitor`, `nft monitor`), started again when it ends. */
export class Monitor {
  readonly #options: MonitorOptions;
  #child: Daemon | null = null;
  #starting: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  #stopped = false;

  constructor(options: MonitorOptions) {
    this.#options = options;
  }

  start(): Promise<void> {
    this.#starting = this.#start();
    return this.#starting;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#starting;
    this.#child = null;
    await this.#options.ledger.remove("process", this.#row);
  }

  get #row(): string {
    return `watch:${this.#options.name}`;
  }

  async #start(): Promise<void> {
    const { exec, ledger, log, directory, name, command, args, netns, onLine } = this.#options;
    const pidFile = join(directory, `${name}.pid`);
    const request = { kind: "process" as const, name: this.#row, details: { pidFile, match: command }, owner: OWNER };
    const startedAt = performance.now();
    try {
      this.#child = await ledger.create(request, async () => {
        // Of a daemon that was killed.
        const old = await exec.readPidFile(pidFile);
        if (old !== null) await exec.stop(old);
        return exec.follow(command, args, { netns, pidFile, onLine });
      });
    } catch (error) {
      log.warning(`cannot listen for changes of this host, looks now and then instead: ${messageOf(error)}`);
      this.#again();
      return;
    }
    const child = this.#child;
    void child.exited.then(({ exitCode, signal }) => {
      if (this.#stopped || this.#child !== child) return;
      log.info(`${command} ${args.join(" ")} ended (${signal ?? exitCode}), it is started again`);
      if (performance.now() - startedAt > LAST_RETRY_MS) this.#retryMs = FIRST_RETRY_MS;
      this.#again();
    });
  }

  #again(): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      void this.start().then(() => this.#options.onGap());
    }, this.#retryMs);
    this.#timer.unref();
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }
}
