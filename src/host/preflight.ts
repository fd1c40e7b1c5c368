import { createSocket } from "node:dgram";
import { existsSync } from "node:fs";
import { createServer, isIPv6 } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Settings } from "../kernel/config/settings.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Box } from "./box/box.ts";
import { existingParent, interfaceFacts, isInMemory, machineFacts, osRelease } from "./facts.ts";
import { type KvmProbe, probeKvm } from "./kvm-probe.ts";
import { missingRequirements, type Requirement } from "./packages.ts";
import { type FileSystemFacts, type HostStatistics, hostStatistics } from "./statistics.ts";
import type { Exec } from "./types.ts";

export interface Check {
  /** `root`, `os`, `disk`, `memory`, `processors`, `links`, `packages`, `namespaces`, `kvm`, `ranges`, `ports`, `no-devstack`. */
  name: string;
  severity: "ok" | "warning" | "error";
  message: string;
  /** What to do about it; empty when fine. */
  hint: string;
}

export interface Preflight {
  checks: readonly Check[];
  missing: readonly Requirement[];
  kvm: KvmProbe | null;
}

const GIB = 1024 ** 3;

/**
 * Looks whether this machine can carry the cloud, before anything is changed on it. Errors must stop stack (unless FORCE, for the
 * distribution); warnings are shown in the summary.
 */
export async function preflight(parts: {
  settings: Settings;
  exec: Exec;
  box: Box;
  /** Only to look: also what takes its time and stops nothing (processors and links), and nothing is kept of it. */
  thorough?: boolean;
}): Promise<Preflight> {
  const { settings, exec, box } = parts;
  const checks: Check[] = [];
  const ok = (name: string, message: string): void => void checks.push({ name, severity: "ok", message, hint: "" });
  const say = (severity: "warning" | "error", name: string, message: string, hint: string): void =>
    void checks.push({ name, severity, message, hint });

  if (existsSync(join(homedir(), ".no-devstack"))) {
    say(
      "error",
      "no-devstack",
      "~/.no-devstack says that no cloud may be set up on this machine",
      "remove that file if it may",
    );
  }
  if (settings.virtDriver === "fake") return { checks, missing: [], kvm: null };

  if (process.getuid?.() === 0) ok("root", "runs as root");
  else
    say(
      "error",
      "root",
      "needs root for network namespaces, taps and libvirt",
      "run it with sudo, or set VIRT_DRIVER=fake",
    );

  const os = await osRelease();
  const debian = [os.id, ...os.like].some((id) => id === "debian" || id === "ubuntu");
  if (debian) ok("os", os.name);
  else {
    const hint = "Debian and Ubuntu are known to work; FORCE=yes goes on, with packages installed by hand";
    say(settings.force ? "warning" : "error", "os", `${os.name || "this system"} is not a Debian or Ubuntu`, hint);
  }

  const machine = await hostStatistics(settings, { busy: parts.thorough === true });
  for (const system of machine.fileSystems) disk(system, settings, ok, say);
  if (await isInMemory(existingParent(settings.dataDir))) {
    say(
      "warning",
      "disk",
      `${settings.dataDir} is on a file system in memory`,
      "a reboot takes the cloud away; DATA_DIR may point elsewhere",
    );
  }

  const { memory } = machine;
  const room = `${(memory.available / GIB).toFixed(1)} of ${(memory.total / GIB).toFixed(1)} GiB memory available`;
  if (memory.available < GIB / 2) say("error", "memory", room, "at least 512 MiB are needed for a single small guest");
  else if (memory.available < 2 * GIB) say("warning", "memory", room, "only a few small guests will fit");
  else ok("memory", room);

  if (parts.thorough === true) await processors(machine, ok);
  if (parts.thorough === true || settings.network.publicInterface !== null) await links(settings, ok, say);

  const missing = await missingRequirements();
  const names = [...new Set(missing.map((requirement) => requirement.package))].join(" ");
  if (missing.length === 0) ok("packages", "all commands are there");
  else if (settings.offline)
    say("error", "packages", `missing packages: ${names}`, `OFFLINE=True: install them with: apt-get install ${names}`);
  else if (!debian) say("error", "packages", `missing packages: ${names}`, "install what provides them on this system");
  else say("warning", "packages", `missing packages: ${names}`, "stack installs them");

  await namespaces(exec, ok, say);

  let kvm: KvmProbe | null = null;
  if (settings.libvirtType === "kvm" && !missing.some(({ command }) => command.startsWith("qemu-system"))) {
    kvm = await probeKvm(exec, { cacheFile: join(settings.dataDir, "kvm-probe.json"), keep: parts.thorough !== true });
    if (kvm.usable) ok("kvm", kvm.reason);
    else say("warning", "kvm", `guests are emulated, which is slow: ${kvm.reason}`, "LIBVIRT_TYPE=qemu silences this");
  }

  if (!missing.some(({ command }) => command === "ip")) {
    const { collisions } = await box.planRanges();
    for (const { variable, range, route, interface: device, movedTo } of collisions) {
      const where = `${variable} ${range} collides with the host's route ${route}${device === null ? "" : ` (${device})`}`;
      if (movedTo === null)
        say("error", "ranges", where, `choose another ${variable}, or leave it out: then a free one is taken`);
      else say("warning", "ranges", `${where}: ${movedTo} is used instead`, `set ${variable} to choose another`);
    }
    if (collisions.length === 0) ok("ranges", "no address range is in the host's way");
  }

  await ports(settings, ok, say);
  return { checks, missing, kvm };
}

