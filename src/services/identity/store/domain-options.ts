import type { Database } from "../../../kernel/db/database.ts";

export interface DomainOption {
  group: string;
  name: string;
  value: unknown;
  sensitive: boolean;
}

interface Row {
  group_name: string;
  name: string;
  value: string;
  sensitive: number;
}

/** The options that domains set for themselves. */
export class DomainOptionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** All of a domain, or of one group, or the one named. */
  list(domainId: string, group: string | null, name: string | null): DomainOption[] {
    return this.#db
      .prepare<{ domainId: string; group: string | null; name: string | null }, Row>(
        `SELECT group_name, name, value, sensitive FROM identity_domain_options
         WHERE domain_id = @domainId AND group_name = ifnull(@group, group_name) AND name = ifnull(@name, name) ORDER BY rowid`,
      )
      .all({ domainId, group, name })
      .map((row) => ({
        group: row.group_name,
        name: row.name,
        value: JSON.parse(row.value) as unknown,
        sensitive: row.sensitive === 1,
      }));
  }

  set(domainId: string, option: DomainOption): void {
    this.#db
      .prepare(
        `INSERT INTO identity_domain_options (domain_id, group_name, name, value, sensitive) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET value = excluded.value, sensitive = excluded.sensitive`,
      )
      .run(domainId, option.group, option.name, JSON.stringify(option.value), option.sensitive ? 1 : 0);
  }

  delete(domainId: string, group: string | null, name: string | null): void {
    this.#db
      .prepare(
        `DELETE FROM identity_domain_options
         WHERE domain_id = @domainId AND group_name = ifnull(@group, group_name) AND name = ifnull(@name, name)`,
      )
      .run({ domainId, group, name });
  }
}
