import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Database } from "../kernel/db/database.ts";
import { type Migration, migrate } from "../kernel/db/migrations.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Clock } from "../kernel/time/clock.ts";
import { kindOf } from "./kinds/index.ts";
import type {
  Ledger,
  LedgerDetails,
  LedgerEntry,
  LedgerKind,
  LedgerRequest,
  Undo,
  UndoProgress,
  UndoReport,
} from "./types.ts";

export const ledgerMigrations: Migration[] = [
  {
    id: "host/0001-ledger",
    up: `CREATE TABLE host_ledger (
      id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, name TEXT NOT NULL, details TEXT NOT NULL,
      owner TEXT NOT NULL, state TEXT NOT NULL CHECK (state IN ('making', 'made')), created_at INTEGER NOT NULL,
      UNIQUE (kind, name)) STRICT;
      CREATE INDEX host_ledger_owner ON host_ledger (owner);`,
  },
];

/** The ledger has a file of its own beside the cloud's database: it outlives `--fresh`, and unstack works with a broken cloud database. */
export function openLedgerDatabase(path: string, clock: Clock): Database {
  if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const db = new Database({ path });
  migrate(db, ledgerMigrations, clock.now());
  return db;
}

/** No method may be called for one (kind, name) twice at the same time; different things may be made side by side. */
export class HostLedger implements Ledger {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #undo = new Map<LedgerKind, Undo<LedgerKind>>();

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  create<K extends LedgerKind, T>(request: LedgerRequest<K>, make: () => Promise<T> | T): Promise<T> {
    return this.createMany([request as LedgerRequest<LedgerKind>], make);
  }

  async createMany<T>(requests: readonly LedgerRequest<LedgerKind>[], make: () => Promise<T> | T): Promise<T> {
    const added = this.#db.transaction(() => {
      const insert = this.#db.prepare(
        `INSERT INTO host_ledger (kind, name, details, owner, state, created_at) VALUES (?, ?, ?, ?, 'making', ?)
         ON CONFLICT (kind, name) DO NOTHING`,
      );
      let changes = 0;
      for (const { kind, name, details, owner } of requests) {
        changes += insert.run(kind, name, JSON.stringify(details), owner, this.#clock.now()).changes;
      }
      return changes;
    });
    if (added > 0) await this.#db.durable();
    const result = await make();
    this.#db.transaction(() => {
      const update = this.#db.prepare(
        "UPDATE host_ledger SET state = 'made' WHERE kind = ? AND name = ? AND state = 'making'",
      );
      for (const { kind, name } of requests) update.run(kind, name);
    });
    return result;
  }

  async amend<K extends LedgerKind>(kind: K, name: string, details: LedgerDetails[K]): Promise<void> {
    this.#db
      .prepare("UPDATE host_ledger SET details = ? WHERE kind = ? AND name = ?")
      .run(JSON.stringify(details), kind, name);
    await this.#db.durable();
  }

  async remove<K extends LedgerKind>(
    kind: K,
    name: string,
    unmake?: (entry: LedgerEntry<K>) => Promise<void> | void,
  ): Promise<void> {
    const entry = this.get(kind, name);
    if (entry === null) return;
    if (unmake !== undefined) await unmake(entry);
    else await this.#undoOf(entry);
    this.#strike(entry.id);
  }

  async forget(entries: readonly { kind: LedgerKind; name: string }[]): Promise<void> {
    this.#db.transaction(() => {
      const strike = this.#db.prepare("DELETE FROM host_ledger WHERE kind = ? AND name = ?");
      for (const { kind, name } of entries) strike.run(kind, name);
    });
    await Promise.resolve();
  }

  get<K extends LedgerKind>(kind: K, name: string): LedgerEntry<K> | null {
    const row = this.#db
      .prepare<[string, string], Row>("SELECT * FROM host_ledger WHERE kind = ? AND name = ?")
      .get(kind, name);
    return row === undefined ? null : (entryOf(row) as LedgerEntry<K>);
  }

  list(filter: { kind?: LedgerKind; owner?: string; ownerPrefix?: string } = {}): LedgerEntry[] {
    const { kind = null, owner = null, ownerPrefix = null } = filter;
    return this.#db
      .prepare<{ kind: string | null; owner: string | null; prefix: string | null }, Row>(
        `SELECT * FROM host_ledger WHERE (@kind IS NULL OR kind = @kind) AND (@owner IS NULL OR owner = @owner)
         AND (@prefix IS NULL OR substr(owner, 1, length(@prefix)) = @prefix) ORDER BY id`,
      )
      .all({ kind, owner, prefix: ownerPrefix })
      .map(entryOf);
  }

  registerUndo<K extends LedgerKind>(kind: K, undo: Undo<K>): void {
    this.#undo.set(kind, undo as unknown as Undo<LedgerKind>);
  }

  async undoAll(
    options: { owner?: string; keep?: (entry: LedgerEntry) => boolean; progress?: (step: UndoProgress) => void } = {},
  ): Promise<UndoReport> {
    const entries = this.list(options.owner === undefined ? {} : { owner: options.owner })
      .filter((entry) => options.keep?.(entry) !== true)
      .reverse();
    const namespaces = new Set(entries.filter((entry) => entry.kind === "namespace").map((entry) => entry.name));
    const report: UndoReport = { undone: 0, failures: [] };
    let done = 0;
    for (const entry of entries) {
      let error: Error | null = null;
      try {
        // What is inside a namespace stays written down until that is really gone (below).
        if (!goesWithNamespace(entry, namespaces)) {
          await this.#undoOf(entry);
          this.#strike(entry.id);
        }
        report.undone += 1;
      } catch (thrown) {
        error = thrown instanceof Error ? thrown : new Error(messageOf(thrown));
        report.failures.push({ entry, error });
      }
      done += 1;
      options.progress?.({ entry, done, total: entries.length, error });
    }
    const failed = new Set(report.failures.map(({ entry }) => (entry.kind === "namespace" ? entry.name : "")));
    for (const entry of entries) {
      const netns = netnsOf(entry);
      if (goesWithNamespace(entry, namespaces) && netns !== null && !failed.has(netns)) this.#strike(entry.id);
    }
    await this.#db.durable();
    return report;
  }

  async #undoOf(entry: LedgerEntry): Promise<void> {
    const undo = this.#undo.get(entry.kind);
    if (undo === undefined) throw new Error(`nobody knows how to undo a "${entry.kind}" (${entry.name})`);
    await undo(entry);
  }

  #strike(id: number): void {
    this.#db.prepare("DELETE FROM host_ledger WHERE id = ?").run(id);
  }
}

function netnsOf(entry: LedgerEntry): string | null {
  const netns = (entry.details as { netns?: unknown }).netns;
  return typeof netns === "string" ? netns : null;
}

function goesWithNamespace(entry: LedgerEntry, namespaces: ReadonlySet<string>): boolean {
  const netns = netnsOf(entry);
  return kindOf(entry.kind).goesWithNamespace === true && netns !== null && namespaces.has(netns);
}

interface Row {
  id: number;
  kind: LedgerKind;
  name: string;
  details: string;
  owner: string;
  state: "making" | "made";
  created_at: number;
}

function entryOf(row: Row): LedgerEntry {
  const { id, kind, name, owner, state } = row;
  return { id, kind, name, details: JSON.parse(row.details), owner, state, createdAt: row.created_at };
}
