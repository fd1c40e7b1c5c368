import { unlink, writeFile } from "node:fs/promises";
import { removeControlGroup } from "../cgroup.ts";
import { readSwitch } from "../tuning.ts";
import { ignoreMissing, type Kind } from "./kind.ts";

/** Kernel settings, programs, guests, packages. */

export const system = {
  sysctl: {
    words: "kernel setting",
    whenGone: "somebody set it since; packets are not forwarded",
    goesWithNamespace: true,
    async undo({ name, details: { netns, previous, value, always } }, { run }) {
      const path = `/proc/sys/${sysctlKey(name)}`;
      const now = await run("cat", [path], netns, /No such file/);
      // Somebody else may have set it since: then it is no longer ours to set back.
      if (now === null || (now.trim() !== value && always !== true)) return;
      await run("tee", [path], netns, /No such file/, { input: previous });
    },
    async isThere({ name, details: { netns, value, always } }, look) {
      // What the kernel sets along with another key says nothing by itself.
      if (always === true) return null;
      return (await look.text("cat", [`/proc/sys/${sysctlKey(name)}`], netns)).trim() === value;
    },
  } satisfies Kind<"sysctl">,

  "kernel-switch": {
    words: "kernel setting",
    async undo({ name, details: { previous, value } }) {
      // Somebody else may have set it since: then it is no longer ours to set back.
      if ((await readSwitch(name)) === value) await writeFile(name, previous);
    },
    // Other programs set it as they see fit (ksmtuned does), and a cloud works either way.
    isThere: async () => null,
  } satisfies Kind<"kernel-switch">,

  process: {
    words: "process",
    whenGone: "it ended or was killed",
    forgettable: true,
    async undo({ details: { identity, pidFile, match } }, { exec }) {
      const found = identity ?? (await exec.readPidFile(pidFile, match));
      if (found !== null) await exec.stop(found);
      const again = await exec.readPidFile(pidFile, match);
      if (again !== null) await exec.stop(again);
      await unlink(pidFile).catch(ignoreMissing);
    },
    async isThere({ name, details: { pidFile, match } }, { exec }) {
      // It lives for moments only, while libvirtd starts.
      if (name.endsWith("/libvirtd-holder")) return null;
      return (await exec.readPidFile(pidFile, match)) !== null;
    },
  } satisfies Kind<"process">,

  domain: {
    words: "guest",
    whenGone: "libvirt does not know this guest any more",
    forgettable: true,
    async undo({ details: { socket, uuid } }, { run }) {
      const gone = /failed to get domain|not running|Failed to connect socket|not found/;
      await run("virsh", ["-c", uriOf(socket), "destroy", uuid], null, gone);
      await run("virsh", ["-c", uriOf(socket), "undefine", uuid, "--managed-save", "--nvram"], null, gone);
    },
    async isThere({ details: { socket, uuid } }, look) {
      const uri = uriOf(socket);
      const options = { allowFailure: true, timeout: 10_000 };
      const list = await look.once(`virsh ${uri}`, async () => {
        const { exitCode, stdout } = await look.exec.run("virsh", ["-c", uri, "list", "--all", "--uuid"], options);
        return exitCode === 0 ? stdout : "unknown";
      });
      return list === "unknown" ? null : list.includes(uuid);
    },
  } satisfies Kind<"domain">,

  cgroup: {
    words: "cgroup",
    undo: ({ details: { path } }) => removeControlGroup(path),
    // libvirt makes and removes them as guests come and go.
    isThere: async () => null,
  } satisfies Kind<"cgroup">,

  "apt-package": {
    words: "apt-package",
    // Packages stay: other things may use them by now.
    undo: async () => {},
    isThere: async () => null,
  } satisfies Kind<"apt-package">,
};

/** The part after `NETNS:`. */
const sysctlKey = (name: string): string => name.slice(name.indexOf(":") + 1);
const uriOf = (socket: string): string => `qemu:///system?socket=${socket}`;
