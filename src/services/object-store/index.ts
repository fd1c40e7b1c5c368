import { defineService } from "../../kernel/module.ts";
import { Scrubber } from "./data/scrubber.ts";
import { s3Front } from "./fronts/s3/front.ts";
import { swiftApi } from "./fronts/swift.ts";
import { createFacade } from "./manager/facade.ts";
import { inTurns } from "./manager/in-turns.ts";
import { createManagers } from "./manager/index.ts";
import { objects as objectsMigration } from "./migrations/0001-objects.ts";
import { syncQueue } from "./migrations/0002-sync-queue.ts";
import { syncWalks } from "./migrations/0003-sync-walks.ts";
import { policies } from "./policies.ts";
import { allRoutes } from "./routes/index.ts";
import { s3Routes } from "./routes/s3/index.ts";
import { declaration } from "./service.ts";
import { watched } from "./store/watched.ts";

/** Milliseconds between looks at what has expired; what has is not given out before that either. */
const EXPIRE_EVERY = 10_000;

/** Swift: accounts, containers and objects. */
export const objectStore = defineService({
  ...declaration,
  api: swiftApi,
  fronts: [s3Front],
  policies,
  migrations: [objectsMigration, syncQueue, syncWalks],
  watched,
  create(kernel) {
    const managers = createManagers(kernel);
    const { core, contents, objects } = managers;
    const scrubber = new Scrubber(kernel, core.blobs, core.files);
    const endings: (() => Promise<void> | void)[] = [];
    return {
      facade: createFacade(managers),
      routes: allRoutes(managers),
      frontRoutes: { [s3Front.name]: s3Routes(managers) },
      prepare: () => contents.prepare(),
      async reconcile() {
        await contents.recover();
        await managers.uploads.recover();
      },
      start() {
        const expire = inTurns(kernel, "the removal of expired objects", () => objects.expire());
        const ends = [scrubber.start(), managers.sync.start(), managers.lifecycle.start()];
        endings.push(expire.every(EXPIRE_EVERY), ...ends);
      },
      async stop() {
        for (const end of endings) await end();
        await managers.uploads.stop();
        await contents.idle();
      },
    };
  },
});

/** The service as the settings ask for it. */
export const assemble = () => objectStore();
