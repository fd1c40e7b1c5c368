import { hostname } from "node:os";
import { defineService } from "../../kernel/module.ts";
import type { DriverFactory } from "./driver/driver.ts";
import { blockStorageApi } from "./errors.ts";
import "./events.ts";
import "./facade.ts";
import { AttachmentManager } from "./manager/attachments.ts";
import { Core } from "./manager/core.ts";
import { blockStorageFacade } from "./manager/facade.ts";
import { Health } from "./manager/health.ts";
import { SnapshotManager } from "./manager/snapshots.ts";
import { TypeManager } from "./manager/types.ts";
import { VolumeManager } from "./manager/volumes.ts";
import { defineVolumeWork } from "./manager/work.ts";
import { blockStorageTables } from "./migrations/0001-block-storage.ts";
import { messageTables } from "./migrations/0002-messages.ts";
import { frozenTable } from "./migrations/0003-frozen.ts";
import { policies } from "./policies.ts";
import { blockStorageRoutes } from "./routes/index.ts";

export interface BlockStorageDrivers {
  /** Called once per backend of CINDER_ENABLED_BACKENDS. */
  driver: DriverFactory;
  /** The box's name in "box@lvmdriver-1"; the machine's own when left out. */
  hostname?: string;
}

/** Cinder v3: volumes, their types, snapshots and attachments. */
export const blockStorage = defineService<"block-storage", BlockStorageDrivers>({
  name: "block-storage",
  endpoint: {
    prefix: "/volume",
    classicPorts: ["blockStorage"],
    catalog: [
      { name: "cinder", type: "block-storage", path: "/v3", description: "Cinder Volume Service" },
      { name: "cinderv3", type: "volumev3", path: "/v3/%(project_id)s", description: "Cinder Volume Service V3" },
    ],
  },
  api: blockStorageApi,
  policies,
  olderRules: "cinder",
  migrations: [blockStorageTables, messageTables, frozenTable],
  create(kernel, drivers) {
    const core = new Core(kernel, drivers.hostname ?? hostname(), drivers.driver);
    const types = new TypeManager(core);
    const volumes = new VolumeManager(core, types, defineVolumeWork(core));
    const snapshots = new SnapshotManager(core);
    const attachments = new AttachmentManager(core);
    const health = new Health(core);
    return {
      facade: blockStorageFacade(core, volumes, snapshots, attachments, types),
      routes: blockStorageRoutes({ core, types, volumes, snapshots, attachments }),
      seed: () => types.seed(),
      async reconcile() {
        for (const { driver } of core.backends.all) await driver.start();
      },
      examine: () => health.examine(),
      start: () => health.start(),
      stop: () => health.stop(),
    };
  },
});
