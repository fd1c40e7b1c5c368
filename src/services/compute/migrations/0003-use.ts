import type { Migration } from "../../../kernel/db/migrations.ts";

/**
 * What a server takes of its host (as needOf in scheduler.ts says), as columns and in one index with all that is asked
 * about it: sums for quotas and for the scheduler read nothing else.
 */
export const useMigration: Migration = {
  id: "compute/0003-use",
  up: `
  ALTER TABLE compute_servers ADD COLUMN vcpus INTEGER GENERATED ALWAYS AS (json_extract(flavor, '$.vcpus')) VIRTUAL;
  ALTER TABLE compute_servers ADD COLUMN memory_mb INTEGER GENERATED ALWAYS AS (json_extract(flavor, '$.ram')) VIRTUAL;
  ALTER TABLE compute_servers ADD COLUMN disk_gb INTEGER GENERATED ALWAYS AS (
    CASE image_id WHEN '' THEN 0 ELSE json_extract(flavor, '$.disk') END
    + json_extract(flavor, '$.ephemeral') + (json_extract(flavor, '$.swap') + 1023) / 1024) VIRTUAL;
  CREATE INDEX compute_servers_use ON compute_servers
    (deleted_at, project_id, vm_state, host, task_state, vcpus, memory_mb, disk_gb);`,
};
