import type { Migration } from "../../../kernel/db/migrations.ts";

/** The project of the users that may ask what a server is to run. */
export const deploymentUsers: Migration = {
  id: "orchestration/0005-deployment-users",
  up: `ALTER TABLE orchestration_software_deployments ADD COLUMN stack_user_project_id TEXT;
    CREATE INDEX orchestration_software_deployments_users ON orchestration_software_deployments (stack_user_project_id, server_id);`,
};
