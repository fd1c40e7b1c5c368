import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { badRequest, heatError } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import type { StackRow } from "../store/stacks.ts";
import { eventDetailView, eventView, resourceDetailView, resourceView } from "../views/resources.ts";
import { sortOf } from "./listing.ts";
import { booleanOf, integerOf, last, limitOf, ownTenant, STACK, stackOf, stackOfGuests } from "./paths.ts";

const FILTERS = ["type", "status", "name", "action", "id", "physical_resource_id"];

export function resourceRoutes({ stacks, inspection }: Managers): AnyRoute[] {
  const stack = stackOf(stacks);
  const ofGuests = stackOfGuests(stacks);
  const common = { url: ownTenant, of: stack } as const;
  const RESOURCE = `${STACK}/resources/:resource_name`;
  const one = ({ thing, param }: ApiRequest<unknown, StackRow>) => inspection.resource(thing, param("resource_name"));

  const events = (request: ApiRequest<unknown, StackRow>, resource: string | null) => {
    const { query, thing } = request;
    const number = (name: string) => (query.get(name) ? integerOf(name, query.get(name)) : 0);
    const depth = number("nested_depth");
    const given = (name: string) => query.getAll(name).filter((value) => value !== "");
    const equal = new Map<"resource_name" | "action" | "status" | "type", readonly string[]>();
    for (const [name, column] of [
      ["resource_action", "action"],
      ["resource_status", "status"],
      ["resource_type", "type"],
      ["resource_name", "resource_name"],
    ] as const) {
      if (given(name).length > 0) equal.set(column, given(name));
    }
    if (resource !== null) equal.set("resource_name", [resource]);
    const page = { marker: last(query, "marker"), limit: limitOf(query) };
    const found = inspection.events(thing, depth, { equal }, sortOf(query), page);
    if (resource !== null && found.length === 0) {
      throw heatError("HTTPNotFound", `No events found for resource ${resource}`, 404);
    }
    const root = depth > 0 ? thing : null;
    return { body: { events: found.map((shown) => eventView(request, { ...shown, root })) } };
  };

  return [
    route<unknown, StackRow>({
      ...common,
      name: "resources:list",
      method: "GET",
      path: `${STACK}/resources`,
      policy: "resource:index",
      success: 200,
      async handler(request) {
        const { query, thing } = request;
        const unknown = [...new Set(query.keys())].filter(
          (key) => ![...FILTERS, "nested_depth", "with_detail"].includes(key),
        );
        if (unknown.length > 0) throw badRequest(`Invalid filter parameters ${pythonRepr(unknown)}`);
        const depth = query.has("nested_depth") ? integerOf("nested_depth", query.get("nested_depth")) : 0;
        const detailed = query.has("with_detail") ? booleanOf("with_detail", query.get("with_detail")) : false;
        const found = inspection.resources(thing, depth).filter(({ row }) =>
          FILTERS.every((name) => {
            const wanted = query.getAll(name).filter((value) => value !== "");
            const values: Readonly<Record<string, string | null>> = {
              ...row,
              physical_resource_id: row.physical_id,
            } as never;
            return wanted.length === 0 || wanted.includes(values[name] ?? "");
          }),
        );
        const views = found.map(async (shown) =>
          detailed
            ? resourceDetailView(request, shown, await inspection.attributes(shown, []))
            : resourceView(request, shown),
        );
        return { body: { resources: await Promise.all(views) } };
      },
    }),
    route<unknown, StackRow>({
      ...common,
      name: "resources:show",
      method: "GET",
      path: RESOURCE,
      policy: "resource:show",
      success: 200,
      async handler(request) {
        const shown = one(request);
        const attributes = await inspection.attributes(shown, request.query.getAll("with_attr"));
        return { body: { resource: resourceDetailView(request, shown, attributes) } };
      },
    }),
    route<unknown, StackRow>({
      ...common,
      of: ofGuests,
      name: "resources:metadata",
      method: "GET",
      path: `${RESOURCE}/metadata`,
      policy: "resource:metadata",
      success: 200,
      handler(request) {
        const shown = one(request);
        inspection.requireOwn(shown, request.context);
        return { body: { metadata: shown.row.metadata } };
      },
    }),
    route<unknown, StackRow>({
      ...common,
      of: ofGuests,
      name: "resources:signal",
      method: "POST",
      path: `${RESOURCE}/signal`,
      policy: "resource:signal",
      success: 200,
      async handler(request) {
        const shown = one(request);
        inspection.requireOwn(shown, request.context);
        await inspection.signal(shown, request.body);
        return { body: null };
      },
    }),
    route<Record<string, unknown>, StackRow>({
      ...common,
      name: "resources:mark-unhealthy",
      method: "PATCH",
      path: RESOURCE,
      policy: "resource:mark_unhealthy",
      request: { type: "object" },
      success: 200,
      handler(request) {
        const { body } = request;
        const unknown = Object.keys(body).filter((key) => key !== "mark_unhealthy" && key !== "resource_status_reason");
        if (unknown.length > 0) {
          throw badRequest(`Invalid keys in resource mark unhealthy {${unknown.map(pythonRepr).join(", ")}}`);
        }
        if (!Object.hasOwn(body, "mark_unhealthy")) {
          throw badRequest("Missing mandatory (mark_unhealthy) key from mark unhealthy request");
        }
        const unhealthy = booleanOf("mark_unhealthy", body.mark_unhealthy);
        inspection.markUnhealthy(one(request), unhealthy, String(body.resource_status_reason ?? ""));
        return { body: null };
      },
    }),
    route<unknown, StackRow>({
      ...common,
      name: "events:list",
      method: "GET",
      path: `${STACK}/events`,
      policy: "events:index",
      success: 200,
      handler: (request) => events(request, null),
    }),
    route<unknown, StackRow>({
      ...common,
      name: "events:of-resource",
      method: "GET",
      path: `${RESOURCE}/events`,
      policy: "events:index",
      success: 200,
      handler: (request) => events(request, request.param("resource_name")),
    }),
    route<unknown, StackRow>({
      ...common,
      name: "events:show",
      method: "GET",
      path: `${RESOURCE}/events/:event_id`,
      policy: "events:show",
      success: 200,
      handler(request) {
        const { thing, param } = request;
        const event = inspection.event(thing, param("resource_name"), param("event_id"));
        return { body: { event: eventDetailView(request, { event, stack: thing, root: null }) } };
      },
    }),
  ];
}
