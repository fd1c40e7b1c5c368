import type { Database } from "../db/database.ts";
import type { Migration } from "../db/migrations.ts";
import { isUnwritable, untilWritten } from "../db/unwritable.ts";
import { messageOf, PublicError } from "../errors.ts";
import { uuid } from "../ids/ids.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "../time/clock.ts";
import type { Tracer } from "../trace/trace.ts";
import type { Turns } from "../turns/turns.ts";

/** What a step sees of its operation. */
export interface OperationRun<Input, Data> {
  readonly id: string;
  /** What is worked on, e.g. "server:6f0c…". */
  readonly resource: string;
  readonly requestId: string;
  /** Blanked, as `data` is, in the database when the operation ends: it may hold passwords until then. */
  readonly input: Input;
  /** Results that later steps (and the undo of earlier ones) need. Saved after every step; must be JSON. */
  readonly data: Partial<Data>;
  /** Aborted when another operation (a delete) wants the resource: long waits inside a step should listen to it. */
  readonly signal: AbortSignal;
  /** Aborted when the process ends: a step that waits for long ends then, however it likes, and the next process takes it up again. */
  readonly stopping: AbortSignal;
  /** Saves `data` now: call it inside a step before an effect that could not be found again after a crash. */
  save(): void;
}

export interface OperationStep<Input, Data> {
  name: string;
  /** Runs again after a crash in its midst, so it must be idempotent. */
  do(run: OperationRun<Input, Data>): Promise<void> | void;
  /** Must cope with a `do` that never started, ended half way, or was already undone. */
  undo?(run: OperationRun<Input, Data>): Promise<void> | void;
}

export interface OperationDefinition<Input, Data> {
  /** "<service>.<resource>.<verb>" */
  kind: string;
  steps: readonly OperationStep<Input, Data>[];
  /** In one transaction with the operation's own end. */
  onDone?(run: OperationRun<Input, Data>): void;
  /** After everything is undone, in one transaction with the operation's end: set the error state here. */
  onFailed?(run: OperationRun<Input, Data>, error: Error): void;
  /** A service without which it can neither go on nor be undone: while local.conf leaves that out, one that was under way waits. */
  needs?: string;
  /** What the next start does with one that a crash interrupted. */
  afterCrash?: "resume" | "undo";
}

/** A step's answer to its user that this cannot be done here: no host, no backend. Nothing is broken, and no stack trace tells more. */
export class Refusal extends PublicError {}

/** Why an operation ended that another one pushed aside. */
export class OperationCancelled extends Error {
  constructor(kind: string) {
    super(`${kind} was cancelled`);
    this.name = "OperationCancelled";
  }
}

export interface StartOptions<Input> {
  resource: string;
  input: Input;
  /** The current request's by default. */
  requestId?: string;
  /** Aborts what is running or waiting on the same resource; this one starts once that has been undone. */
  cancelOthers?: boolean;
}

export interface OperationHandle<Input> {
  readonly kind: string;
  /** Persists the operation; call it in the transaction that changes the resource's state. Runs after the commit. Returns its id. */
  start(options: StartOptions<Input>): string;
}

export const operationMigrations: Migration[] = [
  {
    id: "kernel/0002-operations",
    up: `CREATE TABLE operations (
      id TEXT PRIMARY KEY, sequence INTEGER NOT NULL UNIQUE, kind TEXT NOT NULL, resource TEXT NOT NULL, request_id TEXT NOT NULL,
      input TEXT NOT NULL, data TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('running', 'undoing', 'done', 'failed')),
      step INTEGER NOT NULL, error TEXT, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
      CREATE INDEX operations_unfinished ON operations (sequence) WHERE state IN ('running', 'undoing');
      CREATE INDEX operations_resource ON operations (resource);`,
  },
];

export interface OperationRow {
  id: string;
  sequence: number;
  kind: string;
  resource: string;
  request_id: string;
  input: string;
  data: string;
  state: "running" | "undoing" | "done" | "failed";
  step: number;
  error: string | null;
  created_at: number;
  updated_at: number;
}

type AnyDefinition = OperationDefinition<unknown, Record<string, unknown>>;

interface Live {
  kind: string;
  abort: AbortController;
}

/**
 * Long work, persisted before it starts and advanced step by step, so that a crash at any moment is either continued or
 * undone at the next start. One operation per resource at a time, in the order they were started.
 */
export class Operations {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #tracer: Tracer;
  readonly #turns: Turns;
  readonly #log: Logger;
  readonly #definitions = new Map<string, AnyDefinition>();
  readonly #tails = new Map<string, Promise<void>>();
  readonly #live = new Map<string, Set<Live>>();
  readonly #stopping = new AbortController();
  /** What ends each hold that lasts. */
  readonly #holds = new Set<() => void>();
  readonly #leftOut: readonly string[];

  /** `leftOut`: services whose operations (`<service>.…`), and those that need them, wait until they are part of the cloud again. */
  constructor(deps: {
    db: Database;
    clock: Clock;
    tracer: Tracer;
    turns: Turns;
    log: Logger;
    leftOut?: readonly string[];
  }) {
    this.#leftOut = deps.leftOut ?? [];
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#tracer = deps.tracer;
    this.#turns = deps.turns;
    this.#log = deps.log;
  }

