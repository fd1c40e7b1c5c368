import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { SCHEMAS } from "../schemas/images.ts";
import { METADEF_SCHEMAS } from "../schemas/metadefs.ts";

export function schemaRoutes(): AnyRoute[] {
  const metadefs = Object.entries(METADEF_SCHEMAS).map(([name, schema]) => [`metadefs/${name}`, schema] as const);
  return [...Object.entries(SCHEMAS), ...metadefs].map(([name, schema]) =>
    route({
      name: `schemas:${name}`,
      method: "GET",
      path: `/v2/schemas/${name}`,
      policy: "image:schemas",
      success: 200,
      handler: () => ({ body: schema }),
    }),
  );
}
