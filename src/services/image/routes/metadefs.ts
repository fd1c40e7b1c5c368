import { badRequest, notFound } from "../../../kernel/errors.ts";
import { type AnyRoute, caller, route } from "../../../kernel/http/route.ts";
import { type Pages, pageSize } from "./pages.ts";

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
      handler({ query }) {
        pageSize(query, pages);
        const direction = query.get("sort_dir") ?? "desc";
        if (direction !== "asc" && direction !== "desc") throw badRequest(`Invalid sort direction: ${direction}`);
        const visibility = query.get("visibility");
        if (visibility && visibility !== "public" && visibility !== "private") {
          throw badRequest(`Invalid visibility value: ${visibility}`);
        }
        const marker = query.get("marker");
        if (marker) throw notFound(`Metadata definition namespace=${marker} was not found.`);
        const first = new URLSearchParams(query);
        first.delete("marker");
        return {
          body: {
            namespaces: [],
            first: first.size === 0 ? PATH : `${PATH}?${first}`,
            schema: "/v2/schemas/metadefs/namespaces",
          },
        };
      },
    }),
  ];
}
