import { lstat, readFile } from "node:fs/promises";
import { HostCommandError, netnsPath } from "../exec.ts";
import type { Exec, LedgerDetails, LedgerEntry, LedgerKind, RunOptions } from "../types.ts";

/** What a row of the ledger says of a thing; the row itself need not be there. */
export type Thing<K extends LedgerKind = LedgerKind> = Pick<LedgerEntry<K>, "kind" | "name" | "details">;

/** All there is to know about one kind of host object: how it is told of, looked for and taken away. */
export interface Kind<K extends LedgerKind> {
  /** What people call it: "guest's network interface". */
  words: string;
  /** Why it may be gone, or what follows: doctor says so. */
  whenGone?: string;
  /**
   * It goes away with the namespace it is in. When that namespace is in the ledger too, undoing it by itself would only cost time.
   * (Not a network card: that must be brought back first, or the kernel puts it into the first namespace.)
   */
  goesWithNamespace?: boolean;
  /** Its row may be struck off when it is gone and nothing makes it again: undoing it would do nothing. */
  forgettable?: boolean;
  /** Whether the cloud's users have data in it: then it outlives unstack (not clean). */
  holdsData?(details: LedgerDetails[K]): boolean;
  /** Idempotent: what is gone already is no error. */
  undo(entry: LedgerEntry<K>, hands: Hands): Promise<void>;
  /** Whether it is on the host now; null when that cannot be told or does not matter. */
  isThere(thing: Thing<K>, look: Look): Promise<boolean | null>;
}

/** What an undo works with. */
export class Hands {
  readonly exec: Exec;
  constructor(exec: Exec) {
    this.exec = exec;
  }

  /** Runs, returning stdout; null when it failed because the thing (or its namespace) is gone. */
  readonly run = async (
    command: string,
    args: readonly string[],
    netns: string | null,
    gone: RegExp,
    options: RunOptions = {},
  ): Promise<string | null> => {
    if (!(await namespaceExists(netns))) return null;
    try {
      return (await this.exec.run(command, args, { ...options, netns })).stdout;
    } catch (error) {
      // A program that is not there (any more) has nothing of ours: packages may have been removed before unstack.
      if (error instanceof HostCommandError && (error.notFound || gone.test(error.stderr))) return null;
      throw error;
    }
  };
}

/** Looks at the host once per topic, however many rows ask. Changes nothing. */
export class Look {
  readonly exec: Exec;
  readonly #cache = new Map<string, Promise<string>>();
  constructor(exec: Exec) {
    this.exec = exec;
  }

  async hasNamespace(name: string): Promise<boolean> {
    return (await readFile("/proc/self/mountinfo", "utf8")).includes(` ${netnsPath(name)} `);
  }

  async hasLink(name: string, netns: string | null): Promise<boolean> {
    const lines = (await this.text("ip", ["-o", "link"], netns)).split("\n");
    return lines.some((line) => line.split(": ")[1]?.split("@")[0] === name);
  }

  async succeeds(command: string, args: readonly string[], netns: string | null): Promise<boolean> {
    return (await this.exec.run(command, args, { netns, allowFailure: true })).exitCode === 0;
  }

  /** What a command prints, whether it fails or not. */
  text(command: string, args: readonly string[], netns: string | null): Promise<string> {
    return this.once(`${netns ?? ""} ${command} ${args.join(" ")}`, async () => {
      return (await this.exec.run(command, args, { netns, allowFailure: true })).stdout;
    });
  }

  once(key: string, look: () => Promise<string>): Promise<string> {
    let found = this.#cache.get(key);
    if (found === undefined) {
      found = look();
      this.#cache.set(key, found);
    }
    return found;
  }
}

/** Things in a namespace are written down as `NETNS/NAME`. */
export const bareName = (name: string): string => name.slice(name.lastIndexOf("/") + 1);

export async function namespaceExists(netns: string | null): Promise<boolean> {
  return netns === null || pathExists(netnsPath(netns));
}

/** Also a symbolic link that leads nowhere counts. */
export function pathExists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

export function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
}
