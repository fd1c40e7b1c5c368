import type { QuotaResource } from "../../kernel/quota/quota.ts";
import type { NoteStore } from "./store/notes.ts";

export const quotaResources = (notes: NoteStore): QuotaResource[] => [
  { name: "notes", defaultLimit: 10, count: (projectId) => notes.inProject(projectId) },
];
