import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../control/client.ts";
import type { DaemonStatus } from "../control/protocol.ts";
import type { Host } from "../host/index.ts";
import type { Exec } from "../host/types.ts";
import type { Settings } from "../kernel/config/settings.ts";
import { clientFilesStep } from "./client-files.ts";
import { startDaemonProcess } from "./daemon-process.ts";
import { saveEnvironment } from "./environment.ts";
import { unpackImageStep } from "./guest-image.ts";
import type { HostSetup } from "./host-steps.ts";
import { localScriptStep } from "./local-script.ts";
import { requireOwnPlace } from "./own-place.ts";
import { pagesStep } from "./pages.ts";
import { remember } from "./settings.ts";
import type { Step } from "./steps.ts";
import type { Systemd } from "./systemd.ts";
import { certificateSteps } from "./tls/step.ts";

export interface StackContext {
  settings: Settings;
  exec: Exec;
  /** Null with VIRT_DRIVER=fake, which changes nothing on the host; so are the next two. */
  host: Host | null;
  /** The steps that touch the host. */
  setup: HostSetup | null;
  systemd: Systemd | null;
  /** What the summary shows; filled by the steps. */
  outcome: { status: DaemonStatus | null; notes: string[] };
}

/** Everything between a bare box and a usable cloud, in order. Each step is idempotent. */
export function stackSteps(context: StackContext): Step[] {
  return [
    ownPlaceStep(context),
    ...(context.setup?.before ?? []),
    dataDirectoryStep(context),
    ...unpackImageStep(context.settings),
    ...(context.setup?.prepare ?? []),
    ...certificateSteps(context),
    ...unitSteps(context),
    daemonStep(context),
    seedStep(context),
    clientFilesStep(context),
    ...pagesStep({ exec: context.exec, notes: context.outcome.notes }),
    ...localScriptStep(context),
  ];
}

/**
 * What a reboot took away, without what it cannot have taken (packages, images, seeds). The database says what there was; the
 * daemon puts networks, routers, rules and guests back as at every start.
 */
export function rejoinSteps(context: StackContext): Step[] {
  return [dataDirectoryStep(context), ...(context.setup?.restore ?? []), daemonStep(context), clientFilesStep(context)];
}

function ownPlaceStep({ settings, host }: StackContext): Step {
  return {
    name: "Check the data directory",
    plan: `see that ${settings.dataDir} and the name ${settings.stackName} are no other cloud's`,
    async run() {
      // DevStack's way to say: never on this machine. With a host, preflight asks the same.
      const forbidden = join(homedir(), ".no-devstack");
      if (existsSync(forbidden))
        throw new Error(`${forbidden} says that no cloud may be set up on this machine\n  remove that file if it may`);
      requireOwnPlace(settings, host?.ledger ?? null);
      return undefined;
    },
  };
}

function dataDirectoryStep({ settings }: StackContext): Step {
  return {
    name: "Prepare the data directory",
    plan: `make ${settings.dataDir} and ${settings.logging.dir}`,
    async run() {
      for (const directory of [settings.dataDir, settings.logging.dir]) mkdirSync(directory, { recursive: true });
      // The first detection stays, whatever interfaces come and go later.
      remember(settings.dataDir, { HOST_IP: settings.hostIp });
      saveEnvironment(settings);
      return settings.dataDir;
    },
  };
}

function unitSteps({ settings, systemd }: StackContext): Step[] {
  if (systemd === null) return [];
  return [
    {
      name: "Write the systemd unit",
      plan: `${systemd.unit(settings)}, so that the cloud comes back at boot; nothing where there is no systemd`,
      async run() {
        if (!(await systemd.isUsable())) return "no systemd here; after a reboot: tenrec rejoin";
        await systemd.install(settings);
        return systemd.unit(settings);
      },
    },
  ];
}

function daemonStep({ exec, settings, systemd, outcome }: StackContext): Step {
  return {
    name: "Start the daemon",
    plan: `start tenrec's one process, which answers on ${settings.api.baseUrl}`,
    async run(report) {
      const { status, how } = await startDaemonProcess({ exec, settings, systemd }, report);
      outcome.status = status;
      return `${how === "started" ? "" : `${how}, `}pid ${status.pid}`;
    },
  };
}

function seedStep({ settings, outcome }: StackContext): Step {
  return {
    name: "Seed the cloud",
    plan: "make DevStack's users, projects, flavors, networks and the guest image, where they are missing",
    async run() {
      const client = new ControlClient(settings.dataDir);
      await client.seed();
      outcome.status = await client.status();
      return undefined;
    },
  };
}
