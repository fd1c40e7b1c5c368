import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { contains, parseBlock } from "../../kernel/config/addresses.ts";
import type { Settings } from "../../kernel/config/settings.ts";
import type { Logger } from "../../kernel/log/logger.ts";
import { netnsPath } from "../exec.ts";
import { type NetworkFacts, networkFacts } from "../facts.ts";
import { describe, Presence } from "../kinds/index.ts";
import type { Exec, Ledger, LedgerDetails, LedgerRequest } from "../types.ts";
import { moveNic } from "./nic.ts";
import { type Outside, outsideParts, pool } from "./outside.ts";
import { OWNER, partKey } from "./part.ts";
import { linkAddresses, planRanges, type RangePlan, type Wish } from "./ranges.ts";
import { boxWiring, type Damage, UPLINK } from "./wiring.ts";

/**
 * How floating addresses meet the world. `nat`: a range of their own behind the host, masqueraded. `lan`: the same with some addresses
 * of the host's own network, which nobody else there reaches. `nic`: a spare network card is in the public bridge. `proxy`: the card of
 * the default route stays on the host, which answers ARP for the floating addresses.
 */
export type PublicMode = "nat" | "lan" | "nic" | "proxy";

export interface BoxOptions {
  settings: Settings;
  exec: Exec;
  ledger: Ledger;
  log: Logger;
}

export interface BoxReport {
  netns: string;
  mode: PublicMode;
  /** What was done beyond the plain case, in words for the summary. */
  notes: readonly string[];
}

/**
 * The box in a box: one network namespace that holds the whole data plane. The main namespace (the one the program runs in)
 * gets a veth, a route to FLOATING_RANGE and what else is needed to reach it; all of it is in the ledger.
 */
export class Box {
  readonly netns: string;
  /** The host's end of the link. */
  readonly hostLink: string;
  readonly publicBridge: string;
  readonly #options: BoxOptions;

  constructor(options: BoxOptions) {
    this.#options = options;
    this.netns = options.settings.stackName;
    this.publicBridge = options.settings.network.publicBridge;
    this.hostLink = `${options.settings.stackName}-up`;
  }

  /** Ranges of the settings against the host's routes. To be asked before `up`, and obeyed by loading the settings again with what moved. */
  async planRanges(): Promise<RangePlan> {
    const { settings, exec } = this.#options;
    const facts = await networkFacts(exec);
    const movable = (variable: string): boolean => !settings.explicit.includes(variable);
    const wishes: Wish[] = [
      { variable: "HOST_LINK_RANGE", range: settings.api.hostLinkRange, movable: movable("HOST_LINK_RANGE") },
    ];
    const mode = publicMode(settings, facts);
    // What the user has written may be a part of the host's own LAN; with PUBLIC_INTERFACE it is meant to be.
    if (mode === "nat") {
      const isMovable = movable("FLOATING_RANGE");
      const { floatingRange: range } = settings.network;
      wishes.unshift({ variable: "FLOATING_RANGE", range, movable: isMovable, within: !isMovable });
    } else if (mode === "lan") {
      const variable = "Q_FLOATING_ALLOCATION_POOL";
      wishes.unshift(...pool(settings).map((range) => ({ variable, range, movable: false, within: true })));
    }
    const { fixedRange, subnetPoolPrefix, safeRange } = settings.network;
    // Guests' networks are behind routers and may be what else this host knows of, but not where the host itself is.
    const safe = parseBlock(safeRange);
    if (safe !== null && contains(safe, settings.hostIp)) {
      const derived = ["IPV4_ADDRS_SAFE_TO_USE", "FIXED_RANGE", "SUBNETPOOL_PREFIX_V4"];
      wishes.push({ variable: "IPV4_ADDRS_SAFE_TO_USE", range: safeRange, movable: derived.every(movable) });
    }
    return planRanges(facts, wishes, [this.hostLink], [fixedRange, subnetPoolPrefix]);
  }

