import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { disallowed, invalidInput } from "../errors.ts";
import type { NetworkManagers } from "../manager/service.ts";
import { type Body, isObject } from "../schemas/attribute.ts";
import { cidr, listedPrefix, listOf, routes as routesOf } from "../schemas/converters.ts";

/** PUT on a member's verb: router interfaces and routes, prefixes of subnet pools, addresses of their groups. */
export function actionRoutes({ routers, networks, subnetPools, addressGroups }: NetworkManagers): AnyRoute[] {
  const put = (collection: string, verb: string, run: (request: ApiRequest, id: string) => unknown) =>
    route({
      name: `${collection}:${verb}`,
      method: "PUT",
      path: `/v2.0/${collection}/:id/${verb}`,
      policy: verb,
      success: 200,
      handler: (request) => ({ body: run(request, request.param("id")) }),
    });
  const owned = (request: ApiRequest, view: Body, verb: string) => {
    const { context } = request;
    if (!context.isAdmin && view.project_id !== context.projectId) throw disallowed(`rule:${verb}`);
  };
  const extraRoutes = (verb: string, add: boolean) =>
    put("routers", verb, (request, id) => {
      owned(request, routers.get(request.context, id), verb);
      const body = part(request.body, "router").routes;
      return { router: routers.changeRoutes(request.context, id, routesOf(body), add) };
    });
  const prefixes = (verb: string, add: boolean) =>
    put("subnetpools", verb, (request, id) => {
      owned(request, subnetPools.get(request.context, id), verb);
      const body = isObject(request.body) ? request.body.prefixes : undefined;
      return { prefixes: subnetPools.changePrefixes(request.context, id, listOf(cidr)(body), add) };
    });
  const addresses = (verb: string, add: boolean) =>
    put("address-groups", verb, (request, id) => {
      owned(request, addressGroups.get(request.context, id), verb);
      const body = isObject(request.body) ? request.body.addresses : undefined;
      const wanted = listOf(listedPrefix)(body ?? []);
      return { address_group: addressGroups.changeAddresses(request.context, id, wanted, add) };
    });
  return [
    addresses("add_addresses", true),
    addresses("remove_addresses", false),
    put("routers", "add_router_interface", (request, id) => routers.addInterface(request.context, id, request.body)),
    put("routers", "remove_router_interface", (request, id) =>
      routers.removeInterface(request.context, id, request.body),
    ),
    extraRoutes("add_extraroutes", true),
    extraRoutes("remove_extraroutes", false),
    put("subnetpools", "onboard_network_subnets", (request, id) => {
      owned(request, subnetPools.get(request.context, id), "onboard_network_subnets");
      const wanted = isObject(request.body) ? request.body.network_id : undefined;
      if (wanted === undefined || wanted === null) throw invalidInput("network_id must be specified.");
      const network = networks.row(request.context, String(wanted));
      owned(request, networks.get(request.context, network.id), "onboard_network_subnets");
      return subnetPools.onboard(request.context, id, network.id);
    }),
    prefixes("add_prefixes", true),
    prefixes("remove_prefixes", false),
  ];
}

function part(body: unknown, name: string): Body {
  const value = isObject(body) ? body[name] : undefined;
  if (!isObject(value)) throw badRequest(`Unable to find '${name}' in request body`);
  return value;
}
