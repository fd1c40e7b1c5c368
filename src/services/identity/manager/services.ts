import { hexId } from "../../../kernel/ids/ids.ts";
import { missing } from "../errors.ts";
import type { ServiceRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

export type NewService = Omit<ServiceRow, "id">;

/** The services that the catalog names. */
export class ServiceManager {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404. */
  get(id: string): ServiceRow {
    const row = this.#core.store.services.get(id);
    if (row === undefined) throw missing("service", id);
    return row;
  }

  create(service: NewService): ServiceRow {
    return this.#core.store.services.insert({ id: hexId(), ...service });
  }

  update(row: ServiceRow, changes: Partial<NewService>): ServiceRow {
    this.#core.store.services.update(row.id, changes);
    return this.get(row.id);
  }

  /** With its endpoints. */
  delete({ id }: ServiceRow): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      store.endpoints.deleteWhere({ service_id: id });
      store.services.delete(id);
    });
  }
}
