import { readdir, readFile, rm, rmdir, unlink, writeFile } from "node:fs/promises";
import { LVM_TAG } from "../lvm.ts";
import { ignoreMissing, type Kind, pathExists } from "./kind.ts";

/** Files, and what holds volumes. */

export const storage = {
  loop: {
    words: "loop",
    whenGone: "a reboot, or somebody's `losetup -d`; volumes on it are unreachable",
    forgettable: true,
    async undo({ details: { backingFile } }, { exec, run }) {
      const list = ["--list", "--noheadings", "--output", "NAME", "-j", backingFile];
      const { stdout } = await exec.run("losetup", list);
      // By its backing file, not by its name: the number may be somebody else's by now.
      for (const device of stdout.split("\n").map((line) => line.trim())) {
        if (device !== "") await run("losetup", ["--detach", device], null, /No such device/);
      }
    },
    isThere: async ({ details: { backingFile } }, look) =>
      (await look.text("losetup", ["--list", "--noheadings", "-O", "BACK-FILE"], null))
        .split("\n")
        .some((line) => line.trim() === backingFile),
  } satisfies Kind<"loop">,

  // Only what bears our tag: while our loop device was detached, somebody may have made a group of the same name. The physical
  // volume needs no removal, its file is ours.
  "volume-group": {
    words: "volume-group",
    whenGone: "its device is gone or it was removed; volumes are unreachable",
    holdsData: () => true,
    async undo({ name }, { run }) {
      await run("vgremove", ["--yes", "--force", "--select", `vg_tags=${LVM_TAG}`, name], null, /not found/);
    },
    isThere: async ({ name }, look) =>
      (await look.text("vgs", ["--noheadings", "-o", "vg_name"], null)).split(/\s+/).includes(name),
  } satisfies Kind<"volume-group">,

  "logical-volume": {
    words: "logical-volume",
    whenGone: "the volume's data is gone",
    holdsData: () => true,
    async undo({ details: { volumeGroup, volume } }, { run }) {
      const ours = ["--select", `lv_tags=${LVM_TAG}`];
      const gone = /Failed to find|not found/;
      await run("lvremove", ["--yes", "--force", ...ours, `${volumeGroup}/${volume}`], null, gone);
    },
    isThere: async ({ details: { volumeGroup, volume } }, look) =>
      (await look.text("lvs", ["--noheadings", "-o", "vg_name,lv_name"], null))
        .split("\n")
        .some((line) => line.trim().split(/\s+/).join("/") === `${volumeGroup}/${volume}`),
  } satisfies Kind<"logical-volume">,

  mount: {
    words: "mount",
    whenGone: "it was unmounted",
    forgettable: true,
    async undo({ details: { target, whenEmpty } }, { run }) {
      if (whenEmpty === true && (await readdir(target).catch(() => [])).length > 0) return;
      await run("umount", [target], null, /not mounted|no mount point|not found/);
    },
    isThere: async ({ details: { target } }) =>
      (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${target} `),
  } satisfies Kind<"mount">,

  file: {
    words: "file",
    whenGone: "somebody removed it",
    async undo({ details: { path, previous, mode } }) {
      if (previous === null) await unlink(path).catch(ignoreMissing);
      else await writeFile(path, Buffer.from(previous, "base64"), mode === undefined ? {} : { mode });
    },
    isThere: ({ details: { path } }) => pathExists(path),
  } satisfies Kind<"file">,

  directory: {
    words: "directory",
    whenGone: "somebody removed it, or it lay in /run and the host was rebooted",
    forgettable: true,
    holdsData: ({ data }) => data === true,
    async undo({ details: { path, recursive } }) {
      if (recursive) await removeTree(path);
      else await rmdir(path).catch(ignoreMissingOrFull);
    },
    isThere: ({ details: { path } }) => pathExists(path),
  } satisfies Kind<"directory">,
};

async function removeTree(path: string): Promise<void> {
  // A mount below would be emptied with it: refuse, the mount's own undo failed then.
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const below = mounts.split("\n").find((line) => (line.split(" ")[4] ?? "").startsWith(`${path}/`));
  if (below !== undefined) throw new Error(`${path} has a mount in it (${below.split(" ")[4]}), it is left alone`);
  await rm(path, { recursive: true, force: true });
}

function ignoreMissingOrFull(error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!["ENOENT", "ENOTEMPTY", "EEXIST", "EBUSY"].includes(code)) throw error;
}
