import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { NoteManager } from "../manager/notes.ts";
import { type CreateNoteBody, createNote } from "../schemas/notes.ts";
import { noteView } from "../views/notes.ts";

export function noteRoutes(notes: NoteManager): AnyRoute[] {
  return [
    route<CreateNoteBody>({
      name: "notes:create",
      method: "POST",
      path: "/v1/notes",
      policy: "template:create_note",
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
      success: 200,
      handler(request) {
        const note = notes.get(request.context, request.param("note_id"));
        request.authorize({ projectId: note.project_id });
        return { body: { note: noteView(note, request.baseUrl) } };
      },
    }),
  ];
}

function projectOf(request: ApiRequest<unknown>): string {
  if (request.context.projectId === null) throw badRequest("A project-scoped token is needed.");
  return request.context.projectId;
}
