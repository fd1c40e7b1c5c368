import type { Migration } from "../../../kernel/db/migrations.ts";

export const placementTables: Migration = {
  id: "placement/0001-placement",
  up: `CREATE TABLE placement_providers (
      uuid TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, generation INTEGER NOT NULL, parent TEXT) STRICT;
    CREATE TABLE placement_inventories (
      provider TEXT NOT NULL, resource_class TEXT NOT NULL, total INTEGER NOT NULL, reserved INTEGER NOT NULL,
      min_unit INTEGER NOT NULL, max_unit INTEGER NOT NULL, step_size INTEGER NOT NULL, allocation_ratio REAL NOT NULL,
      PRIMARY KEY (provider, resource_class)) STRICT;
    CREATE TABLE placement_consumers (
      uuid TEXT PRIMARY KEY, project_id TEXT NOT NULL, user_id TEXT NOT NULL, generation INTEGER NOT NULL, type TEXT NOT NULL) STRICT;
    CREATE TABLE placement_allocations (
      consumer TEXT NOT NULL REFERENCES placement_consumers (uuid) ON DELETE CASCADE, provider TEXT NOT NULL,
      resource_class TEXT NOT NULL, used INTEGER NOT NULL, PRIMARY KEY (consumer, provider, resource_class)) STRICT;
    -- Sets of names: what belongs to a provider (aggregates, traits), and the custom names there are (provider '').
    CREATE TABLE placement_names (
      kind TEXT NOT NULL CHECK (kind IN ('aggregate', 'trait', 'class')), provider TEXT NOT NULL, name TEXT NOT NULL,
      PRIMARY KEY (kind, provider, name)) STRICT;`,
};
