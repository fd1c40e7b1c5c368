import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { compare, type HostPicture, hostPicture } from "../support/host-picture.ts";
import { inOrder } from "../support/in-order.ts";
import { Lab, missingForLab } from "../support/lab.ts";
import { until } from "../support/patience.ts";

/**
 * From a bare box to reachable guests and back, with the unmodified openstack client and ssh, on real libvirt, iptables and
 * dnsmasq. The tests build on each other, in order.
 */
const skip = missingForLab() ?? false;
const IMAGE = "cirros-0.6.3-x86_64-disk";
const NETWORK_OF_BOTH = "10.66.0.0/24";

describe("a real cloud", { skip }, () => {
  let lab: Lab;
  let untouched: HostPicture;
  let key: string;
  let address: string;
  let otherAddress: string;
  const fixed: Record<string, string> = {};

  /** The fixed address of a server on the network "same". */
  const fixedAddress = async (cloud: string, server: string): Promise<string> => {
    const shown = await lab.openstack(cloud, ["server", "show", server]);
    return shown.addresses.same[0];
  };
  const inGuest = (command: string) => lab.ssh(key, address, command);
  const boot = (cloud: string, name: string, ...more: string[]) =>
    lab.openstack(cloud, [
      "server",
      "create",
      "--image",
      IMAGE,
      "--flavor",
      "m1.nano",
      "--key-name",
      "mykey",
      "--network",
      "same",
      "--wait",
      ...more,
      name,
    ]);
  const act = (...args: string[]) => lab.openstack("devstack", ["server", ...args], { plain: true });
  const status = async (server = "vm1"): Promise<string> =>
    (await lab.openstack("devstack", ["server", "show", server])).status;
  const reachable = () => until("ssh to vm1", 90, async () => (await lab.trySsh(key, address, "true")).code === 0);

  const step = inOrder();

  before(async () => {
    lab = new Lab("e2e", "LIBVIRT_TYPE=qemu\nVOLUME_BACKING_FILE_SIZE=1G");
    untouched = await hostPicture(lab);
  });
  after(async () => {
    if (lab === undefined) return;
    await lab.tenrec(["unstack"]).catch((error: unknown) => console.error("unstack failed", error));
    lab.close();
  });

  step("one command makes the cloud and says how to use it", async () => {
    const output = await lab.tenrec(["stack"]);
    assert.match(output, /This is your host IP address: 198\.51\.100\.2/);
    assert.match(output, /The default users are: admin and demo/);
    const services = await lab.openstack("devstack-admin", ["service", "list"]);
    const types = services.map((service: { Type: string }) => service.Type);
    for (const type of ["identity", "compute", "image", "network", "placement"]) assert.ok(types.includes(type), type);
  });

  step("two projects with the same address range boot guests", async () => {
    const both = ["devstack", "devstack-alt-member"].map(async (cloud) => {
      const os = (...args: string[]) => lab.openstack(cloud, args);
      const run = (...args: string[]) => lab.openstack(cloud, args, { plain: true });
      const rule = ["security", "group", "rule", "create", "default", "--proto"];
      await os("network", "create", "same");
      const range = ["--subnet-range", NETWORK_OF_BOTH, "--dns-nameserver", "192.0.2.53"];
      await os("subnet", "create", "same", "--network", "same", ...range);
      await os("router", "create", "out");
      await run("router", "set", "out", "--external-gateway", "public");
      await run("router", "add", "subnet", "out", "same");
      await os(...rule, "icmp");
      await os(...rule, "tcp", "--dst-port", "22");
    });
    await Promise.all(both);
    const privateKey: string = await lab.openstack("devstack", ["keypair", "create", "mykey"], { plain: true });
    key = join(lab.directory, "mykey.pem");
    writeFileSync(key, privateKey);
    chmodSync(key, 0o600);
    const publicKey: string = await lab.openstack("devstack", ["keypair", "show", "--public-key", "mykey"], {
      plain: true,
    });
    writeFileSync(join(lab.directory, "mykey.pub"), publicKey);
    await lab.openstack("devstack-alt-member", [
      "keypair",
      "create",
      "--public-key",
      join(lab.directory, "mykey.pub"),
      "mykey",
    ]);

    const userData = join(lab.directory, "user-data");
    writeFileSync(userData, "#!/bin/sh\necho user data ran > /tmp/user-data-ran\n");
    const guests = await Promise.all([
      boot("devstack", "vm1", "--user-data", userData, "--property", "colour=green"),
      boot("devstack", "vm2"),
      boot("devstack-alt-member", "vm3"),
    ]);
    for (const guest of guests) assert.equal(guest.status, "ACTIVE");
    fixed.vm1 = await fixedAddress("devstack", "vm1");
    fixed.vm2 = await fixedAddress("devstack", "vm2");
    fixed.vm3 = await fixedAddress("devstack-alt-member", "vm3");
  });

  step(
    "SSH from outside reaches a guest on its floating IP; key, host name and user data came through metadata",
    async () => {
      address = (await lab.openstack("devstack", ["floating", "ip", "create", "public"])).floating_ip_address;
      await act("add", "floating", "ip", "vm1", address);
      otherAddress = (await lab.openstack("devstack-alt-member", ["floating", "ip", "create", "public"]))
        .floating_ip_address;
      await lab.openstack("devstack-alt-member", ["server", "add", "floating", "ip", "vm3", otherAddress], {
        plain: true,
      });
      await reachable();
      assert.equal((await inGuest("hostname")).trim().split(".")[0], "vm1");
      assert.equal((await inGuest("cat /tmp/user-data-ran")).trim(), "user data ran");
      await until("ssh to vm3", 60, async () =>
        (await lab.trySsh(key, otherAddress, "hostname")).stdout.startsWith("vm3"),
      );
    },
  );

  step("metadata says who the guest is, whatever headers it sends", async () => {
    const get = (path: string, headers = "") => inGuest(`wget -q -O - ${headers} http://169.254.169.254/${path}`);
    const own = JSON.parse(await get("openstack/latest/meta_data.json"));
    const shown = await lab.openstack("devstack", ["server", "show", "vm1"]);
    assert.equal(own.uuid, shown.id);
    assert.equal(own.meta.colour, "green");
    assert.equal((await get("latest/meta-data/local-ipv4")).trim(), fixed.vm1);
    assert.equal((await get("latest/meta-data/public-ipv4")).trim(), address);

    const victim = await lab.openstack("devstack-alt-member", ["server", "show", "vm3"]);
    const forged = `--header "X-Forwarded-For: ${fixed.vm3}" --header "X-Instance-ID: ${victim.id}" --header "X-Tenant-ID: ${victim.project_id}"`;
    assert.equal(JSON.parse(await get("openstack/latest/meta_data.json", forged)).uuid, shown.id);
  });

  step("guests of one network reach each other, another project's same address does not answer here", async () => {
    await until(
      "vm2 answers vm1",
      60,
      async () => (await lab.trySsh(key, address, `ping -c 1 -W 2 ${fixed.vm2}`)).code === 0,
    );
    // vm3 has an address of the same range in its own project: nobody has it here, unless it is vm1's or vm2's own number.
    const strangers = await lab.trySsh(key, otherAddress, "cat /proc/net/arp; ip address show eth0");
    assert.ok(!strangers.stdout.includes((await inGuest("cat /sys/class/net/eth0/address")).trim()));
    const unused = `${NETWORK_OF_BOTH.split(".").slice(0, 3).join(".")}.250`;
    await lab.openstack("devstack-alt-member", [
      "port",
      "create",
      "--network",
      "same",
      "--fixed-ip",
      `subnet=same,ip-address=${unused}`,
      "there",
    ]);
    await lab.openstack("devstack-alt-member", [
      "server",
      "create",
      "--image",
      IMAGE,
      "--flavor",
      "m1.nano",
      "--port",
      "there",
      "--wait",
      "vm4",
    ]);
    await until(
      "vm4 answers vm3",
      60,
      async () => (await lab.trySsh(key, otherAddress, `ping -c 1 -W 2 ${unused}`)).code === 0,
    );
    assert.notEqual((await lab.trySsh(key, address, `ping -c 2 -W 2 ${unused}`)).code, 0);
    await lab.openstack("devstack-alt-member", ["server", "delete", "--wait", "vm4"], { plain: true });
  });

  step("a guest reaches the outside through its router", async () => {
    assert.match(await inGuest(`ping -c 1 -W 5 ${lab.worldAddress}`), /1 packets received|1 received/);
  });

  step("a removed rule cuts at once, also a connection that stands", async () => {
    const rules = await lab.openstack("devstack", ["security", "group", "rule", "list", "default"]);
    const ssh = rules.find((rule: Record<string, string>) => rule["Port Range"] === "22:22");
    const standing = lab.spawnOutside("ssh", [
      "-o",
      "StrictHostKeyChecking=no",
      "-o",
      "UserKnownHostsFile=/dev/null",
      "-o",
      "LogLevel=ERROR",
      "-i",
      key,
      `cirros@${address}`,
      "while true; do echo alive; sleep 0.2; done",
    ]);
    let heard = 0;
    standing.stdout?.on("data", () => {
      heard += 1;
    });
    await until("the standing connection speaks", 30, async () => heard > 3);
    await lab.openstack("devstack", ["security", "group", "rule", "delete", ssh.ID], { plain: true });
    // It would speak several times while a new connection is tried, which gives up.
    await until("it falls silent", 30, async () => {
      const before = heard;
      assert.notEqual((await lab.trySsh(key, address, "true")).code, 0);
      return heard === before;
    });
    standing.kill("SIGKILL");
    await lab.openstack("devstack", [
      "security",
      "group",
      "rule",
      "create",
      "default",
      "--proto",
      "tcp",
      "--dst-port",
      "22",
    ]);
    await reachable();
  });

  step("a spoofed source is dropped until the port allows it", async () => {
    const spoofed = `${NETWORK_OF_BOTH.split(".").slice(0, 3).join(".")}.77`;
    await inGuest(`sudo ip address add ${spoofed}/24 dev eth0`);
    const ping = () => lab.trySsh(key, address, `ping -c 2 -W 2 -I ${spoofed} ${fixed.vm2}`);
    assert.notEqual((await ping()).code, 0);
    const ports = await lab.openstack("devstack", ["port", "list", "--server", "vm1"]);
    await lab.openstack("devstack", ["port", "set", ports[0].ID, "--allowed-address", `ip-address=${spoofed}`], {
      plain: true,
    });
    await until("the allowed address passes", 20, async () => (await ping()).code === 0);
    await inGuest(`sudo ip address del ${spoofed}/24 dev eth0`);
  });

  step("the console log shows the boot", async () => {
    const log: string = await lab.openstack("devstack", ["console", "log", "show", "vm1"], { plain: true });
    assert.match(log, /vm1.*login:|login:/);
  });

  step("VNC and serial consoles answer over their web sockets", async () => {
    const probe = join(import.meta.dirname, "../support/console-probe.ts");
    for (const [kind, expected] of [
      ["novnc", "RFB 003.008"],
      ["serial", "login"],
    ] as const) {
      const { url } = await lab.openstack("devstack", ["console", "url", "show", `--${kind}`, "vm1"]);
      const heard = await lab.outside(process.execPath, [probe, url]);
      assert.ok(heard.includes(expected), `${kind} said ${JSON.stringify(heard.slice(0, 200))}`);
    }
  });

  step("reboot, pause, suspend, stop: each ends in its state and comes back", async () => {
    await act("reboot", "--hard", "--wait", "vm1");
    await reachable();
    await inGuest("touch /tmp/still-here");
    await act("pause", "vm1");
    await until("PAUSED", 20, async () => (await status()) === "PAUSED");
    await act("unpause", "vm1");
    await until("ACTIVE", 20, async () => (await status()) === "ACTIVE");
    await act("suspend", "vm1");
    await until("SUSPENDED", 30, async () => (await status()) === "SUSPENDED");
    await act("resume", "vm1");
    await until("ACTIVE", 30, async () => (await status()) === "ACTIVE");
    await reachable();
    await inGuest("test -e /tmp/still-here");
    await act("stop", "vm1");
    await until("SHUTOFF", 90, async () => (await status()) === "SHUTOFF");
    await act("start", "vm1");
    await until("ACTIVE", 30, async () => (await status()) === "ACTIVE");
    await reachable();
    await act("reboot", "--soft", "--wait", "vm1");
    await reachable();
  });

  step("a guest that powers itself off is seen as SHUTOFF", async () => {
    await lab.trySsh(key, address, "sudo poweroff");
    await until("SHUTOFF", 60, async () => (await status()) === "SHUTOFF");
  });

  step("deleted guests leave no port and no disk", async () => {
    await lab.openstack("devstack", ["server", "delete", "--wait", "vm1", "vm2"], { plain: true });
    const ports = await lab.openstack("devstack", ["port", "list", "--network", "same", "--long"]);
    assert.deepEqual(
      ports.filter((port: Record<string, string>) => port["Device Owner"]?.startsWith("compute:")),
      [],
    );
  });

  test("unstack gives the box back exactly as it was", async () => {
    await lab.tenrec(["unstack"]);
    assert.deepEqual(compare(untouched, await hostPicture(lab)), []);
  });
});
