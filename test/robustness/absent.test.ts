import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createWorld, type World } from "./support/world.ts";

/** Parts of OpenStack that had holes and that are not here; docs/security.md names these tests. */
describe("what is not there", () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.close());

  const LATEST = { accept: "application/json", "openstack-api-version": "compute 2.96, volume 3.70" };
  const admin = (method: string, path: string, body?: unknown) => world.as("admin", method, path, body, LATEST);

  test("no guest moves to another host, live or not", async () => {
    const path = `/compute/v2.1/servers/${world.ids.server}/action`;
    for (const body of [
      { "os-migrateLive": { host: null, block_migration: "auto" } },
      { migrate: null },
      { evacuate: {} },
    ]) {
      const answer = await admin("POST", path, body);
      assert.ok([400, 403, 404].includes(answer.status), `${JSON.stringify(body)} → ${answer.status}`);
    }
  });

  test("no volume is encrypted by the host", async () => {
    const type = (await admin("POST", "/volume/v3/types", { volume_type: { name: "secret" } })).body.volume_type;
    const encryption = { provider: "luks", cipher: "aes-xts-plain64", key_size: 256, control_location: "front-end" };
    const made = await admin("POST", `/volume/v3/types/${type.id}/encryption`, { encryption });
    assert.equal(made.status, 501);
    assert.deepEqual((await admin("GET", `/volume/v3/types/${type.id}/encryption`)).body, {});
  });

  test("compute speaks neither EC2's API nor registers its images", async () => {
    for (const path of [
      "/services/Cloud",
      "/services/Cloud/",
      "/ec2",
      "/compute/services/Cloud",
      "/compute/v2.1/ec2",
    ]) {
      for (const query of ["", "?Action=RegisterImage&ImageLocation=../../etc", "?Action=DescribeInstances"]) {
        const { status } = await admin("GET", path + query);
        assert.ok([300, 401, 404].includes(status), `${path}${query} → ${status}`);
      }
    }
  });

  test("guests run under QEMU, networks are Linux bridges, and no queue is between the parts", () => {
    const folder = join(import.meta.dirname, "../../src");
    const wrong =
      /\b(ovs-vsctl|ovs-ofctl|ovsdb-client|cryptsetup|xenapi|xenstore|pyvmomi|vim25|qpid|amqps?:\/\/|zmq)\b/i;
    const drivers = readdirSync(join(folder, "services/compute/driver")).sort();
    assert.deepEqual(drivers, ["create.ts", "driver.ts", "fake-memory.ts", "fake.ts", "libvirt"]);
    const found: string[] = [];
    for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      // Names of DevStack's services and drivers, which a local.conf may have.
      if (name === "kernel/config/services.ts" || name === "kernel/config/absent.ts") continue;
      if (name.endsWith(".ts") && wrong.test(readFileSync(join(folder, name), "utf8"))) found.push(name);
    }
    assert.deepEqual(found, []);
  });
});
