import type { Database } from "../../../kernel/db/database.ts";

export interface DisabledService {
  binary: string;
  host: string;
  reason: string | null;
}

/** Which of cinder's services an administrator has disabled. */
export class ServiceStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  disabled(): DisabledService[] {
    return this.#db.prepare<[], DisabledService>("SELECT * FROM block_storage_disabled_services").all();
  }

  disable(service: DisabledService): void {
    this.#db
      .prepare(
        "INSERT OR REPLACE INTO block_storage_disabled_services (binary, host, reason) VALUES (@binary, @host, @reason)",
      )
      .run(service);
  }

  /** Hosts of backends whose volumes must not be removed or snapshotted. */
  frozen(): Set<string> {
    const hosts = this.#db.prepare<[], string>("SELECT host FROM block_storage_frozen_backends").pluck().all();
    return new Set(hosts as string[]);
  }

  freeze(host: string): void {
    this.#db.prepare("INSERT OR IGNORE INTO block_storage_frozen_backends (host) VALUES (?)").run(host);
  }

  thaw(host: string): void {
    this.#db.prepare("DELETE FROM block_storage_frozen_backends WHERE host = ?").run(host);
  }

  enable(binary: string, host: string): void {
    this.#db.prepare("DELETE FROM block_storage_disabled_services WHERE binary = ? AND host = ?").run(binary, host);
  }
}
