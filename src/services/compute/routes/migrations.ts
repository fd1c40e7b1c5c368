import { notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { ServerManager } from "../manager/servers.ts";
import { listMigrations } from "../schemas/queries.ts";
import type { MigrationRow, WantedMigrations } from "../store/migrations.ts";
import type { Server } from "../store/servers.ts";
import { isTrue } from "../values/boolean.ts";
import { migrationView } from "../views/migrations.ts";
import { linkedPage, markerCouldNotBeFound } from "./paging.ts";
import { changesOf } from "./paths.ts";
import { serverOf } from "./touched.ts";

const ANY_TIME = { since: Number.NEGATIVE_INFINITY, before: Number.POSITIVE_INFINITY };

/** os-migrations, which lists resizes, and the live migrations of a server, of which there are none. */
export function migrationRoutes(core: Core, servers: ServerManager): AnyRoute[] {
  const server = serverOf(servers);
  const path = "/servers/:server_id/migrations";
  const notInProgress = ({ thing, param }: ApiRequest<unknown, Server>): never => {
    // Only live migrations are here, and there are none.
    throw notFound(`Migration ${param("id")} not found for server ${thing.id}`);
  };
  return [
    route({
      name: "migrations:list",
      method: "GET",
      path: "/os-migrations",
      policy: "os_compute_api:os-migrations:index",
      query: listMigrations,
      of: caller,
      success: 200,
      async handler(request) {
        const { settings } = core.kernel;
        const target = { projectId: request.context.projectId };
        // All projects' unless it says one: as nova, another one than the caller's own is for admins.
        if (request.query.get("project_id") !== target.projectId)
          request.authorize(target, "os_compute_api:os-migrations:index:all_projects");
        const hosts = request.allowed("os_compute_api:os-migrations:index:host", target);
        const rows = core.migrations.pages(
          wantedOf(request, request.microversion >= mv("2.59") ? changesOf(request) : ANY_TIME),
        );
        const view = (row: MigrationRow) =>
          migrationView(row, request.microversion, hosts ? settings.serviceHost : null);
        if (request.microversion < mv("2.59")) return { body: { migrations: rows.all().map(view) } };
        const page = await linkedPage(request, {
          ...rows,
          path: "/os-migrations",
          key: "migrations_links",
          id: ({ uuid }: MigrationRow) => uuid,
          max: settings.compute.maxLimit,
          lost: markerCouldNotBeFound,
        });
        return { body: { migrations: page.rows.map(view), ...page.links } };
      },
    }),
    route({
      name: "server-migrations:list",
      method: "GET",
      path,
      policy: "os_compute_api:servers:migrations:index",
      of: server,
      microversions: { min: mv("2.23") },
      success: 200,
      handler: () => ({ body: { migrations: [] } }),
    }),
    route({
      name: "server-migrations:show",
      method: "GET",
      path: `${path}/:id`,
      policy: "os_compute_api:servers:migrations:show",
      of: server,
      microversions: { min: mv("2.23") },
      success: 200,
      handler: notInProgress,
    }),
    route({
      name: "server-migrations:delete",
      method: "DELETE",
      path: `${path}/:id`,
      policy: "os_compute_api:servers:migrations:delete",
      of: server,
      microversions: { min: mv("2.24") },
      success: 202,
      handler: notInProgress,
    }),
    route({
      name: "server-migrations:force_complete",
      method: "POST",
      path: `${path}/:id/action`,
      policy: "os_compute_api:servers:migrations:force_complete",
      of: server,
      microversions: { min: mv("2.22") },
      success: 202,
      handler: notInProgress,
    }),
  ];
}

function wantedOf(
  { query, microversion, context }: ApiRequest,
  changed: WantedMigrations["changed"],
): WantedMigrations {
  const hosts = ["host", "source_compute"].flatMap((name) => query.get(name) ?? []);
  const since = (version: string, name: string) => (microversion >= mv(version) ? query.get(name) : null);
  const [own, asked] = [context.isAdmin ? null : (context.projectId ?? ""), since("2.80", "project_id")];
  return {
    host: hosts[0] ?? null,
    server_id: query.get("instance_uuid"),
    status: query.get("status"),
    type: query.get("migration_type"),
    user_id: since("2.80", "user_id"),
    project_id: own ?? asked,
    changed,
    // Hidden are those that another cell has a copy of; there is one.
    nothing:
      isTrue(query.get("hidden") ?? false) || new Set(hosts).size > 1 || (own !== null && (asked ?? own) !== own),
  };
}
