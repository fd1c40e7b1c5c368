import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { REQUIREMENTS } from "../../../src/host/packages.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const CACHE = join(process.env.TENREC_CACHE ?? "/var/cache/tenrec", "vm");

export interface VmImage {
  /** An ext4 file system, to be laid under a qcow2 overlay. */
  disk: string;
  kernel: string;
  initrd: string;
  /** The private key of the machine's root. */
  key: string;
}

/** What a Debian has that somebody logs in to, and the kernel with its modules. */
const MACHINE = [
  ...["linux-image-cloud-amd64", "initramfs-tools", "systemd-sysv", "dbus", "udev", "libpam-systemd", "apparmor"],
  ...["openssh-server", "sudo", "ca-certificates", "iputils-ping", "lvm2", "thin-provisioning-tools"],
];

/** Root's home is on the disk, so that what a machine did can be looked at after its end. */
const FILES: Record<string, string> = {
  "etc/hostname": "vm\n",
  "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 vm\n",
  "etc/fstab": "/dev/vda / ext4 defaults 0 1\nLABEL=project /mnt/project ext4 ro,nofail 0 0\n",
  "etc/systemd/network/10-wired.network": "[Match]\nName=en*\n\n[Network]\nDHCP=ipv4\n",
  // Emulation is slow: what Debian allows a service to start may not be enough.
  "etc/systemd/system.conf.d/slow.conf": "[Manager]\nDefaultTimeoutStartSec=300\nDefaultDeviceTimeoutSec=300\n",
  "etc/ssh/sshd_config.d/slow.conf": "LoginGraceTime 0\nUseDNS no\n",
};

/**
 * A Debian 12 with systemd, built from its packages alone (mmdebstrap, mke2fs): no loop device, no mount. The packages tenrec
 * needs are in it, for the machine has no way out. Built anew when its recipe below or the list of packages changes, or with
 * `rm -r` of its folder.
 */
export function vmImage(): VmImage {
  const packages = [...MACHINE, ...REQUIREMENTS.map((requirement) => requirement.package)];
  const recipe = createHash("sha256")
    .update(build.toString() + JSON.stringify([FILES, packages]))
    .digest("hex")
    .slice(0, 12);
  const directory = join(CACHE, recipe);
  if (!existsSync(directory)) build(directory, packages);
  const file = (pattern: RegExp): string => {
    const name = readdirSync(directory).find((entry) => pattern.test(entry));
    if (name === undefined) throw new Error(`no ${pattern} in ${directory}`);
    return join(directory, name);
  };
  return { disk: file(/^disk$/), kernel: file(/^vmlinuz/), initrd: file(/^initrd/), key: file(/^key$/) };
}

function build(directory: string, packages: readonly string[]): void {
  const run = (command: string, args: readonly string[]) =>
    execFileSync(command, args, { stdio: ["ignore", "inherit", "inherit"] });
  const work = `${directory}.new`;
  const root = join(work, "root");
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(work, "key")]);
  run("mmdebstrap", ["--variant=minbase", `--include=${[...new Set(packages)].join(",")}`, "bookworm", root]);
  for (const [path, text] of Object.entries(FILES)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  mkdirSync(join(root, "root/.ssh"), { recursive: true });
  run("cp", [join(work, "key.pub"), join(root, "root/.ssh/authorized_keys")]);
  run("chmod", ["700", join(root, "root/.ssh")]);
  for (const path of ["mnt/project", "var/log/journal"]) mkdirSync(join(root, path), { recursive: true });
  run("systemctl", ["--root", root, "enable", "systemd-networkd.service"]);
  for (const name of readdirSync(join(root, "boot"))) {
    if (/^(vmlinuz|initrd)/.test(name)) run("cp", [join(root, "boot", name), work]);
  }
  run("mke2fs", ["-q", "-t", "ext4", "-d", root, "-E", "lazy_itable_init=1", join(work, "disk"), "6G"]);
  rmSync(root, { recursive: true });
  renameSync(work, directory);
}

/** What of the project a machine sees under /mnt/project, read-only: the given files and folders of the checkout. */
export function projectDisk(parts: readonly string[]): string {
  mkdirSync(CACHE, { recursive: true });
  const path = join(CACHE, "project");
  const root = `${path}.root`;
  for (const old of [path, root]) rmSync(old, { recursive: true, force: true });
  for (const part of parts) {
    mkdirSync(join(root, part, ".."), { recursive: true });
    execFileSync("cp", ["-a", join(ROOT, part), join(root, part)]);
  }
  execFileSync("mke2fs", ["-q", "-t", "ext4", "-L", "project", "-m", "0", "-d", root, path, "1500M"]);
  rmSync(root, { recursive: true });
  return path;
}
