import { lstat, readdir, readFile, rm, rmdir, unlink, writeFile } from "node:fs/promises";
import { removeControlGroup } from "./cgroup.ts";
import { HostCommandError, netnsPath } from "./exec.ts";
import { LVM_TAG } from "./lvm.ts";
import type { Exec, Ledger, LedgerEntry, RunOptions } from "./types.ts";

/** Registers how each kind is taken away again. Each is idempotent: what is gone already is no error. */
export function registerUndos(ledger: Ledger, exec: Exec): void {
  const run = quietly(exec);

  const deleteLink = async (name: string, netns: string | null): Promise<void> => {
    await run("ip", ["link", "del", "dev", bareName(name)], netns, /Cannot find device|does not exist/);
  };
  ledger.registerUndo("bridge", ({ name, details }) => deleteLink(name, details.netns));
  ledger.registerUndo("veth", ({ name, details }) => deleteLink(name, details.netns));
  ledger.registerUndo("tap", ({ name, details }) => deleteLink(name, details.netns));
  ledger.registerUndo("link", ({ name, details }) => deleteLink(name, details.netns));
  ledger.registerUndo("namespace", async ({ name }) => {
    await run("ip", ["netns", "del", name], null, /No such file or directory/);
  });
  ledger.registerUndo("nic", (entry) => returnNic(entry, exec));
  ledger.registerUndo("address", async ({ details: { netns, address, device } }) => {
    await run("ip", ["address", "del", address, "dev", device], netns, /Cannot find device|Cannot assign requested/);
  });
  ledger.registerUndo("route", async ({ details: { netns, spec, family } }) => {
    await run(
      "ip",
      [`-${family}`, "route", "del", ...spec],
      netns,
      /No such process|Cannot find device|does not exist/,
    );
  });
  ledger.registerUndo("proxy-neighbour", async ({ details: { netns, address, device } }) => {
    const gone = /No such file|Cannot find device|does not exist/;
    await run("ip", ["neigh", "del", "proxy", address, "dev", device], netns, gone);
  });
  ledger.registerUndo("iptables-rule", async ({ details: { netns, variant, family, table, chain, rule } }) => {
    const command = iptablesCommand(variant, family);
    const match = ["-w", "-t", table];
    const options: RunOptions = { netns, allowFailure: true };
    if (!(await namespaceExists(netns))) return;
    // More than one may be there: a crash between adding and marking adds it again. Bounded, should deleting not help.
    for (let copies = 0; copies < 16; copies += 1) {
      const { exitCode } = await exec.run(command, [...match, "-C", chain, ...rule], options);
      if (exitCode !== 0) return;
      await exec.run(command, [...match, "-D", chain, ...rule], { netns });
    }
  });
  ledger.registerUndo("iptables-chain", async ({ details: { netns, variant, family, table, chain } }) => {
    const command = iptablesCommand(variant, family);
    const gone = /No chain\/target\/match by that name|does not exist|incompatible/;
    await run(command, ["-w", "-t", table, "-F", chain], netns, gone);
    await run(command, ["-w", "-t", table, "-X", chain], netns, gone);
  });
  ledger.registerUndo("nft-table", async ({ details: { netns, family, table, onlyEmpty } }) => {
    const gone = /No such file or directory|Device or resource busy/;
    if (onlyEmpty === undefined) {
      await run("nft", ["delete", "table", family, table], netns, gone);
      return;
    }
    const listing = (await run("nft", ["list", "table", family, table], netns, gone)) ?? "";
    const { chainsBefore } = onlyEmpty;
    for (const { name, marked } of emptyChains(listing)) {
      if (!marked && chainsBefore?.includes(name)) continue;
      await run("nft", ["delete", "chain", family, table, name], netns, gone);
    }
    const rest = (await run("nft", ["list", "table", family, table], netns, gone)) ?? "";
    const marked = rest.includes(`\n\tcomment "${MADE_BY_US}"\n`);
    if (chainsBefore !== null && !marked) return;
    if (rest !== "" && rest.trim().split("\n").length <= (marked ? 3 : 2))
      await run("nft", ["delete", "table", family, table], netns, gone);
  });
  ledger.registerUndo("nft-rule", async ({ details: { netns, family, table, chain, rule } }) => {
    const gone = /No such file or directory/;
    const listing = (await run("nft", ["-a", "list", "chain", family, table, chain], netns, gone)) ?? "";
    for (const line of listing.split("\n")) {
      const handle = /^\s*(.*) # handle (\d+)$/.exec(line);
      if (handle?.[1] !== rule || handle[2] === undefined) continue;
      await run("nft", ["delete", "rule", family, table, chain, "handle", handle[2]], netns, gone);
    }
  });
  ledger.registerUndo("ipset", async ({ name, details: { netns } }) => {
    await run("ipset", ["destroy", bareName(name)], netns, /does not exist/);
  });
  ledger.registerUndo("sysctl", async ({ name, details }) => {
    const key = name.slice(name.indexOf(":") + 1);
    const path = `/proc/sys/${key}`;
    const now = await run("cat", [path], details.netns, /No such file/);
    // Somebody else may have set it since: then it is no longer ours to set back.
    if (now === null || (now.trim() !== details.value && details.always !== true)) return;
    await run("tee", [path], details.netns, /No such file/, { input: details.previous });
  });
  ledger.registerUndo("process", async ({ details }) => {
    const found = details.identity ?? (await exec.readPidFile(details.pidFile, details.match));
    if (found !== null) await exec.stop(found);
    const again = await exec.readPidFile(details.pidFile, details.match);
    if (again !== null) await exec.stop(again);
    await unlink(details.pidFile).catch(ignoreMissing);
  });
  ledger.registerUndo("loop", async ({ details }) => {
    const { stdout } = await exec.run("losetup", [
      "--list",
      "--noheadings",
      "--output",
      "NAME",
      "-j",
      details.backingFile,
    ]);
    // By its backing file, not by its name: the number may be somebody else's by now.
    for (const device of stdout.split("\n").map((line) => line.trim())) {
      if (device !== "") await run("losetup", ["--detach", device], null, /No such device/);
    }
  });
  // Only what bears our tag: while our loop device was detached, somebody may have made a group of the same name. The physical
  // volume needs no removal, its file is ours.
  ledger.registerUndo("logical-volume", async ({ details: { volumeGroup, volume } }) => {
    const select = ["--select", `lv_tags=${LVM_TAG}`];
    await run(
      "lvremove",
      ["--yes", "--force", ...select, `${volumeGroup}/${volume}`],
      null,
      /Failed to find|not found/,
    );
  });
  ledger.registerUndo("volume-group", async ({ name }) => {
    await run("vgremove", ["--yes", "--force", "--select", `vg_tags=${LVM_TAG}`, name], null, /not found/);
  });
  ledger.registerUndo("domain", async ({ details: { socket, uuid } }) => {
    const gone = /failed to get domain|not running|Failed to connect socket|not found/;
    const uri = `qemu:///system?socket=${socket}`;
    await run("virsh", ["-c", uri, "destroy", uuid], null, gone);
    await run("virsh", ["-c", uri, "undefine", uuid, "--managed-save", "--nvram"], null, gone);
  });
  ledger.registerUndo("mount", async ({ details: { target, whenEmpty } }) => {
    if (whenEmpty === true && (await readdir(target).catch(() => [])).length > 0) return;
    await run("umount", [target], null, /not mounted|no mount point|not found/);
  });
  ledger.registerUndo("file", async ({ details: { path, previous, mode } }) => {
    if (previous === null) await unlink(path).catch(ignoreMissing);
    else await writeFile(path, Buffer.from(previous, "base64"), mode === undefined ? {} : { mode });
  });
  ledger.registerUndo("directory", async ({ details: { path, recursive } }) => {
    if (recursive) await removeTree(path);
    else await rmdir(path).catch(ignoreMissingOrFull);
  });
  ledger.registerUndo("cgroup", ({ details: { path } }) => removeControlGroup(path));
  ledger.registerUndo("apt-package", () => Promise.resolve());
}

