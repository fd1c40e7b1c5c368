/**
 * A stack of undo actions for work that must be all or nothing: push after each effect, `commit` at the end; leaving the
 * block without it runs them backwards. An undo that fails does not stop the others; the first failure is rethrown.
 */
export class UndoStack {
  #actions: { name: string; run: () => unknown }[] = [];

  push(name: string, run: () => unknown): void {
    this.#actions.push({ name, run });
  }

  commit(): void {
    this.#actions = [];
  }

  async unwind(): Promise<void> {
    const failures: unknown[] = [];
    for (const action of this.#actions.reverse()) {
      try {
        await action.run();
      } catch (error) {
        failures.push(new Error(`undo of "${action.name}" failed`, { cause: error }));
      }
    }
    this.#actions = [];
    if (failures.length > 0) throw failures[0];
  }
}

/** Runs `body`; when it throws, everything it pushed is undone before the error goes on. */
export async function withUndo<T>(body: (undo: UndoStack) => Promise<T>): Promise<T> {
  const undo = new UndoStack();
  try {
    const result = await body(undo);
    undo.commit();
    return result;
  } catch (error) {
    await undo.unwind().catch((undoError: unknown) => {
      if (error instanceof Error && error.cause === undefined) error.cause = undoError;
    });
    throw error;
  }
}
