import { badRequest, conflict, forbidden, notFound } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { ServerManager } from "../manager/servers.ts";
import { ipAddress, object } from "../schemas/parameter-types.ts";
import type { Server } from "../store/servers.ts";
import { serverAction } from "./action-helpers.ts";
import { askNetwork, byIds } from "./asking.ts";

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

interface NeutronNetwork {
  id: string;
  name: string;
  is_default?: boolean;
}

interface NeutronFloatingIp {
  id: string;
  tenant_id: string;
  floating_ip_address: string;
  floating_network_id: string;
  fixed_ip_address: string | null;
  port_details: { device_id: string } | null;
}

type Asker = Pick<ApiRequest, "context">;

/** Floating addresses and networks under nova's old names, until 2.35. */
export function networkProxyRoutes(core: Core, servers: ServerManager): AnyRoute[] {
  const ask = askNetwork(core.kernel);
  const networks = async ({ context }: Asker, query: Record<string, string> | URLSearchParams = {}) =>
    (await ask<{ networks: NeutronNetwork[] }>(context, "networks:list", { query })).networks;
  const externalNetworks = (request: Asker) => networks(request, { "router:external": "True" });
  const floatingIps = async ({ context }: Asker, query: Record<string, string>) =>
    (await ask<{ floatingips: NeutronFloatingIp[] }>(context, "floatingips:list", { query })).floatingips;
  /** With the names of their pools, which are those of the external networks. */
  const views = async (request: Asker, ips: readonly NeutronFloatingIp[]) => {
    const ids = [...new Set(ips.map(({ floating_network_id }) => floating_network_id))];
    const found = ids.length === 0 ? [] : await networks(request, byIds(ids));
    const names = new Map(found.map(({ id, name }) => [id, name]));
    return ips.map((ip) => ({
      id: ip.id,
      ip: ip.floating_ip_address,
      pool: names.get(ip.floating_network_id) || ip.floating_network_id,
      fixed_ip: ip.fixed_ip_address,
      instance_id: ip.port_details?.device_id || null,
    }));
  };
  const one = async (request: Asker, ip: NeutronFloatingIp) => ({
    body: { floating_ip: (await views(request, [ip]))[0] },
  });
  const floatingIp: Touched<NeutronFloatingIp> = {
    kind: "floating IP",
    async find({ context, param }) {
      const unknown = () => notFound(`Floating IP not found for ID ${param("id")}`);
      const { floatingip } = await ask<{ floatingip: NeutronFloatingIp }>(context, "floatingips:show", {
        params: { id: param("id") },
        words: { 404: unknown },
      });
      return floatingip;
    },
    owner: ({ tenant_id }) => ({ projectId: tenant_id }),
  };
  const visibleNetwork: Touched<NeutronNetwork> = {
    kind: "network",
    async find({ context, param }) {
      const { network } = await ask<{ network: NeutronNetwork }>(context, "networks:show", {
        params: { id: param("id") },
        words: { 404: () => notFound("Network not found") },
      });
      return network;
    },
    // Who sees it may: a shared one is another project's.
    owner: (_network, { projectId }) => ({ projectId }),
  };
  const networkView = (item: NeutronNetwork) => ({ id: item.id, ...NOTHING, label: item.name });
  const tenantView = (item: NeutronNetwork) => ({ id: item.id, cidr: "None", label: item.name });
  const setPort = (
    { context }: Asker,
    ip: NeutronFloatingIp,
    to: { port_id: string | null; fixed_ip_address?: string },
    words = {},
  ) => ask(context, "floatingips:update", { params: { id: ip.id }, body: { floatingip: to }, words });
  return [
    route({
      name: "floating-ip-pools:list",
      method: "GET",
      path: "/os-floating-ip-pools",
      policy: "os_compute_api:os-floating-ip-pools",
      microversions: OLD,
      success: 200,
      async handler(request) {
        const pools = await externalNetworks(request);
        return { body: { floating_ip_pools: pools.map(({ name }) => ({ name })) } };
      },
    }),
    route({
      name: "floating-ips:list",
      method: "GET",
      path: "/os-floating-ips",
      policy: "os_compute_api:os-floating-ips:list",
      of: caller,
      microversions: OLD,
      success: 200,
      async handler(request) {
        const { projectId } = request.context;
        const ips = await floatingIps(request, projectId === null ? {} : { tenant_id: projectId });
        return { body: { floating_ips: await views(request, ips) } };
      },
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
      async handler(request) {
        const wanted = request.body?.pool ?? null;
        const pools = await externalNetworks(request);
        const network =
          wanted === null
            ? (pools.find(({ is_default }) => is_default) ?? pools[0])
            : pools.find(({ id, name }) => id === wanted || name === wanted);
        if (network === undefined) throw notFound("Floating IP pool not found.");
        const exhausted = () =>
          notFound(wanted === null ? "No more floating IPs available." : `No more floating IPs in pool ${wanted}.`);
        const overQuota = () => forbidden(`IP allocation over quota${wanted === null ? "" : ` in pool ${wanted}`}.`);
        const made = await ask<{ floatingip: NeutronFloatingIp }>(request.context, "floatingips:create", {
          body: { floatingip: { floating_network_id: network.id } },
          words: {
            IpAddressGenerationFailure: exhausted,
            ExternalIpAddressExhausted: exhausted,
            OverQuota: overQuota,
          },
        });
        return one(request, made.floatingip);
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
      handler: (request) => one(request, request.thing),
    }),
    route({
      name: "floating-ips:delete",
      method: "DELETE",
      path: "/os-floating-ips/:id",
      policy: "os_compute_api:os-floating-ips:delete",
      of: floatingIp,
      microversions: OLD,
      success: 202,
      async handler({ context, thing }) {
        await ask(context, "floatingips:delete", { params: { id: thing.id } });
        return {};
      },
    }),
    serverAction<{ address: string; fixed_address?: string }>(servers, {
      key: "addFloatingIp",
      policy: "os_compute_api:os-floating-ips:add",
      microversions: OLD_ACTION,
      schema: object({ address: ipAddress, fixed_address: ipAddress }, ["address"]),
      async handler(request, server, { address, fixed_address }) {
        const fixed = fixedIpOf(server, address, fixed_address ?? null);
        const [ip] = await floatingIps(request, { floating_ip_address: address });
        if (ip === undefined) throw notFound("floating IP not found");
        const said = ({ message }: Error) => badRequest(message);
        const failed = ({ message }: Error) =>
          badRequest(
            `Unable to associate floating IP ${address} to fixed IP ${fixed.address} for instance ${server.id}. Error: ${message}`,
          );
        await setPort(
          request,
          ip,
          { port_id: fixed.portId, fixed_ip_address: fixed.address },
          { 409: said, refused: failed },
        );
        return bareAnswer;
      },
    }),
    serverAction<{ address: string }>(servers, {
      key: "removeFloatingIp",
      policy: "os_compute_api:os-floating-ips:remove",
      microversions: OLD_ACTION,
      schema: object({ address: ipAddress }, ["address"]),
      async handler(request, server, { address }) {
        const [ip] = await floatingIps(request, { floating_ip_address: address });
        if (ip === undefined) throw notFound(`Floating IP not found for address ${address}.`);
        if (ip.port_details?.device_id !== server.id) {
          throw conflict(`Floating IP ${address} is not associated with instance ${server.id}.`);
        }
        await setPort(request, ip, { port_id: null });
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
        handler: async (request) => ({ body: { [many]: (await networks(request)).map(view) } }),
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

/** The server's address that a floating one is to lead to: the one asked for, or its first IPv4. Errors: 400. */
function fixedIpOf(server: Server, floating: string, wanted: string | null): { portId: string; address: string } {
  const all = server.vifs.flatMap(({ portId, fixedIps }) =>
    fixedIps.map(({ address, version }) => ({ portId, address, version })),
  );
  if (server.vifs.length === 0) throw badRequest("Instance network is not ready yet");
  if (all.length === 0) throw badRequest("No fixed IPs associated to instance");
  const found = all.find(({ address, version }) => (wanted === null ? version === 4 : address === wanted));
  if (found !== undefined) return found;
  throw badRequest(
    wanted === null
      ? `Unable to associate floating IP ${floating} to any fixed IPs for instance ${server.id}. Instance has no fixed IPv4 addresses to associate.`
      : "Specified fixed address not assigned to instance",
  );
}
