import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { ServerGroupRow } from "../store/server-groups.ts";
import type { Core } from "./core.ts";

export interface NewServerGroup {
  name: string;
  projectId: string;
  policy: string;
  /** How many of it one host may have at most; null: as the policy says. */
  mostPerHost: number | null;
}

/** Makes a server group. Errors: 400 for a rule that its policy has not, 403 over the quota. */
export function createServerGroup(core: Core, { userId }: RequestContext, wanted: NewServerGroup): ServerGroupRow {
  const { groups, quotas, kernel } = core;
  const { name, projectId, policy, mostPerHost } = wanted;
  if (mostPerHost !== null && policy !== "anti-affinity") {
    throw badRequest("Only anti-affinity policy supports rules.");
  }
  const group: ServerGroupRow = {
    id: uuid(),
    project_id: projectId,
    user_id: userId,
    name,
    policy,
    rules: JSON.stringify(mostPerHost === null ? {} : { max_server_per_host: mostPerHost }),
    created_at: kernel.clock.now(),
  };
  kernel.db.transaction(() => {
    if (quotas.check(projectId, { server_groups: 1 }, userId).length > 0) {
      throw forbidden("Quota exceeded, too many server groups.");
    }
    groups.insert(group);
  });
  return group;
}

/** Its servers stay, without it. */
export function deleteServerGroup({ groups }: Core, { id }: ServerGroupRow): void {
  groups.delete(id);
}
