import type { Core } from "./manager/core.ts";

/** Marks an entry of the catalog that is off because its service is, and not because somebody said so. */
const markOf = (type: string, name: string): string => `absent-service-${type}-${name}`;

/** The catalog tells of the services of this cloud: those that local.conf switches off are off in it, with their ids, until they return. */
export function reconcile({ kernel, store }: Core): void {
  kernel.db.transaction(() => {
    for (const { endpoint } of kernel.absentEndpoints) {
      for (const { type, name } of endpoint.catalog) {
        const found = store.services.find({ type, name, enabled: 1 });
        if (found === undefined) continue;
        store.services.update(found.id, { enabled: 0 });
        store.secrets.set(markOf(type, name), Buffer.from([1]));
      }
    }
    for (const { endpoint } of kernel.endpoints) {
      for (const { type, name } of endpoint.catalog) {
        if (store.secrets.get(markOf(type, name)) === null) continue;
        const found = store.services.find({ type, name });
        if (found !== undefined) store.services.update(found.id, { enabled: 1 });
        store.secrets.delete(markOf(type, name));
      }
    }
  });
}
