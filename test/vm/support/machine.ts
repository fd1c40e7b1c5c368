import { type ChildProcess, execFile, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Result } from "../../support/lab.ts";
import { until } from "../../support/patience.ts";
import type { VmImage } from "./image.ts";

/** Emulated by another machine's processor: everything takes ten to twenty times as long as outside. */
const BOOT_SECONDS = 600;

export interface MachineOptions {
  image: VmImage;
  /** Seen read-only at /mnt/project. */
  projectDisk: string;
  memoryMiB?: number;
}

/**
 * A Debian with systemd in an emulated PC. Its network card leads nowhere but to two ports of this machine's loopback: SSH, and
 * the cloud's API. It is driven like any box: commands over SSH, in a session that ends with them.
 */
export class Machine {
  readonly directory = mkdtempSync(join(tmpdir(), "tenrec-vm-"));
  readonly #options: MachineOptions;
  #process: ChildProcess | null = null;
  #ports = { ssh: 0, api: 0 };

  constructor(options: MachineOptions) {
    this.#options = options;
    const backing = ["-F", "raw", "-b", options.image.disk];
    execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", ...backing, join(this.directory, "disk")]);
  }

  get api(): string {
    return `http://127.0.0.1:${this.#ports.api}`;
  }

  /** Switches it on and waits until somebody can log in. */
  async boot(): Promise<void> {
    const { image, projectDisk, memoryMiB = 2048 } = this.#options;
    this.#ports = { ssh: await freePort(), api: await freePort() };
    const forward = `hostfwd=tcp:127.0.0.1:${this.#ports.ssh}-:22,hostfwd=tcp:127.0.0.1:${this.#ports.api}-:80`;
    const drive = (file: string, format: string, more = "") =>
      `if=virtio,format=${format},file=${file},cache=unsafe,discard=unmap${more}`;
    const args = [
      ...["-accel", "tcg", "-cpu", "max", "-M", "q35", "-smp", "1", "-m", String(memoryMiB)],
      ...["-nodefaults", "-no-user-config", "-display", "none", "-serial", `file:${this.consoleLog}`],
      ...["-kernel", image.kernel, "-initrd", image.initrd],
      ...["-append", "root=/dev/vda rw console=ttyS0 mitigations=off systemd.show_status=true"],
      ...["-drive", drive(join(this.directory, "disk"), "qcow2")],
      ...["-drive", drive(projectDisk, "raw", ",readonly=on")],
      ...[
        "-netdev",
        `user,id=net,net=192.168.76.0/24,restrict=on,${forward}`,
        "-device",
        "virtio-net-pci,netdev=net,romfile=",
      ],
      ...["-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"],
    ];
    this.#process = spawn("nice", ["-n", "10", "qemu-system-x86_64", ...args], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    await this.#login();
  }

  /** Restarts it as its administrator would. */
  async reboot(): Promise<void> {
    const before = await this.must("cat /proc/sys/kernel/random/boot_id");
    await this.run("systemctl reboot");
    await until("another boot", BOOT_SECONDS, async () => {
      const { code, stdout } = await this.run("cat /proc/sys/kernel/random/boot_id", 30);
      return code === 0 && stdout !== before;
    });
    await this.#login();
  }

  /** `systemctl poweroff`; returns once the machine is off. */
  async powerOff(): Promise<void> {
    const off = new Promise<void>((resolve) => this.#process?.once("exit", () => resolve()));
    await this.run("systemctl poweroff");
    await off;
    this.#process = null;
  }

  /** A shell line as root. Throws when it fails. */
  async must(line: string, seconds = 600): Promise<string> {
    const { code, stdout, stderr } = await this.run(line, seconds);
    if (code !== 0) throw new Error(`${line} → ${code}\n${stdout}\n${stderr}`);
    return stdout;
  }

  run(line: string, seconds = 600): Promise<Result> {
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "LogLevel=ERROR"];
    const patience = ["ConnectTimeout=60", "ServerAliveInterval=30", "ServerAliveCountMax=10"];
    const args = [...options, ...patience].flatMap((option) => ["-o", option]);
    const target = ["-i", this.#options.image.key, "-p", String(this.#ports.ssh), "root@127.0.0.1", line];
    return new Promise((resolve) => {
      execFile(
        "ssh",
        [...args, ...target],
        { timeout: seconds * 1000, maxBuffer: 64 << 20 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
          resolve({ code, stdout, stderr });
        },
      );
    });
  }

  get consoleLog(): string {
    return join(this.directory, "console");
  }

  /** The end of what its screen showed, for failures. */
  lastWords(): string {
    return readFileSync(this.consoleLog, "utf8").split("\n").slice(-40).join("\n");
  }

  close(): void {
    this.#process?.kill("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #login(): Promise<void> {
    await until("somebody can log in", BOOT_SECONDS, async () => (await this.run("true", 60)).code === 0);
    // Whatever is still starting.
    await this.run("systemctl is-system-running --wait");
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
