import type { Database } from "./database.ts";

/** One step of the schema. Never edited after it has been released: add the next one. */
export interface Migration {
  /** `<service>/<NNNN>-<name>`; applied once, in the order given by the service. */
  id: string;
  up: string | ((db: Database) => void);
}

/**
 * Applies what is missing, each migration in a transaction of its own. Returns the ids that were applied. `leftOut`: services whose
 * tables are there and not looked at.
 */
export function migrate(
  db: Database,
  migrations: readonly Migration[],
  now: number,
  leftOut: readonly string[] = [],
): string[] {
  db.exec("CREATE TABLE IF NOT EXISTS schema_migrations (id TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT");
  const known = new Set(db.prepare<[], string>("SELECT id FROM schema_migrations").pluck().all() as string[]);
  const unknown = new Set(known);
  const applied: string[] = [];
  for (const migration of migrations) {
    unknown.delete(migration.id);
    if (known.has(migration.id)) continue;
    db.transaction(() => {
      if (typeof migration.up === "string") db.exec(migration.up);
      else migration.up(db);
      db.prepare("INSERT INTO schema_migrations (id, applied_at) VALUES (?, ?)").run(migration.id, now);
    });
    applied.push(migration.id);
  }
  for (const id of unknown) if (leftOut.some((service) => id.startsWith(`${service}/`))) unknown.delete(id);
  if (unknown.size > 0) {
    throw new Error(
      `the database was written by a newer tenrec: it has migrations this one does not know (${[...unknown].join(", ")}). ` +
        "Use that version, or start over with: tenrec stack --fresh",
    );
  }
  return applied;
}
