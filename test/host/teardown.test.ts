import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { diff, type HostSnapshot } from "../../src/host/snapshot.ts";
import { hostParts, needsRoot, uniqueName } from "./support/host.ts";

const DRIVER = join(import.meta.dirname, "support/host-driver.ts");

test("box, libvirtd and a running guest; the program that made them is gone; another one takes all of it away", {
  skip: needsRoot,
}, async (t) => {
  const parts = hostParts();
  const { exec } = parts;
  const netns = uniqueName("th");
  const stackName = uniqueName("tb");
  const dataDir = join(parts.dataDir, "data");
  chmodSync(parts.dataDir, 0o755);
  const drive = async <T>(verb: string): Promise<T> => {
    const { stdout } = await exec.run(process.execPath, [DRIVER, verb, dataDir, stackName], {
      netns,
      timeout: 600_000,
    });
    return JSON.parse(stdout) as T;
  };
  let torn = false;
  t.after(async () => {
    if (!torn) await drive("teardown");
    await exec.run("ip", ["netns", "del", netns], { allowFailure: true });
    await parts.clean();
  });
  await exec.run("ip", ["netns", "add", netns]);
  await exec.run("ip", ["link", "set", "lo", "up"], { netns });
  // Other tests and programs run on this machine meanwhile: compare what is this host's own, or names us.
  const own = (picture: HostSnapshot): HostSnapshot =>
    Object.fromEntries(
      Object.entries(picture).map(([topic, lines]) => {
        const global = ["namespaces", "mounts", "loop devices", "control groups", "files", "volume groups"].includes(
          topic,
        );
        return [
          topic,
          global ? lines.filter((line) => line.includes(stackName) || line.includes(parts.dataDir)) : lines,
        ];
      }),
    );
  const before = own(await drive<HostSnapshot>("snapshot"));
  const { socket, partition } = await drive<{ socket: string; partition: string }>("up");
  const xml = join(parts.dataDir, "guest.xml");
  writeFileSync(
    xml,
    // In the cloud's own partition, as its guests are: libvirt would make one of its own, and leave it there.
    `<domain type='qemu'><name>${stackName}-guest</name><memory unit='MiB'>32</memory>
      <resource><partition>${partition}</partition></resource><os><type machine='pc'>hvm</type></os></domain>`,
  );
  await exec.run("virsh", ["-c", `qemu:///system?socket=${socket}`, "create", xml], { timeout: 600_000 });
  const during = diff(before, own(await drive<HostSnapshot>("snapshot")));
  for (const topic of ["links", "routes IPv4", "namespaces", "processes", "control groups"]) {
    assert.ok(
      during.some((difference) => difference.topic === topic),
      `the picture shows ${topic}`,
    );
  }
  assert.deepEqual(await drive("teardown"), { failures: [], left: [] });
  torn = true;
  assert.deepEqual(diff(before, own(await drive<HostSnapshot>("snapshot"))), []);
  // Once more is no trouble.
  assert.deepEqual(await drive("teardown"), { failures: [], left: [] });
});
