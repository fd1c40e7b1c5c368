import type { Migration } from "../../../kernel/db/migrations.ts";

/** In the order in which images are listed, within each way in which one comes to see them, and by name. */
export const listIndexes: Migration = {
  id: "image/0002-list-indexes",
  up: `
DROP INDEX images_owner;
CREATE INDEX images_owner ON images (owner, created_at, id);
CREATE INDEX images_visibility ON images (visibility, created_at, id);
CREATE INDEX images_name ON images (name, created_at, id);
CREATE INDEX images_owner_name ON images (owner, name, created_at, id);
`,
};
