import type { Migration } from "../../../kernel/db/migrations.ts";

/** Metadata definitions. Names are compared without case, as DevStack's MySQL does. */
export const metadefs: Migration = {
  id: "image/0004-metadefs",
  up: `
CREATE TABLE metadef_namespaces (id TEXT PRIMARY KEY, namespace TEXT NOT NULL COLLATE NOCASE UNIQUE, display_name TEXT, description TEXT,
  visibility TEXT NOT NULL, protected INTEGER NOT NULL, owner TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
CREATE INDEX metadef_namespaces_created ON metadef_namespaces (created_at, id);
CREATE TABLE metadef_resource_types (id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE metadef_associations (id TEXT PRIMARY KEY, namespace_id TEXT NOT NULL REFERENCES metadef_namespaces (id) ON DELETE CASCADE,
  name TEXT NOT NULL COLLATE NOCASE, prefix TEXT, properties_target TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  UNIQUE (namespace_id, name)) STRICT;
CREATE INDEX metadef_associations_name ON metadef_associations (name);
CREATE TABLE metadef_objects (id TEXT PRIMARY KEY, namespace_id TEXT NOT NULL REFERENCES metadef_namespaces (id) ON DELETE CASCADE,
  name TEXT NOT NULL COLLATE NOCASE, description TEXT, required TEXT NOT NULL, properties TEXT NOT NULL, created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL, UNIQUE (namespace_id, name)) STRICT;
CREATE TABLE metadef_properties (id TEXT PRIMARY KEY, namespace_id TEXT NOT NULL REFERENCES metadef_namespaces (id) ON DELETE CASCADE,
  name TEXT NOT NULL COLLATE NOCASE, schema TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  UNIQUE (namespace_id, name)) STRICT;
CREATE TABLE metadef_tags (id TEXT PRIMARY KEY, namespace_id TEXT NOT NULL REFERENCES metadef_namespaces (id) ON DELETE CASCADE,
  name TEXT NOT NULL COLLATE NOCASE, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, UNIQUE (namespace_id, name)) STRICT;
CREATE INDEX metadef_tags_created ON metadef_tags (namespace_id, created_at, id);
`,
};
