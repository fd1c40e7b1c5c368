import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import type { Status } from "../states.ts";

/** A stack as it was at a point in time. */
export interface SnapshotRow {
  id: string;
  stack_id: string;
  name: string | null;
  status: Status;
  status_reason: string | null;
  /** What an export of it would have been; null until it is done. */
  data: Record<string, unknown> | null;
  created_at: number;
}

export class SnapshotTable extends Table<SnapshotRow> {
  constructor(db: Database) {
    super(db, "orchestration_snapshots", {
      id: "text",
      stack_id: "text",
      name: "text",
      status: "text",
      status_reason: "text",
      data: "json",
      created_at: "integer",
    });
  }

  of(stack_id: string): SnapshotRow[] {
    return this.list({ stack_id }, "created_at, rowid");
  }

  /** Those that are being taken. */
  pending(stack_id: string): SnapshotRow[] {
    return this.list({ stack_id, status: "IN_PROGRESS" });
  }
}
