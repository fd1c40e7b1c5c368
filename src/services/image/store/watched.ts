import type { WatchedTable } from "../../../kernel/events/changes.ts";

export const watched: readonly WatchedTable[] = [
  {
    kind: "image.image",
    table: "images",
    id: "row.id",
    project: "row.owner",
    public: "row.visibility IN ('public', 'community')",
  },
  { kind: "image.image", table: "image_members", id: "row.image_id", project: "row.member_id" },
  { kind: "image.task", table: "image_tasks", id: "row.id", project: "row.owner" },
];
