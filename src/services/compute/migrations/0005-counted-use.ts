import type { Migration } from "../../../kernel/db/migrations.ts";

const WATCHED = "deleted_at, project_id, vm_state, host, task_state, flavor, image_id";

/** Triggers that take a row's part out of a sum, and put it in again as it is then. */
export function kept(
  name: string,
  counts: (row: string) => string,
  put: (row: string) => string,
  take: (row: string) => string,
) {
  return `
  CREATE TRIGGER ${name}_insert AFTER INSERT ON compute_servers WHEN ${counts("NEW")} BEGIN ${put("NEW")} END;
  CREATE TRIGGER ${name}_delete AFTER DELETE ON compute_servers WHEN ${counts("OLD")} BEGIN ${take("OLD")} END;
  CREATE TRIGGER ${name}_out AFTER UPDATE OF ${WATCHED} ON compute_servers WHEN ${counts("OLD")} BEGIN ${take("OLD")} END;
  CREATE TRIGGER ${name}_in AFTER UPDATE OF ${WATCHED} ON compute_servers WHEN ${counts("NEW")} BEGIN ${put("NEW")} END;`;
}

const ofProject = (row: string) => `${row}.deleted_at IS NULL AND ${row}.vm_state NOT IN ('soft-delete', 'deleted')`;
export const onHost = (row: string) =>
  `${row}.deleted_at IS NULL AND ${row}.host IS NOT NULL AND ${row}.vm_state <> 'shelved_offloaded'`;

/** What servers use, for quotas and for the scheduler: sums that are kept, so that one more server costs the same beside any number. */
export const countedUse: Migration = {
  id: "compute/0005-counted-use",
  up: `
  CREATE TABLE compute_project_use (project_id TEXT PRIMARY KEY, instances INTEGER NOT NULL, cores INTEGER NOT NULL, ram INTEGER NOT NULL) STRICT;
  CREATE TABLE compute_host_use (only INTEGER PRIMARY KEY CHECK (only = 1), servers INTEGER NOT NULL, busy INTEGER NOT NULL,
    vcpus INTEGER NOT NULL, memory_mb INTEGER NOT NULL, disk_gb INTEGER NOT NULL) STRICT;
  INSERT INTO compute_project_use SELECT project_id, count(*), sum(vcpus), sum(memory_mb)
    FROM compute_servers AS server WHERE ${ofProject("server")} GROUP BY project_id;
  INSERT INTO compute_host_use SELECT 1, count(*), count(task_state), ifnull(sum(vcpus), 0), ifnull(sum(memory_mb), 0), ifnull(sum(disk_gb), 0)
    FROM compute_servers AS server WHERE ${onHost("server")};
  ${kept(
    "compute_project_use",
    ofProject,
    (row) => `INSERT INTO compute_project_use VALUES (${row}.project_id, 1, ${row}.vcpus, ${row}.memory_mb)
      ON CONFLICT (project_id) DO UPDATE SET instances = instances + 1, cores = cores + excluded.cores, ram = ram + excluded.ram;`,
    (
      row,
    ) => `UPDATE compute_project_use SET instances = instances - 1, cores = cores - ${row}.vcpus, ram = ram - ${row}.memory_mb
      WHERE project_id = ${row}.project_id;`,
  )}
  ${kept(
    "compute_host_use",
    onHost,
    (row) => `UPDATE compute_host_use SET servers = servers + 1, busy = busy + (${row}.task_state IS NOT NULL),
      vcpus = vcpus + ${row}.vcpus, memory_mb = memory_mb + ${row}.memory_mb, disk_gb = disk_gb + ${row}.disk_gb;`,
    (row) => `UPDATE compute_host_use SET servers = servers - 1, busy = busy - (${row}.task_state IS NOT NULL),
      vcpus = vcpus - ${row}.vcpus, memory_mb = memory_mb - ${row}.memory_mb, disk_gb = disk_gb - ${row}.disk_gb;`,
  )}`,
};
