import { projectOf } from "../../../kernel/auth/context.ts";
import { wantedPage } from "../../../kernel/db/paging.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import { invalidName } from "../errors.ts";
import type { CreateWish, ServerCreator } from "../manager/create.ts";
import { USER_FILTERS, USER_FILTERS_2_26, USER_FILTERS_2_83 } from "../manager/server-filters.ts";
import type { ServerManager } from "../manager/servers.ts";
import { listServers } from "../schemas/queries.ts";
import { type CreateServerBody, createServer, type UpdateServerBody, updateServer } from "../schemas/servers.ts";
import type { Server, ServerChanges } from "../store/servers.ts";
import { canonicalAddress } from "../values/address.ts";
import { isTrue } from "../values/boolean.ts";
import { addressesOf, serverLinks } from "../views/servers.ts";
import { nextLink, pagingOf } from "./paging.ts";
import { momentOf } from "./paths.ts";
import type { ServerPresenter } from "./server-view.ts";
import { serverOf } from "./touched.ts";

export interface ServerRouteDeps {
  servers: ServerManager;
  creator: ServerCreator;
  presenter: ServerPresenter;
  maxLimit: number;
}

/** Servers themselves; what is done to them is in server-actions.ts. */
export function serverRoutes({ servers, creator, presenter, maxLimit }: ServerRouteDeps): AnyRoute[] {
  const list = async (request: ApiRequest, detailed: boolean) => {
    const { query, context, microversion } = request;
    const kind = detailed ? "detail" : "index";
    const allTenants =
      query.has("all_tenants") && (query.get("all_tenants") === "" || strictly(query.get("all_tenants")));
    if (allTenants)
      request.authorize({ projectId: context.projectId }, `os_compute_api:servers:${kind}:get_all_tenants`);
    const { rows, last } = await servers.list({
      projectId: allTenants ? null : projectOf(request.context),
      isAdmin: context.isAdmin,
      filters: filtersOf(request, allTenants),
      statuses: query.getAll("status"),
      refuseUnknownStatus: microversion >= mv("2.38"),
      ignoresLocked: microversion < mv("2.73"),
      sortKeys: query.getAll("sort_key"),
      sortDirections: query.getAll("sort_dir"),
      page: wantedPage(query, pagingOf(maxLimit)),
      pause: request.pause,
      changedSince: momentOf(request, "changes-since"),
      changedBefore: microversion >= mv("2.66") ? momentOf(request, "changes-before") : null,
      deleted: context.isAdmin && query.has("deleted") ? isTrue(query.get("deleted")) : null,
    });
    const next = last === null ? null : nextLink(request, detailed ? "/servers/detail" : "/servers", last.id);
    return presenter.page(request, rows, detailed, next);
  };

  const server = serverOf(servers);
  return [
    route({
      name: "servers:list",
      method: "GET",
      path: "/servers",
      policy: "os_compute_api:servers:index",
      of: caller,
      query: listServers,
      success: 200,
      handler: (request) => list(request, false),
    }),
    route({
      name: "servers:detail",
      method: "GET",
      path: "/servers/detail",
      policy: "os_compute_api:servers:detail",
      of: caller,
      query: listServers,
      success: 200,
      handler: (request) => list(request, true),
    }),
    route<CreateServerBody>({
      name: "servers:create",
      method: "POST",
      path: "/servers",
      policy: "os_compute_api:servers:create",
      of: caller,
      request: createServer,
      // User data and personality are base64 of up to 64 KiB each.
      maxBody: 1_048_576,
      success: 202,
      async handler(request) {
        const projectId = projectOf(request.context);
        const wish = wishOf(request);
        const made = await creator.create(request.context, projectId, wish, request.pause);
        if (isTrue(request.body.server.return_reservation_id ?? false)) {
          return { body: { reservation_id: made.reservationId } };
        }
        const [server] = made.servers;
        if (server === undefined) throw new Error("no server was made");
        const options = presenter.options(request);
        const groups = wish.securityGroups.length === 0 ? ["default"] : wish.securityGroups;
        return {
          headers: { location: `${options.base}/servers/${server.id}` },
          body: {
            server: {
              id: server.id,
              links: serverLinks(server, options),
              "OS-DCF:diskConfig": server.diskConfig,
              security_groups: groups.map((name) => ({ name })),
              adminPass: made.adminPass,
            },
          },
        };
      },
    }),
    route({
      name: "servers:show",
      method: "GET",
      path: "/servers/:server_id",
      policy: "os_compute_api:servers:show",
      of: server,
      success: 200,
      handler(request) {
        const server = request.thing;
        return { body: { server: presenter.detail(request, server, { withGroup: true }) } };
      },
    }),
    route<UpdateServerBody, Server>({
      name: "servers:update",
      method: "PUT",
      path: "/servers/:server_id",
      policy: "os_compute_api:servers:update",
      of: server,
      request: updateServer,
      success: 200,
      handler(request) {
        const server = request.thing;
        const wanted = request.body.server;
        if (wanted.name !== undefined && wanted.name.trim() !== wanted.name) throw invalidName();
        const changes: ServerChanges = {
          ...(wanted.name === undefined ? {} : { name: wanted.name }),
          ...(wanted.description === undefined ? {} : { description: wanted.description }),
          ...(wanted.hostname === undefined ? {} : { hostname: wanted.hostname }),
          ...(wanted.accessIPv4 === undefined ? {} : { accessIpV4: wanted.accessIPv4 }),
          ...(wanted.accessIPv6 === undefined ? {} : { accessIpV6: canonicalAddress(wanted.accessIPv6) }),
          ...(wanted["OS-DCF:diskConfig"] === undefined ? {} : { diskConfig: wanted["OS-DCF:diskConfig"] }),
        };
        const updated = servers.update(server, changes);
        const view = presenter.detail(request, updated, { withGroup: true });
        return { body: { server: request.microversion >= mv("2.75") ? view : shortened(updated, view) } };
      },
    }),
    route({
      name: "servers:delete",
      method: "DELETE",
      path: "/servers/:server_id",
      policy: "os_compute_api:servers:delete",
      of: server,
      success: 204,
      handler(request) {
        const server = request.thing;
        servers.delete(request.context, server);
        return {};
      },
    }),
  ];
}

