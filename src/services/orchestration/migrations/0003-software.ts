import type { Migration } from "../../../kernel/db/migrations.ts";

export const softwareTables: Migration = {
  id: "orchestration/0003-software",
  up: `CREATE TABLE orchestration_software_configs (
      id TEXT PRIMARY KEY, project_id TEXT NOT NULL, name TEXT, config_group TEXT, config TEXT, inputs TEXT NOT NULL, outputs TEXT NOT NULL,
      options TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
    CREATE INDEX orchestration_software_configs_project ON orchestration_software_configs (project_id, created_at);
    CREATE TABLE orchestration_software_deployments (
      id TEXT PRIMARY KEY, project_id TEXT NOT NULL, config_id TEXT NOT NULL, server_id TEXT NOT NULL, input_values TEXT NOT NULL,
      output_values TEXT, action TEXT, status TEXT, status_reason TEXT, created_at INTEGER NOT NULL, updated_at INTEGER) STRICT;
    CREATE INDEX orchestration_software_deployments_server ON orchestration_software_deployments (project_id, server_id, created_at);
    CREATE INDEX orchestration_software_deployments_config ON orchestration_software_deployments (config_id);`,
};
