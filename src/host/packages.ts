import { access, constants, readFile, rm, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { canHaveDeviceMapper } from "./lvm.ts";
import type { Exec, Ledger } from "./types.ts";

export interface Requirement {
  /** Looked for on the PATH; or, with a slash, a file that must exist. */
  command: string;
  /** Debian's and Ubuntu's package. */
  package: string;
  why: string;
}

const isArm = process.arch === "arm64";

/** The guests' architecture is the host's. */
export const EMULATOR = isArm
  ? { command: "qemu-system-aarch64", package: "qemu-system-arm" }
  : { command: "qemu-system-x86_64", package: "qemu-system-x86" };

/** UEFI for guests; machines of ARM boot with nothing else. */
export const FIRMWARE = isArm
  ? { command: "/usr/share/AAVMF/AAVMF_CODE.fd", package: "qemu-efi-aarch64" }
  : { command: "/usr/share/OVMF", package: "ovmf" };

/** What the data plane and the guests need everywhere. */
export const REQUIREMENTS: readonly Requirement[] = [
  { command: "ip", package: "iproute2", why: "bridges, namespaces, routes" },
  { command: "nsenter", package: "util-linux", why: "commands in network namespaces" },
  { command: "sysctl", package: "procps", why: "the kernel's network settings" },
  { command: "modprobe", package: "kmod", why: "kernel modules of bridges and volumes" },
  { command: "losetup", package: "mount", why: "loop devices" },
  { command: "iptables", package: "iptables", why: "address translation and security groups" },
  { command: "ipset", package: "ipset", why: "address sets of security groups" },
  { command: "nft", package: "nftables", why: "anti-spoofing" },
  { command: "conntrack", package: "conntrack", why: "cutting connections that a rule no longer allows" },
  { command: "arping", package: "iputils-arping", why: "announcing floating IPs" },
  { command: "dnsmasq", package: "dnsmasq-base", why: "DHCP for guests" },
  { ...EMULATOR, why: "guests" },
  ...(isArm ? [{ ...FIRMWARE, why: "the firmware that guests boot with" }] : []),
  { command: "qemu-img", package: "qemu-utils", why: "disk images" },
  { command: "libvirtd", package: "libvirt-daemon", why: "guests" },
  { command: "/etc/libvirt", package: "libvirt-daemon-system", why: "the unprivileged user that guests run as" },
  { command: "virsh", package: "libvirt-clients", why: "taking guests away again" },
];

/** Where volumes are logical volumes. */
const LVM_REQUIREMENTS: readonly Requirement[] = [
  { command: "lvcreate", package: "lvm2", why: "volumes" },
  // lvm2 only recommends it, and does not activate thin pools without it.
  { command: "thin_check", package: "thin-provisioning-tools", why: "thin volumes" },
];

/** What this very machine needs. */
export async function hostRequirements(): Promise<readonly Requirement[]> {
  return (await canHaveDeviceMapper()) ? [...REQUIREMENTS, ...LVM_REQUIREMENTS] : REQUIREMENTS;
}

/** What is not there; of what this machine needs, unless told. */
export async function missingRequirements(requirements?: readonly Requirement[]): Promise<Requirement[]> {
  const missing: Requirement[] = [];
  for (const requirement of requirements ?? (await hostRequirements())) {
    if (!(await isPresent(requirement.command))) missing.push(requirement);
  }
  return missing;
}

async function isPresent(command: string): Promise<boolean> {
  if (command.includes("/")) return exists(command);
  const directories = [
    ...(process.env.PATH ?? "").split(delimiter),
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    "/usr/bin",
    "/bin",
  ];
  for (const directory of directories) {
    if (directory === "") continue;
    const found = await access(join(directory, command), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

const POLICY = "/usr/sbin/policy-rc.d";
/** invoke-rc.d: 101 means "not allowed to start". */
const POLICY_TEXT = "#!/bin/sh\nexit 101\n";
const APT_TIMEOUT_MS = 1_800_000;

export interface InstallOptions {
  offline: boolean;
  /** One line per thing done, for the progress display. */
  progress?: (line: string) => void;
}

/**
 * Installs the packages behind what is missing, and nothing else: no recommended packages, no upgrades, and no service starts
 * that was not there before (a system libvirtd would make its own network). Returns the packages installed.
 * OFFLINE: throws an error that names them.
 */
export async function installMissing(
  exec: Exec,
  ledger: Ledger,
  requirements: readonly Requirement[],
  options: InstallOptions,
): Promise<string[]> {
  const packages = [...new Set(requirements.map((requirement) => requirement.package))].sort();
  if (packages.length === 0) return [];
  if (options.offline) {
    throw new Error(`missing packages, and OFFLINE=True: install them with: apt-get install ${packages.join(" ")}`);
  }
  const before = await units();
  const env = { DEBIAN_FRONTEND: "noninteractive", NEEDRESTART_SUSPEND: "1" };
  const apt = (args: readonly string[]) =>
    exec.run("apt-get", ["-o", "DPkg::Lock::Timeout=120", ...args], { env, timeout: APT_TIMEOUT_MS });
  for (const name of packages) {
    const details = { version: "" };
    await ledger.create({ kind: "apt-package", name, details, owner: "packages" }, () => undefined);
  }
  await withoutServiceStarts(ledger, async () => {
    const install = ["install", "--yes", "--no-install-recommends", "--no-upgrade", ...packages];
    options.progress?.(`apt-get install ${packages.join(" ")}`);
    try {
      await apt(install);
    } catch {
      // The package lists may be too old to find the files, or not be there at all.
      options.progress?.("apt-get update");
      await apt(["update"]);
      await apt(install);
    }
  });
  await keepOff(exec, before);
  return packages;
}

/** Debian asks policy-rc.d before a package's services are started. */
async function withoutServiceStarts(ledger: Ledger, body: () => Promise<void>): Promise<void> {
  if (await exists(POLICY)) return body();
  const details = { path: POLICY, previous: null };
  await ledger.create({ kind: "file", name: POLICY, details, owner: "packages" }, () =>
    writeFile(POLICY, POLICY_TEXT, { mode: 0o755 }),
  );
  try {
    await body();
  } finally {
    await ledger.remove("file", POLICY, async () => {
      // Somebody may have written their own meanwhile.
      if ((await readFile(POLICY, "utf8").catch(() => "")) === POLICY_TEXT) await rm(POLICY, { force: true });
    });
  }
}

const UNITS = [
  "libvirtd.service",
  "libvirtd.socket",
  "libvirtd-ro.socket",
  "libvirtd-admin.socket",
  "libvirt-guests.service",
  "virtlogd.service",
  "virtlogd.socket",
  "virtlogd-admin.socket",
  "virtlockd.socket",
  "virtlockd-admin.socket",
];

async function units(): Promise<Set<string>> {
  const present = new Set<string>();
  for (const unit of UNITS) {
    for (const directory of ["/usr/lib/systemd/system", "/lib/systemd/system", "/etc/systemd/system"]) {
      if (await exists(join(directory, unit))) present.add(unit);
    }
  }
  return present;
}

/** Units that came with our packages must not start at the next boot either: their libvirtd is nobody's. */
async function keepOff(exec: Exec, before: ReadonlySet<string>): Promise<void> {
  if (!(await exists("/run/systemd/system"))) return;
  const added = [...(await units())].filter((unit) => !before.has(unit));
  if (added.length > 0) await exec.run("systemctl", ["disable", "--now", ...added], { allowFailure: true });
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
