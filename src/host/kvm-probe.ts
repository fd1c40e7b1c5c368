import { access, constants, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { messageOf } from "../kernel/errors.ts";
import { bootSector, PROBE_EXIT_CODE, PROBE_PORT } from "./boot-sector.ts";
import { HostCommandError } from "./exec.ts";
import { unameArch } from "./facts.ts";
import { bootId } from "./processes.ts";
import type { Exec } from "./types.ts";

const GUEST_TIMEOUT_MS = 3_000;

export interface KvmProbe {
  usable: boolean;
  /** One sentence for people: what was tried and what came of it. */
  reason: string;
}

/**
 * Whether /dev/kvm runs an ordinary guest. That the device opens says little: in many cloud sandboxes it does and guests
 * hang. So a real guest is run, and the answer kept for this boot in `cacheFile` (not with `keep: false`: who only looks writes nothing).
 */
export async function probeKvm(exec: Exec, options: { cacheFile?: string; keep?: boolean } = {}): Promise<KvmProbe> {
  const boot = await bootId();
  const cached = options.cacheFile === undefined ? null : await readCache(options.cacheFile, boot);
  if (cached !== null) return cached;
  const result = await probe(exec);
  if (options.cacheFile !== undefined && options.keep !== false) {
    await mkdir(dirname(options.cacheFile), { recursive: true });
    await writeFile(options.cacheFile, `${JSON.stringify({ bootId: boot, ...result })}\n`);
  }
  return result;
}

async function probe(exec: Exec): Promise<KvmProbe> {
  try {
    await access("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const hint = "switch on virtualization in the firmware, or nested virtualization on the machine this one runs on";
    return no(missing ? `there is no /dev/kvm (${hint})` : "/dev/kvm cannot be opened");
  }
  if (unameArch() !== "x86_64") return { usable: true, reason: "/dev/kvm opens (no test guest for this architecture)" };
  const flags = /^flags.*$/m.exec(await readFile("/proc/cpuinfo", "utf8"))?.[0] ?? "";
  if (!/ (vmx|svm)( |$)/.test(flags)) return no("/dev/kvm opens, but the processor shows neither vmx nor svm");
  return runProbeGuest(exec, "kvm");
}

/** Runs the test guest. With `tcg` it must always succeed, which shows that the guest itself is sound. */
export async function runProbeGuest(exec: Exec, accelerator: "kvm" | "tcg"): Promise<KvmProbe> {
  const dir = await mkdtemp(join(tmpdir(), "kvm-probe-"));
  try {
    const image = join(dir, "boot.img");
    await writeFile(image, bootSector());
    const machine = ["-M", "pc", "-accel", accelerator, "-cpu", accelerator === "kvm" ? "host" : "max", "-m", "16"];
    const bare = [
      "-nodefaults",
      "-no-user-config",
      "-no-reboot",
      "-display",
      "none",
      "-serial",
      "none",
      "-monitor",
      "none",
    ];
    const devices = [
      ...["-device", `isa-debug-exit,iobase=${PROBE_PORT},iosize=1`],
      ...["-drive", `file=${image},format=raw,if=ide,snapshot=on`],
    ];
    // Emulation on a busy machine takes its time; with KVM the guest is done in a tenth of a second or never.
    const timeout = accelerator === "kvm" ? GUEST_TIMEOUT_MS : GUEST_TIMEOUT_MS * 10;
    const { exitCode, stderr } = await exec.run(`qemu-system-${unameArch()}`, [...machine, ...bare, ...devices], {
      timeout,
      allowFailure: true,
    });
    if (exitCode === PROBE_EXIT_CODE) return { usable: true, reason: "a test guest ran" };
    return no(`the test guest did not run: qemu ended with ${exitCode} ${stderr.trim().slice(0, 200)}`.trim());
  } catch (error) {
    if (error instanceof HostCommandError && error.timedOut) return no("/dev/kvm opens, but the test guest hangs");
    return no(`the test guest could not be started: ${messageOf(error)}`);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function no(reason: string): KvmProbe {
  return { usable: false, reason };
}

async function readCache(path: string, boot: string): Promise<KvmProbe | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof value !== "object" || value === null) return null;
    const { bootId: of, usable, reason } = value as Record<string, unknown>;
    return of === boot && typeof usable === "boolean" && typeof reason === "string" ? { usable, reason } : null;
  } catch {
    return null;
  }
}
