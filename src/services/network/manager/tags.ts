import type { Core, Thing } from "./core.ts";

/** Tables whose things have tags. */
export type Tagged = "networks" | "subnets" | "subnetPools" | "ports" | "routers" | "floatingIps" | "groups";

/** Another set of tags is another revision of the thing. */
export function setTags({ store, kernel }: Core, table: Tagged, { id, revision = 0 }: Thing, tags: string[]): void {
  store[table].update(id, { tags, revision: revision + 1, updated_at: kernel.clock.now() });
}
