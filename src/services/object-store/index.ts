import { defineService } from "../../kernel/module.ts";
import "./facade.ts";
import { swiftApi } from "./fronts/swift.ts";
import { createManagers } from "./manager/index.ts";
import { objects as objectsMigration } from "./migrations/0001-objects.ts";
import { policies } from "./policies.ts";
import { allRoutes } from "./routes/index.ts";

/** Swift: accounts, containers and objects. */
export const objectStore = defineService<"object-store">({
  name: "object-store",
  endpoint: {
    prefix: "/object-store",
    classicPorts: [],
    catalog: [{ name: "swift", type: "object-store", path: "/v1/AUTH_%(project_id)s", description: "Swift Service" }],
  },
  api: swiftApi,
  policies,
  migrations: [objectsMigration],
  create(kernel) {
    const managers = createManagers(kernel);
    return {
      facade: { bytesUsed: (projectId) => managers.accounts.get(`AUTH_${projectId}`)?.bytes_used ?? 0 },
      routes: allRoutes(managers),
      reconcile: () => managers.contents.recover(),
      stop: () => managers.contents.idle(),
    };
  },
});
