import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { invalidInput } from "../errors.ts";
import type { Thing } from "../manager/core.ts";
import type { Managers } from "../manager/index.ts";
import { type Body, isObject } from "../schemas/attribute.ts";
import { cidr, listedPrefix, listOf, routes as routesOf } from "../schemas/converters.ts";
import { interfaceOf } from "../schemas/routers.ts";
import { interfaceView } from "../views/routers.ts";
import { type Resource, touched } from "./resource.ts";
import type { Resources } from "./resources.ts";

/** PUT on a member's verb: router interfaces and routes, prefixes of subnet pools, addresses of their groups. */
export function actionRoutes(
  { routers, networks, subnetPools, addressGroups }: Managers,
  resources: Resources,
): AnyRoute[] {
  const put = (resource: Resource, verb: string, run: (request: ApiRequest, id: string) => unknown) =>
    route<unknown, Thing>({
      name: `${resource.names.plural}:${verb}`,
      method: "PUT",
      path: `${resource.path}/:id/${verb}`,
      policy: verb,
      of: touched(resource),
      success: 200,
      handler: (request) => ({ body: run(request, request.thing.id) }),
    });
  const extraRoutes = (verb: string, add: boolean) =>
    put(resources.routers, verb, ({ context, body }, id) => {
      const wanted = routesOf(part(body, "router").routes);
      const row = routers.changeRoutes(context, id, wanted, add);
      return { router: resources.routers.views(context, [row])[0] };
    });
  const prefixes = (verb: string, add: boolean) =>
    put(resources.subnetPools, verb, ({ context, body }, id) => {
      const wanted = listOf(cidr)(isObject(body) ? body.prefixes : undefined);
      return { prefixes: subnetPools.changePrefixes(context, id, wanted, add) };
    });
  const addresses = (verb: string, add: boolean) =>
    put(resources.addressGroups, verb, ({ context, body }, id) => {
      const wanted = listOf(listedPrefix)(isObject(body) ? (body.addresses ?? []) : []);
      const row = addressGroups.changeAddresses(context, id, wanted, add);
      return { address_group: resources.addressGroups.views(context, [row])[0] };
    });
  return [
    addresses("add_addresses", true),
    addresses("remove_addresses", false),
    put(resources.routers, "add_router_interface", ({ context, body }, id) =>
      interfaceView(routers.addInterface(context, id, interfaceOf(body))),
    ),
    put(resources.routers, "remove_router_interface", ({ context, body }, id) =>
      interfaceView(routers.removeInterface(context, id, interfaceOf(body))),
    ),
    extraRoutes("add_extraroutes", true),
    extraRoutes("remove_extraroutes", false),
    put(resources.subnetPools, "onboard_network_subnets", (request, id) => {
      const wanted = isObject(request.body) ? request.body.network_id : undefined;
      if (wanted === undefined || wanted === null) throw invalidInput("network_id must be specified.");
      const network = networks.get(request.context, String(wanted));
      request.authorize({ owners: [network.project_id] });
      return subnetPools
        .onboard(request.context, id, network.id)
        .map((subnet) => ({ id: subnet.id, cidr: subnet.cidr }));
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
