import { join } from "node:path";
import type { DriverParts } from "./host/ready.ts";
import type { ServiceDeclaration } from "./kernel/config/declaration.ts";
import type { Settings } from "./kernel/config/settings.ts";
import type { Service } from "./kernel/module.ts";
import { declaration as blockStorage } from "./services/block-storage/service.ts";
import { declaration as compute } from "./services/compute/service.ts";
import { declaration as identity } from "./services/identity/service.ts";
import { declaration as image } from "./services/image/service.ts";
import { declaration as network } from "./services/network/service.ts";
import { declaration as placement } from "./services/placement/service.ts";

interface KnownService {
  declaration: ServiceDeclaration;
  /** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
  code(): Promise<{ assemble(parts: DriverParts): Service }>;
}

/** Every service that there is, in the order of README. */
export const SERVICES: readonly KnownService[] = [
  { declaration: identity, code: () => import("./services/identity/index.ts") },
  { declaration: image, code: () => import("./services/image/index.ts") },
  { declaration: network, code: () => import("./services/network/index.ts") },
  { declaration: compute, code: () => import("./services/compute/index.ts") },
  { declaration: blockStorage, code: () => import("./services/block-storage/index.ts") },
  { declaration: placement, code: () => import("./services/placement/index.ts") },
];

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
