import { type AnyRoute, type Method, route } from "../../../kernel/http/route.ts";
import { removedApi } from "../errors.ts";

/** Paths whose APIs nova has taken out: they answer 410 to everybody. */
const REMOVED: readonly (readonly [string, readonly Method[]])[] = [
  ["/os-agents", ["GET", "POST"]],
  ["/os-agents/:id", ["PUT", "DELETE"]],
  ["/os-cells", ["GET", "POST"]],
  ["/os-cells/:id", ["GET", "PUT", "DELETE"]],
  ["/os-certificates", ["POST"]],
  ["/os-certificates/:id", ["GET"]],
  ["/os-cloudpipe", ["GET", "POST"]],
  ["/os-fping", ["GET"]],
  ["/os-fping/:id", ["GET"]],
  ["/os-fixed-ips/:id", ["GET"]],
  ["/os-floating-ips-bulk", ["GET", "POST"]],
  ["/os-floating-ip-dns", ["GET"]],
  ["/os-security-group-default-rules", ["GET", "POST"]],
  ["/os-virtual-interfaces", ["GET"]],
  ["/servers/:server_id/os-virtual-interfaces", ["GET"]],
];

export function removedRoutes(): AnyRoute[] {
  return REMOVED.flatMap(([path, methods]) =>
    methods.map((method) =>
      route({
        name: `removed:${method} ${path}`,
        method,
        path,
        policy: "os_compute_api:flavors",
        success: 410,
        handler() {
          throw removedApi();
        },
      }),
    ),
  ).concat(
    (["resetNetwork", "injectNetworkInfo"] as const).map((action) =>
      route({
        name: `removed:${action}`,
        method: "POST",
        path: "/servers/:server_id/action",
        action,
        policy: "os_compute_api:flavors",
        success: 410,
        handler() {
          throw removedApi();
        },
      }),
    ),
  );
}
