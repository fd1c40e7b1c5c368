import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../kernel/config/settings.ts";
import type { Database } from "../kernel/db/database.ts";
import type { Logger } from "../kernel/log/logger.ts";
import { type Clock, systemClock } from "../kernel/time/clock.ts";
import type { Tracer } from "../kernel/trace/trace.ts";
import { Box } from "./box/box.ts";
import { HostExec } from "./exec.ts";
import { reapsOrphans } from "./facts.ts";
import { holdsData, registerUndos } from "./kinds/index.ts";
import { type KvmProbe, probeKvm } from "./kvm-probe.ts";
import { HostLedger, openLedgerDatabase } from "./ledger.ts";
import { PrivateLibvirtd } from "./libvirtd/libvirtd.ts";
import { Loops } from "./loop.ts";
import { Lvm } from "./lvm.ts";
import { type HostNetwork, hostNetwork } from "./net/index.ts";
import { installMissing, missingRequirements } from "./packages.ts";
import { type Preflight, preflight } from "./preflight.ts";
import { QemuImg } from "./qemu-img.ts";
import { type HostSnapshot, takeSnapshot } from "./snapshot.ts";
import { tuneKernel } from "./tuning.ts";
import type { Exec, Ledger, LedgerEntry, UndoProgress, UndoReport } from "./types.ts";
import { HostWatch } from "./watch/host-watch.ts";

/** Everything of the host, as one object to inject. */
export interface Host {
  readonly exec: Exec;
  readonly ledger: Ledger;
  readonly box: Box;
  readonly libvirtd: PrivateLibvirtd;
  readonly network: HostNetwork;
  readonly qemuImg: QemuImg;
  readonly loops: Loops;
  readonly lvm: Lvm;
  /** Puts back what somebody takes away; the daemon starts it. */
  readonly watch: HostWatch;
  /** `thorough`: only to look; also at what informs and takes its time. */
  preflight(options?: { thorough: boolean }): Promise<Preflight>;
  /** Installs what is missing (OFFLINE: throws, naming it); the packages installed. */
  installPackages(progress?: (line: string) => void): Promise<string[]>;
  /**
   * Whether KVM runs guests; measured once per boot. `known`: as was measured in this boot, else now, and not kept; `look`: measured now,
   * and not kept; `again`: measured now, and kept.
   */
  kvm(mode?: "known" | "look" | "again"): Promise<KvmProbe>;
  /** ENABLE_KSM and ENABLE_ZSWAP; what was done, or why not. */
  tune(): Promise<string[]>;
  /** See facts.ts. */
  reapsOrphans(): Promise<boolean>;
  snapshot(): Promise<HostSnapshot>;
  /**
   * Gives the host back: guests, libvirtd, then everything in the ledger, backwards. What fails is in the report, and stays in the
   * ledger. Without `data` guests' disks and volumes outlive it.
   */
  teardown(options: { data: boolean; progress?: (step: UndoProgress) => void }): Promise<UndoReport>;
  /** Stops looking after things and closes the ledger; nothing on the host changes. */
  close(): void;
}

export interface HostOptions {
  settings: Settings;
  log: Logger;
  tracer?: Tracer | null;
  clock?: Clock;
  /** Of the ledger; `DATA_DIR/ledger.db` when left out. */
  db?: Database;
  /** For tests. */
  exec?: Exec;
  /** See net/listen.ts; for the single executable. */
  listenHelper?: readonly string[];
}

/** Puts the host layer together. Changes nothing on the host, but makes DATA_DIR with the ledger in it. */
export function createHost(options: HostOptions): Host {
  const { settings, log, tracer = null, clock = systemClock } = options;
  const { dataDir } = settings;
  const exec = options.exec ?? new HostExec({ log, tracer });
  const db = options.db ?? openLedgerDatabase(join(dataDir, "ledger.db"), clock);
  const ledger = new HostLedger(db, clock);
  registerUndos(ledger, exec);
  const hostLog = log.named("host");
  const box = new Box({ settings, exec, ledger, log: hostLog });
  const watch = new HostWatch({ exec, ledger, box, log: hostLog, clock, directory: join(dataDir, "watch") });
  const libvirtd = new PrivateLibvirtd({ dataDir, netns: box.netns, exec, ledger, log: hostLog });
  const loops = new Loops(exec, ledger);
  const lvm = new Lvm(exec, ledger, loops);
  const network = hostNetwork({
    exec,
    ledger,
    stateDirectory: join(dataDir, "network"),
    ...(options.listenHelper === undefined ? {} : { listenHelper: options.listenHelper }),
  });
  return {
    exec,
    ledger,
    box,
    libvirtd,
    network,
    qemuImg: new QemuImg(exec),
    loops,
    lvm,
    watch,
    preflight: ({ thorough } = { thorough: false }) => preflight({ settings, exec, box, thorough }),
    installPackages: async (progress) =>
      installMissing(exec, ledger, await missingRequirements(), {
        offline: settings.offline,
        ...(progress === undefined ? {} : { progress }),
      }),
    kvm: async (mode) => {
      const cacheFile = join(dataDir, "kvm-probe.json");
      if (mode === "again") await rm(cacheFile, { force: true });
      return probeKvm(exec, mode === "look" ? {} : { cacheFile, keep: mode !== "known" });
    },
    tune: () => tuneKernel({ settings, ledger }),
    reapsOrphans,
    snapshot: () => takeSnapshot(exec, { ownDirectories: [dataDir, settings.dest] }),
    teardown: async ({ data, progress }) => {
      // While libvirtd is there to be told: afterwards their definitions would come back with the next stack. A failure is tried
      // again below, and reported there.
      for (const { kind, name } of ledger.list({ kind: "domain" }).reverse()) {
        await ledger.remove(kind, name).catch(() => undefined);
      }
      await libvirtd.stop({ guests: true });
      const failures = data ? [] : await lvm.deactivateGroups();
      const keep = (entry: LedgerEntry) =>
        !data && (holdsData(entry) || (entry.kind === "loop" && failures.length > 0));
      const report = await ledger.undoAll({ keep, ...(progress === undefined ? {} : { progress }) });
      return { undone: report.undone, failures: [...failures, ...report.failures] };
    },
    close: () => {
      libvirtd.unwatch();
      if (options.db === undefined) db.close();
    },
  };
}
