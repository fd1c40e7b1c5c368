import { randomBytes } from "node:crypto";
import type { Identity } from "../../kernel/auth/context.ts";
import type { Change, Changes } from "../../kernel/events/changes.ts";
import type { Clock } from "../../kernel/time/clock.ts";

/** So many changes are kept for who comes back after a broken connection. */
const KEPT = 2_000;
const HEARTBEAT_MS = 15_000;
/** Of one session, which has that many windows open; the oldest is closed. */
const MOST_OF_A_SESSION = 12;
/** Of one stream, in bytes of text that the browser has not taken yet. */
const MOST_WAITING = 1_000_000;

interface Numbered {
  readonly number: number;
  readonly change: Change;
}

interface Reader {
  readonly sessionId: string;
  readonly token: string;
  /** Errors: the stream is closed. */
  send(text: string): void;
  close(): void;
}

export interface EventStreamOptions {
  readonly changes: Changes;
  readonly clock: Clock;
  /** Whose token it is; null when it is none any more. */
  authenticate(token: string): Identity | null;
}

/** What of the cloud's changes a token may see: its project's and its user's own, what is for everybody, and an administrator's all. */
export const maySee = (identity: Identity, change: Change): boolean =>
  identity.isAdmin ||
  change.isPublic ||
  (change.projectId !== null && change.projectId === identity.projectId) ||
  (change.userId !== null && change.userId === identity.userId);

/** One stream of events to each window of the dashboard, fed by what changes in the database. */
export class EventStreams {
  readonly #options: EventStreamOptions;
  readonly #readers = new Set<Reader>();
  /** Numbers of another process mean nothing here. */
  readonly #epoch = randomBytes(6).toString("base64url");
  #kept: Numbered[] = [];
  #number = 0;
  #unwatch: (() => void) | null = null;
  readonly #stopHeartbeat: () => void;

  constructor(options: EventStreamOptions) {
    this.#options = options;
    this.#stopHeartbeat = options.clock.every(HEARTBEAT_MS, () => this.#beat());
  }

  /** `lastId`: of the last event that the browser had, null for a new page. */
  open(session: { id: string; token: string }, identity: Identity, lastId: string | null): ReadableStream<Uint8Array> {
    // From the first reader on for ever: who comes back is to miss nothing.
    this.#unwatch ??= this.#options.changes.watch((changes) => this.#tell(changes));
    const own = [...this.#readers].filter((reader) => reader.sessionId === session.id);
    for (const reader of own.slice(0, Math.max(0, own.length - MOST_OF_A_SESSION + 1))) this.#end(reader);
    const encoder = new TextEncoder();
    let reader: Reader | null = null;
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          reader = {
            sessionId: session.id,
            token: session.token,
            send(text) {
              // Who does not read is to come back and ask for all.
              if ((controller.desiredSize ?? 0) < -MOST_WAITING) throw new Error("the browser does not read");
              controller.enqueue(encoder.encode(text));
            },
            close: () => controller.close(),
          };
          this.#readers.add(reader);
          reader.send(`retry: 1000\n\n${this.#since(identity, lastId)}`);
        },
        cancel: () => {
          if (reader !== null) this.#readers.delete(reader);
        },
      },
      new ByteLengthQueuingStrategy({ highWaterMark: 65_536 }),
    );
  }

  /** Ends those of a session, which has ended or has another token now. */
  end(sessionId: string): void {
    for (const reader of this.#readers) if (reader.sessionId === sessionId) this.#end(reader);
  }

  close(): void {
    this.#stopHeartbeat();
    this.#unwatch?.();
    for (const reader of this.#readers) this.#end(reader);
  }

  get size(): number {
    return this.#readers.size;
  }

  /** What was missed, or that all is to be asked for anew. */
  #since(identity: Identity, lastId: string | null): string {
    const hello = `${this.#idLine()}event: hello\ndata: {}\n\n`;
    if (lastId === null) return hello;
    const [epoch, last] = lastId.split(".");
    const from = Number(last);
    const oldest = this.#kept[0]?.number ?? this.#number + 1;
    if (epoch !== this.#epoch || !Number.isInteger(from) || from > this.#number || from + 1 < oldest)
      return `${this.#idLine()}event: lost\ndata: {}\n\n`;
    const missed = this.#kept.filter(({ number, change }) => number > from && maySee(identity, change));
    return missed.length === 0 ? hello : this.#rendered(missed.map(({ change }) => change));
  }

  #tell(changes: readonly Change[]): void {
    for (const change of changes) {
      this.#number += 1;
      this.#kept.push({ number: this.#number, change });
    }
    if (this.#kept.length > KEPT * 1.5) this.#kept = this.#kept.slice(-KEPT);
    for (const reader of this.#readers)
      this.#send(reader, (identity) => {
        const seen = changes.filter((change) => maySee(identity, change));
        return seen.length === 0 ? "" : this.#rendered(seen);
      });
  }

  #beat(): void {
    for (const reader of this.#readers) this.#send(reader, () => ": still here\n\n");
  }

  /** Nothing is told to a session whose token was revoked or has expired. */
  #send(reader: Reader, render: (identity: Identity) => string): void {
    const identity = this.#options.authenticate(reader.token);
    if (identity === null) {
      this.#end(reader);
      return;
    }
    try {
      const text = render(identity);
      if (text !== "") reader.send(text);
    } catch {
      this.#end(reader);
    }
  }

  #end(reader: Reader): void {
    if (!this.#readers.delete(reader)) return;
    try {
      reader.send("event: ended\ndata: {}\n\n");
      reader.close();
    } catch {
      // The browser has gone already.
    }
  }

  #rendered(changes: readonly Change[]): string {
    const things = changes.map(({ kind, id }) => ({ kind, id }));
    return `${this.#idLine()}event: changed\ndata: ${JSON.stringify(things)}\n\n`;
  }

  #idLine(): string {
    return `id: ${this.#epoch}.${this.#number}\n`;
  }
}
