import type { Kernel } from "../../../kernel/module.ts";
import type { ComputeDriver } from "../driver/driver.ts";
import { AggregateManager } from "./aggregates.ts";
import { defineBuild } from "./build.ts";
import { createCore } from "./core.ts";
import { ServerCreator } from "./create.ts";
import { defineDelete } from "./delete.ts";
import { FlavorManager } from "./flavors.ts";
import { SnapshotManager } from "./images.ts";
import { InterfaceManager } from "./interfaces.ts";
import { KeypairManager } from "./keypairs.ts";
import { PowerManager } from "./power.ts";
import { RebuildManager } from "./rebuild.ts";
import { ServerManager } from "./servers.ts";
import { ServiceManager } from "./services.ts";
import { ShelveManager } from "./shelve.ts";
import { SoftDelete } from "./soft-delete.ts";
import { VolumeExtender } from "./volume-extend.ts";
import { VolumeManager } from "./volumes.ts";

export type Managers = ReturnType<typeof createManagers>;

/** The managers of one cloud, put together. Operations are defined here, so before any is resumed. */
export function createManagers(kernel: Kernel, driver: ComputeDriver) {
  const core = createCore(kernel, driver);
  const build = defineBuild(core);
  const softDelete = new SoftDelete(core);
  const servers = new ServerManager(core, defineDelete(core), softDelete);
  return {
    core,
    softDelete,
    creator: new ServerCreator(core, build, (context, server) => servers.forceDelete(context, server)),
    servers,
    power: new PowerManager(core),
    rebuild: new RebuildManager(core),
    snapshots: new SnapshotManager(core),
    shelve: new ShelveManager(core, build),
    aggregates: new AggregateManager(core),
    flavors: new FlavorManager(core),
    keypairs: new KeypairManager(core),
    services: new ServiceManager(core),
    interfaces: new InterfaceManager(core),
    volumes: new VolumeManager(core),
    volumeExtender: new VolumeExtender(core),
  };
}
