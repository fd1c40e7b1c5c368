import { readFile, stat } from "node:fs/promises";
import type { Exec } from "../types.ts";
import type { GuestUser } from "./layout.ts";

const ROOT: Omit<GuestUser, "reason"> = { name: "root", group: "root", uid: 0, gid: 0 };

/** Debian's libvirt-qemu; some distributions call it qemu. */
const CANDIDATES = [
  { name: "libvirt-qemu", groups: ["kvm", "libvirt-qemu"] },
  { name: "qemu", groups: ["kvm", "qemu"] },
] as const;

/**
 * Whom guests run as: the distribution's own unprivileged user where it exists and reaches the data directory,
 * else root with the reason said.
 */
export async function chooseGuestUser(exec: Exec, dataDir: string): Promise<GuestUser> {
  const users = table(await readFile("/etc/passwd", "utf8"));
  const groups = table(await readFile("/etc/group", "utf8"));
  for (const { name, groups: wanted } of CANDIDATES) {
    const uid = users.get(name);
    const group = wanted.find((candidate) => groups.has(candidate));
    const gid = group === undefined ? undefined : groups.get(group);
    if (uid === undefined || group === undefined || gid === undefined) continue;
    const ids = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    const { exitCode } = await exec.run("setpriv", [...ids, "test", "-x", dataDir], { allowFailure: true });
    if (exitCode === 0) return { name, group, uid, gid, reason: null };
    return { ...ROOT, reason: `the user ${name} may not enter ${dataDir} (or a directory above it)` };
  }
  return { ...ROOT, reason: "there is no user libvirt-qemu" };
}

/**
 * The group that a /dev/kvm made for this libvirtd must have, or null when the host's own will do (or there is none).
 * With a /dev/kvm that exists but that the guests' user may not open, libvirt takes its knowledge of qemu for outdated at
 * every look and probes it again, seconds each time; hiding the device does not help.
 */
export async function kvmGroupNeeded(user: GuestUser): Promise<string | null> {
  const node = await stat("/dev/kvm").catch(() => null);
  if (node === null || user.uid === 0) return null;
  const open = (node.mode & 0o006) === 0o006 || (node.gid === user.gid && (node.mode & 0o060) === 0o060);
  return open ? null : user.group;
}

function table(text: string): Map<string, number> {
  const result = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name, , id] = line.split(":");
    if (name !== undefined && id !== undefined && /^\d+$/.test(id)) result.set(name, Number(id));
  }
  return result;
}
