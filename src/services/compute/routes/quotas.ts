import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, type JsonSchema, projectNamed, route } from "../../../kernel/http/route.ts";
import { DEFAULT_CLASS, type Quotas } from "../../../kernel/quota/quota.ts";
import type { Core } from "../manager/core.ts";
import { boolean, object } from "../schemas/parameter-types.ts";
import { showLimits, userQuery } from "../schemas/queries.ts";
import { byVersion } from "../schemas/servers.ts";
import { isTrue } from "../values/boolean.ts";

const NETWORK = ["fixed_ips", "floating_ips", "security_group_rules", "security_groups"];
const FILES = ["injected_file_content_bytes", "injected_file_path_bytes", "injected_files"];
const GROUPS = ["server_group_members", "server_groups"];

/** Names a version shows, in alphabetical order: networks went with 2.36, files with 2.57. */
function shown(core: Core, version: Microversion, classes: boolean): string[] {
  return core.quotas.resources
    .map(({ name }) => name)
    .filter(
      (name) =>
        !(version >= mv("2.36") && NETWORK.includes(name)) &&
        !(version >= mv("2.57") && FILES.includes(name)) &&
        // Classes learned of server groups only in 2.50.
        !(classes && version < mv("2.50") && GROUPS.includes(name)),
    );
}

const limit: JsonSchema = { type: ["string", "integer"], pattern: "^-?[0-9]+$", minimum: -1, maximum: 0x7fffffff };
const names = (version: Microversion): Record<string, JsonSchema> =>
  Object.fromEntries(
    [
      "instances",
      "cores",
      "ram",
      "metadata_items",
      "key_pairs",
      ...GROUPS,
      ...(version < mv("2.36") ? NETWORK : []),
      ...(version < mv("2.57") ? FILES : []),
    ].map((name) => [name, limit]),
  );
const setBody = byVersion(["2.36", "2.57"], (version) =>
  object({ quota_set: object({ ...names(version), force: boolean }) }, ["quota_set"]),
);
const classBody = byVersion(["2.36", "2.57"], (version) =>
  object({ quota_class_set: { ...(object(names(version)) as object), minProperties: 0 } }, ["quota_class_set"]),
);

/** os-quota-sets and os-quota-class-sets. */
export function quotaRoutes(core: Core): AnyRoute[] {
  const { quotas, kernel } = core;
  const values = (version: Microversion, all: Readonly<Record<string, unknown>>, classes = false) =>
    Object.fromEntries(shown(core, version, classes).map((name) => [name, all[name]]));
  const requireProject = (id: string) => {
    if (kernel.facade("identity").getProject(id) === null) throw badRequest(`Project ID ${id} is not a valid project.`);
  };
  return [
    route({
      name: "quota-sets:show",
      method: "GET",
      path: "/os-quota-sets/:id",
      policy: "os_compute_api:os-quota-sets:show",
      query: userQuery,
      of: projectNamed("id"),
      success: 200,
      handler(request) {
        const id = request.thing;
        requireProject(id);
        return { body: { quota_set: { id, ...values(request.microversion, quotas.limits(id, userOf(request))) } } };
      },
    }),
    route({
      name: "quota-sets:detail",
      method: "GET",
      path: "/os-quota-sets/:id/detail",
      policy: "os_compute_api:os-quota-sets:show",
      query: userQuery,
      of: projectNamed("id"),
      success: 200,
      handler(request) {
        const id = request.thing;
        requireProject(id);
        const usage = Object.entries(quotas.usage(id, userOf(request))).map(([name, { limit, used }]) => [
          name,
          { limit, in_use: used, reserved: 0 },
        ]);
        return { body: { quota_set: { id, ...values(request.microversion, Object.fromEntries(usage)) } } };
      },
    }),
    route({
      name: "quota-sets:defaults",
      method: "GET",
      path: "/os-quota-sets/:id/defaults",
      policy: "os_compute_api:os-quota-sets:defaults",
      success: 200,
      handler(request) {
        const id = request.param("id");
        requireProject(id);
        return { body: { quota_set: { id, ...values(request.microversion, quotas.defaults()) } } };
      },
    }),
    route<{ quota_set: Record<string, unknown> }>({
      name: "quota-sets:update",
      method: "PUT",
      path: "/os-quota-sets/:id",
      policy: "os_compute_api:os-quota-sets:update",
      query: userQuery,
      request: setBody,
      success: 200,
      handler(request) {
        const id = request.param("id");
        requireProject(id);
        const userId = userOf(request);
        const { force, ...limits } = request.body.quota_set;
        const wanted = Object.fromEntries(Object.entries(limits).map(([name, value]) => [name, Number(value)]));
        if (!isTrue(force ?? false)) requireRoom(quotas, id, userId, wanted);
        quotas.setAll(id, wanted, userId);
        return { body: { quota_set: values(request.microversion, quotas.limits(id, userId)) } };
      },
    }),
    route({
      name: "quota-sets:delete",
      method: "DELETE",
      path: "/os-quota-sets/:id",
      policy: "os_compute_api:os-quota-sets:delete",
      query: userQuery,
      success: 202,
      handler(request) {
        quotas.reset(request.param("id"), userOf(request));
        return {};
      },
    }),
    route({
      name: "quota-class-sets:show",
      method: "GET",
      path: "/os-quota-class-sets/:id",
      policy: "os_compute_api:os-quota-class-sets:show",
      success: 200,
      handler(request) {
        const id = request.param("id");
        const limits = values(request.microversion, quotas.defaults(), true);
        return { body: { quota_class_set: { id, ...limits } } };
      },
    }),
    route<{ quota_class_set: Record<string, string | number> }>({
      name: "quota-class-sets:update",
      method: "PUT",
      path: "/os-quota-class-sets/:id",
      policy: "os_compute_api:os-quota-class-sets:update",
      request: classBody,
      success: 200,
      handler(request) {
        // Only the class "default" means anything, in nova too.
        if (request.param("id") !== "default") throw forbidden("Only the quota class 'default' can be changed.");
        const wanted = Object.entries(request.body.quota_class_set).map(([name, value]) => [name, Number(value)]);
        quotas.setAll(DEFAULT_CLASS, Object.fromEntries(wanted));
        return { body: { quota_class_set: values(request.microversion, quotas.defaults(), true) } };
      },
    }),
    limitsRoute(core),
  ];
}

