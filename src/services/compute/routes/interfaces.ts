import { badRequest } from "../../../kernel/errors.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type JsonSchema, route } from "../../../kernel/http/route.ts";
import type { PortInfo } from "../../network/facade.ts";
import type { InterfaceManager } from "../manager/interfaces.ts";
import type { ServerManager } from "../manager/servers.ts";
import { ipAddress, object, tag, uuid } from "../schemas/parameter-types.ts";
import { byVersion } from "../schemas/servers.ts";
import type { Server } from "../store/servers.ts";
import { serverAction } from "./action-helpers.ts";
import { serverOf } from "./touched.ts";

const attachBody = byVersion(["2.49"], (version: Microversion): JsonSchema => {
  const fields: Record<string, JsonSchema> = {
    net_id: uuid,
    port_id: uuid,
    fixed_ips: { type: "array", minItems: 1, maxItems: 1, items: object({ ip_address: ipAddress }, ["ip_address"]) },
    ...(version >= mv("2.49") ? { tag } : {}),
  };
  return object({ interfaceAttachment: object(fields) }, []);
});

interface AttachBody {
  interfaceAttachment?: { net_id?: string; port_id?: string; fixed_ips?: { ip_address: string }[]; tag?: string };
}

/** NICs of a server: os-interface, and the older fixed-IP actions. */
export function interfaceRoutes(servers: ServerManager, interfaces: InterfaceManager): AnyRoute[] {
  const server = serverOf(servers);
  const view = (server: Server, port: PortInfo, version: Microversion) => ({
    net_id: port.networkId,
    port_id: port.id,
    mac_addr: port.macAddress,
    port_state: port.status,
    fixed_ips: port.fixedIps.map(({ subnetId, address }) => ({ subnet_id: subnetId, ip_address: address })),
    ...(version >= mv("2.70") ? { tag: server.nics.find(({ portId }) => portId === port.id)?.tag ?? null } : {}),
  });
  return [
    route({
      name: "interfaces:list",
      method: "GET",
      path: "/servers/:server_id/os-interface",
      policy: "os_compute_api:os-attach-interfaces:list",
      of: server,
      success: 200,
      handler(request) {
        const server = request.thing;
        const ports = interfaces.list(server);
        return {
          body: { interfaceAttachments: ports.map((port) => view(server, port, request.microversion)) },
        };
      },
    }),
    route({
      name: "interfaces:show",
      method: "GET",
      path: "/servers/:server_id/os-interface/:port_id",
      policy: "os_compute_api:os-attach-interfaces:show",
      of: server,
      success: 200,
      handler(request) {
        const server = request.thing;
        const port = interfaces.get(server, request.param("port_id"));
        return { body: { interfaceAttachment: view(server, port, request.microversion) } };
      },
    }),
    route<AttachBody | null, Server>({
      name: "interfaces:attach",
      method: "POST",
      path: "/servers/:server_id/os-interface",
      policy: "os_compute_api:os-attach-interfaces:create",
      of: server,
      request: attachBody,
      success: 200,
      async handler(request) {
        const server = request.thing;
        const wish = request.body?.interfaceAttachment ?? {};
        const fixedIp = wish.fixed_ips?.[0]?.ip_address ?? null;
        if (wish.net_id !== undefined && wish.port_id !== undefined) {
          throw badRequest("Must not input both network_id and port_id");
        }
        if (fixedIp !== null && wish.net_id === undefined) {
          throw badRequest("Must input network_id when request IP address");
        }
        const port = await interfaces.attach(request.context, server, {
          portId: wish.port_id ?? null,
          networkId: wish.net_id ?? null,
          fixedIp,
          tag: wish.tag ?? null,
        });
        const current = servers.get(request.context, server.id);
        return { body: { interfaceAttachment: view(current, port, request.microversion) } };
      },
    }),
    route({
      name: "interfaces:detach",
      method: "DELETE",
      path: "/servers/:server_id/os-interface/:port_id",
      policy: "os_compute_api:os-attach-interfaces:delete",
      of: server,
      success: 202,
      handler(request) {
        interfaces.detach(request.context, request.thing, request.param("port_id"));
        return {};
      },
    }),
    serverAction<{ networkId: string }>(servers, {
      key: "addFixedIp",
      policy: "os_compute_api:os-multinic:add",
      microversions: { max: mv("2.43") },
      schema: object({ networkId: { type: ["string", "integer"] } }, ["networkId"]),
      handler(request, server, { networkId }) {
        interfaces.addFixedIp(request.context, server, networkId);
        return {};
      },
    }),
    serverAction<{ address: string }>(servers, {
      key: "removeFixedIp",
      policy: "os_compute_api:os-multinic:remove",
      microversions: { max: mv("2.43") },
      schema: object({ address: ipAddress }, ["address"]),
      handler(request, server, { address }) {
        interfaces.removeFixedIp(request.context, server, address);
        return {};
      },
    }),
  ];
}
