import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { HostExec } from "../../../../src/host/exec.ts";
import { registerUndos } from "../../../../src/host/kinds/index.ts";
import { HostLedger, openLedgerDatabase } from "../../../../src/host/ledger.ts";
import { hostNetwork } from "../../../../src/host/net/index.ts";
import type { Exec, RunOptions, RunResult } from "../../../../src/host/types.ts";
import { discard, Logger, type LogRecord } from "../../../../src/kernel/log/logger.ts";
import { systemClock } from "../../../../src/kernel/time/clock.ts";
import {
  bridgeName,
  type DesiredFirewall,
  type DesiredNetwork,
  type DesiredPortFirewall,
  type DesiredRouter,
  type DesiredRule,
  type DesiredSubnet,
  tapDevice,
} from "../../../../src/services/network/driver/driver.ts";
import { LinuxNetworkDriver } from "../../../../src/services/network/driver/linux/driver.ts";
import { until as waitUntil } from "../../../support/patience.ts";

/** Counts commands on their way to the host, and what they are given to read. */
class CountingExec extends HostExec {
  readonly counts = new Map<string, number>();
  characters = 0;
  override run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    this.counts.set(command, (this.counts.get(command) ?? 0) + 1);
    this.characters += typeof options.input === "string" ? options.input.length : 0;
    return super.run(command, args, options);
  }
}

export interface Guest {
  namespace: string;
  portId: string;
  networkId: string;
  mac: string;
  address: string;
  tap: string;
}

