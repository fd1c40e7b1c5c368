import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Json } from "../support/json.ts";
import { Lab, missingForLab } from "../support/lab.ts";
import { until } from "../support/patience.ts";

/** Real guests whose disks are volumes, by the unmodified client: what they write is in their volumes and in images made of them. */
const skip = missingForLab() ?? false;

describe("guests on volumes", { skip }, () => {
  let lab: Lab;
  let key: string;
  let address: string;
  const os = (...args: string[]): Promise<Json> => lab.openstack("devstack", args);
  const run = (...args: string[]) => lab.openstack("devstack", args, { plain: true });
  const SERVER = ["server", "create", "--flavor", "m1.nano", "--network", "private", "--key-name", "mykey", "--wait"];
  const becomes = (name: string, status: string) =>
    until(`volume ${name} is ${status}`, 60, async () => (await os("volume", "show", name)).status === status);
  const inGuest = (command: string) => lab.ssh(key, address, command);
  /** Gives the one floating address to a server, and waits until it answers there. */
  const reach = async (server: string) => {
    await run("server", "add", "floating", "ip", server, address);
    await until(`ssh to ${server}`, 180, async () => (await lab.trySsh(key, address, "true")).code === 0);
  };

  before(async () => {
    lab = new Lab("bfv", "LIBVIRT_TYPE=qemu\nCLASSIC_PORTS=False");
    await lab.tenrec(["stack"]);
    await os("security", "group", "rule", "create", "default", "--proto", "tcp", "--dst-port", "22");
    key = join(lab.directory, "mykey.pem");
    writeFileSync(key, await run("keypair", "create", "mykey"));
    chmodSync(key, 0o600);
    address = (await os("floating", "ip", "create", "public")).floating_ip_address;
  });
  after(async () => {
    if (lab === undefined) return;
    await lab.tenrec(["unstack"]).catch((error: unknown) => console.error("unstack failed", error));
    lab.close();
  });

  test("a guest boots from a volume made of an image, and sees a second one come, grow and go", async () => {
    const server = await os(...SERVER, "--image", "cirros-0.6.3-x86_64-disk", "--boot-from-volume", "1", "first");
    assert.equal(server.status, "ACTIVE");
    assert.match(server.image, /booted from volume/);
    await reach("first");
    await inGuest("echo kept > kept && sync");
    await os("volume", "create", "--size", "1", "data");
    await becomes("data", "available");
    await run("server", "add", "volume", "first", "data");
    await until("the guest sees its disk", 60, async () => {
      return (await lab.trySsh(key, address, "test -b /dev/vdb")).code === 0;
    });
    await run("--os-volume-api-version", "3.42", "volume", "set", "--size", "2", "data");
    await until("the guest sees that it has grown", 60, async () => {
      return (await inGuest("cat /sys/block/vdb/size")).trim() === String(2 * 2 ** 21);
    });
    const [newest] = await os("--os-compute-api-version", "2.51", "server", "event", "list", "first");
    assert.equal(newest.Action, "extend_volume");
    await run("server", "remove", "volume", "first", "data");
    await becomes("data", "available");
    assert.notEqual((await lab.trySsh(key, address, "test -b /dev/vdb")).code, 0);
  });

  test("a server made of its image has what it wrote, also when the first is gone", async () => {
    const image = await os("server", "image", "create", "--name", "of-volumes", "--wait", "first");
    assert.equal(image.status, "active");
    await run("server", "delete", "--wait", "first");
    const server = await os(...SERVER, "--image", "of-volumes", "second");
    assert.equal(server.status, "ACTIVE");
    await reach("second");
    // It answers with the first one's host key before it has made itself its own. A session from then goes on; while its SSH
    // server starts again none is taken, or it is dropped before it is one, which ssh tells as 255.
    const itself = 'until test "$(hostname)" = second && test -e /run/guest/ready; do sleep 1; done; cat kept';
    const told = await until("a session", 30, async () => {
      const session = await lab.trySsh(key, address, itself);
      return session.code === 255 ? null : session;
    });
    assert.deepEqual([told.code, told.stdout.trim()], [0, "kept"], told.stderr);
  });

  test("rebuilt with an image (2.93) a server keeps its volume and its address, and has what the image has", async () => {
    // Its SSH server may just be starting again with keys of its own.
    await until("a file is written", 60, async () => {
      return (await lab.trySsh(key, address, "echo gone > not-in-the-image && sync")).code === 0;
    });
    const before = await os("server", "show", "second");
    const { id: token } = await os("token", "issue");
    const image = await os("image", "show", "cirros-0.6.3-x86_64-disk");
    // openstackclient refuses to rebuild such a server, whatever the version.
    const answer = await lab.outside("curl", [
      ...["-s", "--fail-with-body", "-H", `X-Auth-Token: ${token}`, "-H", "Content-Type: application/json"],
      ...["-H", "OpenStack-API-Version: compute 2.93", "-d", JSON.stringify({ rebuild: { imageRef: image.id } })],
      `http://${lab.hostAddress}/compute/v2.1/servers/${before.id}/action`,
    ]);
    assert.equal(JSON.parse(answer).server.status, "REBUILD");
    await until("it is rebuilt", 120, async () => {
      const { status } = await os("server", "show", "second");
      assert.notEqual(status, "ERROR");
      return status === "ACTIVE";
    });
    const after = await os("server", "show", "second");
    assert.deepEqual([after.volumes_attached, after.addresses], [before.volumes_attached, before.addresses]);
    await until("the new system answers", 180, async () => {
      const session = await lab.trySsh(key, address, "test ! -e not-in-the-image && test ! -e kept && echo new");
      return session.stdout.trim() === "new";
    });
    await run("server", "delete", "--wait", "second");
  });
});
