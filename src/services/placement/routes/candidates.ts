import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { capacity, type Picture, type Provider } from "../manager/picture.ts";
import type { PlacementManager } from "../manager/placement.ts";
import { withTraits } from "./providers.ts";

/**
 * `GET /allocation_candidates`, for requests that one provider can serve (resources, required, member_of, in_tree, limit):
 * what nova and people ask of a cloud whose hosts are single providers. Numbered groups are refused.
 */
export function candidateRoutes(placement: PlacementManager): AnyRoute[] {
  return [
    route({
      name: "allocation-candidates:list",
      method: "GET",
      path: "/allocation_candidates",
      policy: "placement:allocation_candidates:list",
      microversions: { min: mv("1.10") },
      success: 200,
      handler: async (request) => ({
        body: await placement.read((picture) => candidates(picture, request, placement)),
      }),
    }),
  ];
}

function candidates(picture: Picture, request: ApiRequest, placement: PlacementManager) {
  const { query, microversion } = request;
  const text = query.get("resources");
  if (text === null) throw badRequest("At least one request group with `resources` or `required` is required.");
  const resources = parseResources(text);
  const known = placement.names("class");
  const unknown = [...resources.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw badRequest(`Invalid resource class in resources parameter: No such resource class ${unknown}.`);
  let found = [...picture.providers.values()].filter((provider) => picture.fits(provider, resources));
  for (const [name, value] of query) {
    if (name === "required") found = withTraits(found, value, placement.names("trait"));
    else if (name === "member_of") {
      const wanted = value.replace(/^in:/, "").split(",");
      found = found.filter(({ aggregates }) => aggregates.some((aggregate) => wanted.includes(aggregate)));
    } else if (name === "in_tree") found = found.filter(({ root }) => root === picture.providers.get(value)?.root);
    else if (name === "limit") {
      if (!/^[1-9]\d{0,8}$/.test(value))
        throw badRequest(`Invalid query string parameters: '${value}' is not valid for limit`);
    } else if (name !== "resources" && name !== "group_policy") {
      throw badRequest(`Invalid query string parameters: ${name} is not supported by this cloud`);
    }
  }
  const limit = query.get("limit");
  if (limit !== null) found = found.slice(0, Number(limit));
  return {
    allocation_requests: found.map((provider) => allocationRequest(provider, resources, microversion)),
    provider_summaries: Object.fromEntries(
      found.map((provider) => [provider.uuid, summary(picture, provider, resources, microversion)]),
    ),
  };
}

function allocationRequest(provider: Provider, resources: ReadonlyMap<string, number>, version: number) {
  const amounts = Object.fromEntries(resources);
  if (version < mv("1.12"))
    return { allocations: [{ resource_provider: { uuid: provider.uuid }, resources: amounts }] };
  return {
    allocations: { [provider.uuid]: { resources: amounts } },
    ...(version >= mv("1.34") ? { mappings: { "": [provider.uuid] } } : {}),
  };
}

function summary(picture: Picture, provider: Provider, asked: ReadonlyMap<string, number>, version: number) {
  const usages = picture.usages(provider);
  // All classes since 1.27; before only those asked for.
  const rows = [...provider.inventories.values()].filter(
    ({ resource_class }) => version >= mv("1.27") || asked.has(resource_class),
  );
  return {
    resources: Object.fromEntries(
      rows.map((row) => [row.resource_class, { capacity: capacity(row), used: usages[row.resource_class] ?? 0 }]),
    ),
    ...(version >= mv("1.17") ? { traits: [...provider.traits].sort() } : {}),
    ...(version >= mv("1.29") ? { parent_provider_uuid: provider.parent, root_provider_uuid: provider.root } : {}),
  };
}

/** `VCPU:2,MEMORY_MB:512`. Errors: 400. */
export function parseResources(text: string): Map<string, number> {
  const resources = new Map<string, number>();
  for (const part of text.split(",")) {
    const match = /^([A-Z0-9_]+):([1-9]\d{0,9})$/.exec(part);
    if (match === null) {
      throw badRequest(
        `Badly formed resources parameter. Expected resources query string parameter in form: ?resources=VCPU:2,MEMORY_MB:1024. Got: ${text}.`,
      );
    }
    resources.set(match[1] ?? "", Number(match[2]));
  }
  return resources;
}
