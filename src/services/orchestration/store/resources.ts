import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { ResourceAction, Status } from "../states.ts";

export interface ResourceRow {
  id: string;
  stack_id: string;
  name: string;
  /** As the template has it. */
  type: string;
  action: ResourceAction;
  status: Status;
  status_reason: string;
  /** What is there of it, as its service knows it. */
  physical_id: string | null;
  /** What ends its physical name, so that no other has it. */
  suffix: string;
  /** With which it was made, or last changed; all functions resolved. */
  properties: Record<string, unknown>;
  metadata: Record<string, unknown>;
  /** The template's, as it was then. */
  template_metadata: Record<string, unknown>;
  /** What its type keeps. */
  data: Record<string, unknown>;
  /** Names of the resources it was made with. */
  requires: string[];
  deletion_policy: string;
  /** The one in whose place it came. */
  replaces: string | null;
  template_id: string;
  created_at: number;
  updated_at: number | null;
  /** When the present action began. */
  started_at: number | null;
}

export type ResourceChanges = Partial<Omit<ResourceRow, "id" | "stack_id" | "name" | "created_at">>;

const COLUMNS = {
  id: "text",
  stack_id: "text",
  name: "text",
  type: "text",
  action: "text",
  status: "text",
  status_reason: "text",
  physical_id: "text",
  suffix: "text",
  properties: "json",
  metadata: "json",
  template_metadata: "json",
  data: "json",
  requires: "json",
  deletion_policy: "text",
  replaces: "text",
  template_id: "text",
  created_at: "integer",
  updated_at: "integer",
  started_at: "integer",
} as const;

export class ResourceTable extends Table<ResourceRow> {
  constructor(db: Database) {
    super(db, "orchestration_resources", COLUMNS);
  }

  /** In the order they were made. */
  of(stack_id: string): ResourceRow[] {
    return this.list({ stack_id });
  }

  /** Of several of a name (one is about to replace another) the newest. */
  named(stack_id: string, name: string): ResourceRow | undefined {
    return this.list({ stack_id, name }).at(-1);
  }

  /** Whether this is what any resource has made. */
  holds(physical_id: string): boolean {
    return this.countOf({ physical_id }) > 0;
  }

  countIn(stackIds: readonly string[]): number {
    return this.count("stack_id IN (SELECT value FROM json_each(?))", JSON.stringify(stackIds));
  }
}
