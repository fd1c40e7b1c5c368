import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import type { Exec, Ledger } from "./types.ts";

/** Loop devices on files of ours; each is in the ledger under its file's path. */
export class Loops {
  readonly #exec: Exec;
  readonly #ledger: Ledger;

  constructor(exec: Exec, ledger: Ledger) {
    this.#exec = exec;
    this.#ledger = ledger;
  }

  /** The device (`/dev/loop0`) on the file, attached now when it was not yet; a missing file is made, sparse, of `size` bytes. */
  async attach(file: string, size: number, owner: string): Promise<string> {
    if (!existsSync(file)) {
      const handle = await open(file, "a", 0o600);
      await handle.truncate(size).finally(() => handle.close());
    }
    const details = { backingFile: file };
    return this.#ledger.create({ kind: "loop", name: file, details, owner }, async () => {
      const present = await this.find(file);
      if (present !== null) return present;
      const { stdout } = await this.#exec.run("losetup", ["--find", "--show", file]);
      const device = stdout.trim();
      await this.#ledger.amend("loop", file, { ...details, device });
      return device;
    });
  }

  async detach(file: string): Promise<void> {
    await this.#ledger.remove("loop", file);
  }

  /** The device that the file is attached to, or null. */
  async find(file: string): Promise<string | null> {
    const { stdout } = await this.#exec.run("losetup", ["--list", "--noheadings", "--output", "NAME", "-j", file]);
    return stdout.trim().split("\n")[0]?.trim() || null;
  }

  /** Tells the kernel that the file has grown. */
  async refresh(device: string): Promise<void> {
    await this.#exec.run("losetup", ["--set-capacity", device]);
  }
}
