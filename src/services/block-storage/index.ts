import { hostname } from "node:os";
import { defineService } from "../../kernel/module.ts";
import type { DriverFactory } from "./driver/driver.ts";
import { blockStorageApi } from "./errors.ts";
import "./events.ts";
import type { DriverParts } from "../../host/ready.ts";
import { createDrivers } from "./driver/create.ts";
import { createFacade } from "./manager/facade.ts";
import { createManagers } from "./manager/index.ts";
import { blockStorageTables } from "./migrations/0001-block-storage.ts";
import { messageTables } from "./migrations/0002-messages.ts";
import { frozenTable } from "./migrations/0003-frozen.ts";
import { listIndexes } from "./migrations/0004-list-indexes.ts";
import { policies } from "./policies.ts";
import { allRoutes } from "./routes/index.ts";
import { declaration } from "./service.ts";
import { watched } from "./store/watched.ts";

export interface BlockStorageDrivers {
  /** Called once per backend of CINDER_ENABLED_BACKENDS. */
  driver: DriverFactory;
  /** The box's name in "box@lvmdriver-1"; the machine's own when left out. */
  hostname?: string;
}

/** Cinder v3: volumes, their types, snapshots and attachments. */
export const blockStorage = defineService<"block-storage", BlockStorageDrivers>({
  ...declaration,
  api: blockStorageApi,
  policies,
  olderRules: true,
  migrations: [blockStorageTables, messageTables, frozenTable, listIndexes],
  watched,
  create(kernel, drivers) {
    const managers = createManagers(kernel, drivers.hostname ?? hostname(), drivers.driver);
    const { core, types, health } = managers;
    return {
      facade: createFacade(managers),
      routes: allRoutes(managers),
      seed: () => types.seed(),
      async prepare() {
        for (const { driver } of core.backends.all) await driver.start();
      },
      examine: () => health.examine(),
      start: () => health.start(),
      stop: () => health.stop(),
    };
  },
});

/** The service as the settings ask for it. */
export const assemble = (parts: DriverParts) => blockStorage(createDrivers(parts));
