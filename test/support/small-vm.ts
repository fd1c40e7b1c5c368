import { execFileSync, spawn } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { EMULATOR } from "../../src/host/packages.ts";
import { Patience } from "./patience.ts";

const CACHE = join(process.env.TENREC_CACHE ?? "/var/cache/tenrec", "small-vm");
/** Each file system or driver the kernel needs before it has its modules' folder. */
const MODULES = ["virtio_pci", "virtio_console", "virtiofs", "overlay", "virtio_blk", "virtio_rng"];
/** Where Debian 12 (qemu-system-common) and later ones (virtiofsd) have it. */
const VIRTIOFSD = ["/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd"];

export interface SmallVmResult {
  code: number;
  /** Standard output and error, as they came. */
  output: string;
}

/** Why no small machine can be had here; null when it can. */
export function whyNoSmallVm(): string | null {
  if (process.getuid?.() !== 0) return "needs root (sharing the file system)";
  if (process.arch !== "x64") return "Debian's kernel is fetched for x86-64 only";
  const missing = [EMULATOR.command, "apt-get", "dpkg-deb", "depmod", "cpio"].filter(
    (command) => !isInstalled(command),
  );
  if (virtiofsd() === undefined) missing.push("virtiofsd");
  return missing.length === 0 ? null : `${missing.join(", ")} missing (make deps installs them)`;
}

/**
 * Runs a shell line as root under Debian's own kernel, in an emulated machine that sees this one's files as they are and keeps
 * what it writes to itself, in memory. For what this machine's kernel lacks (device-mapper, file systems). Three seconds to
 * start; everything in it takes ten to twenty times as long as outside.
 */
export async function inSmallVm(
  line: string,
  options: {
    cwd: string;
    env?: Readonly<Record<string, string>>;
    memoryMiB?: number;
    /** Seconds of rest (see `Patience`) after which it is killed; 300 by default. */
    patience?: number;
  },
): Promise<SmallVmResult> {
  const { kernel, initrd, modules } = parts();
  const directory = mkdtempSync(join(tmpdir(), "tenrec-small-vm-"));
  const socket = join(directory, "root.sock");
  const server = spawn(
    virtiofsd() ?? "virtiofsd",
    [`--socket-path=${socket}`, "-o", "source=/,sandbox=chroot,no_posix_lock,cache=always,no_xattr", "-f"],
    { stdio: "ignore" },
  );
  try {
    writeFileSync(join(directory, "line"), line);
    writeFileSync(join(directory, "main"), main(directory, modules, options));
    const machine = spawn(EMULATOR.command, machineArguments({ directory, socket, kernel, initrd, ...options }), {
      stdio: ["ignore", "ignore", "inherit"],
    });
    const patience = new Patience(options.patience ?? 300);
    const watch = setInterval(() => void (patience.isOver() && machine.kill("SIGKILL")), 1_000);
    await new Promise((resolve) => machine.once("exit", resolve));
    clearInterval(watch);
    const read = (name: string): string =>
      existsSync(join(directory, name)) ? readFileSync(join(directory, name), "utf8") : "";
    const code = read("code").trim();
    const output = read("output");
    if (code !== "") return { code: Number(code), output };
    return { code: -1, output: `${output}\nthe machine ended, or rested too long\n${read("console")}` };
  } finally {
    server.kill("SIGKILL");
    rmSync(directory, { recursive: true, force: true });
  }
}

/**
 * Runs a test file of this checkout there, with IN_SMALL_VM=1 in its environment; `only` chooses tests by their names. Throws with all
 * that it wrote unless exactly `passing` tests pass, and none fails.
 */
