import { atHand } from "../../../kernel/db/paging.ts";
import { badRequest, notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import { instanceName } from "../manager/spec.ts";
import { listHypervisors, oneHypervisor } from "../schemas/queries.ts";
import { isTrue } from "../values/boolean.ts";
import {
  type HypervisorState,
  hypervisorDetail,
  hypervisorStatistics,
  hypervisorSummary,
} from "../views/hypervisors.ts";
import { linkedPage, markerNotFound } from "./paging.ts";

const policy = (verb: string) => `os_compute_api:os-hypervisors:${verb}`;

/** The one hypervisor. */
export function hypervisorRoutes(core: Core): AnyRoute[] {
  const state = async (withServers: boolean): Promise<HypervisorState> => {
    const info = await core.driver.hostInfo();
    const hypervisor = core.hosts.hypervisor();
    const service = core.hosts.compute();
    if (hypervisor === undefined || service === undefined) throw notFound("No hypervisor has registered yet.");
    const used = core.servers.hostUsage();
    return {
      id: hypervisor.id,
      uuid: hypervisor.uuid,
      info,
      service,
      used,
      running: used.servers,
      workload: used.busy,
      servers: withServers
        ? core.servers.onHost().map((server) => ({ name: instanceName(core, server), uuid: server.id }))
        : null,
    };
  };
  const find = async (request: ApiRequest, withServers: boolean): Promise<HypervisorState> => {
    const id = request.param("id");
    const found = await state(withServers);
    const own = request.microversion >= mv("2.53") ? found.uuid : String(found.id);
    if (id !== own) throw notFound(`Hypervisor with ID '${id}' could not be found.`);
    return found;
  };
  const list = (detailed: boolean) => async (request: ApiRequest) => {
    const { query, microversion } = request;
    const modern = microversion >= mv("2.53");
    const found = await state(modern && isTrue(query.get("with_servers") ?? false));
    const view = (item: HypervisorState) => (detailed ? hypervisorDetail : hypervisorSummary)(item, microversion);
    const pattern = modern ? query.get("hypervisor_hostname_pattern") : null;
    if (pattern !== null) {
      if (query.has("limit") || query.has("marker")) {
        throw badRequest(
          "Paging over hypervisors with the hypervisor_hostname_pattern query parameter is not supported.",
        );
      }
      if (!found.info.hostname.includes(pattern)) {
        throw notFound(`No hypervisor matching '${pattern}' could be found.`);
      }
    }
    if (pattern !== null || microversion < mv("2.33")) return { body: { hypervisors: [view(found)] } };
    const idOf = ({ id, uuid }: HypervisorState) => (modern ? uuid : String(id));
    const { rows, links } = await linkedPage(request, {
      ...atHand([found], idOf),
      path: detailed ? "/os-hypervisors/detail" : "/os-hypervisors",
      key: "hypervisors_links",
      id: idOf,
      max: core.kernel.settings.compute.maxLimit,
      lost: markerNotFound,
    });
    return { body: { hypervisors: rows.map(view), ...links } };
  };
  return [
    route({
      name: "hypervisors:list",
      method: "GET",
      path: "/os-hypervisors",
      policy: policy("list"),
      query: listHypervisors,
      success: 200,
      handler: list(false),
    }),
    route({
      name: "hypervisors:detail",
      method: "GET",
      path: "/os-hypervisors/detail",
      policy: policy("list-detail"),
      query: listHypervisors,
      success: 200,
      handler: list(true),
    }),
    route({
      name: "hypervisors:statistics",
      method: "GET",
      path: "/os-hypervisors/statistics",
      policy: policy("statistics"),
      microversions: { max: mv("2.87") },
      success: 200,
      handler: async () => ({ body: { hypervisor_statistics: hypervisorStatistics(await state(false)) } }),
    }),
    route({
      name: "hypervisors:show",
      method: "GET",
      path: "/os-hypervisors/:id",
      policy: policy("show"),
      query: oneHypervisor,
      success: 200,
      async handler(request) {
        const withServers = request.microversion >= mv("2.53") && isTrue(request.query.get("with_servers") ?? false);
        return { body: { hypervisor: hypervisorDetail(await find(request, withServers), request.microversion) } };
      },
    }),
    route({
      name: "hypervisors:uptime",
      method: "GET",
      path: "/os-hypervisors/:id/uptime",
      policy: policy("uptime"),
      microversions: { max: mv("2.87") },
      success: 200,
      async handler(request) {
        const found = await find(request, false);
        return {
          body: { hypervisor: { ...hypervisorSummary(found, request.microversion), uptime: found.info.uptime } },
        };
      },
    }),
    ...(["search", "servers"] as const).map((verb) =>
      route({
        name: `hypervisors:${verb}`,
        method: "GET",
        path: `/os-hypervisors/:id/${verb}`,
        policy: policy(verb),
        microversions: { max: mv("2.52") },
        success: 200,
        async handler(request) {
          const found = await state(verb === "servers");
          if (!found.info.hostname.includes(request.param("id"))) {
            throw notFound(`No hypervisor matching '${request.param("id")}' could be found.`);
          }
          return { body: { hypervisors: [hypervisorSummary(found, request.microversion)] } };
        },
      }),
    ),
  ];
}
