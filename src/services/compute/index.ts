import type { DriverParts } from "../../host/ready.ts";
import { defineService, forProjects } from "../../kernel/module.ts";
import { type ConsoleProxy, consoleProxy } from "./consoles/proxy.ts";
import { createDrivers } from "./driver/create.ts";
import type { ComputeDriver } from "./driver/driver.ts";
import { computeApi } from "./errors.ts";
import { examine } from "./examine.ts";
import { refreshVifs } from "./manager/change.ts";
import { createFacade } from "./manager/facade.ts";
import { createManagers } from "./manager/index.ts";
import { LateDetach } from "./manager/late-detach.ts";
import { Lifecycle } from "./manager/lifecycle.ts";
import { initial } from "./migrations/0001-compute.ts";
import { serverMigrations } from "./migrations/0002-migrations.ts";
import { useMigration } from "./migrations/0003-use.ts";
import { listTextsMigration } from "./migrations/0004-list-texts.ts";
import { countedUse } from "./migrations/0005-counted-use.ts";
import { listIndexes } from "./migrations/0006-list-indexes.ts";
import { ownerUse } from "./migrations/0007-owner-use.ts";
import { periodUse } from "./migrations/0008-period-use.ts";
import { foundServers } from "./migrations/0009-found-servers.ts";
import { policies } from "./policies.ts";
import { defineSettle, Reconciler } from "./reconcile.ts";
import { allRoutes } from "./routes/index.ts";
import { ServerPresenter } from "./routes/server-view.ts";
import { seed } from "./seed.ts";
import { declaration } from "./service.ts";
import { isMetadataServed } from "./settings.ts";
import { watched } from "./store/watched.ts";

export interface ComputeDrivers {
  driver: ComputeDriver;
}

/** Nova: servers on the one host, and all around them. */
export const compute = defineService<"compute", ComputeDrivers>({
  ...declaration,
  api: computeApi,
  policies,
  olderRules: true,
  scopes: forProjects("compute"),
  migrations: [
    initial,
    serverMigrations,
    useMigration,
    listTextsMigration,
    countedUse,
    listIndexes,
    ownerUse,
    periodUse,
    foundServers,
  ],
  watched,
  create(kernel, { driver }) {
    const managers = createManagers(kernel, driver);
    const { core } = managers;
    const presenter = new ServerPresenter(core);
    const settleLater = defineSettle(core);
    const reconciler = new Reconciler(core);
    let busyAtStart: string[] = [];
    const timers: (() => void)[] = [];
    const every = (period: number | null, body: () => void) => {
      if (period !== null) timers.push(kernel.clock.every(period, body));
    };
    const lifecycle = new Lifecycle(core);
    const lateDetach = new LateDetach(core, managers);

    kernel.events.on("network.devices.changed", "compute", ({ deviceIds }) => refreshVifs(core, deviceIds));
    kernel.events.on("network.security_group.renamed", "compute", () => presenter.forgetGroups());
    kernel.events.on("network.port.withdrawn", "compute", ({ portId, deviceId }) =>
      managers.interfaces.portWithdrawn(deviceId, portId),
    );
    kernel.events.on("block-storage.volume.extended", "compute", ({ volumeId, instanceIds, requestId }) =>
      managers.volumeExtender.extended(volumeId, instanceIds, requestId),
    );

    const facade = createFacade(managers);
    const resolve = (token: string) => facade.resolveConsoleToken(token);
    const proxy = (type: "novnc" | "serial") => consoleProxy({ type, resolve, log: kernel.log.named("consoles") });
    return {
      facade,
      // nova's console proxies, each on a port of its own as console URLs say; metadata in plain HTTP, as guests have it.
      listeners: () => [
        { port: "noVnc", protocol: "http", ...served(proxy("novnc")) },
        { port: "serial", protocol: "http", ...served(proxy("serial")) },
        { port: "metadata", protocol: "tcp", serve: (socket) => facade.answerMetadata(socket, null) },
      ],
      routes: allRoutes(managers, presenter),
      seed: () => seed(core),
      async prepare() {
        if (isMetadataServed(kernel.settings)) {
          kernel.facade("network").serveMetadata((socket, source) => facade.answerMetadata(socket, source));
        }
        busyAtStart = await reconciler.prepare();
      },
      reconcile: (progress, signal) => reconciler.reconcile(progress, signal),
      examine: () => examine(core),
      start() {
        for (const serverId of busyAtStart) settleLater(serverId);
        const { softDelete, servers, shelve } = managers;
        every(softDelete.period, () => servers.reclaim());
        every(shelve.period, () => shelve.offloadDue());
        lifecycle.start();
        lateDetach.start();
      },
      async stop() {
        for (const callOff of timers) callOff();
        lifecycle.stop();
        lateDetach.stop();
        await driver.close();
      },
    };
  },
});

const served = ({ app, upgrade }: ConsoleProxy) => ({ fetch: (request: Request) => app.fetch(request), upgrade });

/** The service as the settings ask for it. */
export const assemble = async (parts: DriverParts) => compute(await createDrivers(parts));
