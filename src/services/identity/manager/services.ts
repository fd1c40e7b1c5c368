import { hexId } from "../../../kernel/ids/ids.ts";
import type { IdentityContext } from "../context.ts";
import { missing } from "../errors.ts";
import type { ServiceRow } from "../store/rows.ts";

export type NewService = Omit<ServiceRow, "id">;

/** The services that the catalog names. */
export class ServiceManager {
  readonly #identity: IdentityContext;

  constructor(identity: IdentityContext) {
    this.#identity = identity;
  }

  /** Errors: 404. */
  get(id: string): ServiceRow {
    const row = this.#identity.store.services.get(id);
    if (row === undefined) throw missing("service", id);
    return row;
  }

  create(service: NewService): ServiceRow {
    return this.#identity.store.services.insert({ id: hexId(), ...service });
  }

  update(row: ServiceRow, changes: Partial<NewService>): ServiceRow {
    this.#identity.store.services.update(row.id, changes);
    return this.get(row.id);
  }

  /** With its endpoints. */
  delete({ id }: ServiceRow): void {
    const { store, kernel } = this.#identity;
    kernel.db.transaction(() => {
      store.endpoints.deleteWhere({ service_id: id });
      store.services.delete(id);
    });
  }
}
