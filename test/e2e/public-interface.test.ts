import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, test } from "node:test";
import { compare, type HostPicture, hostPicture } from "../support/host-picture.ts";
import { Lab, missingForLab } from "../support/lab.ts";
import { until } from "../support/patience.ts";

/** PUBLIC_INTERFACE in both forms with a whole cloud, without guests: its router is reached from the LAN, and unstack gives the card back. */
const skip = missingForLab() ?? false;
const PLAIN = "LIBVIRT_TYPE=qemu\nVOLUME_BACKING_FILE_SIZE=1G\nCLASSIC_PORTS=False\nDOWNLOAD_DEFAULT_IMAGES=False";

/** A card that was away comes back under another number; that is the kernel's. */
const withoutNumbers = (picture: HostPicture): HostPicture =>
  Object.fromEntries(
    Object.entries(picture).map(([topic, lines]) => [topic, lines.map((line) => line.replace(/^\d+: /, ""))]),
  );

describe("PUBLIC_INTERFACE", { skip }, () => {
  const withLab = async (localrc: string, prepare: (lab: Lab) => void, body: (lab: Lab) => Promise<void>) => {
    const lab = new Lab("pub", `${PLAIN}\n${localrc}`);
    try {
      prepare(lab);
      const untouched = await hostPicture(lab);
      await lab.tenrec(["stack"]);
      await body(lab);
      await lab.tenrec(["unstack"]);
      assert.deepEqual(compare(withoutNumbers(untouched), withoutNumbers(await hostPicture(lab))), []);
    } finally {
      await lab.tenrec(["unstack"]).catch((error: unknown) => console.error("unstack failed", error));
      lab.close();
    }
  };
  /** The seeded router's address on the public network answers on the LAN, and the router reaches the LAN. */
  const routerMeets = async (lab: Lab, neighbour: string) => {
    const { id, external_gateway_info: gateway } = await lab.openstack("devstack-admin", ["router", "show", "router1"]);
    const address: string = gateway.external_fixed_ips.map((ip: { ip_address: string }) => ip.ip_address)[0];
    const ping = (target: string) => ["-c", "1", "-W", "1", target];
    await until(`${address} answers`, 20, async () => (await lab.try("world", "ping", ping(address))).code === 0);
    await lab.onHost("nsenter", [`--net=/run/netns/qrouter-${id}`, "ping", ...ping(neighbour)]);
    return address;
  };

  test("a spare card: it is in the public bridge, on the LAN's own wire, and comes back with its address and route", async () => {
    const prepare = (lab: Lab) => {
      const ip = (...args: string[]) => execFileSync("ip", args);
      ip("-n", lab.host, "link", "add", "eth1", "type", "veth", "peer", "name", "eth1", "netns", lab.world);
      for (const ns of [lab.host, lab.world]) {
        execFileSync("nsenter", [`--net=/run/netns/${ns}`, "sysctl", "-qw", "net.ipv6.conf.eth1.accept_dad=0"]);
        ip("-n", ns, "link", "set", "eth1", "up");
      }
      ip("-n", lab.host, "address", "add", "203.0.113.7/24", "dev", "eth1");
      ip("-n", lab.host, "route", "add", "10.77.0.0/16", "via", "203.0.113.1");
      ip("-n", lab.world, "route", "del", "172.24.4.0/24");
      ip("-n", lab.world, "address", "add", "172.24.4.1/24", "dev", "eth1");
    };
    await withLab("PUBLIC_INTERFACE=eth1", prepare, async (lab) => {
      assert.match(await lab.onHost("ip", ["-n", lab.stackName, "-o", "link", "show", "eth1"]), / master br-ex /);
      await routerMeets(lab, "172.24.4.1");
      // Taken out of its bridge, it is put back.
      await lab.onHost("ip", ["-n", lab.stackName, "link", "set", "eth1", "nomaster"]);
      await until("it is in the bridge again", 20, async () =>
        / master br-ex /.test(await lab.onHost("ip", ["-n", lab.stackName, "-o", "link", "show", "eth1"])),
      );
      await routerMeets(lab, "172.24.4.1");
    });
  });

  test("the card of the default route: it stays, and the host answers ARP for the pool", async () => {
    const pool = "Q_FLOATING_ALLOCATION_POOL=start=198.51.100.200,end=198.51.100.207";
    const range = "FLOATING_RANGE=198.51.100.0/24\nPUBLIC_NETWORK_GATEWAY=198.51.100.1";
    const prepare = (lab: Lab) => {
      execFileSync("ip", ["-n", lab.world, "route", "del", "172.24.4.0/24"]);
    };
    await withLab(`PUBLIC_INTERFACE=eth0\n${range}\n${pool}`, prepare, async (lab) => {
      const address = await routerMeets(lab, lab.worldAddress);
      assert.match(address, /^198\.51\.100\.20\d$/);
      await lab.outside("ping", ["-c", "1", "-W", "1", lab.hostAddress]);
      await lab.onHost("ip", ["neighbour", "del", "proxy", address, "dev", "eth0"]);
      await until("the host answers for it again", 20, async () =>
        (await lab.onHost("ip", ["neighbour", "show", "proxy", "dev", "eth0"])).includes(`${address} `),
      );
    });
  });
});
