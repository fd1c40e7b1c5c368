import type { Migration } from "../../../kernel/db/migrations.ts";

/**
 * How servers are found among thousands: those of a group, those with tags, locked ones, and by three characters or more of their names and
 * addresses. The texts of servers that are not deleted, under their numbers.
 */
export const foundServers: Migration = {
  id: "compute/0009-found-servers",
  up: `
  CREATE INDEX compute_servers_group ON compute_servers (group_id, number) WHERE group_id IS NOT NULL AND deleted_at IS NULL;
  CREATE INDEX compute_servers_tagged ON compute_servers (project_id) WHERE tags <> '[]' AND deleted_at IS NULL;
  CREATE INDEX compute_servers_locked ON compute_servers (project_id) WHERE locked_by IS NOT NULL AND deleted_at IS NULL;
  DROP INDEX compute_servers_texts;
  CREATE VIRTUAL TABLE compute_server_texts USING fts5 (name, addresses, content = '', contentless_delete = 1, tokenize = 'trigram');
  INSERT INTO compute_server_texts (rowid, name, addresses) SELECT number, name, addresses FROM compute_servers WHERE deleted_at IS NULL;
  CREATE TRIGGER compute_server_texts_insert AFTER INSERT ON compute_servers WHEN NEW.deleted_at IS NULL BEGIN
    INSERT INTO compute_server_texts (rowid, name, addresses) VALUES (NEW.number, NEW.name, NEW.addresses);
  END;
  CREATE TRIGGER compute_server_texts_delete AFTER DELETE ON compute_servers WHEN OLD.deleted_at IS NULL BEGIN
    DELETE FROM compute_server_texts WHERE rowid = OLD.number;
  END;
  CREATE TRIGGER compute_server_texts_update AFTER UPDATE OF name, addresses, deleted_at ON compute_servers
    WHEN NEW.name <> OLD.name OR NEW.addresses <> OLD.addresses OR (NEW.deleted_at IS NULL) <> (OLD.deleted_at IS NULL) BEGIN
    DELETE FROM compute_server_texts WHERE rowid = OLD.number AND OLD.deleted_at IS NULL;
    INSERT INTO compute_server_texts (rowid, name, addresses) SELECT NEW.number, NEW.name, NEW.addresses WHERE NEW.deleted_at IS NULL;
  END;`,
};
