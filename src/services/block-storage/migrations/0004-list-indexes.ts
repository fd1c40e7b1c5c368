import type { Migration } from "../../../kernel/db/migrations.ts";

/** In the order in which lists are read, within what narrows them: a page is read from where it begins to where it ends. */
export const listIndexes: Migration = {
  id: "block-storage/0004-list-indexes",
  up: `
DROP INDEX block_storage_volumes_project;
CREATE INDEX block_storage_volumes_project ON block_storage_volumes (project_id, created_at, id);
CREATE INDEX block_storage_volumes_age ON block_storage_volumes (created_at, id);
CREATE INDEX block_storage_volumes_name ON block_storage_volumes (name, created_at, id);
CREATE INDEX block_storage_volumes_project_name ON block_storage_volumes (project_id, name, created_at, id);
DROP INDEX block_storage_snapshots_project;
CREATE INDEX block_storage_snapshots_project ON block_storage_snapshots (project_id, created_at, id);
CREATE INDEX block_storage_snapshots_age ON block_storage_snapshots (created_at, id);
CREATE INDEX block_storage_snapshots_name ON block_storage_snapshots (name, created_at, id);
CREATE INDEX block_storage_snapshots_project_name ON block_storage_snapshots (project_id, name, created_at, id);
CREATE INDEX block_storage_attachments_project ON block_storage_attachments (project_id, created_at, id);
CREATE INDEX block_storage_attachments_age ON block_storage_attachments (created_at, id);
`,
};