/** A box namespace with a driver in it, simulated guests (a namespace each, on a tap), and an outside world on the public bridge. */
export class Lab {
  readonly prefix = `dpl-${randomBytes(3).toString("hex")}`;
  readonly box = `${this.prefix}-box`;
  readonly notes: string[] = [];
  readonly logs: LogRecord[] = [];
  readonly #log = new Logger("test", {
    sink: process.env.LAB_LOG ? (record) => console.error(record) : (r) => this.logs.push(r),
    level: "debug",
  });
  readonly exec = new CountingExec({ log: this.#log, tracer: null });
  readonly plain: Exec = new HostExec({ log: new Logger("lab", { sink: discard }), tracer: null });
  readonly #children = new Set<ChildProcess>();
  readonly #namespaces: string[] = [];
  directory = "";
  ledger!: HostLedger;
  driver!: LinuxNetworkDriver;

  static async start(): Promise<Lab> {
    const lab = new Lab();
    lab.directory = await mkdtemp(join(tmpdir(), "dpl-"));
    lab.ledger = new HostLedger(openLedgerDatabase(join(lab.directory, "ledger.sqlite"), systemClock), systemClock);
    registerUndos(lab.ledger, lab.exec);
    await lab.addNamespace(lab.box);
    await lab.run(lab.box, "sysctl", "-qw", "net.ipv4.ip_forward=1");
    lab.driver = lab.newDriver();
    await lab.driver.start();
    return lab;
  }

  /** Another driver over the same host and ledger: what a restart of the program does. */
  newDriver(): LinuxNetworkDriver {
    const host = hostNetwork({ exec: this.exec, ledger: this.ledger, stateDirectory: join(this.directory, "dhcp") });
    return new LinuxNetworkDriver({
      host,
      box: this.box,
      publicBridge: "br-ex",
      publicGateway: true,
      upstreamDns: [],
      leaseDuration: 86_400,
      watchInterval: 0,
      log: this.#log,
    });
  }

  async stop(): Promise<void> {
    for (const child of this.#children) child.kill("SIGKILL");
    await this.driver.stop();
    await this.driver.prune({ networkIds: new Set(), routerIds: new Set() });
    await this.ledger.undoAll();
    for (const name of this.#namespaces) await this.plain.run("ip", ["netns", "del", name], { allowFailure: true });
    await rm(this.directory, { recursive: true, force: true });
  }

  async addNamespace(name: string): Promise<void> {
    await this.plain.run("ip", ["netns", "add", name]);
    this.#namespaces.push(name);
    await this.plain.run("ip", ["-n", name, "link", "set", "lo", "up"]);
  }

  /** In a namespace; throws when it fails. */
  async run(netns: string, command: string, ...args: string[]): Promise<string> {
    return (await this.plain.run(command, args, { netns })).stdout;
  }

  /** Whether it succeeds. */
  async succeeds(netns: string, command: string, ...args: string[]): Promise<boolean> {
    return (await this.plain.run(command, args, { netns, allowFailure: true })).exitCode === 0;
  }

  async ping(netns: string, address: string, ...more: string[]): Promise<boolean> {
    // Whoever did not answer before is asked for now, not when the kernel would ask again.
    for (const state of ["incomplete", "failed"]) await this.run(netns, "ip", "neigh", "flush", "all", "nud", state);
    return this.succeeds(netns, "ping", "-n", "-c", "1", "-W", "1", ...more, address);
  }

  /** Runs JavaScript in a namespace and gives its output; null when it failed. */
  async script(netns: string, code: string, ...args: string[]): Promise<string | null> {
    const options = { netns, allowFailure: true, timeout: 20_000 };
    const result = await this.plain.run(process.execPath, ["--input-type=module", "-e", code, ...args], options);
    return result.exitCode === 0 ? result.stdout : null;
  }

  /** The same, left running; lines of output go to `lines`. */
  background(netns: string, code: string, ...args: string[]): { lines: string[]; child: ChildProcess } {
    return this.program(netns, process.execPath, "--input-type=module", "-e", code, ...args);
  }

  /** A program left running. */
  program(netns: string, ...command: string[]): { lines: string[]; child: ChildProcess } {
    const child = spawn("nsenter", [`--net=/run/netns/${netns}`, ...command], { stdio: ["ignore", "pipe", "inherit"] });
    const lines: string[] = [];
    let rest = "";
    child.stdout.on("data", (data: Buffer) => {
      const parts = (rest + data.toString()).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts.filter(Boolean));
    });
    this.#children.add(child);
    return { lines, child };
  }

  async dhcp(guest: Guest, timeout = 8_000): Promise<Record<string, unknown> | null> {
    const client = fileURLToPath(new URL("./dhcp-client.ts", import.meta.url));
    const options = { netns: guest.namespace, allowFailure: true };
    await this.run(guest.namespace, "ip", "route", "replace", "255.255.255.255/32", "dev", "eth0");
    const result = await this.plain.run(process.execPath, [client, guest.mac, String(timeout)], options);
    return result.exitCode === 0 ? JSON.parse(result.stdout) : null;
  }

  /** What a guest that names itself by its MAC, or by the UUID, is given by DHCPv6; null when nobody answers. */
  async dhcp6(guest: Guest, mode: "stateful" | "stateless", uuid?: string): Promise<Record<string, unknown> | null> {
    const client = fileURLToPath(new URL("./dhcp6-client.ts", import.meta.url));
    const options = { netns: guest.namespace, allowFailure: true };
    const result = await this.plain.run(
      process.execPath,
      [client, guest.mac, mode, ...(uuid === undefined ? [] : [uuid])],
      options,
    );
    return result.exitCode === 0 ? JSON.parse(result.stdout) : null;
  }

  /** A port and a namespace behind its tap; address and default route are set by hand unless `dhcp`. */
  async guest(
    network: DesiredNetwork,
    address: string,
    options: { dhcp?: boolean; bridge?: string; gateway?: string } = {},
  ): Promise<Guest> {
    const portId = randomUUID();
    const mac = `fa:16:3e:${[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0")).join(":")}`;
    const guest = {
      namespace: `${this.prefix}-${portId.slice(0, 6)}`,
      portId,
      networkId: network.id,
      mac,
      address,
      tap: tapDevice(portId),
    };
    await this.addNamespace(guest.namespace);
    await this.plug(guest, options.bridge ?? bridgeName(network.id));
    if (!options.dhcp) {
      await this.run(guest.namespace, "ip", "address", "add", `${address}/24`, "dev", "eth0");
      await this.run(guest.namespace, "ip", "route", "add", "default", "via", options.gateway ?? gatewayOf(network));
    }
    return guest;
  }

  async plug(guest: Guest, bridge: string): Promise<void> {
    const peer = ["peer", "name", "eth0", "address", guest.mac, "netns", guest.namespace];
    await this.plain.run("ip", ["-n", this.box, "link", "add", guest.tap, "type", "veth", ...peer]);
    await this.plain.run("ip", ["-n", this.box, "link", "set", guest.tap, "master", bridge, "up"]);
    await this.run(guest.namespace, "ip", "link", "set", "eth0", "up");
  }

  /** A namespace with a foot on the public bridge. */
  async outside(address: string): Promise<string> {
    const name = `${this.prefix}-out`;
    await this.addNamespace(name);
    const peer = ["peer", "name", "eth0", "netns", name];
    await this.plain.run("ip", ["-n", this.box, "link", "add", "up0", "type", "veth", ...peer]);
    await this.plain.run("ip", ["-n", this.box, "link", "set", "up0", "master", "br-ex", "up"]);
    await this.run(name, "ip", "address", "add", `${address}/24`, "dev", "eth0");
    await this.run(name, "ip", "link", "set", "eth0", "up");
    return name;
  }
}

export async function until(what: string, check: () => Promise<boolean> | boolean, ms = 10_000): Promise<void> {
  await waitUntil(what, ms / 1000, check);
}

const gatewayOf = (network: DesiredNetwork): string => network.subnets[0]?.gatewayIp ?? "";

export function subnet(cidr: string, gatewayIp: string | null, more: Partial<DesiredSubnet> = {}): DesiredSubnet {
  const base = { id: randomUUID(), cidr, gatewayIp, enableDhcp: true, dnsNameservers: [], hostRoutes: [] };
  const version = cidr.includes(":") ? (6 as const) : (4 as const);
  return { ...base, ipVersion: version, ipv6AddressMode: null, ipv6RaMode: null, ...more };
}

/** A network with DHCP at .2 of its first subnet. */
export function network(subnets: DesiredSubnet[], more: Partial<DesiredNetwork> = {}): DesiredNetwork {
  const fixedIps = subnets.map(({ id, cidr }) => ({
    subnetId: id,
    address: cidr.includes(":") ? cidr.replace(/::\/\d+$/, "::2") : cidr.replace(/0\/\d+$/, "2"),
    prefixLength: Number(cidr.split("/")[1]),
  }));
  const base = {
    id: randomUUID(),
    projectId: "p",
    mtu: 1450,
    external: false,
    adminStateUp: true,
    dnsDomain: "openstacklocal",
  };
  return { ...base, subnets, dhcp: { portId: randomUUID(), mac: "fa:16:3e:00:00:02", fixedIps }, leases: [], ...more };
}

export function router(more: Partial<DesiredRouter> = {}): DesiredRouter {
  const lists = { interfaces: [], routes: [], floatingIps: [], portForwardings: [] };
  return { id: randomUUID(), projectId: "p", adminStateUp: true, gateway: null, ...lists, ...more };
}

/** A router's foot at the subnet's gateway address. */
export function foot(of: DesiredNetwork, address?: string) {
  const [first] = of.subnets;
  const bytes = [...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
  const fixedIps = [
    {
      subnetId: first?.id ?? "",
      address: address ?? first?.gatewayIp ?? "",
      prefixLength: Number(first?.cidr.split("/")[1]),
    },
  ];
  return { portId: randomUUID(), networkId: of.id, mac: `fa:16:3e:${bytes}`, mtu: of.mtu, fixedIps, advertise: [] };
}

export function portOf(
  guest: Guest,
  groups: readonly string[],
  more: Partial<DesiredPortFirewall> = {},
): DesiredPortFirewall {
  const { portId, networkId, mac, address } = guest;
  const fixedIps = [{ subnetId: "s", address, prefixLength: 24 }];
  return {
    portId,
    networkId,
    mac,
    fixedIps,
    allowedAddressPairs: [],
    portSecurityEnabled: true,
    securityGroupIds: groups,
    stateless: false,
    ...more,
  };
}

export function rule(direction: "ingress" | "egress", more: Partial<DesiredRule> = {}): DesiredRule {
  const base = { protocol: null, portRangeMin: null, portRangeMax: null, remoteIpPrefix: null, remoteGroupId: null };
  return { id: randomUUID(), direction, ethertype: "IPv4", ...base, ...more };
}

export const tcp = (port: number, more: Partial<DesiredRule> = {}): DesiredRule =>
  rule("ingress", { protocol: "tcp", portRangeMin: port, portRangeMax: port, ...more });

/** The lines of a CHATTER that came back. */
export const ticks = ({ lines }: { lines: readonly string[] }): number =>
  lines.filter((line) => line.startsWith("tick")).length;

/** When a CHATTER has sent so many lines more. */
export async function untilSent({ lines }: { lines: readonly string[] }, more: number): Promise<void> {
  const sent = () => lines.filter((line) => line === "sent").length;
  const before = sent();
  await until(`${more} more lines are sent`, () => sent() >= before + more);
}

export function group(
  rules: readonly DesiredRule[],
  memberAddresses: readonly string[] = [],
): DesiredFirewall["groups"][number] {
  return { id: randomUUID(), rules, memberAddresses };
}

export const egressAll = (): DesiredRule[] => [rule("egress"), rule("egress", { ethertype: "IPv6" })];

/** A TCP server that echoes, `args: PORT`; prints "ready". */
export const ECHO = `
import net from "node:net";
net.createServer((s) => { s.on("data", (d) => s.write(d)); s.on("error", () => {}); }).listen(Number(process.argv[1]), () => console.log("ready"));`;

/** A client that sends a line every 100 ms, says "sent", and prints what comes back ("tick 7"); args: HOST PORT. */
export const CHATTER = `
import net from "node:net";
const s = net.connect(Number(process.argv[2]), process.argv[1]);
s.on("error", (e) => console.log("error " + e.code));
s.on("connect", () => { let n = 0; setInterval(() => { s.write("tick " + n++ + "\\n"); console.log("sent"); }, 100); });
s.on("data", (d) => process.stdout.write(d));`;

/** Connects and prints "connected" or fails within 2 s; args: HOST PORT. */
export const CONNECT = `
import net from "node:net";
const s = net.connect(Number(process.argv[2]), process.argv[1], () => { console.log("connected"); process.exit(0); });
s.on("error", () => process.exit(1)); setTimeout(() => process.exit(2), 2000);`;
