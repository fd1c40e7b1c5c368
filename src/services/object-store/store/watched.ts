import type { WatchedTable } from "../../../kernel/events/changes.ts";

/** "AUTH_" goes before the project in the name of an account. */
const project = (account: string): string => `substr(${account}, 6)`;

export const watched: readonly WatchedTable[] = [
  {
    kind: "object-store.container",
    table: "object_containers",
    id: "row.name",
    project: project("row.account"),
  },
];
