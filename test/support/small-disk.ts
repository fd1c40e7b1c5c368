import { execFileSync, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why there is no small disk to be had here; undefined when there is. */
export function whyNoSmallDisk(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root (a mount namespace)";
  try {
    execFileSync("unshare", ["--mount", "true"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "mount namespaces cannot be made here";
  }
}

export interface SmallDisk {
  /** Where it is mounted, for processes started by `inside`. */
  readonly directory: string;
  /** The same as seen from everywhere. */
  readonly outside: string;
  /** The command line that runs a command where the disk is. */
  inside(command: string, args: readonly string[]): [string, string[]];
  /** Takes all the room there is. */
  fill(): void;
  /** Gives that back. */
  free(): void;
  close(): void;
}

/** A real file system of a few MiB (tmpfs), mounted in a namespace of its own: nothing else on this machine sees it. */
export function smallDisk(mebibytes: number): SmallDisk {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-small-"));
  // Keeps the namespace until the test, whose end closes its input, is over.
  const keeper = spawn("unshare", ["--mount", "--propagation", "private", "--", "cat"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const namespace = `--mount=/proc/${keeper.pid}/ns/mnt`;
  const inside = (command: string, args: readonly string[]): [string, string[]] => [
    "nsenter",
    [namespace, "--", command, ...args],
  ];
  const isApart = () => {
    const [file, args] = inside("readlink", ["/proc/self/ns/mnt"]);
    return (
      execFileSync(file, args, { encoding: "utf8" }) !==
      execFileSync("readlink", ["/proc/self/ns/mnt"], { encoding: "utf8" })
    );
  };
  const deadline = Date.now() + 10_000;
  while (!isApart()) if (Date.now() > deadline) throw new Error("no mount namespace of its own");
  const [file, args] = inside("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m,mode=0755`, "none", directory]);
  execFileSync(file, args);
  const outside = `/proc/${keeper.pid}/root${directory}`;
  const ballast = join(outside, "ballast");
  return {
    directory,
    outside,
    inside,
    fill() {
      const fd = openSync(ballast, "a");
      try {
        for (let size = 1 << 20; size >= 4096; ) {
          try {
            writeSync(fd, Buffer.alloc(size, 1));
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
            size /= 2;
          }
        }
      } finally {
        closeSync(fd);
      }
    },
    free: () => rmSync(ballast, { force: true }),
    close() {
      keeper.stdin?.end();
      keeper.kill("SIGKILL");
      rmdirSync(directory);
    },
  };
}