export async function testInSmallVm(
  file: string,
  options: { passing: number; only?: string; memoryMiB?: number },
): Promise<void> {
  const { passing, only, ...rest } = options;
  const words = [process.execPath, "--disable-warning=ExperimentalWarning", "--test-reporter=tap"];
  if (only !== undefined) words.push(`--test-name-pattern=${only}`);
  const line = [...words, file].map(quoted).join(" ");
  const { code, output } = await inSmallVm(line, { ...rest, cwd: process.cwd(), env: { IN_SMALL_VM: "1" } });
  const passed = Number(/^# pass (\d+)$/m.exec(output)?.[1] ?? 0);
  if (code !== 0 || passed !== passing) throw new Error(`${passed} of ${passing} passed, exit code ${code}\n${output}`);
}

function machineArguments(machine: {
  directory: string;
  socket: string;
  kernel: string;
  initrd: string;
  memoryMiB?: number;
}): string[] {
  const { directory, socket, kernel, initrd, memoryMiB = 1024 } = machine;
  const port = (name: string) => [
    ...["-chardev", `file,id=${name},path=${join(directory, name)}`],
    ...["-device", `virtserialport,chardev=${name},name=${name}`],
  ];
  return [
    ...["-accel", "tcg,thread=multi", "-M", "q35", "-cpu", "qemu64", "-smp", "2", "-m", String(memoryMiB)],
    ...["-object", `memory-backend-memfd,id=mem,size=${memoryMiB}M,share=on`, "-numa", "node,memdev=mem"],
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...["-serial", `file:${join(directory, "console")}`, "-kernel", kernel, "-initrd", initrd],
    ...[
      "-append",
      `console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off tsc=reliable no_timer_check place=${directory}`,
    ],
    ...["-chardev", `socket,id=root,path=${socket}`, "-device", "vhost-user-fs-pci,chardev=root,tag=root"],
    ...["-device", "virtio-serial-pci", ...port("output"), ...port("code")],
    ...["-object", "rng-random,id=rng,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=rng"],
  ];
}

/** What runs once the machine's root is this machine's files. */
function main(
  directory: string,
  modules: string,
  { cwd, env = {} }: { cwd: string; env?: Readonly<Record<string, string>> },
): string {
  // Nobody makes device nodes but the programs themselves: there is no udev.
  const variables = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", DM_DISABLE_UDEV: "1", ...env };
  return [
    "B=/run/busybox",
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
    "$B mkdir -p /dev/pts /dev/shm /lib/modules",
    "$B mount -t devpts devpts /dev/pts; $B mount -t tmpfs tmpfs /dev/shm",
    "$B ln -s /proc/self/fd /dev/fd",
    `$B mount --bind ${quoted(modules)} /lib/modules`,
    // Others load by themselves, when they are asked for.
    "/sbin/modprobe -a loop dm_mod",
    "$B ip link set lo up; $B mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    'for p in /sys/class/virtio-ports/*; do read -r name < "$p/name"; eval "$name=/dev/$($B basename $p)"; done',
    `cd ${quoted(cwd)}`,
    `$B setsid /bin/bash < /dev/null > $output 2>&1 -c ${quoted(readFileSync(join(directory, "line"), "utf8"))}`,
    "echo $? > $code",
    "$B sync; echo o > /proc/sysrq-trigger; $B sleep 9",
  ].join("\n");
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

interface Parts {
  kernel: string;
  initrd: string;
  /** A folder to be seen as /lib/modules. */
  modules: string;
}

/** Kernel, its modules and the first file system, from Debian's packages; made when they are not there, or another recipe's. */
function parts(): Parts {
  const work = `${CACHE}.${process.pid}`;
  const recipe = [INIT, ...MODULES].join("\n");
  const isMade = () => existsSync(join(CACHE, "recipe")) && readFileSync(join(CACHE, "recipe"), "utf8") === recipe;
  if (!isMade()) {
    rmSync(work, { recursive: true, force: true });
    build(work);
    writeFileSync(join(work, "recipe"), recipe);
    rmSync(CACHE, { recursive: true, force: true });
    renameSync(work, CACHE);
  }
  return { kernel: join(CACHE, "kernel"), initrd: join(CACHE, "initrd"), modules: join(CACHE, "packages/lib/modules") };
}

function build(work: string): void {
  const packages = join(work, "packages");
  mkdirSync(packages, { recursive: true });
  const depends = execFileSync("apt-cache", ["depends", "linux-image-cloud-amd64"], { encoding: "utf8" });
  const image = /Depends: (linux-image\S+)/.exec(depends)?.[1];
  if (image === undefined) throw new Error("apt knows no linux-image-cloud-amd64 (apt-get update?)");
  // As root, apt would download as the user _apt, who may not write here.
  const download = ["-qq", "-o", "APT::Sandbox::User=root", "download", image, "busybox-static"];
  execFileSync("apt-get", download, { cwd: work, stdio: ["ignore", "ignore", "inherit"] });
  for (const name of readdirSync(work).filter((entry) => entry.endsWith(".deb"))) {
    execFileSync("dpkg-deb", ["-x", join(work, name), packages]);
    rmSync(join(work, name));
  }
  const release = readdirSync(join(packages, "lib/modules"))[0] ?? "";
  execFileSync("depmod", ["-b", packages, release]);
  writeFileSync(join(work, "kernel"), unpacked(readFileSync(join(packages, "boot", `vmlinuz-${release}`))));
  makeInitrd(work, packages, release);
}

/** The kernel itself out of a bzImage (Documentation/arch/x86/boot.rst), which the machine starts without unpacking it slowly. */
function unpacked(image: Buffer): Buffer {
  const code = ((image[0x1f1] ?? 0) + 1) * 512;
  const start = code + image.readUInt32LE(0x248);
  const payload = image.subarray(start, start + image.readUInt32LE(0x24c));
  if (payload.readUInt32LE(0) === 0xfd2fb528) return zstdDecompressSync(payload);
  if (payload.toString("latin1", 1, 5) !== "7zXZ") return image;
  const options = {
    input: payload,
    maxBuffer: 1 << 28,
    stdio: ["pipe", "pipe", "ignore"] as ["pipe", "pipe", "ignore"],
  };
  return execFileSync("xz", ["--decompress", "--stdout", "--single-stream"], options);
}

function makeInitrd(work: string, packages: string, release: string): void {
  const root = join(work, "initrd.root");
  for (const name of ["bin", "m", "proc", "sys", "dev", "ro", "rw", "n"])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync(join(packages, "bin/busybox"), join(root, "bin/busybox"));
  const shown = MODULES.map((name) =>
    execFileSync("modprobe", ["-d", packages, "-S", release, "--show-depends", name], { encoding: "utf8" }),
  );
  const files = new Set(shown.join("").match(/(?<=^insmod )\S+/gm));
  for (const file of files) copyFileSync(file, join(root, "m", basename(file)));
  writeFileSync(join(root, "modules"), [...files].map((file) => `${basename(file)}\n`).join(""));
  writeFileSync(join(root, "init"), INIT, { mode: 0o755 });
  const list = execFileSync("find", ["."], { cwd: root });
  writeFileSync(
    join(work, "initrd"),
    execFileSync("cpio", ["-o", "-H", "newc", "--quiet"], { cwd: root, input: list, maxBuffer: 1 << 28 }),
  );
  rmSync(root, { recursive: true });
}

/** The shared files below, a file system in memory above; then on to `main`. */
const INIT = `#!/bin/busybox sh
B=/bin/busybox
$B mount -t proc proc /proc; $B mount -t sysfs sys /sys; $B mount -t devtmpfs dev /dev
while read -r m; do $B insmod /m/$m; done < /modules
for a in $($B cat /proc/cmdline); do case $a in place=*) place=\${a#*=};; esac; done
$B mount -t virtiofs -o ro root /ro && $B mount -t tmpfs -o size=90% tmpfs /rw && $B mkdir /rw/u /rw/w
$B mount -t overlay -o lowerdir=/ro,upperdir=/rw/u,workdir=/rw/w overlay /n
$B mkdir -p /n/run
for d in proc sys dev; do $B mount --move /$d /n/$d; done
$B mount -t tmpfs -o mode=755 tmpfs /n/run
$B mkdir -p /n/run/lock/lvm /n/run/lvm
$B cp /bin/busybox /n/run/busybox; $B cp /n$place/main /n/run/main
exec $B switch_root /n /run/busybox sh /run/main
`;

function virtiofsd(): string | undefined {
  return VIRTIOFSD.find((path) => existsSync(path));
}

function isInstalled(command: string): boolean {
  return ["/usr/bin", "/usr/sbin", "/bin", "/sbin"].some((directory) => existsSync(join(directory, command)));
}
