import type { Database } from "../db/database.ts";

/** A table whose rows are things that people see in lists. Expressions are SQL of the code's own; `row` stands for the row. */
export interface WatchedTable {
  /** "compute.server"; several tables may tell of one kind of thing (a volume's attachments of the volume). */
  readonly kind: string;
  readonly table: string;
  /** Of the thing: "row.id". */
  readonly id: string;
  /** Whose it is. Absent: nobody's, and only administrators and who sees what is `public` hear of it. */
  readonly project?: string;
  readonly user?: string;
  /** Whether everybody may see it: "1", "row.is_public". Absent: no. */
  readonly public?: string;
}

/** That something is not as it was: the thing itself is to be asked for by who wants to see it. */
export interface Change {
  readonly kind: string;
  readonly id: string;
  readonly projectId: string | null;
  readonly userId: string | null;
  readonly isPublic: boolean;
}

type Watcher = (changes: readonly Change[]) => void;

const CALLED = "tenrec_changed";

/**
 * What changes, whoever changed it: every write of a watched table, told once it is committed and together with what was written in the same
 * turn. It comes from triggers of this connection alone, which there are only while somebody watches: nobody watching costs nothing.
 */
export class Changes {
  readonly #db: Database;
  readonly #tables: readonly WatchedTable[];
  readonly #watchers = new Set<Watcher>();
  /** By kind, id and owner: a thing that is written ten times in a turn is told once. */
  #committed = new Map<string, Change>();

  constructor(db: Database, tables: readonly WatchedTable[]) {
    this.#db = db;
    this.#tables = tables;
    this.#answerTriggers();
  }

  /**
   * Said again, it makes sqlite plan all statements anew. Those planned before would not know of triggers that came since: a statement that
   * touches main alone does not look whether temp has changed.
   */
  #answerTriggers(): void {
    this.#db.raw.function(CALLED, { varargs: true }, (...values: unknown[]) => this.#changed(values as Told));
  }

  get kinds(): ReadonlySet<string> {
    return new Set(this.#tables.map(({ kind }) => kind));
  }

  /** Answers how to end it. */
  watch(watcher: Watcher): () => void {
    if (this.#watchers.size === 0) {
      for (const sql of this.#tables.flatMap(triggers)) this.#db.exec(sql);
      this.#answerTriggers();
    }
    this.#watchers.add(watcher);
    return () => {
      if (!this.#watchers.delete(watcher) || this.#watchers.size > 0 || !this.#db.raw.open) return;
      for (const table of this.#tables)
        for (const event of EVENTS) this.#db.exec(`DROP TRIGGER IF EXISTS temp.${nameOf(table, event)}`);
      this.#answerTriggers();
    };
  }

  /** Runs inside a statement: it must not touch the database. */
  #changed([kind, id, project, user, isPublic]: Told): null {
    const change: Change = { kind, id: String(id), projectId: project, userId: user, isPublic: isPublic === 1 };
    this.#db.afterCommit(() => {
      if (this.#committed.size === 0) setImmediate(() => this.#tell());
      this.#committed.set(`${kind} ${id} ${project} ${user}`, change);
    });
    return null;
  }

  #tell(): void {
    const changes = [...this.#committed.values()];
    this.#committed = new Map();
    for (const watcher of this.#watchers) watcher(changes);
  }
}

type Told = [kind: string, id: string | number, project: string | null, user: string | null, isPublic: number | null];

const EVENTS = ["INSERT", "UPDATE", "DELETE"] as const;

const nameOf = ({ kind, table }: WatchedTable, event: (typeof EVENTS)[number]): string =>
  `watched_${table}_${kind.replaceAll(/\W/g, "_")}_${event.toLowerCase()}`;

function triggers(table: WatchedTable): string[] {
  const told = (row: "OLD" | "NEW") => {
    const of = (expression: string | undefined) => expression?.replaceAll(/\brow\./g, `${row}.`) ?? "NULL";
    return `SELECT ${CALLED}('${table.kind}', ${[table.id, table.project, table.user, table.public].map(of).join(", ")});`;
  };
  // Who had it before sees that it is gone.
  const moves = [table.project, table.user, table.public].some((expression) => expression?.includes("row.") === true);
  const bodies = {
    INSERT: told("NEW"),
    UPDATE: moves ? `${told("OLD")} ${told("NEW")}` : told("NEW"),
    DELETE: told("OLD"),
  };
  return EVENTS.map(
    (event) =>
      `CREATE TEMP TRIGGER IF NOT EXISTS ${nameOf(table, event)} AFTER ${event} ON main.${table.table} BEGIN ${bodies[event]} END`,
  );
}
