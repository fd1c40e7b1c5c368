import type { Migration } from "../../../kernel/db/migrations.ts";

export const frozenTable: Migration = {
  id: "block-storage/0003-frozen",
  up: "CREATE TABLE block_storage_frozen_backends (host TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;",
};
