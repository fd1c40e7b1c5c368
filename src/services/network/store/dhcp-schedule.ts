import type { Database } from "../../../kernel/db/database.ts";

/** What an admin decided about the DHCP agent and a network. */
export class DhcpSchedule {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** Null: nobody decided anything. */
  get(networkId: string): boolean | null {
    const found = this.#db
      .prepare<[string], number>("SELECT scheduled FROM network_dhcp_schedule WHERE network_id = ?")
      .pluck()
      .get(networkId);
    return found === undefined ? null : found === 1;
  }

  set(networkId: string, scheduled: boolean): void {
    this.#db
      .prepare("INSERT OR REPLACE INTO network_dhcp_schedule (network_id, scheduled) VALUES (?, ?)")
      .run(networkId, scheduled ? 1 : 0);
  }
}