/** Whose quotas in the project are meant; null: the project's own. */
const userOf = ({ query }: ApiRequest): string | null => query.get("user_id");

/**
 * Errors: 400 for a limit below what is used, or what users were given, already; for a user's above what the project has left for it
 * (nova/quota.py get_settable_quotas).
 */
function requireRoom(
  quotas: Quotas,
  projectId: string,
  userId: string | null,
  wanted: Readonly<Record<string, number>>,
): void {
  for (const [name, limit] of Object.entries(wanted)) {
    const used = quotas.used(projectId, name, userId);
    const least = userId === null ? Math.max(used, quotas.givenToUsers(projectId, name)) : used;
    if (limit >= 0 && limit < least)
      throw badRequest(
        `Quota limit ${limit} for ${name} must be greater than or equal to already used and reserved ${least}.`,
      );
    const whole = quotas.limit(projectId, name);
    if (userId === null || whole < 0) continue;
    const most = whole - quotas.givenToUsers(projectId, name, userId);
    if (limit < 0 || limit > most)
      throw badRequest(`Quota limit ${limit} for ${name} must be less than or equal to ${most}.`);
  }
}

/** GET /limits: the caller's project, or another one's for admins (tenant_id). */
function limitsRoute({ quotas, servers, kernel }: Core): AnyRoute {
  return route({
    name: "limits:show",
    method: "GET",
    path: "/limits",
    policy: "os_compute_api:limits",
    query: showLimits,
    success: 200,
    handler(request) {
      const { context, microversion } = request;
      const other = request.query.get("tenant_id");
      if (other !== null && other !== context.projectId) {
        request.authorize({ projectId: other }, "os_compute_api:limits:other_project");
      }
      const id = other ?? context.projectId ?? "";
      const used = servers.usage(id);
      const limits = quotas.limits(id);
      const old = (items: Record<string, number | undefined>) => (microversion < mv("2.36") ? items : {});
      const network = microversion < mv("2.36") ? kernel.facade("network").quotas(id) : {};
      return {
        body: {
          limits: {
            rate: [],
            absolute: {
              maxTotalInstances: limits.instances,
              maxTotalCores: limits.cores,
              maxTotalRAMSize: limits.ram,
              maxServerMeta: limits.metadata_items,
              ...(microversion < mv("2.39") ? { maxImageMeta: limits.metadata_items } : {}),
              ...(microversion < mv("2.57")
                ? {
                    maxPersonality: limits.injected_files,
                    maxPersonalitySize: limits.injected_file_content_bytes,
                  }
                : {}),
              maxTotalKeypairs: limits.key_pairs,
              maxServerGroups: limits.server_groups,
              maxServerGroupMembers: limits.server_group_members,
              ...old({
                maxTotalFloatingIps: limits.floating_ips,
                maxSecurityGroups: limits.security_groups,
                maxSecurityGroupRules: limits.security_group_rules,
              }),
              totalRAMUsed: used.ram,
              totalCoresUsed: used.cores,
              totalInstancesUsed: used.instances,
              ...old({
                totalFloatingIpsUsed: network.floatingip?.used ?? 0,
                totalSecurityGroupsUsed: network.security_group?.used ?? 0,
              }),
              totalServerGroupsUsed: quotas.used(id, "server_groups"),
            },
          },
        },
      };
    },
  });
}
