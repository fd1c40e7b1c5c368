import type { Database } from "../../../kernel/db/database.ts";
import { condition } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";

/** Something to run in a guest. */
export interface ConfigRow {
  id: string;
  project_id: string;
  name: string | null;
  config_group: string | null;
  config: unknown;
  inputs: readonly unknown[];
  outputs: readonly unknown[];
  options: Record<string, unknown>;
  created_at: number;
}

/** A config that a server is to run, and what came of it. */
export interface DeploymentRow {
  id: string;
  project_id: string;
  config_id: string;
  server_id: string;
  input_values: Record<string, unknown>;
  output_values: Record<string, unknown> | null;
  action: string | null;
  status: string | null;
  status_reason: string | null;
  /** Whose users may ask for it: those of the stack's resources. */
  stack_user_project_id: string | null;
  created_at: number;
  updated_at: number | null;
}

export class ConfigTable extends Table<ConfigRow> {
  constructor(db: Database) {
    super(db, "orchestration_software_configs", {
      id: "text",
      project_id: "text",
      name: "text",
      config_group: "text",
      config: "json",
      inputs: "json",
      outputs: "json",
      options: "json",
      created_at: "integer",
    });
  }

  /** Newest first. */
  page(project_id: string, page: { marker: string | null; limit: number | null }): ConfigRow[] {
    const order = ["created_at", "id"].map((expression) => ({ expression, descending: true }));
    const after = page.marker === null ? undefined : this.place(page.marker, order);
    const limit = page.limit ?? Number.MAX_SAFE_INTEGER;
    return this.selected(
      { conditions: [condition("project_id = ?", project_id)] },
      { order, after: after ?? null, limit },
    );
  }
}

export class DeploymentTable extends Table<DeploymentRow> {
  constructor(db: Database) {
    super(db, "orchestration_software_deployments", {
      id: "text",
      project_id: "text",
      config_id: "text",
      server_id: "text",
      input_values: "json",
      output_values: "json",
      action: "text",
      status: "text",
      status_reason: "text",
      stack_user_project_id: "text",
      created_at: "integer",
      updated_at: "integer",
    });
  }

  of(project_id: string, server_id: string | null): DeploymentRow[] {
    return this.list({ project_id, ...(server_id === null ? {} : { server_id }) }, "created_at, rowid");
  }

  /** What a server is to run, as the users of its stack's resources may see it. */
  ofUsers(stack_user_project_id: string, server_id: string): DeploymentRow[] {
    return this.list({ stack_user_project_id, server_id }, "created_at, rowid");
  }
}
