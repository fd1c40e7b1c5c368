import type { RequestContext } from "../../../kernel/auth/context.ts";
import { conflict } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { badResource, disallowed, portForwardingNotFound } from "../errors.ts";
import { type Base, revise, standard } from "../manager/base.ts";
import type { FloatingIpManager } from "../manager/floating-ips.ts";
import { type Body, parseCreate, parseUpdate, singleBody } from "../schemas/attribute.ts";
import { portForwardingAttributes } from "../schemas/resources.ts";
import type { FloatingIpRow, PortForwardingRow } from "../store/rows.ts";
import { portForwardingView } from "../views/floating-ips.ts";

const NAMES = { singular: "port_forwarding", plural: "port_forwardings" };
const PATH = "/v2.0/floatingips/:fip_id/port_forwardings";
const bad = (message: string) => badResource("port_forwarding", message);

/** Ports of one floating IP that lead to different guests. */
export function portForwardingRoutes(base: Base, floatingIps: FloatingIpManager): AnyRoute[] {
  const { store, kernel, dirty } = base;
  const owned = (context: RequestContext, id: string): FloatingIpRow => {
    const row = floatingIps.row(context, id);
    if (!context.isAdmin && row.project_id !== context.projectId) throw disallowed("rule:update_floatingip");
    return row;
  };
  const rowOf = (fipId: string, id: string): PortForwardingRow => {
    const row = store.portForwardings.get(id);
    if (row === undefined || row.floatingip_id !== fipId) throw portForwardingNotFound(id);
    return row;
  };
  const check = (context: RequestContext, fip: FloatingIpRow, row: PortForwardingRow): string => {
    if (fip.port_id !== null)
      throw bad(`Floating IP ${fip.id} is associated with port ${fip.port_id} and cannot have port forwardings`);
    const port = floatingIps.internalPort(context, row.internal_port_id);
    const twin = store.portForwardings
      .select("floatingip_id = ? AND protocol = ? AND external_port = ?", fip.id, row.protocol, row.external_port)
      .find((other) => other.id !== row.id);
    if (twin !== undefined) {
      throw conflict(
        `A duplicate port forwarding entry with same attributes already exists, conflicting values are {'floatingip_id': '${fip.id}', 'protocol': '${row.protocol}', 'external_port': ${row.external_port}}`,
        { type: "PortForwardingDuplicate" },
      );
    }
    return floatingIps.routerOf(fip, port, row.internal_ip_address);
  };
  const write = (fip: FloatingIpRow, router: string | null) => {
    if (router !== fip.router_id) store.floatingIps.update(fip.id, { router_id: router });
    for (const id of new Set([fip.router_id, router])) if (id !== null) dirty("router", id);
  };
  const common = { policy: "get_floatingip_port_forwarding", success: 200 };
  return [
    route({
      name: "port_forwardings:list",
      method: "GET",
      path: PATH,
      ...common,
      handler(request) {
        const fip = floatingIps.row(request.context, request.param("fip_id"));
        const rows = store.portForwardings.select("floatingip_id = ?", fip.id);
        return { body: { port_forwardings: rows.map(portForwardingView) } };
      },
    }),
    route({
      name: "port_forwardings:show",
      method: "GET",
      path: `${PATH}/:id`,
      ...common,
      handler(request) {
        const fip = floatingIps.row(request.context, request.param("fip_id"));
        return { body: { port_forwarding: portForwardingView(rowOf(fip.id, request.param("id"))) } };
      },
    }),
    route({
      name: "port_forwardings:create",
      method: "POST",
      path: PATH,
      policy: "create_floatingip_port_forwarding",
      success: 201,
      handler(request) {
        const fip = owned(request.context, request.param("fip_id"));
        const body = parseCreate(NAMES, portForwardingAttributes, singleBody(NAMES, request.body), request.context);
        return kernel.db.transaction(() => {
          const internal = floatingIps.internalPort(request.context, String(body.internal_port_id));
          const address = body.internal_ip_address ?? firstAddress(base, internal.id);
          const row = {
            ...standard(base, fip.project_id, body.description, []),
            ...columns(body),
            floatingip_id: fip.id,
            internal_ip_address: String(address),
          } as PortForwardingRow;
          const router = check(request.context, fip, row);
          store.portForwardings.insert(row);
          write(fip, router);
          return { body: { port_forwarding: portForwardingView(row) } };
        });
      },
    }),
    route({
      name: "port_forwardings:update",
      method: "PUT",
      path: `${PATH}/:id`,
      policy: "update_floatingip_port_forwarding",
      success: 200,
      handler(request) {
        const fip = owned(request.context, request.param("fip_id"));
        const body = parseUpdate(portForwardingAttributes, singleBody(NAMES, request.body));
        return kernel.db.transaction(() => {
          const row = rowOf(fip.id, request.param("id"));
          const changes = body as Partial<PortForwardingRow>;
          const router = check(request.context, fip, { ...row, ...changes });
          const updated = revise(base, store.portForwardings, row, changes);
          write(fip, router);
          return { body: { port_forwarding: portForwardingView(updated) } };
        });
      },
    }),
    route({
      name: "port_forwardings:delete",
      method: "DELETE",
      path: `${PATH}/:id`,
      policy: "delete_floatingip_port_forwarding",
      success: 204,
      handler(request) {
        const fip = owned(request.context, request.param("fip_id"));
        kernel.db.transaction(() => {
          store.portForwardings.delete(rowOf(fip.id, request.param("id")).id);
          const left = store.portForwardings.count("floatingip_id = ?", fip.id);
          write(fip, left === 0 ? null : fip.router_id);
        });
        return undefined;
      },
    }),
  ];
}

function columns(body: Body): Body {
  const { protocol, external_port, internal_port, internal_port_id } = body;
  return { protocol, external_port, internal_port, internal_port_id };
}

function firstAddress(base: Base, portId: string): string {
  const found = base.store.portDetails.ips(portId).find((ip) => !ip.ip_address.includes(":"));
  if (found === undefined) throw bad(`Port ${portId} has no fixed IPv4 address`);
  return found.ip_address;
}
