import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { NoteRow } from "../store/notes.ts";

export const noteView = (note: NoteRow, baseUrl: string) => ({
  id: note.id,
  name: note.name,
  status: note.status,
  created_at: isoSeconds(note.created_at),
  links: [{ rel: "self", href: `${baseUrl}/v1/notes/${note.id}` }],
});
