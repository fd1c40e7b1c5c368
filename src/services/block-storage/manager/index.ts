import type { Kernel } from "../../../kernel/module.ts";
import type { DriverFactory } from "../driver/driver.ts";
import { AttachmentManager } from "./attachments.ts";
import { Core } from "./core.ts";
import { Health } from "./health.ts";
import { SnapshotManager } from "./snapshots.ts";
import { TypeManager } from "./types.ts";
import { VolumeManager } from "./volumes.ts";
import { defineVolumeWork } from "./work.ts";

export type Managers = ReturnType<typeof createManagers>;

/** The managers of one cloud, put together. Operations are defined here, so before any is resumed. */
export function createManagers(kernel: Kernel, hostname: string, driver: DriverFactory) {
  const core = new Core(kernel, hostname, driver);
  const types = new TypeManager(core);
  return {
    core,
    types,
    volumes: new VolumeManager(core, types, defineVolumeWork(core)),
    snapshots: new SnapshotManager(core),
    attachments: new AttachmentManager(core),
    health: new Health(core),
  };
}
