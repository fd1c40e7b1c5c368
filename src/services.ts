import { join } from "node:path";
import type { DriverParts } from "./host/ready.ts";
import type { ServiceDeclaration } from "./kernel/config/declaration.ts";
import { startOrder } from "./kernel/config/needs.ts";
import type { Settings } from "./kernel/config/settings.ts";
import type { Service } from "./kernel/module.ts";
import * as known from "./service-list.ts";

interface KnownService {
  declaration: ServiceDeclaration;
  code(): Promise<{ assemble(parts: DriverParts): Service | Promise<Service> }>;
}

const list: readonly KnownService[] = Object.values(known);

/** Every service that there is, each behind those it needs and uses: the order of README, and of `createServices`. */
export const SERVICES: readonly KnownService[] = startOrder(list.map(({ declaration }) => declaration)).flatMap(
  (declaration) => list.find((one) => one.declaration === declaration) ?? [],
);

/** The services that the settings ask for, with their drivers, in the order they are seeded and started in. */
export function createServices(parts: DriverParts): Promise<Service[]> {
  return Promise.all(
    parts.settings.services.map(async (name) => {
      const found = SERVICES.find(({ declaration }) => declaration.name === name);
      if (found === undefined) throw new Error(`there is no service ${name}`);
      return (await found.code()).assemble(parts);
    }),
  );
}

/** The services that the settings switch off. */
export const leftOut = ({ services }: Settings): readonly ServiceDeclaration[] =>
  SERVICES.flatMap(({ declaration }) => (services.includes(declaration.name) ? [] : [declaration]));

/** Where a data directory keeps the cloud's database. */
export const databasePath = (settings: Settings): string => join(settings.dataDir, "tenrec.db");
