import { ApiError, badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { FloatingIpInfo, NetworkFacade, NetworkInfo } from "../../network/facade.ts";
import { refreshVifs } from "../manager/change.ts";
import type { Core } from "../manager/core.ts";
import type { ServerManager } from "../manager/servers.ts";
import { ipAddress, object } from "../schemas/parameter-types.ts";
import { serverAction } from "./action-helpers.ts";

const OLD = { max: mv("2.35") };
const OLD_ACTION = { max: mv("2.43") };
const pool = object({ pool: { type: ["string", "null"] } });

/** Attributes nova-network had; neutron's networks have none of them. */
const NOTHING = Object.fromEntries(
  (
    "cidr netmask gateway broadcast dns1 dns2 cidr_v6 gateway_v6 netmask_v6 created_at updated_at deleted_at deleted injected bridge vlan " +
    "vpn_public_address vpn_public_port vpn_private_address dhcp_start project_id host bridge_interface multi_host priority rxtx_base mtu " +
    "dhcp_server enable_dhcp share_address"
  )
    .split(" ")
    .map((key) => [key, null]),
);

/** Floating addresses and networks under nova's old names, until 2.35. */
export function networkProxyRoutes(core: Core, servers: ServerManager): AnyRoute[] {
  const network = (): NetworkFacade => core.kernel.facade("network");
  const floatingView = (ip: FloatingIpInfo) => ({
    id: ip.id,
    ip: ip.address,
    pool: ip.pool,
    fixed_ip: ip.fixedAddress,
    instance_id: ip.deviceId,
  });
  const own = (request: ApiRequest<unknown> | ApiRequest<never>) =>
    request.context.projectId === null ? {} : { projectId: request.context.projectId };
  const floatingIp: Touched<FloatingIpInfo> = {
    kind: "floating IP",
    find: ({ context, param }) =>
      orNotFound(`Floating IP not found for ID ${param("id")}`, () => network().getFloatingIp(context, param("id"))),
    owner: ({ projectId }) => ({ projectId }),
  };
  const visibleNetwork: Touched<NetworkInfo> = {
    kind: "network",
    find: ({ context, param }) => orNotFound("Network not found", () => network().getNetwork(context, param("id"))),
    // Who sees it may: a shared one is another project's.
    owner: (_network, { projectId }) => ({ projectId }),
  };
  const networkView = (item: NetworkInfo) => ({ id: item.id, ...NOTHING, label: item.name });
  const tenantView = (item: NetworkInfo) => ({ id: item.id, cidr: "None", label: item.name });
  return [
    route({
      name: "floating-ip-pools:list",
      method: "GET",
      path: "/os-floating-ip-pools",
      policy: "os_compute_api:os-floating-ip-pools",
      microversions: OLD,
      success: 200,
      handler: ({ context }) => ({
        body: {
          floating_ip_pools: network()
            .floatingIpPools(context)
            .map((name) => ({ name })),
        },
      }),
    }),
    route({
      name: "floating-ips:list",
      method: "GET",
      path: "/os-floating-ips",
      policy: "os_compute_api:os-floating-ips:list",
      of: caller,
      microversions: OLD,
      success: 200,
      handler: (request) => ({
        body: { floating_ips: network().listFloatingIps(request.context, own(request)).map(floatingView) },
      }),
    }),
    route<{ pool?: string | null } | null>({
      name: "floating-ips:create",
      method: "POST",
      path: "/os-floating-ips",
      policy: "os_compute_api:os-floating-ips:create",
      of: caller,
      microversions: OLD,
      request: { anyOf: [{ type: "null" }, pool] },
      success: 200,
      handler(request) {
        const wanted = request.body?.pool ?? undefined;
        const made = orNotFound("Floating IP pool not found.", () =>
          network().allocateFloatingIp(request.context, wanted),
        );
        return { body: { floating_ip: floatingView(made) } };
      },
    }),
    route({
      name: "floating-ips:show",
      method: "GET",
      path: "/os-floating-ips/:id",
      policy: "os_compute_api:os-floating-ips:show",
      of: floatingIp,
      microversions: OLD,
      success: 200,
      handler: (request) => ({ body: { floating_ip: floatingView(request.thing) } }),
    }),
    route({
      name: "floating-ips:delete",
      method: "DELETE",
      path: "/os-floating-ips/:id",
      policy: "os_compute_api:os-floating-ips:delete",
      of: floatingIp,
      microversions: OLD,
      success: 202,
      handler(request) {
        network().releaseFloatingIp(request.context, request.thing.id);
        return {};
      },
    }),
    serverAction<{ address: string; fixed_address?: string }>(servers, {
      key: "addFloatingIp",
      policy: "os_compute_api:os-floating-ips:add",
      microversions: OLD_ACTION,
      schema: object({ address: ipAddress, fixed_address: ipAddress }, ["address"]),
      handler(request, server, { address, fixed_address }) {
        const [ip] = network().listFloatingIps(request.context, { address });
        if (ip === undefined) throw notFound("floating IP not found");
        const fits = (fixed: string) => fixed_address === undefined || fixed === fixed_address;
        const port = network()
          .listPorts(request.context, { deviceId: server.id })
          .find(({ fixedIps }) => fixedIps.some((fixed) => !fixed.address.includes(":") && fits(fixed.address)));
        if (port === undefined) {
          throw badRequest(
            fixed_address === undefined
              ? "No fixed IPs associated to instance"
              : "Specified fixed address not assigned to instance",
          );
        }
        try {
          network().associateFloatingIp(request.context, ip.id, port.id, fixed_address ?? null);
        } catch (error) {
          if (error instanceof ApiError && error.status < 500) throw badRequest(error.message);
          throw error;
        }
        refreshVifs(core, [server.id]);
        return bareAnswer;
      },
    }),
    serverAction<{ address: string }>(servers, {
      key: "removeFloatingIp",
      policy: "os_compute_api:os-floating-ips:remove",
      microversions: OLD_ACTION,
      schema: object({ address: ipAddress }, ["address"]),
      handler(request, server, { address }) {
        const [ip] = network().listFloatingIps(request.context, { address });
        if (ip === undefined) throw notFound(`Floating IP not found for address ${address}.`);
        if (ip.deviceId !== server.id) {
          throw conflict(`Floating IP ${address} is not associated with instance ${server.id}.`);
        }
        network().associateFloatingIp(request.context, ip.id, null);
        refreshVifs(core, [server.id]);
        return bareAnswer;
      },
    }),
    ...(
      [
        ["os-networks", "network", "networks", networkView],
        ["os-tenant-networks", "network", "networks", tenantView],
      ] as const
    ).flatMap(([path, one, many, view]) => [
      route({
        name: `${path}:list`,
        method: "GET",
        path: `/${path}`,
        policy: `os_compute_api:${path}:list`,
        of: caller,
        microversions: OLD,
        success: 200,
        handler: ({ context }) => ({ body: { [many]: network().listNetworks(context).map(view) } }),
      }),
      route({
        name: `${path}:show`,
        method: "GET",
        path: `/${path}/:id`,
        policy: `os_compute_api:${path}:show`,
        of: visibleNetwork,
        microversions: OLD,
        success: 200,
        handler(request) {
          return { body: { [one]: view(request.thing) } };
        },
      }),
    ]),
  ];
}

function orNotFound<T>(message: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw notFound(message);
    throw error;
  }
}
