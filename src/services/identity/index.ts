import { defineService } from "../../kernel/module.ts";
import { identityApi } from "./errors.ts";
import { createFacade } from "./manager/facade.ts";
import { createManagers } from "./manager/index.ts";
import { identityTables } from "./migrations/0001-identity.ts";
import { domainOptionTables } from "./migrations/0002-domain-options.ts";
import { nameIndexes } from "./migrations/0003-names.ts";
import { listIndexes } from "./migrations/0004-lists.ts";
import { policies, scopesOf } from "./policies.ts";
import { reconcile } from "./reconcile.ts";
import { allRoutes } from "./routes/index.ts";
import { seed } from "./seed.ts";
import { declaration } from "./service.ts";
import { watched } from "./store/watched.ts";

/** Keystone: who exists, who may what where, tokens, and the catalog. */
export const identity = defineService({
  ...declaration,
  api: identityApi,
  policies,
  scopes: { switch: "identity", admins: ["project", "domain", "system"], of: scopesOf },
  migrations: [identityTables, domainOptionTables, nameIndexes, listIndexes],
  watched,
  create(kernel) {
    const managers = createManagers(kernel);
    const facade = createFacade(managers);
    return {
      facade,
      authenticator: {
        authenticate: (token) => facade.authenticate(token),
        challenge: `Keystone uri="${kernel.settings.identity.authUrl}/v3"`,
      },
      routes: allRoutes(managers),
      seed: () => seed(managers),
      reconcile: () => reconcile(managers.core),
      start: () => managers.core.tokens.prune(),
    };
  },
});

/** The service as the settings ask for it. */
export const assemble = () => identity();
