import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Json } from "../support/json.ts";
import { Lab, missingForLab } from "../support/lab.ts";
import { until } from "../support/patience.ts";

/** Volumes with the real client, on a cloud with VIRT_DRIVER=fake: who holds what, and that compute and block storage agree. */
const skip = missingForLab() ?? false;

describe("volumes, by the openstack client", { skip }, () => {
  let lab: Lab;
  const os = (...args: string[]): Promise<Json> => lab.openstack("devstack", args);
  const run = (...args: string[]) => lab.openstack("devstack", args, { plain: true });
  const settled = (name: string, status: string) =>
    until(`volume ${name} is ${status}`, 30, async () => {
      const volume = await os("volume", "show", name);
      return volume.status === status ? volume : null;
    });
  const SERVER = ["server", "create", "--flavor", "m1.nano", "--network", "private", "--wait"];

  before(async () => {
    lab = new Lab("vols", "VIRT_DRIVER=fake\nCLASSIC_PORTS=False");
    await lab.tenrec(["stack"]);
  });
  after(async () => {
    await lab.tenrec(["unstack"]);
    lab.close();
  });

  test("created, renamed, extended, snapshot, deleted", async () => {
    const created = await os("volume", "create", "--size", "1", "vol");
    assert.equal(created.type, "lvmdriver-1");
    await settled("vol", "available");
    await run("volume", "set", "--property", "k=v", "--name", "vol1", "vol");
    await run("volume", "set", "--size", "2", "vol1");
    const grown = await settled("vol1", "available");
    assert.deepEqual([grown.size, grown.properties], [2, { k: "v" }]);
    await run("volume", "snapshot", "create", "--volume", "vol1", "snap");
    const [snapshot] = await os("volume", "snapshot", "list");
    assert.equal(snapshot.Name, "snap");
    await os("volume", "create", "--snapshot", "snap", "copy");
    await settled("copy", "available");
    await run("volume", "snapshot", "delete", "snap");
    await run("volume", "delete", "copy");
    await until("one volume is left", 30, async () => (await os("volume", "list")).length === 1);
  });

  test("attached to a server and detached again", async () => {
    await os(...SERVER, "--image", "cirros-0.6.3-x86_64-disk", "vm");
    await run("server", "add", "volume", "vm", "vol1");
    const attached = await settled("vol1", "in-use");
    assert.equal(attached.attachments[0].device, "/dev/vdb");
    await run("server", "remove", "volume", "vm", "vol1");
    await settled("vol1", "available");
    await run("server", "delete", "--wait", "vm");
  });

  test("a server boots from a volume that is made of an image, and leaves it behind", async () => {
    await os(...SERVER, "--image", "cirros-0.6.3-x86_64-disk", "--boot-from-volume", "1", "bfv");
    const volumes = await os("volume", "list", "--long");
    const root = volumes.find((volume: Json) => volume.Bootable === "true");
    assert.equal(root.Status, "in-use");
    await run("server", "delete", "--wait", "bfv");
    await settled(root.ID, "available");
  });

  test("what administrators ask", async () => {
    const admin = (...args: string[]) => lab.openstack("devstack-admin", args);
    const services = await admin("volume", "service", "list");
    assert.deepEqual(services.map((service: Json) => service.Binary).sort(), ["cinder-scheduler", "cinder-volume"]);
    const types = await admin("volume", "type", "list");
    assert.equal(types.length, 2);
    assert.deepEqual(await admin("volume", "backup", "list"), []);
    const quotas = JSON.stringify(await admin("quota", "show"));
    assert.match(quotas, /gigabytes_lvmdriver-1/);
  });
});
