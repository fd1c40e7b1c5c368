import type { Migration } from "../../../kernel/db/migrations.ts";

const more = `
  INSERT INTO image_use (owner, status, images, bytes) VALUES (ifnull(NEW.owner, ''), NEW.status, 1, ifnull(NEW.size, 0))
    ON CONFLICT (owner, status) DO UPDATE SET images = images + 1, bytes = bytes + excluded.bytes;`;
const less = `
  UPDATE image_use SET images = images - 1, bytes = bytes - ifnull(OLD.size, 0) WHERE owner = ifnull(OLD.owner, '') AND status = OLD.status;`;

/** What projects have of images in each status: counted as it changes, so that it costs the same whatever there is. */
export const countedUse: Migration = {
  id: "image/0006-counted-use",
  up: `
CREATE TABLE image_use (owner TEXT NOT NULL, status TEXT NOT NULL, images INTEGER NOT NULL, bytes INTEGER NOT NULL,
  PRIMARY KEY (owner, status)) STRICT, WITHOUT ROWID;
INSERT INTO image_use SELECT ifnull(owner, ''), status, count(*), ifnull(sum(size), 0) FROM images GROUP BY 1, 2;
CREATE TRIGGER images_counted AFTER INSERT ON images BEGIN ${more} END;
CREATE TRIGGER images_counted_less AFTER DELETE ON images BEGIN ${less} END;
CREATE TRIGGER images_counted_other AFTER UPDATE OF owner, status, size ON images
  WHEN NEW.owner IS NOT OLD.owner OR NEW.status <> OLD.status OR NEW.size IS NOT OLD.size BEGIN ${less} ${more} END;
`,
};
