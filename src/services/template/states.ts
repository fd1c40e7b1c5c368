import { conflict } from "../../kernel/errors.ts";

export type NoteStatus = "BUILD" | "ACTIVE" | "ERROR";

/** Errors: 409 when the note is in none of the given states. */
export function requireStatus(note: { id: string; status: NoteStatus }, verb: string, ...allowed: NoteStatus[]): void {
  if (!allowed.includes(note.status))
    throw conflict(`Cannot '${verb}' note ${note.id} while it is in status ${note.status}`);
}
