import "../events.ts";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { Quotas } from "../../../kernel/quota/quota.ts";
import { noteNotFound, overQuota } from "../errors.ts";
import { quotaResources } from "../quotas.ts";
import type { NoteRow, NoteStore } from "../store/notes.ts";

/** The verbs on notes. Knows nothing of HTTP. */
export class NoteManager {
  readonly #kernel: Kernel;
  readonly #notes: NoteStore;
  readonly #quotas: Quotas;
  readonly #build: OperationHandle<{ noteId: string }>;

  constructor(kernel: Kernel, notes: NoteStore) {
    this.#kernel = kernel;
    this.#notes = notes;
    this.#quotas = new Quotas(kernel.db, "template", quotaResources(notes));
    this.#build = kernel.operations.define<{ noteId: string }>({
      kind: "template.note.build",
      steps: [{ name: "write it down", do: () => {} }],
      onDone: ({ input }) => notes.update(input.noteId, { status: "ACTIVE" }),
      onFailed: ({ input }) => notes.update(input.noteId, { status: "ERROR" }),
    });
  }

  create(context: RequestContext, projectId: string, name: string): NoteRow {
    const { db, clock, events } = this.#kernel;
    return db.transaction(() => {
      const [exceeded] = this.#quotas.check(projectId, { notes: 1 });
      if (exceeded !== undefined) throw overQuota(exceeded);
      const note: NoteRow = { id: uuid(), project_id: projectId, name, status: "BUILD", created_at: clock.now() };
      this.#notes.insert(note);
      events.publish("template.note.created", { noteId: note.id, projectId });
      this.#build.start({ resource: `note:${note.id}`, input: { noteId: note.id }, requestId: context.requestId });
      return note;
    });
  }

  /** Errors: 404, also for another project's note. */
  get(context: RequestContext, id: string): NoteRow {
    const note = this.#notes.get(id);
    if (note === undefined || !(context.isAdmin || note.project_id === context.projectId)) throw noteNotFound(id);
    return note;
  }

  list(projectId: string): NoteRow[] {
    return this.#notes.ofProject(projectId);
  }
}
