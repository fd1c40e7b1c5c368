import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { AgentManager } from "../manager/agents.ts";
import { parseUpdate, singleBody } from "../schemas/attribute.ts";
import { agentAttributes as attributes } from "../schemas/resources.ts";
import { agentView } from "../views/agents.ts";
import { filtersOf, matches, shownTo } from "./listing.ts";
import { pageBody } from "./resource.ts";

const NAMES = { singular: "agent", plural: "agents" };
const PATH = "/v2.0/agents";

/** `/v2.0/agents` (admins only): what is known of them, and what an admin says of them. */
export function agentRoutes(agents: AgentManager): AnyRoute[] {
  return [
    route({
      name: "agents:list",
      method: "GET",
      path: PATH,
      // Neutron filters lists by policy instead of refusing them: who is no admin sees none.
      policy: "network:authenticated",
      success: 200,
      async handler(request) {
        const filters = filtersOf(request, attributes);
        const views = (request.context.isAdmin ? agents.list() : [])
          .map(agentView)
          .filter((view) => matches(view, filters));
        return { body: await pageBody(request, NAMES.plural, { attributes, path: PATH, marker: null }, views) };
      },
    }),
    route({
      name: "agents:show",
      method: "GET",
      path: `${PATH}/:id`,
      policy: "get_agent",
      success: 200,
      handler: ({ param, context, query }) => ({
        body: { agent: shownTo(context, attributes, agentView(agents.get(param("id"))), query.getAll("fields")) },
      }),
    }),
    route({
      name: "agents:update",
      method: "PUT",
      path: `${PATH}/:id`,
      policy: "update_agent",
      success: 200,
      handler({ param, body }) {
        return {
          body: { agent: agentView(agents.update(param("id"), parseUpdate(attributes, singleBody(NAMES, body)))) },
        };
      },
    }),
    route({
      name: "agents:delete",
      method: "DELETE",
      path: `${PATH}/:id`,
      policy: "delete_agent",
      success: 204,
      handler({ param }) {
        agents.remove(param("id"));
        return undefined;
      },
    }),
  ];
}
