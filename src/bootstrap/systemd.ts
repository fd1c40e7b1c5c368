import { existsSync } from "node:fs";
import { mkdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Exec, Ledger } from "../host/types.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { selfCommand } from "../kernel/program/program.ts";

const OWNER = "systemd";

export interface SystemdOptions {
  exec: Exec;
  ledger: Ledger;
  /** For tests. */
  unitDirectory?: string;
  /** There while systemd is process 1. */
  marker?: string;
}

/** The unit that brings the cloud back at boot and stops its guests in order at shutdown; nothing where there is no systemd. */
export class Systemd {
  readonly #exec: Exec;
  readonly #ledger: Ledger;
  readonly #directory: string;
  readonly #marker: string;

  constructor({ exec, ledger, unitDirectory, marker }: SystemdOptions) {
    this.#exec = exec;
    this.#ledger = ledger;
    this.#directory = unitDirectory ?? "/etc/systemd/system";
    this.#marker = marker ?? "/run/systemd/system";
  }

  /** False too in a network namespace that is not process 1's: a unit's processes would run in another network than this one. */
  async isUsable(): Promise<boolean> {
    if (!existsSync(this.#marker)) return false;
    const [own, init] = await Promise.all(
      ["self", "1"].map((process) => readlink(`/proc/${process}/ns/net`).catch(() => null)),
    );
    return own === init;
  }

  /**
   * Whether what is to live on is left to the unit's process: that of a command in a login session would belong to the session,
   * and be ended with it, at shutdown before the guests have stopped.
   */
  async startsProcesses(settings: Settings): Promise<boolean> {
    if (!(await this.isUsable())) return false;
    const own = await readFile("/proc/self/cgroup", "utf8").catch(() => "");
    return !own.includes(`/${this.unit(settings)}`);
  }

  unit(settings: Settings): string {
    return `tenrec@${settings.stackName}.service`;
  }

  isInstalled(settings: Settings): boolean {
    return existsSync(join(this.#directory, this.unit(settings)));
  }

  /** Writes and enables the unit; both files are in the ledger. */
  async install(settings: Settings): Promise<void> {
    const name = this.unit(settings);
    const unit = join(this.#directory, name);
    await this.#file(unit, () => writeFile(unit, unitText(settings)));
    const wants = join(this.#directory, "multi-user.target.wants");
    if (!existsSync(wants)) {
      const details = { path: wants, recursive: false };
      await this.#ledger.create({ kind: "directory", name: wants, details, owner: OWNER }, () => mkdir(wants));
    }
    const link = join(wants, name);
    await this.#file(link, async () => {
      if (!existsSync(link)) await symlink(unit, link);
    });
    await this.reload();
  }

  async #file(path: string, make: () => Promise<void>): Promise<void> {
    await this.#ledger.create({ kind: "file", name: path, details: { path, previous: null }, owner: OWNER }, make);
  }

  async reload(): Promise<void> {
    await this.#exec.run("systemctl", ["daemon-reload"]);
  }

  async start(settings: Settings): Promise<void> {
    const unit = this.unit(settings);
    // Failures of before do not count.
    await this.#exec.run("systemctl", ["reset-failed", unit], { allowFailure: true });
    await this.#exec.run("systemctl", ["start", unit], { timeout: 120_000 });
  }

  /** Why the unit does not stay up, in the journal's words; null while it has not failed more than once. */
  async failure(settings: Settings): Promise<string | null> {
    const unit = this.unit(settings);
    const { stdout } = await this.#exec.run("systemctl", ["show", "--property=NRestarts", "--value", unit]);
    return Number(stdout.trim()) < 2 ? null : this.lastWords(settings);
  }

  /** What its process wrote last. */
  async lastWords(settings: Settings): Promise<string> {
    const args = ["--unit", this.unit(settings), "--lines", "15", "--no-pager", "--output", "cat"];
    return (await this.#exec.run("journalctl", args, { allowFailure: true })).stdout.trimEnd();
  }

  /** Whether the host is on its way down (and not only this cloud's unit). */
  async isShuttingDown(): Promise<boolean> {
    const { stdout } = await this.#exec.run("systemctl", ["is-system-running"], { allowFailure: true });
    return stdout.trim() === "stopping";
  }

  async stop(settings: Settings): Promise<void> {
    await this.#exec.run("systemctl", ["stop", this.unit(settings)], { timeout: 120_000 });
  }
}

/**
 * KillMode=process: libvirtd, dnsmasq and the guests go on while the daemon is restarted. At shutdown of the host, the
 * second command stops the guests the way their power button would.
 */
export function unitText(settings: Settings): string {
  const configuration = settings.configFile === null ? [] : ["-c", settings.configFile];
  const command = (...words: string[]) =>
    selfCommand(...words, ...configuration)
      .map(quoted)
      .join(" ");
  // Program and data may lie on file systems of their own: mounted before, and unmounted only once the guests have stopped.
  const programAndConfiguration = [...selfCommand(), ...configuration].filter((word) => word.startsWith("/"));
  const places = [...new Set([settings.dataDir, settings.logging.dir, ...programAndConfiguration])];
  return `# Written by tenrec stack; unstack removes it.
[Unit]
Description=tenrec cloud ${settings.stackName}
Wants=network-online.target
After=network-online.target
RequiresMountsFor=${places.map(quoted).join(" ")}

[Service]
Type=exec
ExecStart=${command("rejoin", "--foreground")}
ExecStopPost=${command("stop-guests", "--at-shutdown")}
KillMode=process
Restart=on-failure
RestartSec=2
TimeoutStopSec=${settings.compute.shutdownTimeout + 60}
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576

[Install]
WantedBy=multi-user.target
`;
}

/** One word of a unit's command line: systemd expands % and $ even within quotes. */
function quoted(word: string): string {
  const text = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@%+=:,./$-]+$/.test(text) ? text : `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}
