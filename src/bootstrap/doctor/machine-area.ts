import type { Host } from "../../host/index.ts";
import { missingRequirements } from "../../host/packages.ts";
import { type FileSystemFacts, type HostStatistics, hostStatistics } from "../../host/statistics.ts";
import type { Settings } from "../../kernel/config/settings.ts";
import type { Examined, Finding } from "./finding.ts";

const GIB = 1024 ** 3;
const gib = (bytes: number) => `${(bytes / GIB).toFixed(1)} GiB`;

/** Disks, memory, packages, KVM, libvirtd, storage, systemd: what the cloud stands on. Of a cloud without guests (null), its disks. */
export async function examineMachine(
  host: Pick<Host, "kvm" | "ledger" | "reapsOrphans"> | null,
  settings: Settings,
): Promise<Examined> {
  const findings: Finding[] = [];
  const machine = await hostStatistics(settings, { busy: true });
  for (const system of machine.fileSystems) {
    const finding = diskFinding(system.holds.join(", "), system);
    if (finding !== null) findings.push(finding);
  }
  if (host !== null) await examineForGuests(host, settings, machine.memory, findings);
  return { name: "Machine", summary: summaryOf(machine), findings };
}

async function examineForGuests(
  host: Pick<Host, "kvm" | "ledger" | "reapsOrphans">,
  settings: Settings,
  memory: HostStatistics["memory"],
  findings: Finding[],
): Promise<void> {
  if (memory.available < GIB / 4)
    findings.push({
      key: "memory-low",
      severity: "warning",
      what: `only ${gib(memory.available)} of ${gib(memory.total)} memory is available`,
      why: "guests may be killed by the kernel",
      todo: "stop guests, or take smaller flavors",
      repair: null,
    });
  await examinePackages(findings);
  if (!(await host.reapsOrphans()))
    findings.push({
      key: "init-missing",
      severity: "warning",
      what: "process 1 does not reap ended processes",
      why: "libvirt waits for each of its own: guests start and end slowly, or not at all",
      todo: "start the container with an init, as `docker run --init` does",
      repair: null,
    });
  if (settings.libvirtType === "kvm") await examineKvm(host, findings);
  examineClock(host, findings);
}

function summaryOf({ fileSystems, memory, processors: { count, busy } }: HostStatistics): string {
  const disks = fileSystems.map((system) => `${spaceText(system)} of ${nameOf(system)}`).join(", ");
  return `free: ${disks}; ${gib(memory.available)} of memory; ${count} processors, ${busy} % busy`;
}

const nameOf = ({ mount, type, holds }: FileSystemFacts): string =>
  mount === null ? (holds[0] ?? "") : `${mount} (${type})`;

interface Space {
  total: number;
  available: number;
}

const percentOf = ({ total, available }: Space): number => (available / total) * 100;
const spaceText = (space: Space): string => `${gib(space.available)} (${percentOf(space).toFixed(0)} %)`;

/** Null while there is room. */
export function diskFinding(holds: string, space: Space): Finding | null {
  const percent = percentOf(space);
  if (percent >= 10 || space.available >= 20 * GIB) return null;
  return {
    key: "disk-full",
    severity: space.available < GIB || percent < 2 ? "error" : "warning",
    what: `the disk of ${holds} is nearly full: ${spaceText(space)} left`,
    why: "when it is full, guests pause at their next write, uploads fail, and the database refuses changes",
    todo: "delete images, volumes or guests, or make room there otherwise",
    repair: null,
  };
}

async function examinePackages(findings: Finding[]): Promise<void> {
  const missing = await missingRequirements();
  if (missing.length === 0) return;
  const names = [...new Set(missing.map((requirement) => requirement.package))].join(" ");
  findings.push({
    key: "packages-missing",
    severity: "error",
    what: `commands are missing: ${missing.map(({ command, why }) => `${command} (${why})`).join(", ")}`,
    why: "their packages were removed since",
    todo: `apt-get install ${names}`,
    repair: "packages",
  });
}

/** What was found out at the first start is kept for the boot; here it is tried again. */
async function examineKvm(host: Pick<Host, "kvm">, findings: Finding[]): Promise<void> {
  const known = await host.kvm("known");
  const now = known.usable ? await host.kvm("look") : known;
  if (now.usable) return;
  if (known.usable) {
    findings.push({
      key: "kvm-broken",
      severity: "error",
      what: `KVM worked, and does not any more: ${now.reason}`,
      why: "no guest can be started",
      todo: "restart the daemon, which emulates guests then; load the module kvm_intel or kvm_amd to have it back",
      repair: "kvm",
    });
    return;
  }
  findings.push({
    key: "kvm-unusable",
    severity: "warning",
    what: `KVM does not work: ${now.reason}`,
    why: "guests are emulated, which is many times slower",
    todo: "enable virtualization in the firmware (or nested virtualization of the outer machine); LIBVIRT_TYPE=qemu silences this",
    repair: null,
  });
}

/** A clock that went back shows in what was written before. */
function examineClock(host: Pick<Host, "ledger">, findings: Finding[]): void {
  const newest = Math.max(0, ...host.ledger.list().map(({ createdAt }) => createdAt));
  const ahead = newest - Date.now();
  if (ahead > 60_000) findings.push(clockFinding(-ahead));
}

export function clockFinding(jump: number): Finding {
  const seconds = Math.round(Math.abs(jump) / 1000);
  return {
    key: "clock-jump",
    severity: "warning",
    what: `the clock has jumped ${seconds} s ${jump < 0 ? "back" : "ahead"}`,
    why: "tokens end too early or too late, and times in logs and answers are not in order",
    todo: "let NTP keep the clock (timedatectl set-ntp true); restarting the daemon takes the new time as it is",
    repair: "daemon",
  };
}

/** libvirtd by itself: it may run and not answer. */
export async function examineLibvirtd(host: Host): Promise<Examined> {
  const name = "libvirtd";
  const { libvirtd, virtlogd } = await host.libvirtd.processes();
  if (await host.libvirtd.isHealthy()) return { name, summary: `answers, pid ${libvirtd?.pid}`, findings: [] };
  const dead = [...(libvirtd === null ? ["libvirtd"] : []), ...(virtlogd === null ? ["virtlogd"] : [])];
  const what = dead.length > 0 ? `${dead.join(" and ")} of this cloud ended` : "libvirtd runs but does not answer";
  return {
    name,
    summary: dead.length > 0 ? "not running" : "does not answer",
    findings: [
      {
        key: "libvirtd-gone",
        severity: "error",
        what,
        why: "guests that run go on, but none can be made, stopped or changed",
        todo: "start libvirtd again; guests that run go on",
        repair: "libvirtd",
      },
    ],
  };
}
