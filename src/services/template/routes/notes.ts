import { type AnyRoute, caller, ofProject, route } from "../../../kernel/http/route.ts";
import { object, wrapped } from "../../../kernel/http/schemas.ts";
import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { NoteManager } from "../manager/notes.ts";
import type { Note } from "../store/notes.ts";

const name = { type: "string", minLength: 1, maxLength: 255 };
const createNote = wrapped("note", object({ name }, { required: ["name"] }));

const noteView = ({ id, name, status, created_at }: Note, { baseUrl }: { baseUrl: string }) => {
  const links = [{ rel: "self", href: `${baseUrl}/v1/notes/${id}` }];
  return { id, name, status, created_at: isoSeconds(created_at), links };
};

export function noteRoutes(notes: NoteManager): AnyRoute[] {
  const note = ofProject<Note>("note", ({ context, param }) => notes.get(context, param("note_id")));
  const read = { method: "GET", policy: "template:get_note", success: 200 } as const;
  return [
    route<{ note: { name: string } }>({
      name: "notes:create",
      method: "POST",
      path: "/v1/notes",
      policy: "template:create_note",
      of: caller,
      request: createNote,
      success: 202,
      handler: (request) => ({
        body: { note: noteView(notes.create(request.context, request.body.note.name), request) },
      }),
    }),
    route({
      ...read,
      name: "notes:list",
      path: "/v1/notes",
      of: caller,
      handler: (request) => ({ body: { notes: notes.list(request.context).map((one) => noteView(one, request)) } }),
    }),
    route<null, Note>({
      ...read,
      name: "notes:show",
      path: "/v1/notes/:note_id",
      of: note,
      handler: (request) => ({ body: { note: noteView(request.thing, request) } }),
    }),
  ];
}