/** Runs, returning stdout; null when it failed because the thing (or its namespace) is gone. */
function quietly(exec: Exec) {
  return async (
    command: string,
    args: readonly string[],
    netns: string | null,
    gone: RegExp,
    options: RunOptions = {},
  ): Promise<string | null> => {
    if (!(await namespaceExists(netns))) return null;
    try {
      return (await exec.run(command, args, { ...options, netns })).stdout;
    } catch (error) {
      // A program that is not there (any more) has nothing of ours: packages may have been removed before unstack.
      if (error instanceof HostCommandError && (error.notFound || gone.test(error.stderr))) return null;
      throw error;
    }
  };
}

/** Things in a namespace are written down as `NETNS/NAME`. */
function bareName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** The comment of tables and chains that a cloud of ours has made for its rules in the host's main namespace. */
export const MADE_BY_US = "made by tenrec";

/** Chains of `nft list table` that hold no rule and still have iptables' own policy. */
export function emptyChains(listing: string): { name: string; marked: boolean }[] {
  const chains = [...listing.matchAll(/^\tchain (\S+) \{\n([^}]*)\t\}$/gm)];
  return chains.flatMap(([, name = "", body = ""]) => {
    const lines = body.split("\n").map((line) => line.trim());
    const marked = lines.includes(`comment "${MADE_BY_US}"`);
    const isEmpty = lines.every((line) => /^(type .* policy accept;|comment "[^"]*")?$/.test(line));
    return isEmpty ? [{ name, marked }] : [];
  });
}