/** Before 2.75, updates and rebuilds answered with less. */
export function shortened(server: Server, view: Record<string, unknown>): Record<string, unknown> {
  const hidden =
    /^(OS-EXT-AZ:|OS-EXT-STS:|OS-SRV-USG:|OS-EXT-SRV-ATTR:|os-extended-volumes:|config_drive$|key_name$|security_groups$|host_status$)/;
  const shown = Object.fromEntries(Object.entries(view).filter(([key]) => !hidden.test(key)));
  return { ...shown, addresses: addressesOf(server, false) };
}

function wishOf(request: ApiRequest<CreateServerBody>): CreateWish {
  const { server } = request.body;
  const { microversion, context } = request;
  const target = { projectId: context.projectId };
  const name = server.name;
  if (name.trim() !== name) throw invalidName();
  const minCount = Number(server.min_count ?? 1);
  const maxCount = Number(server.max_count ?? minCount);
  if (minCount > maxCount) throw badRequest("min_count must be <= max_count");
  const zone = server.availability_zone ?? null;
  const forced = zone?.includes(":") === true;
  if (forced) request.authorize(target, "os_compute_api:servers:create:forced_host");
  const trusted = server.trusted_image_certificates ?? null;
  if (trusted !== null) request.authorize(target, "os_compute_api:servers:create:trusted_certs");
  const hosts = [server.host, server.hypervisor_hostname].flatMap((host) => host ?? []);
  if (hosts.length > 0) request.authorize(target, "compute:servers:create:requested_destination");
  if (hosts.length > 0 && forced) {
    throw badRequest(
      "One mechanism with host and/or hypervisor_hostname and another mechanism with zone:host:node are mutually exclusive.",
    );
  }
  const { block_device_mapping: legacy = [], block_device_mapping_v2: devices = [] } = server;
  if (legacy.length > 0 && devices.length > 0) {
    throw badRequest("Using different block_device_mapping syntaxes is not allowed in the same request.");
  }
  if (legacy.length + devices.length > 0) request.authorize(target, "os_compute_api:servers:create:attach_volume");
  if (server.networks !== undefined && server.networks !== "none" && server.networks.length > 0) {
    request.authorize(target, "os_compute_api:servers:create:attach_network");
  }
  return {
    name,
    description: microversion >= mv("2.19") ? (server.description ?? null) : name,
    hostname: server.hostname ?? null,
    imageRef: server.imageRef ?? null,
    flavorRef: flavorIdOf(server.flavorRef),
    adminPass: server.adminPass ?? null,
    metadata: server.metadata ?? {},
    networks: server.networks,
    diskConfig: server["OS-DCF:diskConfig"] ?? null,
    accessIpV4: server.accessIPv4 ?? null,
    accessIpV6: server.accessIPv6 === undefined ? null : canonicalAddress(server.accessIPv6),
    files: server.personality ?? [],
    zone,
    hosts,
    blockDevices: [...legacy, ...devices],
    legacyDevices: devices.length === 0,
    multiattach: microversion >= mv("2.60"),
    configDrive: isTrue(server.config_drive ?? false),
    keyName: server.key_name ?? null,
    minCount,
    maxCount,
    securityGroups: [...new Set((server.security_groups ?? []).flatMap((group) => group.name ?? []))],
    userData: server.user_data ?? null,
    tags: server.tags ?? [],
    trustedCertificates: trusted,
    hints: request.body["os:scheduler_hints"] ?? request.body["OS-SCH-HNT:scheduler_hints"] ?? {},
    mayUseZeroDisk: request.allowed("os_compute_api:servers:create:zero_disk_flavor", target),
  };
}

