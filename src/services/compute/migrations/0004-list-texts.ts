import type { Migration } from "../../../kernel/db/migrations.ts";

/** What servers are looked for by, in one index: their names and addresses (a text of all, with spaces between). */
export const listTextsMigration: Migration = {
  id: "compute/0004-list-texts",
  up: `
  ALTER TABLE compute_servers ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
  UPDATE compute_servers SET addresses = ifnull((SELECT group_concat(json_extract(fixed.value, '$.address'), ' ')
    FROM json_each(compute_servers.vifs) vif, json_each(vif.value, '$.fixedIps') fixed), '');
  CREATE INDEX compute_servers_texts ON compute_servers (project_id, name, addresses) WHERE deleted_at IS NULL;`,
};