async function namespaceExists(netns: string | null): Promise<boolean> {
  if (netns === null) return true;
  return lstat(netnsPath(netns)).then(
    () => true,
    () => false,
  );
}

/** `iptables-nft` and family 6 → `ip6tables-nft`. */
export function iptablesCommand(variant: string, family: 4 | 6): string {
  return family === 6 ? variant.replace("iptables", "ip6tables") : variant;
}

async function returnNic(entry: LedgerEntry<"nic">, exec: Exec): Promise<void> {
  const { name, details } = entry;
  const inBox = await namespaceExists(details.netns);
  if (inBox) {
    const { exitCode } = await exec.run("ip", ["link", "show", "dev", name], {
      netns: details.netns,
      allowFailure: true,
    });
    if (exitCode === 0) {
      await exec.run("ip", ["link", "set", "dev", name, "nomaster"], { netns: details.netns });
      // The namespace of process PID: this one, wherever the program runs.
      await exec.run("ip", ["link", "set", "dev", name, "netns", String(process.pid)], { netns: details.netns });
    }
  }
  const { exitCode } = await exec.run("ip", ["link", "show", "dev", name], { allowFailure: true });
  if (exitCode !== 0) return;
  await exec.run("ip", ["link", "set", "dev", name, "mtu", String(details.mtu)]);
  for (const [key, value] of Object.entries(details.sysctls ?? {})) {
    const path = `/proc/sys/net/${key}`;
    const now = await readFile(path, "utf8").catch(() => null);
    // Some of them the kernel decides by itself.
    if (now !== null && now.trim() !== value) await writeFile(path, value).catch(() => undefined);
  }
  await exec.run("ip", ["link", "set", "dev", name, details.wasUp ? "up" : "down"]);
  for (const { address, prefix, broadcast } of details.addresses) {
    const extra = broadcast === null ? [] : ["broadcast", broadcast];
    await exec.run("ip", ["address", "replace", `${address}/${prefix}`, ...extra, "dev", name]);
  }
  for (const route of details.routes) await exec.run("ip", ["route", "replace", ...route], { allowFailure: true });
}

async function removeTree(path: string): Promise<void> {
  // A mount below would be emptied with it: refuse, the mount's own undo failed then.
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const below = mounts.split("\n").find((line) => (line.split(" ")[4] ?? "").startsWith(`${path}/`));
  if (below !== undefined) throw new Error(`${path} has a mount in it (${below.split(" ")[4]}), it is left alone`);
  await rm(path, { recursive: true, force: true });
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}

function ignoreMissingOrFull(error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!["ENOENT", "ENOTEMPTY", "EEXIST", "EBUSY"].includes(code)) throw error;
}
