import { mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { isDataDirectoryBusy } from "./bootstrap/lock.ts";
import { controlSocket } from "./control/protocol.ts";
import { controlApp } from "./control/server.ts";
import { createDashboard, dashboardMigrations } from "./dashboard/server/index.ts";
import type { Host } from "./host/index.ts";
import type { ReadyHost } from "./host/ready.ts";
import { syslogSink } from "./host/syslog.ts";
import { hostWarnings } from "./host-warnings.ts";
import type { Settings } from "./kernel/config/settings.ts";
import { Database } from "./kernel/db/database.ts";
import { type Cloud, createCloud } from "./kernel/kernel.ts";
import { fileSink } from "./kernel/log/file-sink.ts";
import { Logger, type LogSink } from "./kernel/log/logger.ts";
import { giveMemoryBack } from "./kernel/program/idle-memory.ts";
import { systemClock } from "./kernel/time/clock.ts";
import { Tracer } from "./kernel/trace/trace.ts";
import { listenUnix } from "./listen.ts";
import { openPorts } from "./open-ports.ts";
import { ServerCertificate } from "./server-certificate.ts";
import { createServices, databasePath, leftOut } from "./services.ts";
import { VERSION } from "./version.ts";

export interface DaemonOptions {
  settings: Settings;
  /** Instead of files under LOGDIR. */
  sink?: LogSink;
  /** Called when a `tenrec` command asks the daemon to end. */
  onStopRequest?: () => void;
}

export interface Daemon {
  cloud: Cloud;
  /** Service name → URL. */
  urls: Record<string, string>;
  /** The next line of each log goes into a file of its own name again, whatever became of the old one. */
  reopenLogs(): void;
  stop(): Promise<void>;
}

/** The composition root: one process that is the whole cloud, from settings to open ports. */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const configured = options.settings;
  const { dataDir, logging } = configured;
  mkdirSync(dataDir, { recursive: true, mode: 0o755 });
  const files = options.sink === undefined ? fileSink({ directory: logging.dir, keepDays: logging.days }) : null;
  const syslog = logging.syslog === null ? null : syslogSink(logging.syslog, hostname());
  const kept = options.sink ?? files?.sink ?? (() => {});
  const sink: LogSink =
    syslog === null
      ? kept
      : (record) => {
          kept(record);
          syslog.sink(record);
        };
  const logLevel = logging.debug ? "debug" : "info";

  // The key of tokens, hashes of passwords and EC2 secrets are in it.
  const db = new Database({ path: databasePath(configured), ownerOnly: true });
  const tracer = new Tracer(db, systemClock);
  const log = new Logger("tenrec", { sink, level: logLevel, requestId: () => tracer.requestId });

  const { ready, settings } = await prepareHost(configured, log, tracer);
  const services = await createServices({ settings, log, ready });
  const cloud = createCloud({
    settings,
    db,
    services,
    leftOut: leftOut(settings),
    migrations: dashboardMigrations,
    sink,
    logLevel,
    tracer,
  });
  // DevStack's name of it.
  const dashboard = settings.enabledServices.includes("horizon") ? createDashboard(cloud.kernel) : undefined;
  const { warnings } = cloud.kernel;
  const isTls = settings.api.protocol === "https";
  const certificate = isTls ? await ServerCertificate.open({ settings, warnings, log }) : null;

  const urls = Object.fromEntries(
    services.map(({ name, endpoint }) => [name, settings.api.baseUrl + endpoint.prefix] as const),
  );
  const stop = options.onStopRequest ?? (() => {});
  let isReady = false;
  // First of all: it tells a second daemon on the same data directory to go away.
  const control = await listenUnix(
    controlApp(cloud, {
      version: VERSION,
      urls: () => urls,
      isReady: () => isReady,
      renewCertificate: async () => certificate?.renew(),
      stop,
    }),
    controlSocket(dataDir),
  );

  const listeners = [control];
  await cloud.open(async () => {
    if (ready !== null) await watchHost(ready.host, cloud);
    listeners.push(...(await openPorts(cloud, certificate?.files, dashboard)));
  });
  certificate?.keep(listeners);
  isReady = true;
  const stopGivingBack = giveMemoryBack({ forget: () => db.rest() });
  log.info(`tenrec ${VERSION} is ready`, { url: settings.api.baseUrl, pid: process.pid });

  return {
    cloud,
    urls,
    reopenLogs() {
      files?.close();
      log.info("logs were opened anew");
    },
    async stop() {
      stopGivingBack();
      await ready?.host.watch.stop();
      certificate?.close();
      dashboard?.close();
      await Promise.all(listeners.map((listener) => listener.close()));
      await cloud.stop();
      ready?.host.close();
      db.close();
      files?.close();
      syslog?.close();
    },
  };
}

/**
 * Box and libvirtd, made or found again: the same after a crash, a reboot and the first start. Without usable KVM the
 * settings go on as LIBVIRT_TYPE=qemu.
 */
async function prepareHost(
  settings: Settings,
  log: Logger,
  tracer: Tracer,
): Promise<{ ready: ReadyHost | null; settings: Settings }> {
  if (settings.virtDriver === "fake") return { ready: null, settings };
  // Loaded where there is a host: a fake cloud starts without.
  const [{ createHost }, { ensureVolumeGroups }] = await Promise.all([
    import("./host/index.ts"),
    import("./host/volume-groups.ts"),
  ]);
  const host = createHost({ settings, log, tracer });
  for (const remark of await host.tune()) log.info(remark);
  const box = await host.box.up();
  await host.libvirtd.start();
  host.libvirtd.watch();
  const volumeGroups = await ensureVolumeGroups(host.lvm, settings);
  const emulate = settings.libvirtType === "kvm" && !(await host.kvm()).usable;
  return {
    ready: { host, box, volumeGroups, tracer },
    settings: emulate ? { ...settings, libvirtType: "qemu" } : settings,
  };
}

/** What somebody removes of ours on the host is put back from now on, but not against a command that does so. */
async function watchHost(host: Host, { kernel }: Cloud): Promise<void> {
  const says = hostWarnings(kernel.warnings, kernel.log.named("host"));
  host.libvirtd.watch((what) => says.restarted(what));
  await host.watch.start({ isBusy: () => isDataDirectoryBusy(kernel.settings.dataDir), says });
}
