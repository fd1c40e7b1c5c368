import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import Database from "better-sqlite3";
import { compare, type HostPicture, hostPicture } from "../support/host-picture.ts";
import { inOrder } from "../support/in-order.ts";
import { Lab, missingForLab, processesOf } from "../support/lab.ts";
import { until } from "../support/patience.ts";

/**
 * Real guests while everything around them is killed with SIGKILL, and after a reboot of the box. The tests build on each
 * other, in order.
 */
const skip = missingForLab() ?? false;
const IMAGE = "cirros-0.6.3-x86_64-disk";

describe("kills and reboots with real guests", { skip }, () => {
  let lab: Lab;
  let untouched: HostPicture;
  let key: string;
  let address: string;
  let vm1: string;

  const step = inOrder();

  const show = (server: string) => lab.openstack("devstack", ["server", "show", server]);
  const plain = (...args: string[]) => lab.openstack("devstack", args, { plain: true });
  const reachable = () => until("ssh to vm1", 180, async () => (await lab.trySsh(key, address, "true")).code === 0);
  const ours = (word: RegExp) => processesOf(lab.directory).filter(({ command }) => word.test(command));
  const daemon = () => ours(/ daemon( |$)/);
  /** The process of a guest's machine, or undefined. */
  const machineOf = (serverId: string): number | undefined =>
    ours(/qemu-system/).find((p) => p.command.includes(serverId))?.pid;
  const kill = (processes: readonly { pid: number }[]) => {
    assert.notEqual(processes.length, 0, "nothing to kill");
    for (const { pid } of processes) process.kill(pid, "SIGKILL");
  };
  const ledger = (kind: string): string[] => {
    const db = new Database(join(lab.dataDir, "ledger.db"), { readonly: true });
    const names = db.prepare("SELECT name FROM host_ledger WHERE kind = ?").pluck().all(kind) as string[];
    db.close();
    return names;
  };

  /** Pings vm1 from outside, ten times a second. */
  const pinging = () => {
    const child = lab.spawnOutside("ping", ["-i", "0.1", "-W", "2", address]);
    const seen: number[] = [];
    let rest = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const sequence = /icmp_seq=(\d+) ttl/.exec(line)?.[1];
        if (sequence !== undefined) seen.push(Number(sequence));
      }
    });
    return {
      /** Resolves with the answer to a ping that is sent from now on. */
      heard: async () => {
        const count = seen.length;
        await until("an answer to a ping", 20, async () => seen.length > count + 1);
      },
      /** Ends it; how many in a row were lost at most. */
      lost(): number {
        child.kill("SIGKILL");
        assert.ok(seen.length > 10, "pings were answered");
        return Math.max(...seen.slice(1).map((sequence, index) => sequence - (seen[index] ?? 0) - 1));
      },
    };
  };

  before(async () => {
    const resume = "[[post-config|$NOVA_CONF]]\n[DEFAULT]\nresume_guests_state_on_host_boot=True";
    lab = new Lab("dur", `LIBVIRT_TYPE=qemu\nVOLUME_BACKING_FILE_SIZE=1G\n${resume}`);
    untouched = await hostPicture(lab);
  });
  after(async () => {
    if (lab === undefined) return;
    await lab.tenrec(["unstack"]).catch((error: unknown) => console.error("unstack failed", error));
    lab.close();
  });

  step("a guest with a floating IP and something on its disk", async () => {
    await lab.tenrec(["stack"]);
    for (const rule of [["icmp"], ["tcp", "--dst-port", "22"]]) {
      await lab.openstack("devstack", ["security", "group", "rule", "create", "default", "--proto", ...rule]);
    }
    key = join(lab.directory, "key.pem");
    writeFileSync(key, await plain("keypair", "create", "key"));
    chmodSync(key, 0o600);
    const options = ["--image", IMAGE, "--flavor", "m1.nano", "--key-name", "key", "--network", "private"];
    const created = await lab.openstack("devstack", ["server", "create", ...options, "--wait", "vm1"]);
    vm1 = created.id;
    address = (await lab.openstack("devstack", ["floating", "ip", "create", "public"])).floating_ip_address;
    await plain("server", "add", "floating", "ip", "vm1", address);
    await reachable();
    await lab.ssh(key, address, "echo written before > kept && sync");
  });

  step("the daemon killed: a running guest does not notice, one that is being built is not stuck", async () => {
    const machine = machineOf(vm1);
    assert.ok(machine !== undefined);
    const token = (await lab.openstack("devstack", ["token", "issue"])).id;
    const image = (await lab.openstack("devstack", ["image", "show", IMAGE])).id;
    const flavor = (await lab.openstack("devstack", ["flavor", "show", "m1.nano"])).id;
    const network = (await lab.openstack("devstack", ["network", "show", "private"])).id;
    const pings = pinging();
    await pings.heard();
    const body = { server: { name: "vm2", imageRef: image, flavorRef: flavor, networks: [{ uuid: network }] } };
    const headers = ["-H", `X-Auth-Token: ${token}`, "-H", "Content-Type: application/json"];
    const url = `http://${lab.hostAddress}/compute/v2.1/servers`;
    const answer = await lab.outside("curl", ["-s", "--fail", ...headers, "-d", JSON.stringify(body), url]);
    // What was answered with 202 is there afterwards, and the guest's machine cannot run yet.
    kill(daemon());
    const vm2 = JSON.parse(answer).server.id;
    await pings.heard();
    await lab.tenrec(["rejoin"]);
    const ended = await until("vm2 is built or given up", 120, async () => {
      const server = await show(vm2);
      return server.status !== "BUILD" && server["OS-EXT-STS:task_state"] === null ? server : null;
    });
    assert.match(ended.status, /^(ACTIVE|ERROR)$/);
    assert.equal(machineOf(vm2) !== undefined, ended.status === "ACTIVE");
    assert.equal((await show("vm1")).status, "ACTIVE");
    await pings.heard();
    assert.ok(pings.lost() <= 1, `${pings.lost()} pings in a row were lost`);
    assert.equal(machineOf(vm1), machine);
  });

  step("daemon, libvirtd and every dnsmasq killed: the same, and the guest is in hand again", async () => {
    const machine = machineOf(vm1);
    const pings = pinging();
    await pings.heard();
    for (const process of [/ daemon( |$)/, /libvirtd/, /dnsmasq/]) kill(ours(process));
    await pings.heard();
    await lab.tenrec(["rejoin"]);
    await pings.heard();
    assert.ok(pings.lost() <= 1, `${pings.lost()} pings in a row were lost`);
    assert.equal(machineOf(vm1), machine);
    assert.notEqual(ours(/dnsmasq/).length, 0);
    await plain("server", "pause", "vm1");
    await until("PAUSED", 20, async () => (await show("vm1")).status === "PAUSED");
    await plain("server", "unpause", "vm1");
    await until("ACTIVE", 20, async () => (await show("vm1")).status === "ACTIVE");
    await reachable();
  });

  step("a server whose deletion the kill interrupted leaves nothing", async () => {
    const { id } = await show("vm2");
    const token = (await lab.openstack("devstack", ["token", "issue"])).id;
    const url = `http://${lab.hostAddress}/compute/v2.1/servers/${id}`;
    await lab.outside("curl", ["-s", "--fail", "-X", "DELETE", "-H", `X-Auth-Token: ${token}`, url]);
    kill(daemon());
    await lab.tenrec(["rejoin"]);
    await until("vm2 is gone", 60, async () => {
      const servers = await lab.openstack("devstack", ["server", "list"]);
      return servers.length === 1 && servers[0].ID === vm1;
    });
    assert.equal(machineOf(id), undefined);
    const ports = await lab.openstack("devstack-admin", ["port", "list", "--long", "--device-id", id]);
    assert.deepEqual(ports, []);
    const instances = readdirSync(join(lab.dataDir, "nova/instances"));
    assert.ok(!instances.includes(id), instances.join(" "));
  });

  step("after a reboot rejoin brings the guest back: its address, its floating IP, its disk", async () => {
    const before = await show("vm1");
    // The power goes: the daemon sees nothing of what follows.
    kill(daemon());
    kill(processesOf(lab.directory));
    await until("all ended", 30, async () => processesOf(lab.directory).length === 0);
    for (const name of ledger("namespace")) await lab.onHost("ip", ["netns", "delete", name]);
    await lab.try("host", "ip", ["link", "del", `${lab.stackName}-up`]);
    await lab.onHost("iptables", ["-t", "nat", "-F"]);
    await lab.onHost("sysctl", ["-qw", "net.ipv4.ip_forward=0"]);
    writeFileSync(join(lab.dataDir, "libvirt/boot-id"), "another boot");

    assert.match(await lab.tenrec(["rejoin"]), /The cloud is back/);
    const back = await show("vm1");
    assert.equal(back.status, "ACTIVE");
    assert.deepEqual(back.addresses, before.addresses);
    await reachable();
    assert.equal((await lab.ssh(key, address, "cat kept")).trim(), "written before");
  });

  step(
    "unstack gives the box back exactly as it was, and the next stack has the same guest with its disk",
    async () => {
      await lab.tenrec(["unstack"]);
      assert.deepEqual(compare(untouched, await hostPicture(lab)), []);
      await lab.tenrec(["stack"]);
      assert.equal((await show("vm1")).status, "ACTIVE");
      await reachable();
      assert.equal((await lab.ssh(key, address, "cat kept")).trim(), "written before");
    },
  );

  step("clean takes guests and disks too", async () => {
    await lab.tenrec(["clean"]);
    assert.deepEqual(compare(untouched, await hostPicture(lab)), []);
    assert.equal(existsSync(lab.dataDir), false);
  });
});
