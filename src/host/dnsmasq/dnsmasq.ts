import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Exec, Ledger } from "../types.ts";
import { lastingLeases } from "./leases.ts";

/** What one dnsmasq process is to run with. */
export interface DnsmasqFiles {
  /** Lines of its configuration file, without those that name the files below. */
  config: readonly string[];
  /** dhcp-hostsfile: who gets which address. A DHCPv6 address whose MAC or tags change is another client's: its lease ends. */
  hosts: readonly string[];
  /** dhcp-optsfile: options by tag. */
  options: readonly string[];
  /** addn-hosts: names it answers for. */
  names: readonly string[];
}

/** One dnsmasq process per key (a network or router), in its namespace, with its files in a directory of its own. */
export class Dnsmasq {
  readonly #exec: Exec;
  readonly #ledger: Ledger;
  readonly #directory: string;

  /** `directory` is made when needed; each process has a subdirectory. */
  constructor(exec: Exec, ledger: Ledger, directory: string) {
    this.#exec = exec;
    this.#ledger = ledger;
    this.#directory = directory;
  }

  /**
   * Writes the files, and starts the process anew when they differ. Not by SIGHUP: dnsmasq 2.90 dies of it once it has
   * used a host line with a tag (it frees the tag's list, to which it has linked others). Being authoritative with its
   * leases in a file, it is back in some 20 ms without any guest noticing.
   */
  async apply(key: string, netns: string, files: DnsmasqFiles, owner: string): Promise<"started" | "same"> {
    const paths = this.#paths(key);
    const details = { path: paths.directory, recursive: true };
    await this.#ledger.create({ kind: "directory", name: paths.directory, details, owner }, async () => {
      await mkdir(paths.directory, { recursive: true, mode: 0o755 });
      // The umask may have taken the bits away that the unprivileged process needs to read its files.
      await chmod(paths.directory, 0o755);
    });
    const config = [
      ...files.config,
      `pid-file=${paths.pid}`,
      `dhcp-leasefile=${paths.leases}`,
      `dhcp-hostsfile=${paths.hosts}`,
      `dhcp-optsfile=${paths.options}`,
      `addn-hosts=${paths.names}`,
      `user=${await unprivilegedUser(paths.directory)}`,
    ];
    const running = await this.#exec.readPidFile(paths.pid, paths.config);
    // dnsmasq refuses an address to its new owner while the lease of the former one lasts, and forgets leases only while it is not running.
    // Before the new hosts are written, as the old ones tell whose the leases are: should this end halfway, the next one finds them, too.
    const before = (await textOf(paths.hosts)).split("\n");
    const lasting = async () => lastingLeases(await textOf(paths.leases), before, files.hosts);
    const someEnd = (await lasting()) !== null;
    if (someEnd) {
      if (running !== null) await this.#exec.stop(running);
      // Once more, with what it gave away until then.
      const leases = await lasting();
      if (leases !== null) await writeFile(paths.leases, leases);
    }
    const pairs = [
      [paths.hosts, files.hosts],
      [paths.options, files.options],
      [paths.names, files.names],
      [paths.config, config],
    ] as const;
    let changed = false;
    for (const [path, lines] of pairs) changed = (await writeIfChanged(path, lines)) || changed;
    if (running !== null && !changed && !someEnd) return "same";
    if (running !== null && !someEnd) await this.#exec.stop(running);
    const made = { pidFile: paths.pid, match: paths.config };
    await this.#ledger.create({ kind: "process", name: `dnsmasq:${key}`, details: made, owner }, async () => {
      await this.#exec.run("dnsmasq", [`--conf-file=${paths.config}`], { netns });
    });
    return "started";
  }

  async isRunning(key: string): Promise<boolean> {
    const { pid, config } = this.#paths(key);
    return (await this.#exec.readPidFile(pid, config)) !== null;
  }

  /** Stops the process and removes its files. */
  async remove(key: string): Promise<void> {
    await this.#ledger.remove("process", `dnsmasq:${key}`);
    await this.#ledger.remove("directory", this.#paths(key).directory);
  }

  #paths(key: string) {
    const directory = join(this.#directory, key);
    const file = (name: string) => join(directory, name);
    return {
      directory,
      config: file("dnsmasq.conf"),
      hosts: file("host"),
      options: file("opts"),
      names: file("addn_hosts"),
      leases: file("leases"),
      pid: file("pid"),
    };
  }
}

/** Written aside and renamed, so that dnsmasq never reads half a file; false when it was as wanted. */
async function writeIfChanged(path: string, lines: readonly string[]): Promise<boolean> {
  for (const line of lines) if (/[\n\r\0]/.test(line)) throw new Error("a line break in a line for dnsmasq");
  const text = lines.map((line) => `${line}\n`).join("");
  const before = await readFile(path, "utf8").catch(() => null);
  if (before === text) return false;
  await writeFile(`${path}.new`, text, { mode: 0o644 });
  await chmod(`${path}.new`, 0o644);
  await rename(`${path}.new`, path);
  return true;
}

/** Empty where there is no such file yet. */
function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/** "nobody" where it can reach its files, else root: DATA_DIR may be in a closed home directory. */
async function unprivilegedUser(directory: string): Promise<string> {
  for (let path = directory; ; path = dirname(path)) {
    const { mode } = await stat(path);
    if ((mode & 0o001) === 0) return "root";
    if (path === dirname(path)) return "nobody";
  }
}
