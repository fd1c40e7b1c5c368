import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { NoteManager } from "../manager/notes.ts";
import { type CreateNoteBody, createNote } from "../schemas/notes.ts";
import type { NoteRow } from "../store/notes.ts";
import { noteView } from "../views/notes.ts";

export function noteRoutes(notes: NoteManager): AnyRoute[] {
  const note: Touched<NoteRow> = {
    kind: "note",
    find: ({ context, param }) => notes.get(context, param("note_id")),
    owner: ({ project_id }) => ({ projectId: project_id }),
  };
  return [
    route<CreateNoteBody>({
      name: "notes:create",
      method: "POST",
      path: "/v1/notes",
      policy: "template:create_note",
      of: caller,
      request: createNote,
      success: 202,
      handler(request) {
        const note = notes.create(request.context, projectOf(request), request.body.note.name);
        return { body: { note: noteView(note, request.baseUrl) } };
      },
    }),
    route({
      name: "notes:list",
      method: "GET",
      path: "/v1/notes",
      policy: "template:get_note",
      of: caller,
      success: 200,
      handler: (request) => ({
        body: { notes: notes.list(projectOf(request)).map((note) => noteView(note, request.baseUrl)) },
      }),
    }),
    route({
      name: "notes:show",
      method: "GET",
      path: "/v1/notes/:note_id",
      policy: "template:get_note",
      of: note,
      success: 200,
      handler: (request) => ({ body: { note: noteView(request.thing, request.baseUrl) } }),
    }),
  ];
}

function projectOf(request: ApiRequest<unknown>): string {
  if (request.context.projectId === null) throw badRequest("A project-scoped token is needed.");
  return request.context.projectId;
}
