import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ControlClient } from "../control/client.ts";
import type { Host } from "../host/index.ts";
import { ensureVolumeGroups, makesVolumes } from "../host/volume-groups.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { projectRoot } from "../kernel/program/program.ts";
import { hasCloud } from "./data-directory.ts";
import { whoListens } from "./doctor/ports.ts";
import type { Step } from "./steps.ts";
import type { Systemd } from "./systemd.ts";

/** The part of stack that changes the host; absent with VIRT_DRIVER=fake. */
export interface HostSetup {
  /** Checks and packages: before anything of ours exists. */
  before: Step[];
  /** Guest image, box, libvirtd, storage. */
  prepare: Step[];
  /** The part of `prepare` that a reboot undoes. */
  restore: Step[];
  /** Puts clouds.yaml into /etc/openstack when no other is there. Returns a remark. */
  writeCloudsYaml(text: string): Promise<string>;
}

const IMAGE_BUILD_TIMEOUT_MS = 1_800_000;

/** `notes` takes what the steps find that a person should know; the summary shows it. */
export function hostSetup(host: Host, settings: Settings, systemd: Systemd, notes: string[]): HostSetup {
  const restore = [
    ...(settings.libvirtType === "kvm" ? [kvmStep(host, notes)] : []),
    tuneStep(host),
    boxStep(host, notes),
    libvirtdStep(host, settings, systemd, notes),
    storageStep(host, settings),
  ];
  return {
    before: [checkStep(host, settings, notes), packagesStep(host)],
    prepare: [...imageStep(host, settings), ...restore],
    restore,
    writeCloudsYaml: (text) => writeCloudsYaml(host, text),
  };
}

function checkStep(host: Host, settings: Settings, notes: string[]): Step {
  return {
    name: "Check the machine",
    plan: "look for root, disk, memory, free ports and colliding address ranges",
    async run() {
      const { checks } = await host.preflight();
      // On a second stack it is our own daemon that has the ports.
      const running = (await new ControlClient(settings.dataDir).statusOrNull()) !== null;
      const ignored = new Set([...(settings.force ? ["os"] : []), ...(running ? ["ports"] : [])]);
      // Ranges of a cloud that is there stay as they are: its subnets have them.
      if (hasCloud(settings.dataDir)) ignored.add("ranges");
      const fatal = checks.filter(({ severity, name }) => severity === "error" && !ignored.has(name));
      if (fatal.some(({ name }) => name === "ports")) await portTaken(host, settings);
      if (fatal.length > 0) throw new Error(fatal.map(({ message, hint }) => `${message}\n  ${hint}`).join("\n"));
      for (const { severity, name, message, hint } of checks) {
        // KVM and packages have steps of their own, taken classic ports are the daemon's to tell.
        if (severity === "warning" && !["packages", "kvm", "ports", ...ignored].includes(name))
          notes.push(`${message}\n  ${hint}`);
      }
      return undefined;
    },
  };
}

/** The API port is taken: names by whom, and one that is free. */
async function portTaken(host: Host, settings: Settings): Promise<void> {
  const { api } = settings.ports;
  const holder = await whoListens(host.exec, api);
  if (holder === null) return;
  let free = 8081;
  while ((await whoListens(host.exec, free)) !== null) free += 1;
  throw new Error(
    `port ${api} is taken by ${holder}\n  stop that program, or set another port in local.conf: API_PORT=${free} is free`,
  );
}

function packagesStep(host: Host): Step {
  return {
    name: "Install Debian packages",
    plan: "apt-get install what is missing of QEMU, libvirt, dnsmasq, iptables (never with OFFLINE=True)",
    async run(report) {
      const installed = await host.installPackages(report);
      return installed.length === 0 ? "all there" : installed.join(" ");
    },
  };
}

function imageStep(host: Host, settings: Settings): Step[] {
  const root = projectRoot();
  // The single executable brings it along: guest-image.ts.
  if (root === null || !settings.image.downloadDefaultImages) return [];
  return [
    {
      name: "Build the guest image",
      plan: `build ${settings.image.defaultName} from Debian packages, or take the one built before`,
      async run(report) {
        report("images/build.sh");
        const { stdout } = await host.exec.run(join(root, "images/build.sh"), [], { timeout: IMAGE_BUILD_TIMEOUT_MS });
        return stdout.trim().split("\n").at(-1);
      },
    },
  ];
}

function kvmStep(host: Host, notes: string[]): Step {
  return {
    name: "Try KVM",
    plan: "run a tiny guest with KVM; without it guests are emulated",
    async run() {
      const { usable, reason } = await host.kvm();
      if (!usable)
        notes.push(`KVM is not usable here: guests are emulated, which is slow (LIBVIRT_TYPE=qemu)\n  ${reason}`);
      return usable ? undefined : "not usable, falling back to emulation";
    },
  };
}

function tuneStep(host: Host): Step {
  return {
    name: "Tune the kernel",
    plan: "share equal memory of guests (ENABLE_KSM), compress what is swapped out (ENABLE_ZSWAP)",
    run: async () => (await host.tune()).join(", ") || undefined,
  };
}

function boxStep(host: Host, notes: string[]): Step {
  return {
    name: "Make the box",
    plan: `network namespace ${host.box.netns} for the whole data plane, with one link to this host`,
    async run() {
      const report = await host.box.up();
      notes.push(...report.notes);
      return `namespace ${report.netns}`;
    },
  };
}

function libvirtdStep(host: Host, settings: Settings, systemd: Systemd, notes: string[]): Step {
  return {
    name: "Start libvirtd",
    plan: "a private libvirtd inside the box; the system's own is not touched",
    async run() {
      const withDaemon = await systemd.startsProcesses(settings);
      if (!withDaemon) await host.libvirtd.start();
      const { name, reason } = await host.libvirtd.chooseGuestUser();
      if (reason !== null) notes.push(`guests run as ${name}: ${reason}`);
      return `${withDaemon ? "with the daemon, " : ""}guests run as ${name}`;
    },
  };
}

function storageStep(host: Host, settings: Settings): Step {
  return {
    id: "storage",
    name: "Prepare volume storage",
    plan: `volume group ${settings.blockStorage.volumeGroupName} where the kernel has device-mapper, else files`,
    async run() {
      if (!makesVolumes(settings)) return "none: block storage is disabled";
      const groups = await ensureVolumeGroups(host.lvm, settings);
      if (groups === null) return "files (this kernel has no device-mapper)";
      return [...new Set(groups.values())].join(" ");
    },
  };
}

const CLOUDS_YAML = "/etc/openstack/clouds.yaml";

async function writeCloudsYaml(host: Host, text: string): Promise<string> {
  const ours = host.ledger.get("file", CLOUDS_YAML) !== null;
  if (existsSync(CLOUDS_YAML) && !ours) {
    return readFileSync(CLOUDS_YAML, "utf8") === text ? CLOUDS_YAML : `${CLOUDS_YAML} is somebody else's and stays`;
  }
  const directory = "/etc/openstack";
  if (!existsSync(directory)) {
    await host.ledger.create(
      { kind: "directory", name: directory, details: { path: directory, recursive: false }, owner: "clouds.yaml" },
      () => mkdir(directory, { recursive: true }),
    );
  }
  await host.ledger.create(
    { kind: "file", name: CLOUDS_YAML, details: { path: CLOUDS_YAML, previous: null }, owner: "clouds.yaml" },
    () => writeFile(CLOUDS_YAML, text, { mode: 0o600 }),
  );
  return CLOUDS_YAML;
}
