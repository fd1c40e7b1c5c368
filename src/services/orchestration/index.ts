import { defineService } from "../../kernel/module.ts";
import { orchestrationApi } from "./errors.ts";
import { cfnActions } from "./fronts/cfn/actions.ts";
import { cfnFront } from "./fronts/cfn/front.ts";
import { createFacade } from "./manager/facade.ts";
import { createManagers } from "./manager/index.ts";
import { stackTables } from "./migrations/0001-stacks.ts";
import { snapshotTable } from "./migrations/0002-snapshots.ts";
import { softwareTables } from "./migrations/0003-software.ts";
import { usersIndex } from "./migrations/0004-users.ts";
import { deploymentUsers } from "./migrations/0005-deployment-users.ts";
import { policies } from "./policies.ts";
import { guestRoutes } from "./routes/cfn/index.ts";
import { allRoutes } from "./routes/index.ts";
import { declaration } from "./service.ts";

/** Heat: stacks of what templates say. */
export const orchestration = defineService({
  ...declaration,
  api: orchestrationApi,
  fronts: [cfnFront],
  policies,
  olderRules: true,
  migrations: [stackTables, snapshotTable, softwareTables, usersIndex, deploymentUsers],
  create(kernel) {
    const managers = createManagers(kernel);
    return {
      facade: createFacade(),
      routes: allRoutes(managers),
      frontRoutes: { [cfnFront.name]: [...cfnActions(kernel), ...guestRoutes(managers)] },
      seed: () => void managers.prepareAccounts(),
    };
  },
});

/** The service as the settings ask for it. */
export const assemble = () => orchestration();
