import type { Database } from "../../../kernel/db/database.ts";

/** What an admin said of an agent. Agents nobody said anything of have no row. */
export interface AgentRow {
  /** "neutron-dhcp-agent" */
  binary: string;
  admin_state_up: boolean;
  description: string | null;
  /** How often it was deleted: it comes back as a new one. */
  generation: number;
  /** Not there before this time, ms. */
  reports_at: number;
}

export class AgentStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  get(binary: string): AgentRow {
    const found = this.#db
      .prepare<[string], Omit<AgentRow, "admin_state_up"> & { admin_state_up: number }>(
        "SELECT * FROM network_agents WHERE binary = ?",
      )
      .get(binary);
    if (found === undefined) return { binary, admin_state_up: true, description: null, generation: 0, reports_at: 0 };
    return { ...found, admin_state_up: found.admin_state_up === 1 };
  }

  set(row: AgentRow): void {
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO network_agents (binary, admin_state_up, description, generation, reports_at)
         VALUES (@binary, @up, @description, @generation, @reports_at)`,
      )
      .run({
        binary: row.binary,
        up: row.admin_state_up ? 1 : 0,
        description: row.description,
        generation: row.generation,
        reports_at: row.reports_at,
      });
  }
}
