import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Exec, Ledger, ProcessIdentity } from "../types.ts";

export interface RunningGuest {
  /** libvirt's name of the domain. */
  name: string;
  process: ProcessIdentity;
}

/** The qemu processes of this libvirtd, by the pid files it keeps; works without libvirtd. */
export async function runningGuests(exec: Exec, runDir: string): Promise<RunningGuest[]> {
  const dir = join(runDir, "qemu");
  const files = (await readdir(dir).catch(() => [])).filter((file) => file.endsWith(".pid"));
  const guests: RunningGuest[] = [];
  for (const file of files) {
    const name = file.slice(0, -".pid".length);
    const process = await exec.readPidFile(join(dir, file), `guest=${name},`);
    if (process !== null) guests.push({ name, process });
  }
  return guests;
}

/**
 * Ends guests at once, and removes the control groups they ran in. Those are known to be ours by the process in them, so they are
 * written down before it ends: what cannot be removed now, or was not for a crash, goes when the ledger is emptied.
 */
export async function killGuests(parts: { exec: Exec; ledger: Ledger; owner: string }, runDir: string): Promise<void> {
  const { exec, ledger, owner } = parts;
  for (const { process } of await runningGuests(exec, runDir)) {
    for (const path of await guestGroups(process.pid)) {
      const details = { path };
      await ledger.create({ kind: "cgroup", name: path, details, owner: `${owner}-guest` }, () => undefined);
    }
    await exec.stop(process, { graceMs: 3_000 });
  }
  const written = ledger.list({ kind: "cgroup", owner: `${owner}-guest` });
  await Promise.allSettled(written.map(({ name }) => ledger.remove("cgroup", name)));
}

/** `…/machine/qemu-1-NAME.libvirt-qemu` in every hierarchy, without `emulator`, `vcpu0` below it. */
async function guestGroups(pid: number): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [type, , options = ""] = after.split(" ");
    const target = before.split(" ")[4] ?? "";
    return type === "cgroup" || type === "cgroup2" ? [{ target, type, options: options.split(",") }] : [];
  });
  const found: string[] = [];
  const memberships = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
  for (const line of memberships.split("\n")) {
    const [, controllers = "", path = ""] = line.split(":");
    const end = /^(.*\/(?:qemu-\d+-[^/]*\.libvirt-qemu|machine-qemu[^/]*\.scope))(\/|$)/.exec(path)?.[1];
    const mount = mounts.find(({ type, options }) =>
      controllers === "" ? type === "cgroup2" : type === "cgroup" && options.includes(controllers.split(",")[0] ?? ""),
    );
    if (end !== undefined && mount !== undefined) found.push(`${mount.target}${end}`);
  }
  return found;
}
