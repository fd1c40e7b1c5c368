import { chmod, mkdir, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../../kernel/log/logger.ts";
import { bootId } from "../processes.ts";
import type { Daemon, Exec, Ledger, ProcessIdentity } from "../types.ts";
import { chooseGuestUser, kvmGroupNeeded } from "./guest-user.ts";
import { killGuests } from "./guests.ts";
import { type GuestUser, type LibvirtdLayout, libvirtdFiles, libvirtdLayout } from "./layout.ts";
import { openMountNamespace } from "./mounts.ts";
import { ensurePartition } from "./partition.ts";
import { shutDownGuests } from "./shut-down-guests.ts";

const START_TIMEOUT_MS = 20_000;
const CHECK_EVERY_MS = 2_000;
const OWNER = "libvirtd";

export interface LibvirtdOptions {
  dataDir: string;
  /** The box's network namespace, where taps are made and guests' consoles listen. */
  netns: string;
  exec: Exec;
  ledger: Ledger;
  log: Logger;
}

/**
 * The cloud's own libvirtd (and virtlogd, which nothing starts on demand without systemd). It shares nothing with the system's:
 * own configuration, state, sockets and view of the file system, inside the box's network namespace. Guests outlive it,
 * and it outlives this program: `start` finds running daemons again.
 */
export class PrivateLibvirtd {
  readonly layout: LibvirtdLayout;
  readonly #options: LibvirtdOptions;
  #user: GuestUser | null = null;
  #watch: NodeJS.Timeout | null = null;
  #starting: Promise<void> | null = null;
  readonly #restarted = new Set<(what: string) => void>();

  constructor(options: LibvirtdOptions) {
    this.#options = options;
    this.layout = libvirtdLayout(options.dataDir);
  }

  /** For the libvirt client, together with the URI `qemu:///system`. */
  get socketPath(): string {
    return this.layout.socket;
  }

  /** Whom guests run as; files that a guest writes (sockets, logs) must lie where this user may write. Known after `start`. */
  get guestUser(): GuestUser {
    if (this.#user === null) throw new Error("libvirtd has not been started");
    return this.#user;
  }

  /** The control group that holds this cloud's guests, made where it is missing; null where there can be none. */
  ensurePartition(): Promise<string | null> {
    const { ledger, log, netns } = this.#options;
    return ensurePartition({ ledger, log, owner: OWNER }, netns);
  }

  /** Whom guests run as once it is started. */
  async chooseGuestUser(): Promise<GuestUser> {
    this.#user = await chooseGuestUser(this.#options.exec, this.#options.dataDir);
    return this.#user;
  }

  /** Starts what is not running yet; returns once libvirtd answers on its socket. */
  start(): Promise<void> {
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null;
    });
    return this.#starting;
  }

  /** Looks after the daemons: what dies is started again. `onRestart` is told what died; guests go on meanwhile. */
  watch(onRestart: (what: string) => void = () => {}): void {
    this.#restarted.add(onRestart);
    if (this.#watch !== null) return;
    const check = async (): Promise<void> => {
      const dead = await this.#dead();
      if (dead.length === 0) return;
      this.#options.log.warning(`${dead.join(" and ")} ended and will be started again; guests are not affected`);
      await this.start();
      for (const listener of this.#restarted) listener(dead.join(" and "));
    };
    const schedule = (): void => {
      this.#watch = setTimeout(() => {
        check()
          .catch((error: unknown) => this.#options.log.error("libvirtd could not be started again", error))
          .finally(() => {
            if (this.#watch !== null) schedule();
          });
      }, CHECK_EVERY_MS).unref();
    };
    schedule();
  }

  unwatch(): void {
    if (this.#watch !== null) clearTimeout(this.#watch);
    this.#watch = null;
    this.#restarted.clear();
  }

  async isHealthy(): Promise<boolean> {
    return (await this.#dead()).length === 0 && (await answers(this.layout.socket));
  }

  /** The daemons that run now, for status. */
  async processes(): Promise<{ libvirtd: ProcessIdentity | null; virtlogd: ProcessIdentity | null }> {
    const { exec } = this.#options;
    return {
      libvirtd: await exec.readPidFile(this.layout.libvirtdPid),
      virtlogd: await exec.readPidFile(this.layout.virtlogdPid),
    };
  }

  /** Stops both daemons; guests go on running unless `guests` is true. */
  async stop(options: { guests: boolean }): Promise<void> {
    this.unwatch();
    const { exec, ledger } = this.#options;
    // libvirtd first: it would note the end of each guest and answer with work of its own.
    await ledger.remove("process", `${this.#options.netns}/libvirtd`);
    if (options.guests) await killGuests({ exec, ledger, owner: OWNER }, this.layout.run);
    await ledger.remove("process", `${this.#options.netns}/virtlogd`);
    await ledger.remove("process", `${this.#options.netns}/libvirtd-holder`);
    if (options.guests) await ledger.remove("directory", this.layout.run);
  }

  /** Shuts all guests down in order; see `shutDownGuests`. */
  shutDownGuests(seconds: number): Promise<{ stopped: number; cutOff: string[] }> {
    return shutDownGuests(this.socketPath, seconds);
  }

  async #dead(): Promise<string[]> {
    const { libvirtd, virtlogd } = await this.processes();
    return [...(libvirtd === null ? ["libvirtd"] : []), ...(virtlogd === null ? ["virtlogd"] : [])];
  }

  async #start(): Promise<void> {
    const { exec, ledger, netns, log } = this.#options;
    await this.#directories();
    const user = await this.chooseGuestUser();
    if (user.reason !== null) log.warning(`guests run as root: ${user.reason}`);
    for (const [name, content] of Object.entries(libvirtdFiles(this.layout, user))) {
      await writeFile(join(this.layout.etc, name), content, { mode: 0o600 });
    }
    await this.ensurePartition();
    const dead = await this.#dead();
    if (dead.length > 0) {
      await this.#writeDown("libvirtd-holder", this.layout.holderPid, "sleep infinity");
      const kvmGroup = await kvmGroupNeeded(user);
      const view = await openMountNamespace(exec, this.layout, { netns, kvmGroup });
      try {
        if (dead.includes("virtlogd")) await this.#launch("virtlogd", this.layout.virtlogdPid, view.enter);
        if (dead.includes("libvirtd")) await this.#launch("libvirtd", this.layout.libvirtdPid, view.enter);
      } finally {
        await view.close();
        await ledger.remove("process", `${netns}/libvirtd-holder`);
      }
    }
    await this.#answering();
  }

  async #directories(): Promise<void> {
    const { etc, state, cache, log, run, root } = this.layout;
    await mkdir(root, { recursive: true });
    await chmod(root, 0o755);
    await this.#options.ledger.create(
      { kind: "directory", name: run, details: { path: run, recursive: true }, owner: OWNER },
      () => mkdir(run, { recursive: true }),
    );
    // What libvirt keeps under /run must not outlive the boot: it would look for the guests of then.
    const stamp = join(root, "boot-id");
    const boot = await bootId();
    if ((await readFile(stamp, "utf8").catch(() => "")) !== boot) {
      for (const entry of await readdir(run)) await rm(join(run, entry), { recursive: true, force: true });
      await writeFile(stamp, boot);
    }
    for (const dir of [etc, state, cache, log]) await mkdir(dir, { recursive: true });
    for (const dir of [run, state, cache, log]) await chmod(dir, 0o755);
    await chmod(etc, 0o700);
  }

  async #writeDown(name: string, pidFile: string, match: string): Promise<void> {
    const details = { pidFile, match };
    const request = { kind: "process" as const, name: `${this.#options.netns}/${name}`, details, owner: OWNER };
    await this.#options.ledger.create(request, () => undefined);
  }

  async #launch(name: "libvirtd" | "virtlogd", pidFile: string, enter: readonly string[]): Promise<Daemon> {
    const config = join(this.layout.etc, `${name}.conf`);
    await this.#writeDown(name, pidFile, config);
    // Its own pid file lies in its /run, which is a place of its own; ours also knows the start time.
    const command = [...enter, name, "--config", config, "--pid-file", `/run/${name}.pid`];
    const options = { pidFile, logFile: join(this.layout.log, `${name}.out`), cwd: dirname(pidFile) };
    const daemon = await this.#options.exec.spawnDaemon("nsenter", command, options);
    // The view's holder may end only once the daemon is inside.
    await until(async () => (await isInside(daemon.pid, name)) || !(await this.#options.exec.isAlive(daemon)), name);
    if (name === "virtlogd") await until(() => answers(join(this.layout.run, "virtlogd-sock")), "virtlogd");
    return daemon;
  }

  async #answering(): Promise<void> {
    const started = performance.now();
    await until(async () => {
      if (await answers(this.layout.socket)) return true;
      if ((await this.#options.exec.readPidFile(this.layout.libvirtdPid)) === null) {
        const said = await readFile(join(this.layout.log, "libvirtd.out"), "utf8").catch(() => "");
        throw new Error(`libvirtd ended at once: ${said.trim().slice(-500) || `see ${this.layout.log}`}`);
      }
      return false;
    }, "libvirtd");
    this.#options.log.debug("libvirtd answers", { ms: Math.round(performance.now() - started) });
  }
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what} does not answer after ${START_TIMEOUT_MS / 1000} s`);
    await sleep(10);
  }
}

/** Whether nsenter has entered, and has become the program. */
async function isInside(pid: number, program: string): Promise<boolean> {
  return (await readlink(`/proc/${pid}/exe`).catch(() => "")).includes(`/${program}`);
}

/** Whether somebody accepts connections on the unix socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.setTimeout(2_000);
    const end = (result: boolean): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}
