import { randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { HostExec } from "../../../../../src/host/exec.ts";
import { registerUndos } from "../../../../../src/host/kinds/index.ts";
import { HostLedger, openLedgerDatabase } from "../../../../../src/host/ledger.ts";
import { PrivateLibvirtd } from "../../../../../src/host/libvirtd/libvirtd.ts";
import { Logger, type LogRecord } from "../../../../../src/kernel/log/logger.ts";
import { systemClock } from "../../../../../src/kernel/time/clock.ts";
import type {
  ComputeDriver,
  InstanceSpec,
  NicSpec,
  VolumeSpec,
} from "../../../../../src/services/compute/driver/driver.ts";
import { createLibvirtComputeDriver } from "../../../../../src/services/compute/driver/libvirt/driver.ts";
import { GUEST_IMAGE, guestImage } from "../../../../support/guest-image.ts";
import { isPlaceOfTest, until } from "../../../../support/patience.ts";

/** Why real guests cannot be tried here; undefined when they can. */
export function whyNoGuests(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  for (const program of ["/usr/sbin/libvirtd", "/usr/bin/qemu-system-x86_64", "/usr/bin/qemu-img"])
    if (!existsSync(program)) return `${program} is not installed`;
  return undefined;
}

/** A libvirtd of the test's own in a network namespace with a bridge, and the driver on it. */
export interface Lab {
  readonly driver: ComputeDriver;
  readonly libvirtd: PrivateLibvirtd;
  readonly ledger: HostLedger;
  readonly exec: HostExec;
  readonly netns: string;
  readonly instancesPath: string;
  readonly records: LogRecord[];
  readonly log: Logger;
  spec(changes?: Partial<InstanceSpec>): InstanceSpec;
  nic(number: number): NicSpec;
  close(): Promise<void>;
}

let counter = 0;

export async function openLab(): Promise<Lab> {
  await guestImage();
  counter += 1;
  const netns = `cld-${process.pid % 100_000}-${counter}`;
  // Short, for the sockets, and where the guests' user may enter.
  const dataDir = mkdtempSync("/var/tmp/cld-");
  isPlaceOfTest(dataDir);
  chmodSync(dataDir, 0o755);
  const records: LogRecord[] = [];
  const log = new Logger("test", { sink: (record) => records.push(record), level: "debug" });
  const exec = new HostExec({ log, tracer: null });
  const db = openLedgerDatabase(join(dataDir, "ledger.db"), systemClock);
  const ledger = new HostLedger(db, systemClock);
  registerUndos(ledger, exec);
  const undo = async (): Promise<void> => {
    const report = await ledger.undoAll();
    db.close();
    rmSync(dataDir, { recursive: true, force: true });
    if (report.failures[0] !== undefined) throw report.failures[0].error;
  };
  await ledger.create({ kind: "namespace", name: netns, details: {}, owner: "test" }, () =>
    exec.run("ip", ["netns", "add", netns]),
  );
  await exec.run("ip", ["link", "set", "lo", "up"], { netns });
  await exec.run("ip", ["link", "add", "brqtest", "type", "bridge"], { netns });
  await exec.run("ip", ["link", "set", "brqtest", "up"], { netns });
  const libvirtd = new PrivateLibvirtd({ dataDir, netns, exec, ledger, log });
  await libvirtd.start().catch(async (error: unknown) => {
    await undo();
    throw error;
  });
  const { uid, gid } = libvirtd.guestUser;
  const instancesPath = join(dataDir, "i");
  const driver = createLibvirtComputeDriver({
    socketPath: libvirtd.socketPath,
    uri: "qemu:///system",
    exec,
    ledger,
    log,
    tracer: null,
    stackName: netns,
    partition: () => libvirtd.ensurePartition(),
    hostname: "node1",
    hostIp: "192.0.2.1",
    instancesPath,
    qemuUser: uid === 0 ? null : { uid, gid },
  });
  await driver.connect();
  // libvirt's first look at the emulator takes seconds.
  await driver.hostInfo();
  const nic = (number: number): NicSpec => ({
    portId: randomUUID(),
    networkId: randomUUID(),
    tap: `tap${number}`,
    bridge: "brqtest",
    mac: `fa:16:3e:00:00:${String(number).padStart(2, "0")}`,
    mtu: 1450,
    model: "virtio",
    tag: null,
  });
  return {
    driver,
    libvirtd,
    ledger,
    exec,
    netns,
    instancesPath,
    records,
    log,
    nic,
    spec: (changes) => ({ ...plainSpec(instancesPath, nic(1)), ...changes }),
    async close() {
      await driver.close();
      await libvirtd.stop({ guests: true });
      await undo();
    },
  };
}

let numbers = 0;

/** A guest of 128 MiB with the built-in image and a config drive. */
export function plainSpec(instancesPath: string, nic: NicSpec): InstanceSpec {
  numbers += 1;
  const uuid = randomUUID();
  const directory = join(instancesPath, uuid);
  const metaData = { uuid, hostname: "guest-of-test", name: "guest", public_keys: {} };
  return {
    uuid,
    name: `instance-${numbers.toString(16).padStart(8, "0")}`,
    displayName: `a <b>&"hostile"'\u0001 name`,
    owner: { projectId: "p".repeat(32), projectName: "</nova:project>", userId: "u".repeat(32), userName: "demo" },
    flavor: { name: "m1.nano", memoryMb: 128, vcpus: 1, rootGb: 0, ephemeralGb: 0, swapMb: 0 },
    extraSpecs: {},
    imageProperties: {},
    memoryMb: 128,
    vcpus: 1,
    root: { imageId: "5dd8ea2b-b1e5-43d4-8f9f-8f4a8a1a0d8c", imagePath: GUEST_IMAGE, imageFormat: "qcow2", sizeGb: 1 },
    ephemerals: [],
    swapMb: 0,
    kernelPath: null,
    ramdiskPath: null,
    volumes: [],
    nics: [nic],
    configDrive: { "openstack/latest/meta_data.json": JSON.stringify(metaData), "openstack/latest/user_data": "" },
    hostname: "guest-of-test",
    cpu: { mode: "host-model", model: "Nehalem" },
    virtType: "qemu",
    paths: {
      directory,
      consoleLog: join(directory, "console.log"),
      vncSocket: join(directory, "vnc.sock"),
      serialSocket: join(directory, "serial.sock"),
    },
    vnc: true,
  };
}

/** A block volume. */
export function plainVolume(changes: Partial<VolumeSpec>): VolumeSpec {
  return {
    volumeId: "5f2f6a3c-0000-4000-8000-000000000001",
    attachmentId: "a",
    device: "vdb",
    bus: null,
    deviceType: "disk",
    bootIndex: null,
    source: { kind: "block", path: "/dev/stack-volumes/volume-1", format: "raw" },
    readOnly: false,
    serial: "5f2f6a3c-0000-4000-8000-000000000001",
    tag: null,
    ...changes,
  };
}

/** Talks to a guest's serial line: logs in and runs commands of the shell. */
export class SerialShell {
  readonly #socket: Socket;
  #text = "";

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (chunk: string) => {
      // The shell asks where the cursor is (no terminal answers), and the kernel speaks on the same line.
      const all = (this.#text + chunk).replaceAll("\u001b[6n", "");
      this.#text = all.replace(/\[ *\d+\.\d+\] [^\n]*\n/g, "");
    });
    this.#socket.on("error", () => {});
  }

  async login(): Promise<void> {
    this.#send("");
    // Someone before us may have stayed logged in.
    if (/[$#] ?$/.test(await this.#until(/login: ?$|[$#] ?$/))) return;
    this.#send("cirros");
    await this.#until(/Password: ?$/);
    this.#send("gocubsgo");
    await this.#until(/[$#] ?$/);
  }

  /** What the command printed. */
  async run(command: string): Promise<string> {
    // The mark is put together by the shell, so that the echo of the line is not taken for the answer.
    this.#send(`${command}; echo "__""end""__"`);
    const text = await this.#until(/__end__/);
    return text.slice(text.indexOf("\n") + 1, text.lastIndexOf("__end__")).trim();
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(line: string): void {
    this.#text = "";
    this.#socket.write(`${line}\r`);
  }

  #until(pattern: RegExp): Promise<string> {
    return until(`serial line says ${pattern}`, 20, () => (pattern.test(this.#text) ? this.#text : undefined)).catch(
      (error: unknown) => {
        this.close();
        throw new Error(`the serial line said ${JSON.stringify(this.#text)}`, { cause: error });
      },
    );
  }
}

/** One with a file of its own. */
export async function makeVolume(lab: Lab, sizeMb: number): Promise<VolumeSpec> {
  const volumeId = randomUUID();
  const path = join(lab.instancesPath, `volume-${volumeId}`);
  await lab.exec.run("truncate", ["-s", `${sizeMb}M`, path]);
  return {
    volumeId,
    attachmentId: randomUUID(),
    device: "vdb",
    bus: null,
    deviceType: "disk",
    bootIndex: null,
    source: { kind: "file", path, format: "raw" },
    readOnly: false,
    serial: volumeId,
    tag: null,
  };
}
