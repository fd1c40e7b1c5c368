import type { Migration } from "../../../kernel/db/migrations.ts";

/** What an image says of itself that lists are filtered by, as words: "status=active", "tag=blue", "property.os_distro=debian". */
const wordsOf = (row: "NEW" | "OLD" | "images"): string => `
  SELECT 'status=' || ${row}.status AS word, ${row}.id AS image_id
  UNION SELECT 'disk_format=' || ${row}.disk_format, ${row}.id
  UNION SELECT 'container_format=' || ${row}.container_format, ${row}.id
  UNION SELECT 'checksum=' || ${row}.checksum, ${row}.id
  UNION SELECT 'os_hash_algo=' || ${row}.os_hash_algo, ${row}.id
  UNION SELECT 'os_hash_value=' || ${row}.os_hash_value, ${row}.id
  UNION SELECT 'protected=1', ${row}.id WHERE ${row}.protected = 1
  UNION SELECT 'os_hidden=1', ${row}.id WHERE ${row}.os_hidden = 1
  UNION SELECT 'tag=' || value, ${row}.id FROM json_each(${row}.tags)
  UNION SELECT 'property.' || key || '=' || value, ${row}.id FROM json_each(${row}.properties)`;

const remember = `INSERT OR IGNORE INTO image_words (word, image_id) SELECT word, image_id FROM (${wordsOf("NEW")}) WHERE word IS NOT NULL;`;
const forget = `DELETE FROM image_words WHERE (word, image_id) IN (${wordsOf("OLD")});`;

/** Images are found by what few of them say without a look at the others; ranges have indexes of their own. */
export const words: Migration = {
  id: "image/0005-words",
  up: `
CREATE TABLE image_words (word TEXT NOT NULL, image_id TEXT NOT NULL, PRIMARY KEY (word, image_id)) STRICT, WITHOUT ROWID;
CREATE TRIGGER images_words AFTER INSERT ON images BEGIN ${remember} END;
CREATE TRIGGER images_words_gone AFTER DELETE ON images BEGIN ${forget} END;
CREATE TRIGGER images_words_other AFTER UPDATE OF status, disk_format, container_format, checksum, os_hash_algo, os_hash_value, protected,
  os_hidden, tags, properties ON images BEGIN ${forget} ${remember} END;
-- What is there already is written once more, as it is.
UPDATE images SET status = status;
CREATE INDEX images_size ON images (size);
CREATE INDEX images_virtual_size ON images (virtual_size);
CREATE INDEX images_min_disk ON images (min_disk);
CREATE INDEX images_min_ram ON images (min_ram);
CREATE INDEX images_made ON images (created_at / 1000);
CREATE INDEX images_changed ON images (updated_at / 1000);
`,
};
