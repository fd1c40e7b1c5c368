import type { Migration } from "../../../kernel/db/migrations.ts";

export const images: Migration = {
  id: "image/0001-images",
  up: `CREATE TABLE images (
    id TEXT PRIMARY KEY, name TEXT, status TEXT NOT NULL, owner TEXT, visibility TEXT NOT NULL,
    disk_format TEXT, container_format TEXT, size INTEGER, virtual_size INTEGER,
    min_disk INTEGER NOT NULL, min_ram INTEGER NOT NULL, protected INTEGER NOT NULL, os_hidden INTEGER NOT NULL,
    checksum TEXT, os_hash_algo TEXT, os_hash_value TEXT,
    properties TEXT NOT NULL, tags TEXT NOT NULL,
    -- 1 once the file of this name lies in the image directory
    has_data INTEGER NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
    CREATE INDEX images_created ON images (created_at DESC, id DESC);
    CREATE INDEX images_owner ON images (owner);
    CREATE TABLE image_members (
      image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE, member_id TEXT NOT NULL, status TEXT NOT NULL,
      created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (image_id, member_id)) STRICT;
    CREATE INDEX image_members_member ON image_members (member_id, status);
    CREATE TABLE image_tasks (
      id TEXT PRIMARY KEY, image_id TEXT, type TEXT NOT NULL, status TEXT NOT NULL, owner TEXT, user_id TEXT NOT NULL,
      request_id TEXT NOT NULL, input TEXT NOT NULL, result TEXT, message TEXT NOT NULL,
      expires_at INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
    CREATE INDEX image_tasks_image ON image_tasks (image_id);
    -- Files whose image is gone and that are still to be unlinked; a crash may come between the two.
    CREATE TABLE image_trash (path TEXT PRIMARY KEY) STRICT;`,
};