  define<Input, Data = Record<string, never>>(definition: OperationDefinition<Input, Data>): OperationHandle<Input> {
    const { kind } = definition;
    if (this.#definitions.has(kind)) throw new Error(`operation ${kind} is defined twice`);
    // Safe: rows of a kind are only ever written by this handle, with this Input.
    this.#definitions.set(kind, definition as unknown as AnyDefinition);
    return { kind, start: (options) => this.#start(kind, options as StartOptions<unknown>) };
  }

  /** All kinds that are defined. */
  get kinds(): string[] {
    return [...this.#definitions.keys()];
  }

  #start(kind: string, options: StartOptions<unknown>): string {
    const now = this.#clock.now();
    const id = uuid();
    const requestId = options.requestId ?? this.#tracer.requestId ?? `req-${id}`;
    this.#db.transaction(() => {
      this.#db
        .prepare(
          `INSERT INTO operations (id, sequence, kind, resource, request_id, input, data, state, step, error, created_at, updated_at)
           VALUES (?, (SELECT ifnull(max(sequence), 0) + 1 FROM operations), ?, ?, ?, ?, '{}', 'running', 0, NULL, ?, ?)`,
        )
        .run(id, kind, options.resource, requestId, JSON.stringify(options.input), now, now);
      this.#db.afterCommit(() => {
        if (options.cancelOthers === true) this.cancel(options.resource);
        this.#enqueue(this.#row(id));
      });
    });
    return id;
  }

  /** Lets no operation begin on a resource before what is returned is called; those that were started wait. */
  hold(resource: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#tails.get(resource) ?? Promise.resolve();
    const tail = Promise.all([before, promise]).then(() => {
      if (this.#tails.get(resource) === tail) this.#tails.delete(resource);
    });
    this.#tails.set(resource, tail);
    const end = () => {
      this.#holds.delete(end);
      resolve();
    };
    if (this.#stopping.signal.aborted) resolve();
    else this.#holds.add(end);
    return end;
  }

  /** Aborts everything under way or waiting on a resource; each is undone. */
  cancel(resource: string): void {
    for (const { abort, kind } of this.#live.get(resource) ?? []) abort.abort(new OperationCancelled(kind));
  }

  /** Continues what an earlier process left unfinished. Call once, after every `define`. Returns how many. */
  resume(): number {
    const rows = this.#db
      .prepare<[], OperationRow>("SELECT * FROM operations WHERE state IN ('running', 'undoing') ORDER BY sequence")
      .all();
    for (const row of rows) {
      if (this.waits(row.kind)) continue;
      const started = row.step > 0 || row.data !== "{}";
      if (row.state === "running" && started && this.#definition(row.kind).afterCrash === "undo") {
        this.#update(row, { state: "undoing", error: "interrupted by a restart" });
      }
      this.#log.info(`continuing ${row.kind} of ${row.resource} at step ${row.step}`, { operation: row.id });
      this.#enqueue(row);
    }
    return rows.length;
  }

  /** Whether operations of a kind that were under way wait for a service that is left out. */
  waits(kind: string): boolean {
    return this.#leftOut.some(
      (service) => kind.startsWith(`${service}.`) || this.#definitions.get(kind)?.needs === service,
    );
  }

  /** Lets running steps end, starts no further ones; the rest is continued by the next process. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const end of this.#holds) end();
    await this.idle();
  }

  /** Resources that an operation works on or is going to: also before `resume`. */
  busy(): Set<string> {
    const sql = "SELECT DISTINCT resource FROM operations WHERE state IN ('running', 'undoing')";
    return new Set(this.#db.prepare<[], string>(sql).pluck().all());
  }

  /** How many resources are held: none when what held them has let go. */
  get held(): number {
    return this.#holds.size;
  }

  /** Resolves when nothing is under way; for tests and for shutting down. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }

  /** The newest operations of a resource first. */
  list(resource: string): OperationRow[] {
    return this.#db
      .prepare<[string], OperationRow>("SELECT * FROM operations WHERE resource = ? ORDER BY sequence DESC")
      .all(resource);
  }

  #enqueue(row: OperationRow): void {
    const live: Live = { kind: row.kind, abort: new AbortController() };
    const peers = this.#live.get(row.resource) ?? new Set();
    peers.add(live);
    this.#live.set(row.resource, peers);
    const before = this.#tails.get(row.resource) ?? Promise.resolve();
    const tail = before
      // Hundreds that one request starts do not even begin in its turn.
      .then(() => this.#turns.background())
      .then(() => this.#tracer.run(row.request_id, () => this.#carryOut(row, live)))
      .catch((error: unknown) => this.#log.error(`${row.kind} of ${row.resource} broke: ${messageOf(error)}`, error))
      .finally(() => {
        peers.delete(live);
        if (peers.size === 0) this.#live.delete(row.resource);
        if (this.#tails.get(row.resource) === tail) this.#tails.delete(row.resource);
      });
    this.#tails.set(row.resource, tail);
  }

  /** While the database cannot be written no step counts as done or failed: they are taken up again, as after a crash. */
  #carryOut({ id, kind, resource }: OperationRow, live: Live): Promise<void> {
    const { signal } = this.#stopping;
    const body = () => this.#execute(this.#row(id), live);
    return untilWritten(`${kind} of ${resource}`, body, { log: this.#log, signal });
  }

  async #execute(row: OperationRow, live: Live): Promise<void> {
    // What failed may have come after its end was written.
    if (this.#stopping.signal.aborted || row.state === "done" || row.state === "failed") return;
    const definition = this.#definition(row.kind);
    const data: Record<string, unknown> = JSON.parse(row.data);
    const run: OperationRun<unknown, Record<string, unknown>> = {
      id: row.id,
      resource: row.resource,
      requestId: row.request_id,
      input: JSON.parse(row.input),
      data,
      signal: live.abort.signal,
      stopping: this.#stopping.signal,
      save: () => this.#update(row, { data: JSON.stringify(data) }),
    };
    await this.#tracer.span("operation", row.kind, { resource: row.resource, operation: row.id }, async () => {
      if (row.state === "running") {
        const error = await this.#forward(definition, row, run);
        if (error === null || this.#stopping.signal.aborted) return;
        this.#update(row, { state: "undoing", error: error.message, data: JSON.stringify(data) });
        await this.#backward(definition, row, run, error);
      } else {
        await this.#backward(definition, row, run, new Error(row.error ?? "interrupted by a restart"));
      }
    });
  }

  /** Runs the remaining steps. Returns what stopped it, or null when all are done (or the process is stopping). */
  async #forward(
    definition: AnyDefinition,
    row: OperationRow,
    run: OperationRun<unknown, Record<string, unknown>>,
  ): Promise<Error | null> {
    for (const [index, step] of definition.steps.slice(row.step).entries()) {
      if (index > 0) await this.#turns.background();
      if (this.#stopping.signal.aborted) return null;
      try {
        run.signal.throwIfAborted();
        await this.#tracer.span("step", step.name, {}, async () => step.do(run));
        run.signal.throwIfAborted();
      } catch (thrown) {
        if (isUnwritable(thrown)) throw thrown;
        if (this.#stopping.signal.aborted) return null;
        const error = thrown instanceof Error ? thrown : new Error(String(thrown));
        const what = `${row.kind} of ${row.resource} failed at "${step.name}": ${error.message}`;
        if (error instanceof Refusal) this.#log.warning(what);
        else if (!(error instanceof OperationCancelled)) this.#log.error(what, error);
        return error;
      }
      this.#update(row, { step: row.step + 1, data: JSON.stringify(run.data) });
    }
    this.#db.transaction(() => {
      this.#end(row, "done");
      definition.onDone?.(run);
    });
    return null;
  }

  async #backward(
    definition: AnyDefinition,
    row: OperationRow,
    run: OperationRun<unknown, Record<string, unknown>>,
    error: Error,
  ): Promise<void> {
    for (let index = Math.min(row.step, definition.steps.length - 1); index >= 0; index -= 1) {
      if (this.#stopping.signal.aborted) return;
      const step = definition.steps[index];
      if (step?.undo !== undefined) {
        const undo = step.undo;
        try {
          await this.#tracer.span("step", `undo ${step.name}`, {}, async () => undo(run));
        } catch (undoError) {
          if (isUnwritable(undoError)) throw undoError;
          // Going on undoes the rest; reconcile and doctor find what this one left behind.
          this.#log.error(`undo of "${step.name}" failed in ${row.kind} of ${row.resource}`, undoError);
        }
      }
      this.#update(row, { step: index, data: JSON.stringify(run.data) });
    }
    this.#db.transaction(() => {
      this.#end(row, "failed");
      definition.onFailed?.(run, error);
    });
  }

  #definition(kind: string): AnyDefinition {
    const definition = this.#definitions.get(kind);
    if (definition === undefined) throw new Error(`no operation of kind ${kind} is defined`);
    return definition;
  }

  #row(id: string): OperationRow {
    const row = this.#db.prepare<[string], OperationRow>("SELECT * FROM operations WHERE id = ?").get(id);
    if (row === undefined) throw new Error(`operation ${id} is gone`);
    return row;
  }

  /** Only who worked on what, and how it ended, outlives the work: input and data may hold passwords. */
  #end(row: OperationRow, state: "done" | "failed"): void {
    this.#update(row, { state, data: "{}" });
    this.#db.prepare("UPDATE operations SET input = '{}' WHERE id = ?").run(row.id);
  }

  #update(row: OperationRow, changes: Partial<Pick<OperationRow, "state" | "step" | "data" | "error">>): void {
    Object.assign(row, changes, { updated_at: this.#clock.now() });
    this.#db
      .prepare("UPDATE operations SET state = ?, step = ?, data = ?, error = ?, updated_at = ? WHERE id = ?")
      .run(row.state, row.step, row.data, row.error, row.updated_at, row.id);
  }
}
