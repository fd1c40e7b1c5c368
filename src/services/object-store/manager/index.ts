import type { Kernel } from "../../../kernel/module.ts";
import { AccountManager } from "./accounts.ts";
import { BulkManager } from "./bulk.ts";
import { ContainerSync } from "./container-sync.ts";
import { ContainerManager } from "./containers.ts";
import { createCore } from "./core.ts";
import { LegacyVersions } from "./legacy-versions.ts";
import { ObjectManager } from "./objects.ts";
import { Reading } from "./reading.ts";
import { Lifecycle } from "./s3/lifecycle.ts";
import { UploadManager } from "./uploads.ts";

export type Managers = ReturnType<typeof createManagers>;

/** The managers of one cloud, put together. Both dialects speak to these. */
export function createManagers(kernel: Kernel) {
  const core = createCore(kernel);
  const accounts = new AccountManager(core);
  const objects = new ObjectManager(core);
  const uploads = new UploadManager(core, objects);
  const containers = new ContainerManager(core, accounts, uploads);
  const legacy = new LegacyVersions(core, containers, objects);
  return {
    core,
    accounts,
    containers,
    objects,
    legacy,
    sync: new ContainerSync(core, objects),
    bulk: new BulkManager(core, { containers, objects, legacy }),
    reading: new Reading(core, containers, objects),
    uploads,
    lifecycle: new Lifecycle(core, objects, uploads),
    contents: core.contents,
  };
}
