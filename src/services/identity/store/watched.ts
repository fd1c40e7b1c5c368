import type { WatchedTable } from "../../../kernel/events/changes.ts";

export const watched: readonly WatchedTable[] = [
  { kind: "identity.project", table: "identity_projects", id: "row.id", project: "row.id" },
  { kind: "identity.user", table: "identity_users", id: "row.id", user: "row.id" },
  { kind: "identity.group", table: "identity_groups", id: "row.id" },
  { kind: "identity.group", table: "identity_group_members", id: "row.group_id", user: "row.user_id" },
  { kind: "identity.role", table: "identity_roles", id: "row.id" },
  {
    kind: "identity.assignment",
    table: "identity_assignments",
    id: "row.target_id",
    user: "CASE row.actor_type WHEN 'user' THEN row.actor_id END",
  },
  {
    kind: "identity.application-credential",
    table: "identity_application_credentials",
    id: "row.id",
    user: "row.user_id",
  },
  { kind: "identity.credential", table: "identity_credentials", id: "row.id", user: "row.user_id" },
];
