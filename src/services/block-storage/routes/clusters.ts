import { notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { invalidInput } from "../errors.ts";
import { type CleanupBody, cleanup, disableCluster, enableCluster } from "../schemas/administration.ts";
import { booleanOf } from "./listing.ts";

const FILTERS = ["name", "binary", "is_up", "disabled", "num_hosts", "num_down_hosts"];
const REPLICATION_FILTERS = ["replication_status", "frozen", "active_backend_id"];
const microversions = { min: mv("3.7") };

/**
 * Clusters (3.7) and the cleaning up after services that died (3.24), as a cloud has them whose backends each have one service, in a
 * process that finishes or undoes its work at every start: there are none, and nothing is left to clean.
 */
export function clusterRoutes(): AnyRoute[] {
  const missing = (name: string) => notFound(`Cluster ${name} could not be found.`);
  const listed = (name: string, path: string) =>
    route({
      name: `clusters:${name}`,
      method: "GET",
      path,
      policy: "clusters:get_all",
      microversions,
      success: 200,
      handler({ query, microversion }) {
        const allowed = microversion >= mv("3.26") ? [...FILTERS, ...REPLICATION_FILTERS] : FILTERS;
        const wrong = [...new Set(query.keys())].filter((key) => !allowed.includes(key));
        if (wrong.length > 0) throw invalidInput(`Invalid filter keys: ${wrong.join(", ")}`);
        for (const key of ["disabled", "is_up"]) booleanOf(key, query.get(key));
        return { body: { clusters: [] } };
      },
    });
  return [
    listed("list", "/clusters"),
    listed("detail", "/clusters/detail"),
    route({
      name: "clusters:show",
      method: "GET",
      path: "/clusters/:cluster",
      policy: "clusters:get",
      microversions,
      success: 200,
      handler(request) {
        throw missing(request.param("cluster"));
      },
    }),
    ...(["enable", "disable"] as const).map((verb) =>
      route<{ name: string }>({
        name: `clusters:${verb}`,
        method: "PUT",
        path: `/clusters/${verb}`,
        policy: "clusters:update",
        microversions,
        request: verb === "enable" ? enableCluster : disableCluster,
        success: 200,
        handler(request) {
          throw missing(request.body.name);
        },
      }),
    ),
    route<CleanupBody | null>({
      name: "workers:cleanup",
      method: "POST",
      path: "/workers/cleanup",
      policy: "workers:cleanup",
      microversions: { min: mv("3.24") },
      request: cleanup,
      success: 202,
      handler({ body }) {
        const { resource_id, host, cluster_name, service_id } = body ?? {};
        if (resource_id && [host, cluster_name, service_id].every((place) => place === undefined)) {
          throw invalidInput(`There is no resource with UUID ${resource_id} pending cleanup.`);
        }
        return { body: { cleaning: [], unavailable: [] } };
      },
    }),
  ];
}
