import type { Migration } from "../../../kernel/db/migrations.ts";

/** Images by name: what is looked for among those that all see, and lists that are sorted so, where no name is an empty one. */
export const nameIndexes: Migration = {
  id: "image/0003-name-indexes",
  up: `
CREATE INDEX images_visibility_name ON images (visibility, name, created_at, id);
CREATE INDEX images_sorted ON images (ifnull(name, ''), created_at, id);
CREATE INDEX images_owner_sorted ON images (owner, ifnull(name, ''), created_at, id);
`,
};
