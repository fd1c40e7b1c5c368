import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { StandardRow } from "../store/rows.ts";

/** What every view ends with. */
export function tracked(row: StandardRow): Record<string, unknown> {
  return {
    tags: row.tags,
    created_at: isoSeconds(row.created_at),
    updated_at: isoSeconds(row.updated_at),
    revision_number: row.revision,
    project_id: row.project_id,
  };
}
