import { clientFilesStep } from "../client-files.ts";
import { startDaemonProcess, stopDaemonProcess } from "../daemon-process.ts";
import type { StackContext } from "../stack.ts";
import { stepOf } from "../steps.ts";
import { putCertificateRight } from "../tls/step.ts";
import { examineBox } from "./box-area.ts";
import { examineDaemon } from "./daemon-area.ts";
import { type Examined, type Finding, REPAIRS, type RepairName } from "./finding.ts";
import { examineLedger, forgetStale, REPAIR_WORDS } from "./ledger-area.ts";
import { examineLibvirtd, examineMachine } from "./machine-area.ts";
import { examineTls } from "./tls-area.ts";

/** Compares ledger, database and host. Changes nothing. */
export async function examine({ settings, exec, host, systemd }: StackContext): Promise<Examined[]> {
  const areas: Examined[] = [await examineMachine(host, settings)];
  if (host !== null) {
    areas.push(await examineLedger(exec, host.ledger));
    areas.push(await examineBox(host));
    areas.push(await examineLibvirtd(host));
  }
  if (settings.api.protocol === "https") areas.push(examineTls(settings));
  areas.push(await examineDaemon(exec, settings));
  if (systemd !== null && (await systemd.isUsable()) && !systemd.isInstalled(settings)) {
    const finding: Finding = {
      key: "unit-missing",
      severity: "warning",
      what: `there is no unit ${systemd.unit(settings)}`,
      why: "after a reboot the cloud does not come back by itself",
      todo: REPAIR_WORDS.unit,
      repair: "unit",
    };
    areas.push({ name: "systemd", summary: "no unit", findings: [finding] });
  }
  return areas;
}

export interface Repaired {
  repair: RepairName;
  /** What was done, in words. */
  done: string;
  /** Why it failed, or null. */
  error: string | null;
}

/** Does what the findings ask for, each repair once, in the order in which one needs the other. */
export async function repair(
  context: StackContext,
  findings: readonly Finding[],
  report: (repaired: Repaired) => void,
): Promise<void> {
  const wanted = new Set(findings.flatMap((finding) => (finding.repair === null ? [] : [finding.repair])));
  // What the box or libvirtd lost, the daemon has to put its own things upon again; whether it emulates it decides at its start.
  const rebuilt = findings.some(({ key }) =>
    /^(namespace|bridge)-gone|^libvirtd-gone|^box-bridge|^kvm-broken/.test(key),
  );
  if (wanted.size > 0 && (rebuilt || wanted.has("libvirtd"))) wanted.add("daemon");
  for (const name of REPAIRS) {
    if (!wanted.has(name)) continue;
    try {
      report({ repair: name, done: (await run(context, name)) ?? REPAIR_WORDS[name], error: null });
    } catch (error) {
      report({ repair: name, done: REPAIR_WORDS[name], error: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** Rows of the ledger that no repair has made again are of things that are not meant to be any more. */
export async function strikeOff(context: StackContext): Promise<string[]> {
  return context.host === null ? [] : forgetStale(context.exec, context.host.ledger);
}

async function run(context: StackContext, name: RepairName): Promise<string | undefined> {
  const { settings, exec, host, systemd, setup } = context;
  switch (name) {
    case "packages":
      return (await host?.installPackages())?.join(" ");
    case "box":
      await host?.box.up();
      return undefined;
    case "libvirtd":
      if (systemd === null || !(await systemd.startsProcesses(settings))) await host?.libvirtd.start();
      return undefined;
    case "storage":
      if (setup !== null) await stepOf(setup.restore, "storage").run(() => {});
      return undefined;
    case "unit":
      await systemd?.install(settings);
      return undefined;
    case "certificate": {
      const { renewed } = await putCertificateRight(settings);
      return renewed === null ? undefined : `made a new certificate: ${renewed}`;
    }
    case "client-files":
      return clientFilesStep(context).run(() => {});
    case "kvm":
      return (await host?.kvm("again"))?.reason;
    case "daemon": {
      const parts = { exec, settings, systemd };
      await stopDaemonProcess(parts);
      const { status } = await startDaemonProcess(parts, () => {});
      return `restarted the daemon (pid ${status.pid})`;
    }
    case "ledger":
      return undefined;
  }
}
