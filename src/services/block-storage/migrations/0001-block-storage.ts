import type { Migration } from "../../../kernel/db/migrations.ts";

export const blockStorageTables: Migration = {
  id: "block-storage/0001-block-storage",
  up: `
    CREATE TABLE block_storage_types (
      id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, description TEXT, is_public INTEGER NOT NULL,
      extra_specs TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER) STRICT;
    CREATE TABLE block_storage_type_access (
      type_id TEXT NOT NULL REFERENCES block_storage_types (id) ON DELETE CASCADE, project_id TEXT NOT NULL,
      PRIMARY KEY (type_id, project_id)) STRICT, WITHOUT ROWID;
    CREATE TABLE block_storage_default_types (
      project_id TEXT PRIMARY KEY, type_id TEXT NOT NULL REFERENCES block_storage_types (id) ON DELETE CASCADE) STRICT;

    CREATE TABLE block_storage_volumes (
      id TEXT PRIMARY KEY, project_id TEXT NOT NULL, user_id TEXT NOT NULL, name TEXT, description TEXT,
      size_gb INTEGER NOT NULL, growing_gb INTEGER NOT NULL, status TEXT NOT NULL, previous_status TEXT, attach_status TEXT NOT NULL,
      type_id TEXT NOT NULL REFERENCES block_storage_types (id), availability_zone TEXT NOT NULL, host TEXT,
      bootable INTEGER NOT NULL, multiattach INTEGER NOT NULL, migration_status TEXT,
      snapshot_id TEXT, source_volume_id TEXT,
      metadata TEXT NOT NULL, admin_metadata TEXT NOT NULL, image_metadata TEXT NOT NULL,
      created_at INTEGER NOT NULL, updated_at INTEGER) STRICT;
    CREATE INDEX block_storage_volumes_project ON block_storage_volumes (project_id, created_at);
    CREATE INDEX block_storage_volumes_type ON block_storage_volumes (type_id);

    CREATE TABLE block_storage_snapshots (
      id TEXT PRIMARY KEY, project_id TEXT NOT NULL, user_id TEXT NOT NULL,
      volume_id TEXT NOT NULL REFERENCES block_storage_volumes (id),
      name TEXT, description TEXT, status TEXT NOT NULL, progress TEXT NOT NULL, size_gb INTEGER NOT NULL,
      type_id TEXT NOT NULL, bootable INTEGER NOT NULL, metadata TEXT NOT NULL, image_metadata TEXT NOT NULL,
      created_at INTEGER NOT NULL, updated_at INTEGER) STRICT;
    CREATE INDEX block_storage_snapshots_project ON block_storage_snapshots (project_id, created_at);
    CREATE INDEX block_storage_snapshots_volume ON block_storage_snapshots (volume_id);

    CREATE TABLE block_storage_attachments (
      id TEXT PRIMARY KEY, volume_id TEXT NOT NULL REFERENCES block_storage_volumes (id), project_id TEXT NOT NULL,
      instance_id TEXT, host_name TEXT, device TEXT, mode TEXT, status TEXT NOT NULL, by_compute INTEGER NOT NULL,
      connector TEXT, connection_info TEXT, attached_at INTEGER, created_at INTEGER NOT NULL) STRICT;
    CREATE INDEX block_storage_attachments_volume ON block_storage_attachments (volume_id);
    CREATE INDEX block_storage_attachments_instance ON block_storage_attachments (instance_id);

    CREATE TABLE block_storage_disabled_services (
      binary TEXT NOT NULL, host TEXT NOT NULL, reason TEXT, PRIMARY KEY (binary, host)) STRICT, WITHOUT ROWID;
  `,
};
