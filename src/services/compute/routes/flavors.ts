import { wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import type { FlavorManager } from "../manager/flavors.ts";
import {
  addAccess,
  type CreateFlavorBody,
  createFlavor,
  extraSpec,
  extraSpecs,
  removeAccess,
  updateFlavor,
} from "../schemas/flavors.ts";
import { listFlavors } from "../schemas/queries.ts";
import type { Flavor } from "../store/flavors.ts";
import { isTrue } from "../values/boolean.ts";
import { flavorDetail, flavorSummary } from "../views/flavors.ts";
import { nextLink, pagingOf } from "./paging.ts";
import { linkBase, links } from "./paths.ts";

const linksFor = (request: ApiRequest) => (path: string) => links(request, linkBase(request), path);

/** Flavors, their extra specs and access lists. */
export function flavorRoutes(flavors: FlavorManager, settings: { maxLimit: number }): AnyRoute[] {
  const list = async (request: ApiRequest, detailed: boolean) => {
    const { query, context, microversion } = request;
    const { rows, last } = await flavors.list(context, {
      visibility: visibilityOf(query.get("is_public"), context.isAdmin),
      minRam: numberOf(query.get("minRam"), "minRam"),
      minDisk: numberOf(query.get("minDisk"), "minDisk"),
      sortKey: query.get("sort_key") ?? "flavorid",
      sortDirection: query.get("sort_dir") === "desc" ? "desc" : "asc",
      page: wantedPage(query, pagingOf(settings.maxLimit)),
      pause: request.pause,
    });
    const view = detailed ? flavorDetail : flavorSummary;
    const path = detailed ? "/flavors/detail" : "/flavors";
    return {
      body: {
        flavors: rows.map((flavor) => view(flavor, microversion, linksFor(request))),
        ...(last !== null ? { flavors_links: [nextLink(request, path, last.id)] } : {}),
      },
    };
  };
  const one = (request: ApiRequest, flavor: Flavor) => ({
    body: { flavor: flavorDetail(flavor, request.microversion, linksFor(request)) },
  });
  const accessView = (id: string, projects: readonly string[]) => ({
    body: { flavor_access: projects.map((tenant_id) => ({ flavor_id: id, tenant_id })) },
  });

  const flavor: Touched<Flavor> = {
    kind: "flavor",
    find: ({ context, param }) => flavors.get(context, param("flavor_id")),
    // Who sees it may: flavors are no project's.
    owner: (_flavor, { projectId }) => ({ projectId }),
  };
  return [
    route({
      name: "flavors:list",
      method: "GET",
      path: "/flavors",
      policy: "os_compute_api:flavors",
      query: listFlavors,
      success: 200,
      handler: (request) => list(request, false),
    }),
    route({
      name: "flavors:detail",
      method: "GET",
      path: "/flavors/detail",
      policy: "os_compute_api:flavors",
      query: listFlavors,
      success: 200,
      handler: (request) => list(request, true),
    }),
    route({
      name: "flavors:show",
      method: "GET",
      path: "/flavors/:flavor_id",
      policy: "os_compute_api:flavors",
      success: 200,
      handler: (request) => one(request, flavors.get(request.context, request.param("flavor_id"))),
    }),
    route<CreateFlavorBody>({
      name: "flavors:create",
      method: "POST",
      path: "/flavors",
      policy: "os_compute_api:os-flavor-manage:create",
      request: createFlavor,
      success: 200,
      handler(request) {
        const wanted = request.body.flavor;
        if (wanted.name.trim() !== wanted.name)
          throw badRequest(
            "An invalid 'name' value was provided. The name must be: printable characters. Can not start or end with whitespace.",
          );
        const id = wanted.id === undefined || wanted.id === null || wanted.id === "auto" ? null : String(wanted.id);
        const flavor = flavors.create({
          id,
          name: wanted.name,
          ram: Number(wanted.ram),
          vcpus: Number(wanted.vcpus),
          disk: Number(wanted.disk),
          ephemeral: Number(wanted["OS-FLV-EXT-DATA:ephemeral"] ?? 0),
          swap: Number(wanted.swap ?? 0),
          rxtxFactor: Number(wanted.rxtx_factor ?? 1),
          isPublic: isTrue(wanted["os-flavor-access:is_public"] ?? true),
          description: wanted.description ?? null,
          extraSpecs: {},
        });
        return one(request, flavor);
      },
    }),
    route<{ flavor: { description: string | null } }>({
      name: "flavors:update",
      method: "PUT",
      path: "/flavors/:flavor_id",
      policy: "os_compute_api:os-flavor-manage:update",
      microversions: { min: mv("2.55") },
      request: updateFlavor,
      success: 200,
      handler: (request) =>
        one(request, flavors.setDescription(request.param("flavor_id"), request.body.flavor.description)),
    }),
    route({
      name: "flavors:delete",
      method: "DELETE",
      path: "/flavors/:flavor_id",
      policy: "os_compute_api:os-flavor-manage:delete",
      success: 202,
      handler(request) {
        flavors.delete(request.param("flavor_id"));
        return {};
      },
    }),
    route({
      name: "flavor-extra-specs:list",
      method: "GET",
      path: "/flavors/:flavor_id/os-extra_specs",
      policy: "os_compute_api:os-flavor-extra-specs:index",
      of: flavor,
      success: 200,
      handler: (request) => ({
        body: { extra_specs: request.thing.extraSpecs },
      }),
    }),
    route<{ extra_specs: Record<string, string | number> }>({
      name: "flavor-extra-specs:create",
      method: "POST",
      path: "/flavors/:flavor_id/os-extra_specs",
      policy: "os_compute_api:os-flavor-extra-specs:create",
      request: extraSpecs,
      success: 200,
      handler(request) {
        const specs = asText(request.body.extra_specs);
        flavors.setExtraSpecs(request.param("flavor_id"), specs);
        return { body: { extra_specs: specs } };
      },
    }),
    route({
      name: "flavor-extra-specs:show",
      method: "GET",
      path: "/flavors/:flavor_id/os-extra_specs/:key",
      policy: "os_compute_api:os-flavor-extra-specs:show",
      of: flavor,
      success: 200,
      handler(request) {
        const key = request.param("key");
        return { body: { [key]: flavors.extraSpec(request.thing, key) } };
      },
    }),
    route<Record<string, string | number>>({
      name: "flavor-extra-specs:update",
      method: "PUT",
      path: "/flavors/:flavor_id/os-extra_specs/:key",
      policy: "os_compute_api:os-flavor-extra-specs:update",
      request: extraSpec,
      success: 200,
      handler(request) {
        const key = request.param("key");
        if (request.body[key] === undefined) throw badRequest("Request body and URI mismatch");
        const specs = asText(request.body);
        flavors.setExtraSpecs(request.param("flavor_id"), specs);
        return { body: specs };
      },
    }),
    route({
      name: "flavor-extra-specs:delete",
      method: "DELETE",
      path: "/flavors/:flavor_id/os-extra_specs/:key",
      policy: "os_compute_api:os-flavor-extra-specs:delete",
      success: 200,
      handler(request) {
        flavors.deleteExtraSpec(request.param("flavor_id"), request.param("key"));
        return {};
      },
    }),
    route({
      name: "flavor-access:list",
      method: "GET",
      path: "/flavors/:flavor_id/os-flavor-access",
      policy: "os_compute_api:os-flavor-access",
      success: 200,
      handler: (request) => accessView(request.param("flavor_id"), flavors.access(request.param("flavor_id"))),
    }),
    route<{ addTenantAccess: { tenant: string } }>({
      name: "flavor-access:add",
      method: "POST",
      path: "/flavors/:flavor_id/action",
      action: "addTenantAccess",
      policy: "os_compute_api:os-flavor-access:add_tenant_access",
      request: addAccess,
      success: 200,
      handler: (request) =>
        accessView(
          request.param("flavor_id"),
          flavors.addAccess(request.param("flavor_id"), request.body.addTenantAccess.tenant),
        ),
    }),
    route<{ removeTenantAccess: { tenant: string } }>({
      name: "flavor-access:remove",
      method: "POST",
      path: "/flavors/:flavor_id/action",
      action: "removeTenantAccess",
      policy: "os_compute_api:os-flavor-access:remove_tenant_access",
      request: removeAccess,
      success: 200,
      handler: (request) =>
        accessView(
          request.param("flavor_id"),
          flavors.removeAccess(request.param("flavor_id"), request.body.removeTenantAccess.tenant),
        ),
    }),
  ];
}

function visibilityOf(text: string | null, isAdmin: boolean): "public" | "private" | "all" {
  if (text === null || !isAdmin) return "public";
  if (text.toLowerCase() === "none") return "all";
  return isTrue(text) ? "public" : "private";
}

function numberOf(text: string | null, what: string): number {
  if (text === null || text === "") return 0;
  const value = Number(text);
  if (!Number.isInteger(value)) throw badRequest(`Invalid ${what} filter [${text}]`);
  return value;
}

function asText(specs: Readonly<Record<string, string | number>>): Record<string, string> {
  return Object.fromEntries(Object.entries(specs).map(([key, value]) => [key, String(value)]));
}
