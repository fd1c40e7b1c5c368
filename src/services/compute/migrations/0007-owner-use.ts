import type { Migration } from "../../../kernel/db/migrations.ts";
import { kept, onHost } from "./0005-counted-use.ts";

/** What each project's and user's servers take of the host, for placement; and what a period's usage is summed of, in the order of its pages. */
export const ownerUse: Migration = {
  id: "compute/0007-owner-use",
  up: `
  CREATE TABLE compute_owner_use (project_id TEXT NOT NULL, user_id TEXT NOT NULL, servers INTEGER NOT NULL, vcpus INTEGER NOT NULL,
    memory_mb INTEGER NOT NULL, disk_gb INTEGER NOT NULL, PRIMARY KEY (project_id, user_id)) STRICT, WITHOUT ROWID;
  INSERT INTO compute_owner_use SELECT project_id, user_id, count(*), sum(vcpus), sum(memory_mb), sum(disk_gb)
    FROM compute_servers AS server WHERE ${onHost("server")} GROUP BY project_id, user_id;
  ${kept(
    "compute_owner_use",
    onHost,
    (
      row,
    ) => `INSERT INTO compute_owner_use VALUES (${row}.project_id, ${row}.user_id, 1, ${row}.vcpus, ${row}.memory_mb, ${row}.disk_gb)
      ON CONFLICT (project_id, user_id) DO UPDATE SET servers = servers + 1, vcpus = vcpus + excluded.vcpus,
        memory_mb = memory_mb + excluded.memory_mb, disk_gb = disk_gb + excluded.disk_gb;`,
    (
      row,
    ) => `UPDATE compute_owner_use SET servers = servers - 1, vcpus = vcpus - ${row}.vcpus, memory_mb = memory_mb - ${row}.memory_mb,
      disk_gb = disk_gb - ${row}.disk_gb WHERE project_id = ${row}.project_id AND user_id = ${row}.user_id;`,
  )}
  ALTER TABLE compute_servers ADD COLUMN local_gb INTEGER GENERATED ALWAYS AS
    (json_extract(flavor, '$.disk') + json_extract(flavor, '$.ephemeral')) VIRTUAL;
  CREATE INDEX compute_servers_period ON compute_servers (project_id, id, launched_at, terminated_at, memory_mb, vcpus, local_gb);`,
};
