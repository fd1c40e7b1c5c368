import type { Database } from "../db/database.ts";
import type { Migration } from "../db/migrations.ts";
import { isUnwritable, untilWritten } from "../db/unwritable.ts";
import { messageOf } from "../errors.ts";
import type { Logger } from "../log/logger.ts";
import type { Clock } from "../time/clock.ts";
import type { Tracer } from "../trace/trace.ts";
import type { Turns } from "../turns/turns.ts";

/**
 * Event name → payload. Each service adds its own in its events.ts:
 * `declare module "../../kernel/events/events.ts" { interface Events { "port.deleted": { portId: string } } }`
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Events {}

export type EventName = keyof Events & string;
export type EventHandler<Name extends EventName> = (payload: Events[Name]) => void | Promise<void>;

export const eventMigrations: Migration[] = [
  {
    id: "kernel/0001-events",
    up: `CREATE TABLE events_outbox (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, payload TEXT NOT NULL, request_id TEXT, created_at INTEGER NOT NULL) STRICT;`,
  },
];

interface OutboxRow {
  id: number;
  name: string;
  payload: string;
  request_id: string | null;
}

/**
 * The internal event bus with a transactional outbox: `publish` writes the event in the caller's transaction, delivery
 * starts after the commit, and an event that a crash kept from being delivered is delivered at the next start. Handlers
 * therefore may see an event twice and must be idempotent; one that fails is logged and does not disturb the others.
 */
export class EventBus {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #tracer: Tracer;
  readonly #turns: Pick<Turns, "background">;
  readonly #log: Logger;
  readonly #handlers = new Map<string, { owner: string; handle: (payload: never) => void | Promise<void> }[]>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #stopping = new AbortController();

  constructor(deps: { db: Database; clock: Clock; tracer: Tracer; turns: Pick<Turns, "background">; log: Logger }) {
    this.#turns = deps.turns;
    this.#db = deps.db;
    this.#clock = deps.clock;
    this.#tracer = deps.tracer;
    this.#log = deps.log;
  }

  /** `owner` names the subscriber in logs. */
  on<Name extends EventName>(name: Name, owner: string, handle: EventHandler<Name>): void {
    const list = this.#handlers.get(name) ?? [];
    list.push({ owner, handle: handle as (payload: never) => void | Promise<void> });
    this.#handlers.set(name, list);
  }

  /** Call it in the transaction that makes the change. Nobody listening costs nothing. */
  publish<Name extends EventName>(name: Name, payload: Events[Name]): void {
    if (!this.#handlers.has(name)) return;
    const requestId = this.#tracer.requestId;
    const { lastInsertRowid } = this.#db
      .prepare("INSERT INTO events_outbox (name, payload, request_id, created_at) VALUES (?, ?, ?, ?)")
      .run(name, JSON.stringify(payload), requestId, this.#clock.now());
    const row = { id: Number(lastInsertRowid), name, payload: "", request_id: requestId };
    this.#db.afterCommit(() => this.#dispatch(row, payload));
  }

  /** Delivers what an earlier process left. Call once, after all subscriptions, before listening. */
  redeliver(): number {
    const rows = this.#db.prepare<[], OutboxRow>("SELECT * FROM events_outbox ORDER BY id").all();
    for (const row of rows) this.#dispatch(row, JSON.parse(row.payload));
    return rows.length;
  }

  /** Resolves when no delivery is under way. */
  async idle(): Promise<void> {
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }

  /** Ends deliveries that only wait for a database that cannot be written; the next start takes them up. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.idle();
  }

  #dispatch(row: OutboxRow, payload: unknown): void {
    const { signal } = this.#stopping;
    const options = { log: this.#log, signal };
    const delivery = untilWritten(`the event ${row.name}`, () => this.#deliver(row, payload), options)
      .catch((error: unknown) => this.#log.error(`${row.name} could not be delivered: ${messageOf(error)}`, error))
      .finally(() => this.#inFlight.delete(delivery));
    this.#inFlight.add(delivery);
  }

  async #deliver(row: OutboxRow, payload: unknown): Promise<void> {
    // The publisher's caller goes on first, a slow handler holds nobody, and hundreds of events are no turn of the event loop.
    await this.#turns.background();
    const deliver = async () => {
      for (const { owner, handle } of this.#handlers.get(row.name) ?? []) {
        try {
          await this.#tracer.span("event", `${row.name} → ${owner}`, {}, async () => handle(payload as never));
        } catch (error) {
          if (isUnwritable(error)) throw error;
          this.#log.error(`${owner} failed to handle ${row.name}: ${messageOf(error)}`, error);
        }
      }
    };
    if (row.request_id === null) await deliver();
    else await this.#tracer.run(row.request_id, deliver);
    if (this.#db.raw.open) this.#db.prepare("DELETE FROM events_outbox WHERE id = ?").run(row.id);
  }
}
