import { defineService } from "../../kernel/module.ts";
import { IdentityContext } from "./context.ts";
import { identityApi } from "./errors.ts";
import { createFacade } from "./manager/facade.ts";
import { ProjectManager } from "./manager/projects.ts";
import { UserManager } from "./manager/users.ts";
import { identityTables } from "./migrations/0001-identity.ts";
import { domainOptionTables } from "./migrations/0002-domain-options.ts";
import { nameIndexes } from "./migrations/0003-names.ts";
import { policies, scopesOf } from "./policies.ts";
import { identityRoutes } from "./routes/all.ts";
import { seed } from "./seed.ts";

/** Keystone: who exists, who may what where, tokens, and the catalog. */
export const identity = defineService({
  name: "identity",
  endpoint: {
    prefix: "/identity",
    classicPorts: ["identity", "identityAdmin"],
    catalog: [{ name: "keystone", type: "identity", path: "", description: "Keystone Identity Service" }],
  },
  api: identityApi,
  policies,
  scopes: { switch: "keystone", admins: ["project", "domain", "system"], of: scopesOf },
  migrations: [identityTables, domainOptionTables, nameIndexes],
  create(kernel) {
    const context = new IdentityContext(kernel);
    const projects = new ProjectManager(context);
    const users = new UserManager(context, projects);
    return {
      facade: createFacade(context),
      routes: identityRoutes(context, projects, users),
      seed: () => seed(context, projects),
      start: () => context.tokens.prune(),
    };
  },
});
