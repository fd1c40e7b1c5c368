/** What stacks and their resources go through (heat/engine/status.py). */

export const ACTIONS = [
  "CREATE",
  "DELETE",
  "UPDATE",
  "ROLLBACK",
  "SUSPEND",
  "RESUME",
  "ADOPT",
  "SNAPSHOT",
  "CHECK",
  "RESTORE",
] as const;
export type Action = (typeof ACTIONS)[number];

export const STATUSES = ["IN_PROGRESS", "FAILED", "COMPLETE"] as const;
export type Status = (typeof STATUSES)[number];

/** A resource begins with INIT: known, and nothing of it is there. */
export type ResourceAction = Action | "INIT";
