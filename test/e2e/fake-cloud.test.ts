import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Lab, missingForLab } from "../support/lab.ts";

/** VIRT_DRIVER=fake with the real client: the whole API without a guest, and a host that is not touched. */
const skip = missingForLab() ?? false;

describe("VIRT_DRIVER=fake", { skip }, () => {
  let lab: Lab;
  before(() => {
    lab = new Lab("fake", "VIRT_DRIVER=fake\nCLASSIC_PORTS=False");
  });
  after(async () => {
    await lab.tenrec(["unstack"]);
    lab.close();
  });

  test("stack ends with a usable cloud and changes no link, address, route or rule", async () => {
    const picture = async () =>
      (await lab.onHost("ip", ["-details", "address"])) +
      (await lab.onHost("ip", ["route"])) +
      (await lab.onHost("ip", ["rule"]));
    const before = await picture();
    const output = await lab.tenrec(["stack"]);
    assert.match(output, /The default users are: admin and demo/);
    assert.equal(await picture(), before);
  });

  test("the openstack client boots a server and deletes it", async () => {
    await lab.openstack("devstack", ["keypair", "create", "mykey"], { plain: true });
    const server = await lab.openstack("devstack", [
      "server",
      "create",
      "--image",
      "cirros-0.6.3-x86_64-disk",
      "--flavor",
      "m1.nano",
      "--network",
      "private",
      "--key-name",
      "mykey",
      "--wait",
      "vm1",
    ]);
    assert.equal(server.status, "ACTIVE");
    const ip = await lab.openstack("devstack", ["floating", "ip", "create", "public"]);
    await lab.openstack("devstack", ["server", "add", "floating", "ip", "vm1", ip.floating_ip_address], {
      plain: true,
    });
    const shown = await lab.openstack("devstack", ["server", "show", "vm1"]);
    assert.ok(JSON.stringify(shown.addresses).includes(ip.floating_ip_address));
    await lab.openstack("devstack", ["server", "delete", "--wait", "vm1"], { plain: true });
    assert.deepEqual(await lab.openstack("devstack", ["server", "list"]), []);
  });

  test("a second stack finds everything there", async () => {
    const first = await lab.openstack("devstack-admin", ["project", "list"]);
    await lab.tenrec(["stack"]);
    assert.deepEqual(await lab.openstack("devstack-admin", ["project", "list"]), first);
  });

  test("after unstack the next stack has the same cloud", async () => {
    const network = await lab.openstack("devstack", ["network", "show", "private"]);
    await lab.tenrec(["unstack"]);
    await lab.tenrec(["stack"]);
    assert.equal((await lab.openstack("devstack", ["network", "show", "private"])).id, network.id);
  });
});
