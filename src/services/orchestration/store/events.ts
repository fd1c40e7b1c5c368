import type { Database } from "../../../kernel/db/database.ts";
import { allOf, type Condition, condition, oneOf } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";

export interface EventRow {
  sequence: number | null;
  id: string;
  stack_id: string;
  resource_name: string;
  physical_id: string | null;
  action: string;
  status: string;
  reason: string;
  type: string;
  properties: Record<string, unknown>;
  created_at: number;
}

export interface EventFilters {
  stackIds: readonly string[];
  /** Column → wanted values. */
  equal: ReadonlyMap<"resource_name" | "action" | "status" | "type" | "id", readonly string[]>;
}

const COLUMNS = {
  sequence: "integer",
  id: "text",
  stack_id: "text",
  resource_name: "text",
  physical_id: "text",
  action: "text",
  status: "text",
  reason: "text",
  type: "text",
  properties: "json",
  created_at: "integer",
} as const;

/** Sort key of the API → SQL expression. */
const SORTS: Readonly<Record<string, string>> = {
  event_time: "created_at",
  created_at: "created_at",
  resource_type: "type",
};

export class EventTable extends Table<EventRow> {
  constructor(db: Database) {
    super(db, "orchestration_events", COLUMNS);
  }

  page(
    filters: EventFilters,
    sort: { keys: readonly string[]; descending: boolean },
    page: { marker: string | null; limit: number | null },
  ): EventRow[] {
    const expressions = [...new Set([...sort.keys.flatMap((key) => SORTS[key] ?? []), "sequence"])];
    const order = expressions.map((expression) => ({ expression, descending: sort.descending }));
    const after = page.marker === null ? undefined : this.place(page.marker, order);
    const limit = page.limit ?? Number.MAX_SAFE_INTEGER;
    return this.selected({ conditions: [conditionOf(filters)] }, { order, after: after ?? null, limit });
  }

  forget(stackId: string): void {
    this.deleteWhere({ stack_id: stackId });
  }
}

const conditionOf = ({ stackIds, equal }: EventFilters): Condition =>
  allOf([
    oneOf("stack_id", stackIds),
    ...[...equal].map(([column, values]) => (values.length === 0 ? condition("0") : oneOf(column, values))),
  ]);
