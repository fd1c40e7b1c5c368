import { mkdir, readdir, readlink, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EMULATOR } from "../packages.ts";
import type { Daemon, Exec } from "../types.ts";
import type { LibvirtdLayout } from "./layout.ts";

const KVM_MAJOR_MINOR = ["10", "232"] as const;
/** Where libvirtd looks for emulators. */
const PROGRAM_DIRECTORIES = ["/usr/local/bin", "/usr/bin", "/bin"];

/**
 * A mount namespace for libvirtd in which libvirt's compiled-in paths are ours. It is made by a process that only holds it open
 * while we mount into it; afterwards the daemons started in it keep it. `close` ends the holder.
 *
 * Propagation is "slave": what is unmounted on the host (a network namespace that is deleted) disappears here too instead of
 * being kept alive, and what we mount stays here.
 */
export async function openMountNamespace(
  exec: Exec,
  layout: LibvirtdLayout,
  options: { netns: string; kvmGroup: string | null },
): Promise<{ enter: readonly string[]; close: () => Promise<void> }> {
  const holder = await exec.spawnDaemon("unshare", ["--mount", "--propagation", "slave", "sleep", "infinity"], {
    netns: options.netns,
    pidFile: layout.holderPid,
  });
  const close = async (): Promise<void> => {
    await exec.stop(holder);
  };
  try {
    await namespaceReady(holder);
    const enter = [`--mount=/proc/${holder.pid}/ns/mnt`, `--net=/proc/${holder.pid}/ns/net`, "--"];
    for (const step of await mountSteps(layout, options.kvmGroup)) await exec.run("nsenter", [...enter, ...step]);
    return { enter, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The holder has its namespace once it has become `sleep`. */
async function namespaceReady(holder: Daemon): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (performance.now() < deadline) {
    const program = await readlink(`/proc/${holder.pid}/exe`).catch(() => "");
    if (!/\/(nsenter|unshare|node[^/]*)$/.test(program) && program !== "") return;
    await sleep(2);
  }
  throw new Error("unshare did not make a mount namespace within 10 s");
}

/** The commands that make the view; each runs inside. */
async function mountSteps(layout: LibvirtdLayout, kvmGroup: string | null): Promise<string[][]> {
  const steps: string[][] = [];
  // /sys shows the network devices of the namespace it was mounted in. The control groups' mounts below it are kept.
  const groups = join(layout.root, "cgroup");
  await mkdir(groups, { recursive: true });
  if (await exists("/sys/fs/cgroup")) {
    steps.push(["mount", "--rbind", "/sys/fs/cgroup", groups]);
    steps.push(["mount", "-t", "sysfs", "sysfs", "/sys"]);
    steps.push(["mount", "--rbind", groups, "/sys/fs/cgroup"]);
    steps.push(["umount", "--lazy", groups]);
  }
  // An empty /run: no place for /run/libvirt has to be made on the host, and the system's dbus is not there, through which
  // libvirtd would register our guests with the system's machined.
  const ours = join(layout.root, "ours");
  await mkdir(ours, { recursive: true });
  steps.push(["mount", "--bind", layout.run, ours]);
  if (layout.root.startsWith("/run/")) throw new Error("DATA_DIR must not lie below /run: it is empty for libvirtd");
  steps.push(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
  steps.push(["mkdir", "/run/libvirt"], ["mount", "--move", ours, "/run/libvirt"]);
  steps.push(["mount", "--bind", layout.etc, "/etc/libvirt"]);
  steps.push(["mount", "--bind", layout.state, "/var/lib/libvirt"]);
  steps.push(["mount", "--bind", layout.cache, "/var/cache/libvirt"]);
  steps.push(["mount", "--bind", layout.log, "/var/log/libvirt"]);
  if (kvmGroup !== null) {
    // A node that the guests' user may open. On a tmpfs, since the data directory's file system may refuse device nodes.
    steps.push(["mkdir", "/run/kvm"], ["mknod", "-m", "660", "/run/kvm/kvm", "c", ...KVM_MAJOR_MINOR]);
    steps.push(["chgrp", kvmGroup, "/run/kvm/kvm"], ["mount", "--bind", "/run/kvm/kvm", "/dev/kvm"]);
  }
  for (const emulator of await otherEmulators()) steps.push(["mount", "--bind", "/dev/null", emulator]);
  return steps;
}

/**
 * QEMU for other architectures. Asked about the host, libvirt starts every emulator that it finds, twice, and a first guest waits for
 * that: seconds for each. Those that no guest uses are hidden from it.
 */
async function otherEmulators(): Promise<string[]> {
  const found = new Set<string>();
  const own = new Set<string>();
  for (const directory of PROGRAM_DIRECTORIES) {
    for (const name of await readdir(directory).catch(() => [])) {
      if (!name.startsWith("qemu-system-")) continue;
      const path = await realpath(join(directory, name)).catch(() => null);
      if (path !== null) (name === EMULATOR.command ? own : found).add(path);
    }
  }
  return [...found].filter((path) => !own.has(path));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
