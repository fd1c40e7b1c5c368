import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { FlavorManager } from "../manager/flavors.ts";
import { singleBody } from "../schemas/attribute.ts";
import { uuid } from "../schemas/converters.ts";
import { flavorView } from "../views/flavors.ts";

const PATH = "/v2.0/flavors/:flavor_id";
const PROFILE = { singular: "service_profile", plural: "service_profiles" };

/** Which profiles a flavor has, and whom they lead to. */
export function flavorRoutes(flavors: FlavorManager): AnyRoute[] {
  return [
    route({
      name: "flavors:next-providers",
      method: "GET",
      path: `${PATH}/next_providers`,
      policy: "get_flavor",
      success: 200,
      handler: ({ param }) => ({ body: { next_providers: flavors.nextProviders(param("flavor_id")) } }),
    }),
    route({
      name: "flavors:add-profile",
      method: "POST",
      path: `${PATH}/service_profiles`,
      policy: "create_flavor_service_profile",
      success: 201,
      handler({ param, body }) {
        const { id } = singleBody(PROFILE, body);
        return { body: { service_profile: flavorView(flavors.bind(param("flavor_id"), uuid(id))) } };
      },
    }),
    route({
      name: "flavors:show-profile",
      method: "GET",
      path: `${PATH}/service_profiles/:id`,
      policy: "get_flavor_service_profile",
      success: 200,
      handler({ param }) {
        const [flavor_id, service_profile_id] = [param("flavor_id"), param("id")];
        flavors.requireBound(flavor_id, service_profile_id);
        return { body: { service_profile: { service_profile_id, flavor_id } } };
      },
    }),
    route({
      name: "flavors:remove-profile",
      method: "DELETE",
      path: `${PATH}/service_profiles/:id`,
      policy: "delete_flavor_service_profile",
      success: 204,
      handler({ param }) {
        flavors.unbind(param("flavor_id"), param("id"));
        return undefined;
      },
    }),
  ];
}
