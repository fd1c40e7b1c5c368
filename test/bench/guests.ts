import { randomUUID } from "node:crypto";
import { chownSync, linkSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Lab, processesOf } from "../support/lab.ts";
import { Client, timed, until } from "./client.ts";
import { median, type Report } from "./report.ts";

const IMAGE = "cirros-0.6.3-x86_64-disk";
const ROUNDS = 5;
const TOGETHER = 10;
/** As many as are asked for at once beside as many `virsh create` at once. */
const SIDE_BY_SIDE = 20;

/** From a unix socket, which knows no namespaces, to the API inside of one. */
const RELAY = `
  const { connect, createServer } = require("node:net");
  const [path, host] = process.argv.slice(1);
  createServer((near) => {
    const far = connect(80, host, () => { near.pipe(far); far.pipe(near); });
    for (const socket of [near, far]) socket.setNoDelay(true).on("error", () => { near.destroy(); far.destroy(); });
  }).listen(path);`;

/**
 * Real guests, beside what libvirt and QEMU need for the same without a cloud. Guests are emulated, so what counts is
 * the difference between two rows.
 */
export async function guestFigures(report: Report): Promise<void> {
  // Two cores would else have room for eight guests of one vCPU.
  const nova = "[[post-config|$NOVA_CONF]]\n[DEFAULT]\ncpu_allocation_ratio = 16\n[quota]\ninstances = 40\ncores = 40";
  const lab = new Lab("bench", `LIBVIRT_TYPE=qemu\nCLASSIC_PORTS=False\nADMIN_PASSWORD=bench\n${nova}`);
  try {
    report.part("Real guests, beside libvirt and QEMU alone in the same run");
    report.add({ what: "whole stack, real", ms: (await timed(() => lab.tenrec(["stack"]))).ms });
    const socket = join(lab.directory, "api.sock");
    lab.spawnOutside(process.execPath, ["-e", RELAY, socket, lab.hostAddress]);
    const client = new Client("http://cloud", socket);
    const answers = async () => (await client.call("GET", "/identity/v3").catch(() => null))?.status === 200;
    await until("the relay", 10, answers);
    await new Guests(lab, client, report).run();
    await client.close();
  } finally {
    await lab.tenrec(["unstack"]).catch((error: unknown) => console.error("unstack failed", error));
    lab.close();
  }
}

const DISK = /<source file='([^']+\/disk)'/;
const hex = (number: number): string => number.toString(16).padStart(2, "0");

/** A guest that libvirt makes without us. */
interface Alone {
  name: string;
  file: string;
  disk: string;
}

class Guests {
  readonly #lab: Lab;
  readonly #client: Client;
  readonly #report: Report;
  #network = "";
  #image = "";
  /** A guest of ours whose XML others are made of. */
  #model = { id: "", name: "", xml: "" };
  /** The file that the guests' disks are overlays of. */
  #backing = "";
  /** Who guests run as. */
  #owner = { uid: 0, gid: 0 };

  constructor(lab: Lab, client: Client, report: Report) {
    this.#lab = lab;
    this.#client = client;
    this.#report = report;
  }

  async run(): Promise<void> {
    await this.#prepare();
    const libvirtAlone = await this.#virshCreate();
    const times: number[] = [];
    for (let n = 0; n < ROUNDS; n += 1) times.push(await this.#toActive());
    const ms = median(times);
    const note = `our own share: ${(ms - libvirtAlone).toFixed(0)} ms`;
    this.#report.add({ what: "POST server to ACTIVE", ms, reference: { ms: libvirtAlone }, note });
    const after = median(await this.#rightAfterDeletes());
    const delayed = `our own share: ${(after - libvirtAlone).toFixed(0)} ms`;
    this.#report.add({
      what: "POST server to ACTIVE, right after a DELETE",
      ms: after,
      reference: { ms: libvirtAlone },
      note: delayed,
    });
    const atOnce = await this.#virshCreateAtOnce();
    const { ms: servers, note: processors } = await this.#serversAtOnce();
    const what = `${SIDE_BY_SIDE} servers at once to ACTIVE`;
    this.#report.add({ what, ms: servers, reference: { ms: atOnce }, note: processors });

    const qemuAlone = await this.#bareQemu();
    const [guest] = await this.#guests(1);
    if (guest === undefined) throw new Error("no guest was made");
    this.#report.add({ what: "POST server to SSH, floating IP", ms: guest.ssh, reference: { ms: qemuAlone } });
    const all = await this.#guests(TOGETHER);
    const ssh = Math.max(...all.map((one) => one.ssh));
    this.#report.add({ what: `${TOGETHER} servers at once to SSH`, ms: ssh });
  }

