import { type AnyRoute, type Method, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { preflight } from "./cors.ts";

const METHODS: readonly (readonly [string, string, readonly Method[]])[] = [
  ["accounts", "/v1/:account", ["HEAD", "GET", "PUT", "POST", "OPTIONS", "DELETE"]],
  ["containers", "/v1/:account/:container", ["HEAD", "GET", "PUT", "POST", "OPTIONS", "DELETE"]],
  ["objects", "/v1/:account/:container/:object", ["HEAD", "GET", "PUT", "POST", "OPTIONS", "DELETE", "COPY"]],
];

/** OPTIONS. Anybody may ask; what is answered is what the container's owner allows other origins' scripts. */
export function preflightRoutes({ containers }: Managers): AnyRoute[] {
  return METHODS.map(([name, path, methods]) =>
    route({
      name: `${name}:options`,
      method: "OPTIONS",
      path,
      policy: "object-store:preflight",
      success: 200,
      handler({ param, headers }) {
        const container = param("container");
        const row = container === "" ? undefined : containers.get(param("account"), container);
        return preflight(row, headers, methods);
      },
    }),
  );
}
