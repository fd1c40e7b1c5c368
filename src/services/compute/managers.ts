import { defineBuild } from "./manager/build.ts";
import type { Core } from "./manager/core.ts";
import { ServerCreator } from "./manager/create.ts";
import { defineDelete } from "./manager/delete.ts";
import { FlavorManager } from "./manager/flavors.ts";
import { SnapshotManager } from "./manager/images.ts";
import { InterfaceManager } from "./manager/interfaces.ts";
import { KeypairManager } from "./manager/keypairs.ts";
import { PowerManager } from "./manager/power.ts";
import { RebuildManager } from "./manager/rebuild.ts";
import { ServerManager } from "./manager/servers.ts";
import { ShelveManager } from "./manager/shelve.ts";
import { SoftDelete } from "./manager/soft-delete.ts";
import { VolumeExtender } from "./manager/volume-extend.ts";
import { VolumeManager } from "./manager/volumes.ts";

export type Managers = ReturnType<typeof createManagers>;

/** All managers of the service over one core. Operations are defined here, so before any is resumed. */
export function createManagers(core: Core) {
  const build = defineBuild(core);
  const softDelete = new SoftDelete(core);
  return {
    softDelete,
    creator: new ServerCreator(core, build),
    servers: new ServerManager(core, defineDelete(core), softDelete),
    power: new PowerManager(core),
    rebuild: new RebuildManager(core),
    snapshots: new SnapshotManager(core),
    shelve: new ShelveManager(core, build),
    flavors: new FlavorManager(core),
    keypairs: new KeypairManager(core),
    interfaces: new InterfaceManager(core),
    volumes: new VolumeManager(core),
    volumeExtender: new VolumeExtender(core),
  };
}
