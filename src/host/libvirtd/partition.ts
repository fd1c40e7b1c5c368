import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../kernel/errors.ts";
import type { Logger } from "../../kernel/log/logger.ts";
import type { Ledger } from "../types.ts";

/**
 * libvirt calls a guest's control group by a number that each libvirtd counts for itself and the guest's name: those of two clouds
 * would be the same. So every cloud has its guests in a partition of its own, which must be there before: libvirt makes none but
 * its default one. (It would add ".partition" to a name without a dot.)
 */
export const partitionOf = (stackName: string): string => `/tenrec-${stackName}.partition`;

/** Makes the partition in every hierarchy, where it is missing. Null where control groups cannot be made (in a container). */
export async function ensurePartition(
  parts: { ledger: Ledger; log: Logger; owner: string },
  stackName: string,
): Promise<string | null> {
  const { ledger, log, owner } = parts;
  const partition = partitionOf(stackName);
  try {
    for (const { target, options } of await hierarchies()) {
      const path = join(target, partition);
      if (existsSync(path) && ledger.get("cgroup", path) !== null) continue;
      const details = { path };
      await ledger.create({ kind: "cgroup", name: path, details, owner }, async () => {
        await mkdir(path, { recursive: true });
        if (!options.includes("cpuset")) return;
        // A new group of the first version of cpuset has neither processors nor memory, and takes no process.
        for (const file of ["cpuset.cpus", "cpuset.mems"])
          await writeFile(join(path, file), await readFile(join(target, file), "utf8"));
      });
    }
  } catch (error) {
    log.warning(`guests are in libvirt's common control group: none can be made for this cloud: ${messageOf(error)}`);
    return null;
  }
  return (await hierarchies()).length > 0 ? partition : null;
}

/** Where control groups with controllers are mounted. */
async function hierarchies(): Promise<{ target: string; options: readonly string[] }[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n");
  return lines.flatMap((line) => {
    const [before = "", after = ""] = line.split(" - ");
    const [type, , options = ""] = after.split(" ");
    const named = options.includes("name=");
    return /^cgroup2?$/.test(type ?? "") && !named
      ? [{ target: before.split(" ")[4] ?? "", options: options.split(",") }]
      : [];
  });
}