type Ok = (name: string, message: string) => void;
type Say = (severity: "warning" | "error", name: string, message: string, hint: string) => void;

async function namespaces(exec: Exec, ok: Ok, say: Say): Promise<void> {
  try {
    await exec.run("unshare", ["--net", "--mount", "true"]);
    ok("namespaces", "namespaces can be made");
  } catch (error) {
    const hint = "inside a container it must be a privileged one";
    say("error", "namespaces", `network namespaces cannot be made: ${messageOf(error)}`, hint);
  }
}

/** Room for what the cloud keeps there; of logs alone it needs less. */
function disk({ available, device, type, holds }: FileSystemFacts, settings: Settings, ok: Ok, say: Say): void {
  const where = device === null ? "" : ` (${device}, ${type})`;
  const room = `${(available / GIB).toFixed(1)} GiB free for ${holds.join(", ")}${where}`;
  const isOfData = holds.some((directory) => directory !== settings.logging.dir);
  if (available < (isOfData ? 2 : 0.25) * GIB)
    say(
      "error",
      "disk",
      room,
      `at least ${isOfData ? "2 GiB" : "256 MiB"} are needed; ${variablesOf(holds, settings)} may point elsewhere`,
    );
  else if (isOfData && available < 10 * GIB)
    say("warning", "disk", room, "guests with larger images will fill it soon");
  else ok("disk", room);
}

const variablesOf = (holds: readonly string[], { directories }: Settings): string =>
  directories.flatMap(({ variable, path }) => (holds.includes(path) ? [variable] : [])).join(", ");

async function processors({ processors: { load, busy } }: HostStatistics, ok: Ok): Promise<void> {
  const { cpu, arch } = await machineFacts();
  ok("processors", `${cpu.count} × ${cpu.model || arch}, load ${(load[0] ?? 0).toFixed(1)}, ${busy} % busy`);
}

/** The interface of HOST_IP and PUBLIC_INTERFACE: whether something is at their other end, and takes what guests send. */
async function links({ hostIpInterface, network }: Settings, ok: Ok, say: Say): Promise<void> {
  const wanted = new Set([hostIpInterface, network.publicInterface ?? ""]);
  for (const { name, type, hasLink, speed, mtu } of await interfaceFacts()) {
    if (!wanted.has(name)) continue;
    const about = `${name}${speed === null ? "" : `, ${speed} Mbit/s`}, MTU ${mtu}`;
    if (!hasLink) say("warning", "links", `${about}: no link`, "plug it in, or choose another interface");
    else if (name === network.publicInterface && type === "wireless")
      say("warning", "links", `${about}: wireless`, "access points drop what guests send under addresses of their own");
    else ok("links", about);
  }
}

/** The API port must be free (or be ours already); a taken one of a service only costs that port. */
export async function ports(
  settings: Pick<Settings, "ports" | "listening" | "listenAddress">,
  ok: Ok,
  say: Say,
): Promise<void> {
  const { api } = settings.ports;
  if (!(await canListen(api, settings.listenAddress))) {
    const hint = `stop what listens there, or choose another API_PORT (ss -ltnp 'sport = :${api}' names it)`;
    say("error", "ports", `port ${api} is taken`, hint);
  } else ok("ports", `port ${api} is free`);
  for (const { what, port, transports, ifTaken } of settings.listening) {
    const isTaken = {
      tcp: async () => port !== api && !(await canListen(port, settings.listenAddress)),
      udp: async () => !(await canBind(port, settings.listenAddress)),
    };
    for (const transport of transports) {
      const name = transport === "tcp" ? `port ${port}` : `UDP port ${port}`;
      if (await isTaken[transport]()) say("warning", "ports", `${name} (${what}) is taken`, ifTaken);
    }
  }
}

/** The same for UDP. */
function canBind(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
    socket.once("error", () => socket.close(() => resolve(false)));
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve(true)));
  });
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
