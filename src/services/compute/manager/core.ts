import type { Kernel } from "../../../kernel/module.ts";
import { Quotas } from "../../../kernel/quota/quota.ts";
import type { ComputeDriver } from "../driver/driver.ts";
import { quotaResources } from "../quotas.ts";
import { ActionStore } from "../store/actions.ts";
import { AggregateStore } from "../store/aggregates.ts";
import { ConsoleTokenStore } from "../store/console-tokens.ts";
import { FlavorStore } from "../store/flavors.ts";
import { KeypairStore } from "../store/keypairs.ts";
import { MigrationStore } from "../store/migrations.ts";
import { ServerGroupStore } from "../store/server-groups.ts";
import { ServerStore } from "../store/servers.ts";
import { HostStore } from "../store/services.ts";

/** What all managers of this service share. */
export interface Core {
  readonly kernel: Kernel;
  readonly driver: ComputeDriver;
  readonly servers: ServerStore;
  readonly flavors: FlavorStore;
  readonly keypairs: KeypairStore;
  readonly actions: ActionStore;
  readonly migrations: MigrationStore;
  readonly groups: ServerGroupStore;
  readonly aggregates: AggregateStore;
  readonly hosts: HostStore;
  readonly consoleTokens: ConsoleTokenStore;
  readonly quotas: Quotas;
}

export function createCore(kernel: Kernel, driver: ComputeDriver): Core {
  const { db } = kernel;
  const servers = new ServerStore(db);
  const keypairs = new KeypairStore(db);
  const groups = new ServerGroupStore(db);
  return {
    kernel,
    driver,
    servers,
    flavors: new FlavorStore(db),
    keypairs,
    actions: new ActionStore(db),
    migrations: new MigrationStore(db),
    groups,
    aggregates: new AggregateStore(db),
    hosts: new HostStore(db),
    consoleTokens: new ConsoleTokenStore(db),
    quotas: new Quotas(db, "compute", quotaResources(kernel.settings.compute.quotas, { servers, groups })),
  };
}