  async #prepare(): Promise<void> {
    const client = this.#client;
    await client.logIn("demo", "bench");
    const { networks } = await client.json("GET", "/networking/v2.0/networks?name=private");
    const { images } = await client.json("GET", `/image/v2/images?name=${IMAGE}`);
    const { security_groups: groups } = await client.json("GET", "/networking/v2.0/security-groups?name=default");
    this.#network = networks[0].id;
    this.#image = images[0].id;
    const rule = {
      security_group_id: groups[0].id,
      direction: "ingress",
      protocol: "tcp",
      port_range_min: 22,
      port_range_max: 22,
    };
    await client.must("POST", "/networking/v2.0/security-group-rules", { security_group_rule: rule });
  }

  async #boot(network: object): Promise<string> {
    const server = { name: "bench", imageRef: this.#image, flavorRef: "42", networks: [network] };
    return (await this.#client.json("POST", "/compute/v2.1/servers", { server })).server.id;
  }

  #active(id: string): Promise<void> {
    return until(`server ${id} is ACTIVE`, 240, async () => {
      const { server } = await this.#client.json("GET", `/compute/v2.1/servers/${id}`);
      if (server.status === "ERROR") throw new Error(JSON.stringify(server.fault));
      return server.status === "ACTIVE";
    });
  }

  async #remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await this.#client.must("DELETE", `/compute/v2.1/servers/${id}`);
    const gone = async () => (await this.#client.json("GET", "/compute/v2.1/servers")).servers.length === 0;
    await until("the servers are gone", 120, gone);
  }

  async #toActive(): Promise<number> {
    let id = "";
    const { ms } = await timed(async () => {
      id = await this.#boot({ uuid: this.#network });
      await this.#active(id);
    });
    await this.#remove([id]);
    return ms;
  }

  #virsh(...args: string[]): Promise<string> {
    const socket = join(this.#lab.dataDir, "libvirt/run/libvirt-sock");
    return this.#lab.onHost("virsh", ["-c", `qemu:///system?socket=${socket}`, ...args]);
  }

  /** Each while the guest before is being taken away. */
  async #rightAfterDeletes(): Promise<number[]> {
    const times: number[] = [];
    let id = await this.#boot({ uuid: this.#network });
    await this.#active(id);
    for (let n = 0; n < ROUNDS; n += 1) {
      await this.#client.must("DELETE", `/compute/v2.1/servers/${id}`);
      const { ms } = await timed(async () => {
        id = await this.#boot({ uuid: this.#network });
        await this.#active(id);
      });
      times.push(ms);
    }
    await this.#remove([id]);
    return times;
  }

  /** One asks for all of them: twenty that ask for theirs again and again would take the processors from what they wait for. */
  async #serversAtOnce(): Promise<{ ms: number; note: string }> {
    let ids: string[] = [];
    const before = this.#processorSeconds();
    const { ms } = await timed(async () => {
      const network = { uuid: this.#network };
      ids = await Promise.all(Array.from({ length: SIDE_BY_SIDE }, () => this.#boot(network)));
      const active = async () => {
        const { servers } = await this.#client.json("GET", "/compute/v2.1/servers/detail");
        const failed = servers.find(({ status }: { status: string }) => status === "ERROR");
        if (failed !== undefined) throw new Error(JSON.stringify(failed.fault));
        return servers.every(({ status }: { status: string }) => status === "ACTIVE");
      };
      await until("all servers are ACTIVE", 240, active, 50);
    });
    const after = this.#processorSeconds();
    await this.#remove(ids);
    const [own, theirs] = [after.own - before.own, after.theirs - before.theirs].map((one) => one.toFixed(1));
    return { ms, note: `processors: ${own} s our own, ${theirs} s libvirt's and the guests'` };
  }

  /** Of the daemon with the commands it has run, and of libvirtd with the guests there are. */
  #processorSeconds(): { own: number; theirs: number } {
    const sums = { own: 0, theirs: 0 };
    for (const { pid, command } of processesOf(this.#lab.directory)) {
      const whose = / daemon( |$)/.test(command) ? "own" : /libvirtd|qemu-system/.test(command) ? "theirs" : null;
      if (whose === null) continue;
      // utime, stime and those of children, in hundredths (proc(5)).
      const [user = 0, system = 0, ...children] = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ")
        .slice(11, 15)
        .map(Number);
      sums[whose] += (user + system + (children[0] ?? 0) + (children[1] ?? 0)) / 100;
    }
    return sums;
  }

  async #virshCreateAtOnce(): Promise<number> {
    const alone: Alone[] = [];
    for (let n = 0; n < SIDE_BY_SIDE; n += 1) alone.push(await this.#another(n));
    const { ms } = await timed(() => Promise.all(alone.map(({ file }) => this.#virsh("create", file))));
    for (const { name } of alone) await this.#virsh("destroy", name);
    this.#report.add({ what: `${SIDE_BY_SIDE} virsh create at once`, ms });
    return ms;
  }

  /** One of our guests' XML under another name and UUID, given to libvirt again and again. */
  async #virshCreate(): Promise<number> {
    const id = await this.#boot({ uuid: this.#network });
    await this.#active(id);
    const [name = ""] = (await this.#virsh("list", "--name")).split("\n");
    const xml = await this.#virsh("dumpxml", "--inactive", name);
    const base = match(/<backingStore[^>]*>[\s\S]*?<source file='([^']+)'/, await this.#virsh("dumpxml", name));
    this.#model = { id, name, xml };
    this.#owner = statSync(match(DISK, xml));
    this.#backing = join(dirname(dirname(base)), "alone-base");
    linkSync(base, this.#backing);
    await this.#remove([id]);

    const times: number[] = [];
    const { name: own, file, disk } = await this.#another(SIDE_BY_SIDE);
    for (let n = 0; n < ROUNDS; n += 1) {
      await this.#overlay(disk);
      times.push((await timed(() => this.#virsh("create", file))).ms);
      await this.#virsh("destroy", own);
    }
    const ms = median(times);
    this.#report.add({ what: "virsh create of the same XML", ms });
    return ms;
  }

  /** The model's XML as that of a guest of its own, with a disk. */
  async #another(number: number): Promise<Alone> {
    const { id, name, xml } = this.#model;
    const own = { name: `alone-${number}`, tap: `tapalone${number}`, mac: `fa:16:3e:ff:00:${hex(number)}` };
    const text = xml
      .replaceAll(id, randomUUID())
      .replaceAll(name, own.name)
      .replace(/<mac address='[^']+'/, `<mac address='${own.mac}'`)
      .replace(/<target dev='tap[^']+'/, `<target dev='${own.tap}'`);
    const file = join(this.#lab.directory, `${own.name}.xml`);
    writeFileSync(file, text);
    const disk = match(DISK, text);
    mkdirSync(dirname(disk), { recursive: true });
    chownSync(dirname(disk), this.#owner.uid, this.#owner.gid);
    await this.#overlay(disk);
    return { name: own.name, file, disk };
  }

  async #overlay(disk: string): Promise<void> {
    await this.#lab.onHost("qemu-img", ["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", this.#backing, disk, "1G"]);
    chownSync(disk, this.#owner.uid, this.#owner.gid);
  }

  /** The same disk and memory in QEMU alone, until its SSH server speaks. */
  async #bareQemu(): Promise<number> {
    const image = join(this.#lab.directory, "alone.qcow2");
    await this.#overlay(image);
    const net = "user,id=n,hostfwd=tcp:127.0.0.1:2222-:22";
    const args = [
      "-accel",
      "tcg",
      "-m",
      "192",
      "-display",
      "none",
      "-monitor",
      "none",
      "-serial",
      "none",
      "-drive",
      `file=${image},if=virtio`,
    ];
    const begin = performance.now();
    const qemu = this.#lab.spawnOutside("qemu-system-x86_64", [
      ...args,
      "-netdev",
      net,
      "-device",
      "virtio-net-pci,netdev=n",
    ]);
    await this.#speaksSsh("127.0.0.1", 2222);
    const ms = performance.now() - begin;
    qemu.kill("SIGKILL");
    this.#report.add({ what: "QEMU alone to SSH", ms });
    return ms;
  }

  /** Asks for guests at once, each with a floating IP from the first moment: times since the first request. */
  async #guests(count: number): Promise<{ active: number; ssh: number }[]> {
    const client = this.#client;
    const ready: { port: string; floatingIp: string; address: string }[] = [];
    const { networks } = await client.json("GET", "/networking/v2.0/networks?name=public");
    for (let n = 0; n < count; n += 1) {
      const { port } = await client.json("POST", "/networking/v2.0/ports", { port: { network_id: this.#network } });
      const wanted = { floating_network_id: networks[0].id, port_id: port.id };
      const { floatingip } = await client.json("POST", "/networking/v2.0/floatingips", { floatingip: wanted });
      ready.push({ port: port.id, floatingIp: floatingip.id, address: floatingip.floating_ip_address });
    }
    const begin = performance.now();
    const ids: string[] = [];
    const times = await Promise.all(
      ready.map(async ({ port, address }) => {
        const id = await this.#boot({ port });
        ids.push(id);
        await this.#active(id);
        const active = performance.now() - begin;
        await this.#speaksSsh(address, 22);
        return { active, ssh: performance.now() - begin };
      }),
    );
    await this.#remove(ids);
    for (const { port, floatingIp } of ready) {
      await client.must("DELETE", `/networking/v2.0/floatingips/${floatingIp}`);
      await client.must("DELETE", `/networking/v2.0/ports/${port}`);
    }
    return times;
  }

  #speaksSsh(address: string, port: number): Promise<void> {
    const script = 'exec 3<>"/dev/tcp/$1/$2" && read -r -t 1 -u 3 line && [[ $line == SSH-* ]]';
    const args = ["1", "bash", "-c", script, "bash", address, String(port)];
    const speaks = async () => (await this.#lab.try("world", "timeout", args)).code === 0;
    return until(`SSH at ${address}`, 300, speaks, 20);
  }
}

function match(pattern: RegExp, text: string): string {
  const found = pattern.exec(text)?.[1];
  if (found === undefined) throw new Error(`${pattern} is not in:\n${text}`);
  return found;
}
