import type { Database } from "../../../kernel/db/database.ts";
import { UntilWritten } from "../../../kernel/db/until-written.ts";

export interface ServiceRow {
  id: number;
  uuid: string;
  binary: string;
  host: string;
  zone: string;
  disabled: number;
  disabled_reason: string | null;
  forced_down: number;
  updated_at: number;
}

/** All the SQL about nova's services (they are all this process) and the one hypervisor. */
export class HostStore {
  readonly #db: Database;
  /** Each answer about a server tells of the host. */
  readonly #compute: UntilWritten<ServiceRow | undefined>;

  constructor(db: Database) {
    this.#db = db;
    this.#compute = new UntilWritten(db);
  }

  /** Makes the rows of this host; idempotent. `newId` makes a uuid for each that is new. */
  register(host: string, zone: string, now: number, newId: () => string): void {
    this.#compute.forget();
    const services: [string, string][] = [
      ["nova-scheduler", "internal"],
      ["nova-conductor", "internal"],
      ["nova-compute", zone],
    ];
    for (const [binary, serviceZone] of services) {
      const known = this.#db.prepare("SELECT 1 FROM compute_services WHERE binary = ? AND host = ?").get(binary, host);
      if (known !== undefined) continue;
      this.#db
        .prepare(
          `INSERT INTO compute_services (uuid, binary, host, zone, disabled, disabled_reason, forced_down, updated_at)
           VALUES (?, ?, ?, ?, 0, NULL, 0, ?)`,
        )
        .run(newId(), binary, host, serviceZone, now);
    }
    this.#db.prepare("INSERT OR IGNORE INTO compute_hypervisors (uuid, hostname) VALUES (?, ?)").run(newId(), host);
  }

  services(): ServiceRow[] {
    return this.#db.prepare<[], ServiceRow>("SELECT * FROM compute_services ORDER BY id").all();
  }

  compute(): ServiceRow | undefined {
    return this.#compute.get("compute", () =>
      this.#db
        .prepare<[], ServiceRow>("SELECT * FROM compute_services WHERE binary = 'nova-compute' ORDER BY id LIMIT 1")
        .get(),
    );
  }

  updateService(id: number, changes: { disabled: boolean; reason: string | null; forcedDown: boolean }): void {
    this.#compute.forget();
    this.#db
      .prepare("UPDATE compute_services SET disabled = ?, disabled_reason = ?, forced_down = ? WHERE id = ?")
      .run(changes.disabled ? 1 : 0, changes.reason, changes.forcedDown ? 1 : 0, id);
  }

  hypervisor(): { id: number; uuid: string; hostname: string } | undefined {
    return this.#db
      .prepare<[], { id: number; uuid: string; hostname: string }>(
        "SELECT * FROM compute_hypervisors ORDER BY id LIMIT 1",
      )
      .get();
  }
}
