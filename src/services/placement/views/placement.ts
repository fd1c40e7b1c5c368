import { mv } from "../../../kernel/http/microversion.ts";
import type { Provider } from "../manager/picture.ts";
import type { InventoryRow } from "../store/placement.ts";

/** `version` as a microversion: 1006 is 1.6. Links are paths, as placement behind a prefix writes them. */
export function providerView(provider: Provider, version: number, prefix: string) {
  const self = `${prefix}/resource_providers/${provider.uuid}`;
  const rels = ["inventories", "usages"];
  if (version >= mv("1.1")) rels.push("aggregates");
  if (version >= mv("1.6")) rels.push("traits");
  if (version >= mv("1.11")) rels.push("allocations");
  return {
    uuid: provider.uuid,
    name: provider.name,
    generation: provider.generation,
    links: [{ rel: "self", href: self }, ...rels.map((rel) => ({ rel, href: `${self}/${rel}` }))],
    ...(version >= mv("1.14") ? { parent_provider_uuid: provider.parent, root_provider_uuid: provider.root } : {}),
  };
}

export const inventoryView = (row: InventoryRow) => ({
  total: row.total,
  reserved: row.reserved,
  min_unit: row.min_unit,
  max_unit: row.max_unit,
  step_size: row.step_size,
  allocation_ratio: row.allocation_ratio,
});

export const inventoriesView = (provider: Provider) => ({
  resource_provider_generation: provider.generation,
  inventories: Object.fromEntries([...provider.inventories].map(([name, row]) => [name, inventoryView(row)])),
});

export const aggregatesView = (provider: Provider, version: number) => ({
  aggregates: provider.aggregates,
  ...(version >= mv("1.19") ? { resource_provider_generation: provider.generation } : {}),
});

export const traitsView = (provider: Provider) => ({
  traits: [...provider.traits].sort(),
  resource_provider_generation: provider.generation,
});
