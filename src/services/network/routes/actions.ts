import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { invalidInput } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import { type Body, isObject } from "../schemas/attribute.ts";
import { cidr, listedPrefix, listOf, routes as routesOf } from "../schemas/converters.ts";
import { type Resource, touched } from "./resource.ts";

/** PUT on a member's verb: router interfaces and routes, prefixes of subnet pools, addresses of their groups. */
export function actionRoutes({ routers, networks, subnetPools, addressGroups }: Managers): AnyRoute[] {
  const put = (resource: Resource, verb: string, run: (request: ApiRequest, id: string) => unknown) =>
    route({
      name: `${resource.names.plural}:${verb}`,
      method: "PUT",
      path: `${resource.path}/:id/${verb}`,
      policy: verb,
      of: touched(resource),
      success: 200,
      handler: (request) => ({ body: run(request, String(request.thing.id)) }),
    });
  const extraRoutes = (verb: string, add: boolean) =>
    put(routers, verb, (request, id) => {
      const body = part(request.body, "router").routes;
      return { router: routers.changeRoutes(request.context, id, routesOf(body), add) };
    });
  const prefixes = (verb: string, add: boolean) =>
    put(subnetPools, verb, (request, id) => {
      const body = isObject(request.body) ? request.body.prefixes : undefined;
      return { prefixes: subnetPools.changePrefixes(request.context, id, listOf(cidr)(body), add) };
    });
  const addresses = (verb: string, add: boolean) =>
    put(addressGroups, verb, (request, id) => {
      const body = isObject(request.body) ? request.body.addresses : undefined;
      const wanted = listOf(listedPrefix)(body ?? []);
      return { address_group: addressGroups.changeAddresses(request.context, id, wanted, add) };
    });
  return [
    addresses("add_addresses", true),
    addresses("remove_addresses", false),
    put(routers, "add_router_interface", (request, id) => routers.addInterface(request.context, id, request.body)),
    put(routers, "remove_router_interface", (request, id) =>
      routers.removeInterface(request.context, id, request.body),
    ),
    extraRoutes("add_extraroutes", true),
    extraRoutes("remove_extraroutes", false),
    put(subnetPools, "onboard_network_subnets", (request, id) => {
      const wanted = isObject(request.body) ? request.body.network_id : undefined;
      if (wanted === undefined || wanted === null) throw invalidInput("network_id must be specified.");
      const network = networks.row(request.context, String(wanted));
      request.authorize({ owners: [network.project_id] });
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
