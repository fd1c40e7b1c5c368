import type { Migration } from "../../../kernel/db/migrations.ts";

/** Stacks are found by the project of their resources' users. */
export const usersIndex: Migration = {
  id: "orchestration/0004-users",
  up: "CREATE INDEX orchestration_stacks_users ON orchestration_stacks (user_project_id);",
};
