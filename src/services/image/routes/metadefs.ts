import { pageOf, wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, caller, route } from "../../../kernel/http/route.ts";
import { linksOf, type Pages, pagingOf } from "./pages.ts";

const PATH = "/v2/metadefs/namespaces";

/**
 * Metadata definitions are not there yet: no namespace can be made, and so the list has none. Web front ends ask for it on
 * many of their pages (glance/api/v2/metadef_namespaces.py).
 */
export function metadefRoutes(pages: Pages): AnyRoute[] {
  return [
    route({
      name: "metadef-namespaces:list",
      method: "GET",
      path: PATH,
      policy: "get_metadef_namespaces",
      of: caller,
      success: 200,
      async handler({ query }) {
        const wanted = wantedPage(query, { ...pagingOf(pages), emptyIsAbsent: ["marker"] });
        const direction = query.get("sort_dir") ?? "desc";
        if (direction !== "asc" && direction !== "desc") throw badRequest(`Invalid sort direction: ${direction}`);
        const visibility = query.get("visibility");
        if (visibility && visibility !== "public" && visibility !== "private") {
          throw badRequest(`Invalid visibility value: ${visibility}`);
        }
        const { rows, last } = await pageOf<{ id: string }, never>(wanted, {
          place: () => undefined,
          lost: (marker) => notFound(`Metadata definition namespace=${marker} was not found.`),
          read: () => [],
        });
        return { body: { namespaces: rows, ...linksOf(PATH, query, last), schema: "/v2/schemas/metadefs/namespaces" } };
      },
    }),
  ];
}