  /** Makes what is missing; called at every start, and when something is found to be gone. `leave`: keys of `damage` that are not to be mended. */
  async up(leave: ReadonlySet<string> = new Set()): Promise<BoxReport> {
    const { exec, settings, log } = this.#options;
    const facts = await networkFacts(exec);
    const mode = publicMode(settings, facts);
    const notes: string[] = [];
    await this.#namespaceDirectory();
    await this.#namespace();
    await this.#link();
    await this.#publicBridge(mode);
    const nic = settings.network.publicInterface;
    if (mode === "nic" && nic !== null) {
      await moveNic({ ...this.#options, owner: OWNER }, nic, this.netns, settings.network.publicBridge);
      notes.push(`${nic} is in ${settings.network.publicBridge}`);
    }
    if (mode === "nat") await this.#translation();
    const outside = await this.#outside(mode, facts);
    for (const { request, make } of outside.parts) {
      if (!leave.has(partKey(request))) await this.#options.ledger.create(request, make);
    }
    notes.push(...outside.notes);
    for (const note of notes) log.info(note);
    return { netns: this.netns, mode, notes };
  }

  /** What of it is not as `up` would make it now. Changes nothing. */
  async damage(): Promise<Damage[]> {
    const { exec, settings } = this.#options;
    const facts = await networkFacts(exec);
    const mode = publicMode(settings, facts);
    const presence = new Presence(exec);
    const damage: Damage[] = [];
    // The inside first: what goes while this looks has been seen to be gone by its end.
    const inside = await this.wiring();
    const { parts } = await this.#outside(mode, facts);
    for (const request of [this.#namespaceRequest(), this.#linkRequest(), ...parts.map((one) => one.request)]) {
      if ((await presence.isThere(request)) === false)
        damage.push({ key: partKey(request), what: `${describe(request)} was gone`, why: "" });
    }
    return [...damage, ...inside];
  }

  /** What is wrong inside, which is not row by row in the ledger: it goes with its namespace. Empty when that is gone. */
  async wiring(): Promise<Damage[]> {
    const { exec, settings } = this.#options;
    const mode = publicMode(settings, await networkFacts(exec));
    return boxWiring({ exec, settings, netns: this.netns, hostLink: this.hostLink, mode });
  }

  /** Whether namespace and link are there and up. */
  async isUp(): Promise<boolean> {
    const { exec } = this.#options;
    const args = ["-br", "link", "show", "dev"];
    const host = await exec.run("ip", [...args, this.hostLink], { allowFailure: true });
    if (host.exitCode !== 0) return false;
    const box = await exec.run("ip", [...args, UPLINK], { netns: this.netns, allowFailure: true });
    return box.exitCode === 0 && / UP /.test(box.stdout);
  }

  /** Takes all of it away again (part of `ledger.undoAll()`, which unstack uses). */
  async down(): Promise<void> {
    const report = await this.#options.ledger.undoAll({ owner: OWNER });
    if (report.failures[0] !== undefined) throw report.failures[0].error;
  }

  /** The first `ip netns add` of a boot makes this directory and mounts it upon itself: unstack takes that back, unless others use it. */
  async #namespaceDirectory(): Promise<void> {
    const { ledger } = this.#options;
    const path = dirname(netnsPath(this.netns));
    if ((await readFile("/proc/self/mountinfo", "utf8")).includes(` ${path} `)) return;
    const nothing = () => undefined;
    if (!existsSync(path)) {
      const details = { path, recursive: false };
      await ledger.create({ kind: "directory", name: path, details, owner: OWNER }, nothing);
    }
    await ledger.create(
      { kind: "mount", name: path, details: { target: path, whenEmpty: true }, owner: OWNER },
      nothing,
    );
  }

  #namespaceRequest(): LedgerRequest<"namespace"> {
    return { kind: "namespace", name: this.netns, details: {}, owner: OWNER };
  }

  async #namespace(): Promise<void> {
    const { exec, ledger } = this.#options;
    await ledger.create(this.#namespaceRequest(), async () => {
      const present = await readFile("/proc/self/mountinfo", "utf8");
      if (present.includes(` ${netnsPath(this.netns)} `)) return;
      // After a reboot /run is empty; after a crash the file may be left without a namespace behind it.
      await exec.run("ip", ["netns", "del", this.netns], { allowFailure: true });
      if (await this.#nameAgain()) return;
      await exec.run("ip", ["netns", "add", this.netns]);
    });
    await exec.run("ip", ["link", "set", "dev", "lo", "up"], { netns: this.netns });
    await this.#set("net/ipv4/ip_forward", "1", this.netns);
  }

