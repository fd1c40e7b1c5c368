import type { Database } from "../../../kernel/db/database.ts";
import type { KeptPorts } from "./kept-ports.ts";

/** Statuses that say whether something works on the host. They are not changes of a thing: no new revision. */
export class StatusStore {
  readonly #db: Database;
  readonly #kept: KeptPorts;

  constructor(db: Database, kept: KeptPorts) {
    this.#db = db;
    this.#kept = kept;
  }

  /** The network is there, with its DHCP ports. */
  networkActive(id: string): void {
    this.#db.prepare("UPDATE network_networks SET status = 'ACTIVE' WHERE id = ? AND status <> 'ACTIVE'").run(id);
    this.#ports(
      "UPDATE network_ports SET status = 'ACTIVE' WHERE network_id = ? AND device_owner = 'network:dhcp' AND status <> 'ACTIVE'",
      id,
    );
  }

  /** The router is there, with its ports and, where it is up, the floating IPs that lead through it. */
  routerActive(id: string): void {
    this.#db.prepare("UPDATE network_routers SET status = 'ACTIVE' WHERE id = ? AND status <> 'ACTIVE'").run(id);
    this.#ports(
      `UPDATE network_ports SET status = CASE WHEN admin_state_up THEN 'ACTIVE' ELSE 'DOWN' END
       WHERE device_id = ? AND device_owner LIKE 'network:router_%'`,
      id,
    );
    this.#db
      .prepare(
        `UPDATE network_floatingips SET status = CASE WHEN (SELECT admin_state_up FROM network_routers WHERE id = router_id) THEN 'ACTIVE' ELSE 'DOWN' END
         WHERE router_id = ?`,
      )
      .run(id);
  }

  networkFailed(id: string): void {
    this.#db.prepare("UPDATE network_networks SET status = 'ERROR' WHERE id = ?").run(id);
  }

  /** And the floating IPs that lead through it. */
  routerFailed(id: string): void {
    this.#db.prepare("UPDATE network_routers SET status = 'ERROR' WHERE id = ?").run(id);
    this.#db.prepare("UPDATE network_floatingips SET status = 'ERROR' WHERE router_id = ?").run(id);
  }

  #ports(update: string, id: string): void {
    const changed = this.#db.prepare<[string], string>(`${update} RETURNING id`).pluck().all(id) as string[];
    for (const port of changed) this.#kept.forget(port);
  }
}
