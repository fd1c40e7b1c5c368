import type { Kernel } from "../../../kernel/module.ts";
import { BlobFiles } from "../data/blob-files.ts";
import { Contents } from "../data/contents.ts";
import { AccountTable } from "../store/accounts.ts";
import { BlobTable } from "../store/blobs.ts";
import { ContainerTable } from "../store/containers.ts";
import { ObjectTable } from "../store/objects.ts";
import { SyncQueueTable } from "../store/sync-queue.ts";
import { UploadTable } from "../store/uploads.ts";
import { Stamps } from "../values/stamps.ts";

/** What the managers of this service share. */
export interface Core {
  readonly kernel: Kernel;
  readonly accounts: AccountTable;
  readonly containers: ContainerTable;
  readonly objects: ObjectTable;
  readonly uploads: UploadTable;
  readonly syncQueue: SyncQueueTable;
  readonly blobs: BlobTable;
  readonly files: BlobFiles;
  readonly contents: Contents;
  readonly stamps: Stamps;
}

export function createCore(kernel: Kernel): Core {
  const { db, settings } = kernel;
  const blobs = new BlobTable(db);
  const files = new BlobFiles(settings.objectStore.dataDir);
  return {
    kernel,
    accounts: new AccountTable(db),
    containers: new ContainerTable(db),
    objects: new ObjectTable(db),
    uploads: new UploadTable(db),
    syncQueue: new SyncQueueTable(db),
    blobs,
    files,
    contents: new Contents(kernel, blobs, files),
    stamps: new Stamps(kernel.clock),
  };
}
