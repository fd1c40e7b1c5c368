import type { Migration } from "../../../kernel/db/migrations.ts";

/** Stamps are in units of 10 µs since the epoch, as Swift's timestamps are written. Names compare by their bytes, which is Swift's order and S3's. */
export const objects: Migration = {
  id: "object-store/0001-objects",
  up: `CREATE TABLE object_accounts (
      id TEXT PRIMARY KEY, stamp INTEGER NOT NULL, headers TEXT NOT NULL, system TEXT NOT NULL,
      container_count INTEGER NOT NULL DEFAULT 0, object_count INTEGER NOT NULL DEFAULT 0, bytes_used INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE object_containers (
      id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, name TEXT NOT NULL, stamp INTEGER NOT NULL, changed INTEGER NOT NULL,
      headers TEXT NOT NULL, system TEXT NOT NULL, versioning TEXT NOT NULL DEFAULT 'off',
      object_count INTEGER NOT NULL DEFAULT 0, bytes_used INTEGER NOT NULL DEFAULT 0, UNIQUE (account, name)
    ) STRICT;
    CREATE INDEX object_containers_name ON object_containers (name);
    CREATE TABLE objects (
      container INTEGER NOT NULL, name TEXT NOT NULL, stamp INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
      content_type TEXT NOT NULL, system TEXT NOT NULL, headers TEXT NOT NULL, blob INTEGER, delete_at INTEGER,
      posted INTEGER NOT NULL, unversioned INTEGER NOT NULL, PRIMARY KEY (container, name)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX objects_expiry ON objects (delete_at) WHERE delete_at IS NOT NULL;
    CREATE TABLE object_versions (
      container INTEGER NOT NULL, name TEXT NOT NULL, stamp INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
      content_type TEXT NOT NULL, system TEXT NOT NULL, headers TEXT NOT NULL, blob INTEGER, delete_at INTEGER,
      posted INTEGER NOT NULL, unversioned INTEGER NOT NULL, marker INTEGER NOT NULL, PRIMARY KEY (container, name, stamp DESC)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE object_blobs (
      id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, state TEXT NOT NULL, size INTEGER NOT NULL, md5 TEXT NOT NULL,
      refs INTEGER NOT NULL, checked INTEGER NOT NULL DEFAULT 0, bytes BLOB
    ) STRICT;
    CREATE INDEX object_blobs_unsettled ON object_blobs (state) WHERE state <> 'kept';
    CREATE INDEX object_blobs_files ON object_blobs (checked) WHERE kind = 'file' AND state = 'kept';
    CREATE TABLE object_blob_parts (
      blob INTEGER NOT NULL, number INTEGER NOT NULL, part INTEGER NOT NULL, start INTEGER NOT NULL, size INTEGER NOT NULL,
      etag TEXT NOT NULL, system TEXT NOT NULL, PRIMARY KEY (blob, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE object_uploads (
      id TEXT PRIMARY KEY, container INTEGER NOT NULL, name TEXT NOT NULL, stamp INTEGER NOT NULL, content_type TEXT NOT NULL,
      headers TEXT NOT NULL, system TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX object_uploads_name ON object_uploads (container, name, stamp);
    CREATE TABLE object_upload_parts (
      upload TEXT NOT NULL, number INTEGER NOT NULL, blob INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
      stamp INTEGER NOT NULL, system TEXT NOT NULL, PRIMARY KEY (upload, number)
    ) STRICT, WITHOUT ROWID;`,
};
