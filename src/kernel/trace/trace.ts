import { AsyncLocalStorage } from "node:async_hooks";
import type { Database } from "../db/database.ts";
import type { Migration } from "../db/migrations.ts";
import { isUnwritable } from "../db/unwritable.ts";
import type { Clock } from "../time/clock.ts";

/** One piece of what a request did: a policy decision, a host command, a libvirt call, an event, an operation's step. */
export interface Span {
  requestId: string;
  id: number;
  parentId: number | null;
  kind: "request" | "operation" | "step" | "command" | "libvirt" | "event" | "scheduler" | "policy" | "note";
  name: string;
  /** Milliseconds since the epoch, and how long it took in milliseconds. */
  startedAt: number;
  duration: number;
  error: string | null;
  attributes: Record<string, unknown>;
}

interface Scope {
  requestId: string;
  spanId: number | null;
}

export const traceMigrations: Migration[] = [
  {
    id: "kernel/0003-trace",
    up: `CREATE TABLE trace_spans (
      request_id TEXT NOT NULL, id INTEGER NOT NULL, parent_id INTEGER, kind TEXT NOT NULL, name TEXT NOT NULL,
      started_at INTEGER NOT NULL, duration REAL NOT NULL, error TEXT, attributes TEXT NOT NULL,
      PRIMARY KEY (request_id, id)) STRICT, WITHOUT ROWID;
      CREATE INDEX trace_spans_started ON trace_spans (started_at);`,
  },
  {
    // Ids only ever grow, times may jump back.
    id: "kernel/0006-trace-order",
    up: "DROP INDEX trace_spans_started; CREATE INDEX trace_spans_id ON trace_spans (id);",
  },
];

const KEEP_SPANS = 200_000;
const FLUSH_EVERY_MS = 500;
/** Old spans go each time that this many have come: anybody can cause some, so they must not fill the disk. */
const PRUNE_EVERY = 2_000;
/** How many wait for a database that cannot be written; the oldest are let go. */
const MAX_BUFFERED = 20_000;

/**
 * Keeps what each request did, so that `tenrec explain REQ_ID` can tell it. Spans are buffered in memory and written in
 * one transaction twice a second: losing the last half second of traces in a crash is accepted, slowing requests is not.
 */
export class Tracer {
  readonly #scope = new AsyncLocalStorage<Scope>();
  readonly #db: Database;
  readonly #clock: Clock;
  #buffer: Span[] = [];
  #timer: NodeJS.Timeout | null = null;
  #sequence: number | null = null;
  #sincePrune = PRUNE_EVERY;
  readonly #keep: number;

  constructor(db: Database, clock: Clock, keep = KEEP_SPANS) {
    this.#keep = keep;
    this.#db = db;
    this.#clock = clock;
  }

  /** The request id everything here belongs to; null outside of any. */
  get requestId(): string | null {
    return this.#scope.getStore()?.requestId ?? null;
  }

  /** Runs `body` under a request id. */
  run<T>(requestId: string, body: () => T): T {
    return this.#scope.run({ requestId, spanId: null }, body);
  }

  /** Records `body` as a span of the current request (outside of one it only runs it). */
  async span<T>(
    kind: Span["kind"],
    name: string,
    attributes: Record<string, unknown>,
    body: () => Promise<T>,
  ): Promise<T> {
    const scope = this.#scope.getStore();
    if (scope === undefined) return body();
    const id = this.#nextId();
    const startedAt = this.#clock.now();
    const start = performance.now();
    let error: string | null = null;
    try {
      return await this.#scope.run({ requestId: scope.requestId, spanId: id }, body);
    } catch (thrown) {
      error = thrown instanceof Error ? thrown.message : String(thrown);
      throw thrown;
    } finally {
      const duration = performance.now() - start;
      this.#add({
        requestId: scope.requestId,
        id,
        parentId: scope.spanId,
        kind,
        name,
        startedAt,
        duration,
        error,
        attributes,
      });
    }
  }

  /** Records something that took no time of its own. */
  note(kind: Span["kind"], name: string, attributes: Record<string, unknown> = {}): void {
    const scope = this.#scope.getStore();
    if (scope === undefined) return;
    const { requestId, spanId: parentId } = scope;
    this.#add({
      requestId,
      id: this.#nextId(),
      parentId,
      kind,
      name,
      startedAt: this.#clock.now(),
      duration: 0,
      error: null,
      attributes,
    });
  }

  /** Unique and growing over restarts too, whatever the clock does: operations continue under their first request id. */
  #nextId(): number {
    if (this.#sequence === null) {
      const last = this.#db.prepare<[], number | null>("SELECT max(id) FROM trace_spans").pluck().get() ?? 0;
      this.#sequence = Math.max(last, this.#clock.now() * 1000);
    }
    this.#sequence += 1;
    return this.#sequence;
  }

  #add(span: Span): void {
    this.#buffer.push(span);
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_EVERY_MS).unref();
  }

  flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const spans = this.#buffer;
    this.#buffer = [];
    if (spans.length === 0) return;
    try {
      this.#db.transaction(() => this.#write(spans));
    } catch (error) {
      if (!isUnwritable(error)) throw error;
      // Later, when there is room; they are not worth ending the process.
      this.#buffer = spans.slice(-MAX_BUFFERED);
      this.#timer = setTimeout(() => this.flush(), FLUSH_EVERY_MS).unref();
    }
  }

  #write(spans: readonly Span[]): void {
    const insert = this.#db.prepare("INSERT OR REPLACE INTO trace_spans VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const span of spans) {
      const { requestId, id, parentId, kind, name, startedAt, duration, error } = span;
      insert.run(requestId, id, parentId, kind, name, startedAt, duration, error, JSON.stringify(span.attributes));
    }
    this.#sincePrune += spans.length;
    if (this.#sincePrune >= PRUNE_EVERY) this.prune();
  }

  /** All spans of one request, oldest first. */
  read(requestId: string): Span[] {
    this.flush();
    const rows = this.#db
      .prepare<[string], SpanRow>("SELECT * FROM trace_spans WHERE request_id = ? ORDER BY id")
      .all(requestId);
    return rows.map((row) => ({
      requestId: row.request_id,
      id: row.id,
      parentId: row.parent_id,
      kind: row.kind,
      name: row.name,
      startedAt: row.started_at,
      duration: row.duration,
      error: row.error,
      attributes: JSON.parse(row.attributes),
    }));
  }

  /** Forgets the oldest spans beyond a fixed number. */
  prune(keep = this.#keep): void {
    this.#sincePrune = 0;
    const cutoff = this.#db
      .prepare<[number], number>("SELECT id FROM trace_spans ORDER BY id DESC LIMIT 1 OFFSET ?")
      .pluck()
      .get(keep) as number | undefined;
    if (cutoff !== undefined) this.#db.prepare("DELETE FROM trace_spans WHERE id <= ?").run(cutoff);
  }
}

interface SpanRow {
  request_id: string;
  id: number;
  parent_id: number | null;
  kind: Span["kind"];
  name: string;
  started_at: number;
  duration: number;
  error: string | null;
  attributes: string;
}
