// A small world for a guest: a network namespace with a bridge, DHCP, a metadata server, and QEMU guests on it.
// Everything it starts is its own, and `close` ends it.

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const HERE = dirname(fileURLToPath(import.meta.url));
const GATEWAY = "10.77.0.1";
const METADATA_6 = "fe80::a9fe:a9fe";
const PROGRAMS = ["ip", "nsenter", "dnsmasq", "qemu-system-x86_64", "qemu-img", "ssh", "ssh-keygen", "genisoimage"];

/** What the metadata server answers, or what a config drive holds. */
export interface InstanceData {
  metaData: Record<string, unknown>;
  userData?: string;
}

/** Why guests cannot be booted here, or undefined if they can. */
export async function whyNoGuests(): Promise<string | undefined> {
  if (process.platform !== "linux" || process.arch !== "x64") return "guests need Linux on x86-64";
  if (process.getuid?.() !== 0) return "needs root: network namespaces and taps";
  const missing: string[] = [];
  for (const program of PROGRAMS) {
    await run("sh", ["-c", 'command -v "$1"', "sh", program]).catch(() => missing.push(program));
  }
  return missing.length > 0 ? `programs missing: ${missing.join(", ")}` : undefined;
}

export class Lab {
  readonly dir: string;
  readonly netns: string;
  readonly keyFile: string;
  readonly publicKey: string;
  readonly #children: ChildProcess[] = [];

  private constructor(dir: string, netns: string, publicKey: string) {
    this.dir = dir;
    this.netns = netns;
    this.keyFile = join(dir, "key");
    this.publicKey = publicKey;
  }

  static async open(): Promise<Lab> {
    const dir = await mkdtemp(join(tmpdir(), "tenrec-guest-"));
    const netns = `img-${process.pid}`;
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "test key", "-f", join(dir, "key")]);
    const lab = new Lab(dir, netns, (await readFile(join(dir, "key.pub"), "utf8")).trim());
    await run("ip", ["netns", "add", netns]);
    await lab.ip("link", "set", "lo", "up");
    await lab.ip("link", "add", "br0", "type", "bridge");
    await lab.ip("link", "set", "br0", "address", "02:00:00:77:00:01", "up");
    await lab.ip("address", "add", `${GATEWAY}/24`, "dev", "br0");
    await lab.ip("address", "add", "169.254.169.254/32", "dev", "br0");
    return lab;
  }

  async ip(...args: string[]): Promise<void> {
    await run("ip", ["-n", this.netns, ...args]);
  }

  /** Starts a program inside the namespace; it ends with the lab. */
  start(command: string, ...args: string[]): ChildProcess {
    const child = spawn("nsenter", [`--net=/run/netns/${this.netns}`, command, ...args], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    this.#children.push(child);
    return child;
  }

  /** DHCP with a fixed address for each MAC, as Neutron gives them. */
  startDhcp(hosts: Record<string, string>): void {
    const fixed = Object.entries(hosts).map(([mac, address]) => `--dhcp-host=${mac},${address}`);
    this.start(
      "dnsmasq",
      ...["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=br0", "--bind-interfaces"],
      ...["--no-ping", `--log-facility=${this.dir}/dnsmasq.log`, `--pid-file=${this.dir}/dnsmasq.pid`],
      ...[`--dhcp-leasefile=${this.dir}/leases`, `--dhcp-range=${GATEWAY},static`, "--dhcp-option=option:mtu,1450"],
      ...fixed,
    );
  }

  /** The metadata service: instance data by the asking guest's address; unknown guests get 404. */
  async startMetadata(instances: Record<string, InstanceData>): Promise<void> {
    const file = join(this.dir, "instances.json");
    await writeFile(file, JSON.stringify(instances));
    await this.ip("address", "add", `${METADATA_6}/64`, "dev", "br0", "nodad");
    this.start(process.execPath, join(HERE, "metadata-server.ts"), file, `${METADATA_6}%br0`);
  }

  /** An ISO image labelled config-2 with the instance data, as Nova makes it. */
  async configDrive(name: string, data: InstanceData): Promise<string> {
    const file = join(this.dir, `${name}-config.iso`);
    const metaData = join(this.dir, `${name}-meta_data.json`);
    const userData = join(this.dir, `${name}-user_data`);
    await writeFile(metaData, JSON.stringify(data.metaData));
    await writeFile(userData, data.userData ?? "");
    const grafts = [`openstack/latest/meta_data.json=${metaData}`, `openstack/latest/user_data=${userData}`];
    await run("genisoimage", ["-quiet", "-J", "-r", "-V", "config-2", "-o", file, "-graft-points", ...grafts]);
    return file;
  }

  async makeTap(name: string): Promise<void> {
    await this.ip("tuntap", "add", name, "mode", "tap");
    await this.ip("link", "set", name, "master", "br0", "up");
  }

  /** Boots a guest with one virtio NIC; `disk` is QEMU's arguments for its disks. */
  async boot(name: string, mac: string, address: string, ...disk: string[]): Promise<Guest> {
    const guest = new Guest(this, name, address);
    await this.makeTap(`tap-${name}`);
    const qemu = this.start(
      "qemu-system-x86_64",
      ...["-accel", "tcg", "-m", "128", "-display", "none", "-nodefaults", "-serial", `file:${guest.consoleFile}`],
      ...["-qmp", `unix:${guest.qmpSocket},server=on,wait=off`],
      ...["-netdev", `tap,id=net0,ifname=tap-${name},script=no,downscript=no`],
      ...["-device", `virtio-net-pci,netdev=net0,mac=${mac}`, "-device", "virtio-rng-pci"],
      ...["-device", "virtio-serial", "-chardev", `socket,id=ga,path=${guest.agentSocket},server=on,wait=off`],
      ...["-device", "virtserialport,chardev=ga,name=org.qemu.guest_agent.0"],
      ...disk,
    );
    guest.ended = new Promise((resolve) => qemu.once("exit", () => resolve()));
    return guest;
  }

  async close(): Promise<void> {
    const running = this.#children.filter((child) => child.exitCode === null && child.signalCode === null);
    const ends = running.map((child) => new Promise((resolve) => child.once("exit", resolve)));
    for (const child of running) child.kill("SIGKILL");
    await Promise.all(ends);
    await run("ip", ["netns", "delete", this.netns]);
    await rm(this.dir, { recursive: true });
  }
}

