import { mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DriverParts } from "../../../host/ready.ts";
import type { Settings } from "../../../kernel/config/settings.ts";
import type { ComputeDriver } from "./driver.ts";
import { FakeComputeDriver } from "./fake.ts";
import { fakeMemory } from "./fake-memory.ts";

const SNAPSHOT_MS = 500;

/** Only what is used is loaded. */
export async function createDrivers({ settings, log, ready }: DriverParts): Promise<{ driver: ComputeDriver }> {
  if (ready === null) return { driver: fake(settings) };
  const { host, tracer } = ready;
  const { createLibvirtComputeDriver } = await import("./libvirt/driver.ts");
  const driver = createLibvirtComputeDriver({
    socketPath: host.libvirtd.socketPath,
    uri: "qemu:///system",
    exec: host.exec,
    ledger: host.ledger,
    log: log.named("libvirt"),
    tracer,
    stackName: settings.stackName,
    partition: () => host.libvirtd.ensurePartition(),
    hostname: hostname(),
    hostIp: settings.hostIp,
    instancesPath: settings.compute.instancesPath,
    qemuUser: host.libvirtd.guestUser.uid === 0 ? null : host.libvirtd.guestUser,
  });
  return { driver };
}

const fake = ({ compute }: Settings): ComputeDriver =>
  new FakeComputeDriver({
    hostname: hostname(),
    writeFile: writeWithDirectory,
    memory: fakeMemory(join(compute.instancesPath, "fake")),
    // A snapshot takes long enough for a client to meet the state in between, as it would with a real guest.
    before: async (verb) => {
      if (verb === "snapshot") await delay(SNAPSHOT_MS);
    },
  });

/** Where the fake driver puts the data of snapshots, so that their images become active. */
async function writeWithDirectory(path: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}