  /** Somebody deleted the namespace's name, but our daemons and guests live in it: it gets its name back, with all that is in it. */
  async #nameAgain(): Promise<boolean> {
    const { exec, ledger, log } = this.#options;
    for (const { details } of ledger.list({ kind: "process" })) {
      const { pidFile, match } = details as LedgerDetails["process"];
      const pid = (await exec.readPidFile(pidFile, match))?.pid;
      if (pid === undefined) continue;
      const inside = await exec.run("nsenter", [`--net=/proc/${pid}/ns/net`, "ip", "link", "show", "dev", UPLINK], {
        allowFailure: true,
      });
      if (inside.exitCode !== 0) continue;
      await exec.run("ip", ["netns", "attach", this.netns, String(pid)]);
      log.warning(`the namespace ${this.netns} had lost its name; what lives in it was not harmed`);
      return true;
    }
    return false;
  }

  #linkRequest(): LedgerRequest<"veth"> {
    const details = { netns: null, peer: UPLINK, peerNetns: this.netns };
    return { kind: "veth", name: this.hostLink, details, owner: OWNER };
  }

  async #link(): Promise<void> {
    const { exec, ledger, settings } = this.#options;
    const { host, box, prefix } = linkAddresses(settings.api.hostLinkRange);
    await ledger.create(this.#linkRequest(), async () => {
      if (await this.#exists(this.hostLink, null)) {
        if (await this.#exists(UPLINK, this.netns)) return;
        await exec.run("ip", ["link", "del", "dev", this.hostLink]);
      }
      const peer = ["peer", "name", UPLINK, "netns", this.netns];
      await exec.run("ip", ["link", "add", this.hostLink, "type", "veth", ...peer]);
    });
    await exec.run("ip", ["link", "set", "dev", this.hostLink, "alias", `tenrec ${this.netns}`]);
    await exec.run("ip", ["address", "replace", `${host}/${prefix}`, "dev", this.hostLink]);
    await exec.run("ip", ["address", "replace", `${box}/${prefix}`, "dev", UPLINK], { netns: this.netns });
    await exec.run("ip", ["link", "set", "dev", UPLINK, "up"], { netns: this.netns });
    await exec.run("ip", ["link", "set", "dev", this.hostLink, "up"]);
    await exec.run("ip", ["route", "replace", "default", "via", host, "dev", UPLINK], { netns: this.netns });
  }

  /** PUBLIC_BRIDGE with the gateway's address on it, as DevStack's br-ex. */
  async #publicBridge(mode: PublicMode): Promise<void> {
    const { exec, ledger, settings } = this.#options;
    const { publicBridge: bridge, publicBridgeMtu, publicGateway, floatingRange } = settings.network;
    const netns = this.netns;
    const request = { kind: "bridge" as const, name: `${netns}/${bridge}`, details: { netns }, owner: OWNER };
    await ledger.create(request, async () => {
      if (await this.#exists(bridge, netns)) return;
      // An address of its own: by default it is the lowest of the ports', and changes as taps come and go.
      const mac = ["fa", "16", "3e", ...[...randomBytes(3)].map((byte) => byte.toString(16).padStart(2, "0"))].join(
        ":",
      );
      await exec.run("ip", ["link", "add", bridge, "address", mac, "type", "bridge", "forward_delay", "0"], { netns });
    });
    if (publicBridgeMtu > 0)
      await exec.run("ip", ["link", "set", "dev", bridge, "mtu", String(publicBridgeMtu)], { netns });
    await exec.run("ip", ["link", "set", "dev", bridge, "up"], { netns });
    const prefix = floatingRange.split("/")[1] ?? "24";
    if (mode === "nat") {
      await exec.run("ip", ["address", "replace", `${publicGateway}/${prefix}`, "dev", bridge], { netns });
    } else if (mode === "proxy" || mode === "lan") {
      // The gateway is a real router on the LAN, so no address goes on the bridge where that is reached: all of the LAN but our pool is on
      // the other side of the uplink, and the bridge answers ARP for it.
      if (mode === "lan") await exec.run("ip", ["address", "replace", `${publicGateway}/32`, "dev", bridge], { netns });
      for (const cidr of pool(settings)) await exec.run("ip", ["route", "replace", cidr, "dev", bridge], { netns });
      await this.#set(`net/ipv4/conf/${bridge}/proxy_arp`, "1", netns);
    }
  }

  #outside(mode: PublicMode, facts: NetworkFacts): Promise<Outside> {
    return outsideParts({ ...this.#options, netns: this.netns, hostLink: this.hostLink, mode, facts });
  }

  /** What the box itself sends (name service for guests) leaves it under the gateway's address, so that one rule on the host does. */
  async #translation(): Promise<void> {
    const { exec, settings } = this.#options;
    const { floatingRange, publicGateway } = settings.network;
    const comment = ["-m", "comment", "--comment", `tenrec ${this.netns}`];
    const rule = [...comment, "-o", UPLINK, "!", "-s", floatingRange, "-j", "SNAT", "--to-source", publicGateway];
    const chain = ["-w", "-t", "nat"];
    const options = { netns: this.netns };
    const check = [...chain, "-C", "POSTROUTING", ...rule];
    const { exitCode } = await exec.run("iptables", check, { ...options, allowFailure: true });
    if (exitCode !== 0) await exec.run("iptables", [...chain, "-A", "POSTROUTING", ...rule], options);
  }

  async #exists(link: string, netns: string | null): Promise<boolean> {
    const options = { netns, allowFailure: true };
    return (await this.#options.exec.run("ip", ["link", "show", "dev", link], options)).exitCode === 0;
  }

  /** Inside the box nothing needs to be set back: it goes as a whole. */
  async #set(key: string, value: string, netns: string): Promise<void> {
    await this.#options.exec.run("tee", [`/proc/sys/${key}`], { input: value, netns });
  }
}

/** Which of the three ways PUBLIC_INTERFACE means on this host. */
export function publicMode(settings: Settings, facts: NetworkFacts): PublicMode {
  const nic = settings.network.publicInterface;
  if (nic === null) return settings.network.floatingAllocationPool !== null && isHostInRange(settings) ? "lan" : "nat";
  const main = facts.defaultRoute?.interface === nic || settings.hostIpInterface === nic;
  const hasHostIp = facts.addresses.some(({ interface: name, address }) => name === nic && address === settings.hostIp);
  return main || hasHostIp ? "proxy" : "nic";
}

function isHostInRange({ hostIp, network }: Settings): boolean {
  const range = parseBlock(network.floatingRange);
  return range !== null && contains(range, hostIp);
}
