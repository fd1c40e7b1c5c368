/** One step of stack, unstack or rejoin: idempotent, so that running the list again continues where it stopped. */
export interface Step {
  /** What other code calls it, where it does: "storage". */
  id?: string;
  /** A few words in the imperative: "Start libvirtd". */
  name: string;
  /** What it will do, in one sentence, for --dry-run. */
  plan: string;
  /** Begins what may go on beside the steps before this one; `run` waits for it. Throws nothing. */
  begin?(): void;
  /** Returns a short remark for the progress line ("already there"), or nothing. */
  run(report: (remark: string) => void): Promise<string | undefined>;
}

/** The step that other code asks for by its id. Errors: there is none, which is a fault of the program. */
export function stepOf(steps: readonly Step[], id: string): Step {
  const found = steps.find((step) => step.id === id);
  if (found === undefined) throw new Error(`there is no step ${id}`);
  return found;
}

/** Shows steps as they go: one line per step with its time. */
export interface Progress {
  begin(step: string): void;
  /** A sign of life within a long step. */
  update(remark: string): void;
  end(step: string, milliseconds: number, remark: string | undefined): void;
  fail(step: string, milliseconds: number, error: Error): void;
}

export class StepFailed extends Error {
  readonly step: string;
  constructor(step: string, cause: Error) {
    super(`"${step}" failed: ${cause.message}`, { cause });
    this.name = "StepFailed";
    this.step = step;
  }
}

/** Begins what may be begun, then runs the steps in order. Errors: StepFailed for the first that throws; later ones are not run. */
export async function runSteps(steps: readonly Step[], progress: Progress): Promise<void> {
  for (const step of steps) step.begin?.();
  for (const step of steps) {
    const start = performance.now();
    progress.begin(step.name);
    try {
      const remark = await step.run((text) => progress.update(text));
      progress.end(step.name, performance.now() - start, remark);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      progress.fail(step.name, performance.now() - start, error);
      throw new StepFailed(step.name, error);
    }
  }
}
