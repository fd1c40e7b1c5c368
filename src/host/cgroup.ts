import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A group is busy until the last thread in it has ended, which may be a moment after its process seems to have. */
const BUSY_MS = 5_000;

/** Removes a control group of ours and all below it, waiting while it is busy. No error when it is gone. Throws when it stays busy. */
export async function removeControlGroup(path: string): Promise<void> {
  const deadline = performance.now() + BUSY_MS;
  for (;;) {
    const children = await readdir(path, { withFileTypes: true }).catch(() => []);
    for (const child of children) if (child.isDirectory()) await removeControlGroup(join(path, child.name));
    try {
      return await rmdir(path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (code === "ENOENT") return;
      if (!["EBUSY", "ENOTEMPTY"].includes(code) || performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
}
