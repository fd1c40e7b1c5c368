import type { RequestContext } from "../../../kernel/auth/context.ts";
import { orNull } from "../../../kernel/errors.ts";
import { type AnyRoute, route, type Touched } from "../../../kernel/http/route.ts";
import type { NewPortForwarding, PortForwardingManager } from "../manager/port-forwardings.ts";
import { type Body, parseCreate, parseUpdate, singleBody } from "../schemas/attribute.ts";
import { portForwardingAttributes as attributes } from "../schemas/resources.ts";
import type { FloatingIpRow, PortForwardingRow } from "../store/rows.ts";
import { portForwardingView } from "../views/floating-ips.ts";
import { filtersOf, matches } from "./listing.ts";
import { pageBody } from "./resource.ts";

const NAMES = { singular: "port_forwarding", plural: "port_forwardings" };
const PATH = "/v2.0/floatingips/:fip_id/port_forwardings";

/** `/v2.0/floatingips/ID/port_forwardings` */
export function portForwardingRoutes(forwardings: PortForwardingManager): AnyRoute[] {
  const floatingIp: Touched<FloatingIpRow> = {
    kind: "floatingip",
    find: ({ context, param }) => forwardings.floatingIp(context, param("fip_id")),
    owner: ({ project_id }) => ({ owners: [project_id] }),
  };
  const common = { policy: "get_floatingip_port_forwarding", of: floatingIp, success: 200 };
  const answer = (row: PortForwardingRow) => ({ body: { port_forwarding: portForwardingView(row) } });
  const find = (context: RequestContext, fipId: string, id: string): Body | null =>
    orNull(() => portForwardingView(forwardings.get(context, fipId, id)));
  return [
    route({
      name: "port_forwardings:list",
      method: "GET",
      path: PATH,
      ...common,
      async handler(request) {
        const fipId = request.param("fip_id");
        const filters = filtersOf(request, attributes);
        const views = forwardings
          .list(request.context, fipId)
          .map(portForwardingView)
          .filter((view) => matches(view, filters));
        const marker = (id: string) => find(request.context, fipId, id);
        const rules = { attributes, path: PATH.replace(":fip_id", fipId), marker };
        return { body: await pageBody(request, NAMES.plural, rules, views) };
      },
    }),
    route({
      name: "port_forwardings:show",
      method: "GET",
      path: `${PATH}/:id`,
      ...common,
      handler: ({ context, param }) => answer(forwardings.get(context, param("fip_id"), param("id"))),
    }),
    route({
      name: "port_forwardings:create",
      method: "POST",
      path: PATH,
      policy: "create_floatingip_port_forwarding",
      of: floatingIp,
      accepts: ({ body }) => void singleBody(NAMES, body),
      success: 201,
      handler({ context, param, body }) {
        const wanted = parseCreate(NAMES, attributes, singleBody(NAMES, body), context);
        return answer(forwardings.create(context, param("fip_id"), wanted as unknown as NewPortForwarding));
      },
    }),
    route({
      name: "port_forwardings:update",
      method: "PUT",
      path: `${PATH}/:id`,
      policy: "update_floatingip_port_forwarding",
      of: floatingIp,
      accepts: ({ body }) => void parseUpdate(attributes, singleBody(NAMES, body)),
      success: 200,
      handler({ context, param, body }) {
        const changes = parseUpdate(attributes, singleBody(NAMES, body));
        return answer(forwardings.update(context, param("fip_id"), param("id"), changes));
      },
    }),
    route({
      name: "port_forwardings:delete",
      method: "DELETE",
      path: `${PATH}/:id`,
      policy: "delete_floatingip_port_forwarding",
      of: floatingIp,
      success: 204,
      handler({ context, param }) {
        forwardings.remove(context, param("fip_id"), param("id"));
        return undefined;
      },
    }),
  ];
}
