import { pageOf, WHOLE, wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, projectNamed, route } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import { listUsages, showUsage } from "../schemas/queries.ts";
import { projectTotals, projectUsage, serverUsage } from "../views/usage.ts";
import { markerCouldNotBeFound, nextLink, pagingOf } from "./paging.ts";

interface Period {
  start: number;
  end: number;
  detailed: boolean;
}

/**
 * os-simple-tenant-usage: what servers used within a period, summed up for each project. Since 2.40 in pages of servers, of which the
 * marker is one; a client adds up what the pages say (nova/api/openstack/compute/simple_tenant_usage.py).
 */
export function usageRoutes(core: Core): AnyRoute[] {
  const { maxLimit } = core.kernel.settings.compute;
  const page = async (request: ApiRequest, projectId: string | null, { start, end }: Period, path: string) => {
    const now = core.kernel.clock.now();
    const wanted = request.microversion < mv("2.40") ? WHOLE : wantedPage(request.query, pagingOf(maxLimit));
    const { rows, last } = await pageOf(wanted, {
      // Any server that ever was will do, also one that used nothing in this period.
      place: (marker) => core.servers.get(marker),
      lost: markerCouldNotBeFound,
      read: (after, limit) =>
        core.servers
          .inPeriod(projectId, { start, end }, after, limit)
          .flatMap((server) => serverUsage(server, start, end, now) ?? []),
    });
    return { usages: rows, links: last === null ? [] : [nextLink(request, path, last.instance_id)] };
  };
  return [
    route({
      name: "simple-tenant-usage:list",
      method: "GET",
      path: "/os-simple-tenant-usage",
      policy: "os_compute_api:os-simple-tenant-usage:list",
      query: listUsages,
      success: 200,
      async handler(request) {
        const asked = periodOf(request, core.kernel.clock.now());
        if (request.microversion < mv("2.40") && !asked.detailed) {
          // All servers of the cloud are summed up: sqlite does.
          const uses = core.servers.periodUse(asked.start, asked.end);
          return { body: { tenant_usages: uses.map((use) => projectTotals(use, asked)) } };
        }
        const { usages, links } = await page(request, null, asked, "/os-simple-tenant-usage");
        const byProject = Map.groupBy(usages, ({ tenant_id }) => tenant_id);
        return {
          body: {
            tenant_usages: [...byProject].map(([id, list]) => projectUsage(id, list, asked)),
            ...(links.length > 0 ? { tenant_usages_links: links } : {}),
          },
        };
      },
    }),
    route({
      name: "simple-tenant-usage:show",
      method: "GET",
      path: "/os-simple-tenant-usage/:id",
      policy: "os_compute_api:os-simple-tenant-usage:show",
      of: projectNamed("id"),
      query: showUsage,
      success: 200,
      async handler(request) {
        const id = request.thing;
        const asked = { ...periodOf(request, core.kernel.clock.now()), detailed: true };
        const { usages, links } = await page(request, id, asked, `/os-simple-tenant-usage/${id}`);
        return {
          body: {
            tenant_usage: usages.length === 0 ? {} : projectUsage(id, usages, asked),
            ...(links.length > 0 ? { tenant_usage_links: links } : {}),
          },
        };
      },
    }),
  ];
}

/** What lies ahead counts for nothing yet. Errors: 400. */
function periodOf({ query }: ApiRequest, now: number): Period {
  const start = timeOf(query.get("start"), now);
  const end = timeOf(query.get("end"), now);
  const open = (name: string) => (query.get(name) ?? "") === "";
  // Both left out are the same moment, for nova the one a little later than the other.
  if (start > end || (start === end && !(open("start") && open("end")))) {
    throw badRequest("Invalid start time. The start time cannot occur after the end time.");
  }
  return { start, end: Math.min(end, now), detailed: query.get("detailed") === "1" };
}

/** The three forms nova takes, always UTC. Errors: 400. */
function timeOf(text: string | null, now: number): number {
  if (text === null || text === "") return now;
  const known = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?| \d\d:\d\d:\d\d\.\d{1,6})$/.test(text);
  const time = known ? Date.parse(`${text.replace(" ", "T")}Z`) : Number.NaN;
  if (Number.isNaN(time)) throw badRequest("Invalid datetime string: Datetime is in invalid format");
  return time;
}