export class Guest {
  readonly consoleFile: string;
  readonly qmpSocket: string;
  readonly agentSocket: string;
  /** Resolves when QEMU has ended. */
  ended: Promise<void> = Promise.resolve();
  readonly #lab: Lab;
  readonly #address: string;

  constructor(lab: Lab, name: string, address: string) {
    this.#lab = lab;
    this.#address = address;
    this.consoleFile = join(lab.dir, `${name}.console`);
    this.qmpSocket = join(lab.dir, `${name}.qmp`);
    this.agentSocket = join(lab.dir, `${name}.agent`);
  }

  async consoleLog(): Promise<string> {
    return readFile(this.consoleFile, "utf8");
  }

  /** Runs a shell line in the guest as the user cirros and gives what it printed; rejects if it fails. */
  ssh(line: string, address = this.#address): Promise<string> {
    return this.#run(["ssh"], [`cirros@${address}`, line]);
  }

  /** Copies by the old protocol, as packer and `scp -O` do; a path in the guest begins with ":". */
  async scp(...paths: [from: string, to: string]): Promise<void> {
    const places = paths.map((path) => (path.startsWith(":") ? `cirros@${this.#address}${path}` : path));
    await this.#run(["scp", "-O", "-r"], places);
  }

  async #run(program: readonly string[], args: readonly string[]): Promise<string> {
    const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "BatchMode=yes"];
    // One connection for all lines: a key exchange takes most of a second under emulation.
    options.push("ControlMaster=auto", `ControlPath=${this.#lab.dir}/ssh-%h`, "ControlPersist=60");
    const { stdout } = await run(
      "nsenter",
      [
        `--net=/run/netns/${this.#lab.netns}`,
        ...[...program, "-i", this.#lab.keyFile, "-o", "ConnectTimeout=5"],
        ...[...options.flatMap((option) => ["-o", option]), ...args],
      ],
      { timeout: 300_000 },
    );
    return stdout.trim();
  }

  /** Sends commands to QEMU's monitor and gives their answers' `return` values; rejects on the first error. */
  async monitor(...commands: { execute: string; arguments?: object }[]): Promise<unknown[]> {
    return converse(this.qmpSocket, [{ execute: "qmp_capabilities" }, ...commands]);
  }

  /** Asks the guest agent. */
  async agent(execute: string, args?: object): Promise<unknown> {
    return (await converse(this.agentSocket, [{ execute, ...(args === undefined ? {} : { arguments: args }) }]))[0];
  }
}

/** Talks JSON lines, one request after the other's answer, as both the monitor and the agent do. */
async function converse(path: string, requests: object[]): Promise<unknown[]> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown[]>();
  const answers: unknown[] = [];
  const socket = connect(path);
  let buffer = "";
  const send = () => socket.write(`${JSON.stringify(requests[answers.length])}\n`);
  socket.setTimeout(5000, () => socket.destroy(new Error(`${path}: no answer`)));
  socket.setEncoding("utf8");
  socket.once("connect", send);
  socket.once("error", reject);
  socket.once("close", () => reject(new Error(`${path}: closed early`)));
  socket.on("data", (chunk: string) => {
    buffer += chunk;
    const lines = buffer.split("\n");
    buffer = lines.pop() ?? "";
    for (const line of lines.filter((text) => text.trim() !== "")) {
      const message = JSON.parse(line) as { return?: unknown; error?: { desc: string } };
      if (message.error !== undefined) return reject(new Error(message.error.desc));
      if (!("return" in message)) continue; // a greeting or an event
      answers.push(message.return);
      if (answers.length < requests.length) send();
      else resolve(answers);
    }
  });
  return promise.finally(() => socket.destroy());
}
