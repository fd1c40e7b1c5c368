import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { SCHEMAS } from "../schemas/images.ts";

export function schemaRoutes(): AnyRoute[] {
  return Object.entries(SCHEMAS).map(([name, schema]) =>
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
