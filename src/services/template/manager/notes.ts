import { projectOf, type RequestContext, sees } from "../../../kernel/auth/context.ts";
import { forbidden, notFound } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import { Quotas } from "../../../kernel/quota/quota.ts";
import { type Note, notesOf } from "../store/notes.ts";

/** The verbs on notes. Knows nothing of HTTP. */
export class NoteManager {
  readonly #kernel: Kernel;
  readonly #notes;
  readonly #quotas;
  readonly #build;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
    this.#notes = notesOf(kernel.db);
    const count = (projectId: string) => this.count(projectId);
    this.#quotas = new Quotas(kernel.db, "template", [{ name: "notes", defaultLimit: 10, count }]);
    this.#build = kernel.operations.define<{ id: string }>({
      kind: "template.note.build",
      steps: [{ name: "write it down", do: () => {} }],
      onDone: ({ input }) => this.#notes.update(input.id, { status: "ACTIVE" }),
      onFailed: ({ input }) => this.#notes.update(input.id, { status: "ERROR" }),
    });
  }

  /** Errors: 403 over quota. */
  create(context: RequestContext, name: string): Note {
    const project_id = projectOf(context);
    return this.#kernel.db.transaction(() => {
      if (this.#quotas.check(project_id, { notes: 1 }).length > 0) throw forbidden("Quota exceeded for notes.");
      const created_at = this.#kernel.clock.now();
      const note = this.#notes.insert({ id: uuid(), project_id, name, status: "BUILD", created_at });
      this.#build.start({ resource: `note:${note.id}`, input: { id: note.id }, requestId: context.requestId });
      return note;
    });
  }

  /** Errors: 404, also for another project's note. */
  get(context: RequestContext, id: string): Note {
    const note = this.#notes.get(id);
    if (note === undefined || !sees(context, note)) throw notFound(`Note ${id} could not be found.`);
    return note;
  }

  list(context: RequestContext): Note[] {
    return this.#notes.list({ project_id: projectOf(context) }, "created_at, rowid");
  }

  count(projectId: string): number {
    return this.#notes.countOf({ project_id: projectId });
  }
}