/** A flavor's id, or the URL of one as in the old API. */
export function flavorIdOf(ref: string | number): string {
  return String(ref).split("/").at(-1) ?? "";
}

/** Parameters that are looked at elsewhere. */
const NO_FILTERS: readonly string[] = [
  "all_tenants",
  "changes-since",
  "changes-before",
  "deleted",
  "limit",
  "marker",
  "sort_dir",
  "sort_key",
  "status",
];

/** Errors: 400 for what is neither true nor false. */
function strictly(text: string | null): boolean {
  if (/^(0|f|false|n|no|off|1|t|true|y|yes|on)$/i.test(text ?? "")) return isTrue(text);
  throw badRequest(
    `Invalid input received: Unrecognized value '${text}', acceptable values are: '0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', 'yes'`,
  );
}

function filtersOf(request: ApiRequest, allTenants: boolean): Map<string, string> {
  const { query, context, microversion } = request;
  const filters = new Map<string, string>();
  if (query.size === 0) return filters;
  const all = request.allowed("os_compute_api:servers:allow_all_filters", { projectId: context.projectId });
  const allowed = new Set([
    ...USER_FILTERS,
    ...(microversion >= mv("2.26") ? USER_FILTERS_2_26 : []),
    ...(microversion >= mv("2.73") ? ["locked"] : []),
    ...(microversion >= mv("2.83") ? USER_FILTERS_2_83 : []),
    ...(microversion >= mv("2.90") ? ["hostname"] : []),
  ]);
  for (const [key, value] of query) {
    if (NO_FILTERS.includes(key)) continue;
    if (!all && !allowed.has(key)) continue;
    // Without all_tenants the list is the caller's project's anyway.
    if ((key === "project_id" || key === "tenant_id") && !allTenants) continue;
    if (key === "ip6" && !all && microversion < mv("2.5")) continue;
    if (key === "locked") strictly(value);
    filters.set(key, value);
  }
  return filters;
}
