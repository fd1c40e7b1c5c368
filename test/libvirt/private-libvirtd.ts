import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "../../src/libvirt/index.ts";
import { until } from "../support/patience.ts";

/** Why tests with a real libvirtd cannot run here; undefined when they can. */
export function whyNoLibvirtd(): string | undefined {
  for (const program of ["libvirtd", "qemu-system-x86_64", "qemu-img"]) {
    const { error } = spawnSync(program, ["--version"], { env: { ...process.env, PATH: searchPath } });
    if (error !== undefined) return `${program} is not installed`;
  }
  return undefined;
}

const searchPath = `${process.env.PATH ?? ""}:/usr/sbin:/sbin`;
// As root libvirtd would use the system's directories; as an ordinary user it keeps to its own.
const nobody = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** A libvirtd of an ordinary user with every directory under one temporary folder. */
export class PrivateLibvirtd {
  readonly dir: string;
  readonly socketPath: string;
  #child: ChildProcess | undefined;

  private constructor(dir: string) {
    this.dir = dir;
    this.socketPath = join(dir, "run/libvirt/libvirt-sock");
  }

  static async create(): Promise<PrivateLibvirtd> {
    const dir = await mkdtemp(join(tmpdir(), "lvt-"));
    const daemon = new PrivateLibvirtd(dir);
    for (const sub of ["run", "config/libvirt", "cache", "data"]) await mkdir(join(dir, sub), { recursive: true });
    // virtlogd would be one more daemon to look after.
    await writeFile(join(dir, "config/libvirt/qemu.conf"), 'stdio_handler = "file"\nsecurity_driver = "none"\n');
    await writeFile(join(dir, "libvirtd.conf"), `log_outputs = "3:file:${join(dir, "libvirtd.log")}"\n`);
    if (nobody.uid !== undefined)
      for (const path of ["", "run", "config", "config/libvirt", "cache", "data"])
        await chown(join(dir, path), nobody.uid, nobody.gid);
    await chmod(dir, 0o755);
    await daemon.start();
    return daemon;
  }

  async start(): Promise<void> {
    const child = spawn("libvirtd", ["-f", join(this.dir, "libvirtd.conf")], {
      ...nobody,
      cwd: this.dir,
      stdio: "ignore",
      env: {
        PATH: searchPath,
        HOME: join(this.dir, "data"),
        XDG_RUNTIME_DIR: join(this.dir, "run"),
        XDG_CONFIG_HOME: join(this.dir, "config"),
        XDG_CACHE_HOME: join(this.dir, "cache"),
        XDG_DATA_HOME: join(this.dir, "data"),
      },
    });
    child.on("error", () => {});
    this.#child = child;
    await this.#ready();
  }

  /** Kills the daemon; its guests go on. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill(signal);
    if ((await Promise.race([gone, sleep(10_000, "late", { ref: false })])) === "late") child.kill("SIGKILL");
    await gone;
  }

  pause(): void {
    this.#child?.kill("SIGSTOP");
  }

  unpause(): void {
    this.#child?.kill("SIGCONT");
  }

  /** Writes a file that guests can use. */
  async file(name: string, content: Uint8Array): Promise<string> {
    const path = join(this.dir, "data", name);
    await writeFile(path, content);
    if (nobody.uid !== undefined) await chown(path, nobody.uid, nobody.gid);
    return path;
  }

  qemuImg(...args: string[]): void {
    const { status, stderr } = spawnSync("qemu-img", args, { ...nobody, encoding: "utf8" });
    if (status !== 0) throw new Error(`qemu-img ${args.join(" ")}: ${stderr}`);
  }

  path(name: string): string {
    return join(this.dir, "data", name);
  }

  /** Stops the daemon and the guests it left, by the pid files it wrote, and removes the folder. */
  async remove(): Promise<void> {
    await this.stop();
    const dir = join(this.dir, "run/libvirt/qemu/run");
    for (const name of await readdir(dir).catch(() => [])) {
      if (!name.endsWith(".pid")) continue;
      try {
        process.kill(Number((await readFile(join(dir, name), "utf8")).trim()), "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  async #ready(): Promise<void> {
    const failure = await until("libvirtd answers, or has ended", 30, async () => {
      if (this.#child?.exitCode != null) return readFile(join(this.dir, "libvirtd.log"), "utf8").catch(String);
      const libvirt = await connect({ socketPath: this.socketPath, uri: "test:///default", reconnect: false });
      await libvirt.close();
      return "";
    });
    if (failure !== "") throw new Error(`libvirtd did not start: ${failure.slice(-2000)}`);
  }
}

/**
 * A boot sector that says READY on the serial line and then echoes what is typed, so that a guest needs no system:
 *   mov dx,3f8; { mov al,c; out dx,al }…; wait: mov dx,3fd; in al,dx; test al,1; jz −5; mov dx,3f8; in al,dx; out dx,al; jmp wait
 */
export function echoBootSector(): Buffer {
  const hello = [...Buffer.from("READY\r\n")].flatMap((c) => [0xb0, c, 0xee]);
  const echo = [0xba, 0xfd, 0x03, 0xec, 0xa8, 0x01, 0x74, 0xfb, 0xba, 0xf8, 0x03, 0xec, 0xee, 0xeb, 0xf1];
  const sector = Buffer.alloc(1024 * 1024);
  sector.set([0xba, 0xf8, 0x03, ...hello, ...echo]);
  sector.set([0x55, 0xaa], 510);
  return sector;
}

/** A small emulated guest that boots from `disk`. */
export function guestXml(name: string, disk: string, format: "raw" | "qcow2"): string {
  return `<domain type='qemu'>
    <name>${name}</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type><boot dev='hd'/></os>
    <features><acpi/></features>
    <devices>
      <disk type='file' device='disk'><driver name='qemu' type='${format}'/><source file='${disk}'/><target dev='vda' bus='virtio'/></disk>
      <controller type='usb' model='none'/>
      <serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
      <video><model type='vga' vram='8192'/></video><graphics type='vnc'><listen type='socket' socket='${disk}.vnc'/></graphics>
      <memballoon model='none'/>
    </devices></domain>`;
}
