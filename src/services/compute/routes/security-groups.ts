import { ApiError, badRequest, conflict, notFound } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { NetworkFacade, SecurityGroupInfo, SecurityGroupRuleInfo } from "../../network/facade.ts";
import { refreshVifs } from "../manager/change.ts";
import type { Core } from "../manager/core.ts";
import type { ServerManager } from "../manager/servers.ts";
import { object } from "../schemas/parameter-types.ts";
import { listSecurityGroups } from "../schemas/queries.ts";
import type { Server } from "../store/servers.ts";
import { isTrue } from "../values/boolean.ts";
import { serverAction } from "./action-helpers.ts";
import { pagedByOffset } from "./paths.ts";
import { serverOf } from "./touched.ts";

const OLD = { max: mv("2.35") };
const policy = (verb: string) => `os_compute_api:os-security-groups:${verb}`;
const groupBody = object(
  {
    security_group: {
      type: "object",
      properties: {
        name: { type: "string", minLength: 1, maxLength: 255 },
        description: { type: ["string", "null"], maxLength: 255 },
      },
      required: ["name"],
    },
  },
  ["security_group"],
);
const ruleBody = object({ security_group_rule: { type: "object" } }, ["security_group_rule"]);

interface RuleWish {
  parent_group_id?: string;
  ip_protocol?: string | null;
  from_port?: number | string | null;
  to_port?: number | string | null;
  cidr?: string | null;
  group_id?: string | null;
}

/** nova's old names for what neutron does, until 2.35. Only ingress rules show, as there were no others then. */
export function securityGroupRoutes(core: Core, servers: ServerManager): AnyRoute[] {
  const network = (): NetworkFacade => core.kernel.facade("network");
  type AnyRequest = ApiRequest<unknown> | ApiRequest<never>;

  const ruleView = (rule: SecurityGroupRuleInfo, names: (id: string) => { name: string; tenant_id: string } | null) => {
    const icmp = rule.protocol === "icmp" || rule.protocol === "1";
    const any = (port: number | null) => (port === null && rule.protocol !== null ? -1 : port);
    const full = rule.protocol !== null && !icmp && rule.portRangeMin === null;
    return {
      id: rule.id,
      parent_group_id: rule.securityGroupId,
      ip_protocol: rule.protocol,
      from_port: full ? 1 : any(rule.portRangeMin),
      to_port: full ? 65535 : any(rule.portRangeMax),
      group: rule.remoteGroupId === null ? {} : (names(rule.remoteGroupId) ?? {}),
      ip_range:
        rule.remoteGroupId !== null
          ? {}
          : rule.remoteIpPrefix !== null
            ? { cidr: rule.remoteIpPrefix }
            : rule.protocol === null
              ? {}
              : { cidr: rule.ethertype === "IPv4" ? "0.0.0.0/0" : "::/0" },
    };
  };
  const viewer = (request: AnyRequest, groups: readonly SecurityGroupInfo[]) => {
    const known = new Map(groups.map(({ id, name, projectId }) => [id, { name, tenant_id: projectId }]));
    const missing = groups
      .flatMap(({ rules }) => rules.flatMap(({ remoteGroupId }) => remoteGroupId ?? []))
      .filter((id) => !known.has(id));
    if (missing.length > 0) {
      for (const { id, name, projectId } of network().listSecurityGroups(request.context, { ids: missing })) {
        known.set(id, { name, tenant_id: projectId });
      }
    }
    return (group: SecurityGroupInfo) => ({
      id: group.id,
      description: group.description,
      name: group.name,
      tenant_id: group.projectId,
      rules: group.rules
        .filter(({ direction }) => direction === "ingress")
        .map((rule) => ruleView(rule, (id) => known.get(id) ?? null)),
    });
  };
  const one = (request: AnyRequest, group: SecurityGroupInfo) => ({
    body: { security_group: viewer(request, [group])(group) },
  });

  const server = serverOf(servers);
  const group: Touched<SecurityGroupInfo> = {
    kind: "security group",
    /** Errors: 400 for what cannot be one, as a name: clients then look through the list. */
    find({ context, param }) {
      if (!/^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(param("id")))
        throw badRequest("Security group id should be uuid");
      return network().getSecurityGroup(context, param("id"));
    },
    owner: ({ projectId }) => ({ projectId }),
  };
  const rule: Touched<SecurityGroupRuleInfo> = {
    kind: "security group rule",
    find: ({ context, param }) => network().getSecurityGroupRule(context, param("id")),
    owner: ({ projectId }) => ({ projectId }),
  };
  return [
    route({
      name: "security-groups:list",
      method: "GET",
      path: "/os-security-groups",
      policy: policy("get"),
      query: listSecurityGroups,
      of: caller,
      microversions: OLD,
      success: 200,
      handler(request) {
        const { context, query } = request;
        const all = context.isAdmin && isTrue(query.get("all_tenants") ?? false);
        const groups = network().listSecurityGroups(
          context,
          all || context.projectId === null ? {} : { projectId: context.projectId },
        );
        const view = viewer(request, groups);
        const page = pagedByOffset(request, groups, core.kernel.settings.compute.maxLimit);
        return { body: { security_groups: page.map(view) } };
      },
    }),
    route<{ security_group: { name: string; description?: string | null } }>({
      name: "security-groups:create",
      method: "POST",
      path: "/os-security-groups",
      policy: policy("create"),
      of: caller,
      microversions: OLD,
      request: groupBody,
      success: 200,
      handler(request) {
        const { name, description } = request.body.security_group;
        const make = () => network().createSecurityGroup(request.context, { name, description: description ?? "" });
        return one(request, translated(make));
      },
    }),
    route({
      name: "security-groups:show",
      method: "GET",
      path: "/os-security-groups/:id",
      policy: policy("show"),
      of: group,
      microversions: OLD,
      success: 200,
      handler: (request) => one(request, request.thing),
    }),
    route<{ security_group: { name: string; description?: string | null } }, SecurityGroupInfo>({
      name: "security-groups:update",
      method: "PUT",
      path: "/os-security-groups/:id",
      policy: policy("update"),
      of: group,
      microversions: OLD,
      request: groupBody,
      success: 200,
      handler(request) {
        const { name, description } = request.body.security_group;
        const changes = { name, description: description ?? "" };
        return one(
          request,
          translated(() => network().updateSecurityGroup(request.context, request.thing.id, changes)),
        );
      },
    }),
    route({
      name: "security-groups:delete",
      method: "DELETE",
      path: "/os-security-groups/:id",
      policy: policy("delete"),
      of: group,
      microversions: OLD,
      success: 202,
      handler(request) {
        // A group in use is the caller's mistake in the old API.
        translated(() => network().deleteSecurityGroup(request.context, request.thing.id), badRequest);
        return {};
      },
    }),
    route<{ security_group_rule: RuleWish }>({
      name: "security-group-rules:create",
      method: "POST",
      path: "/os-security-group-rules",
      policy: policy("rule:create"),
      of: caller,
      microversions: OLD,
      request: ruleBody,
      success: 200,
      handler(request) {
        const wish = request.body.security_group_rule;
        const twin = () => badRequest(`This rule already exists in group ${wish.parent_group_id}`);
        const made = translated(() => network().createSecurityGroupRule(request.context, ruleOf(wish)), twin);
        const remote =
          made.remoteGroupId === null ? null : network().getSecurityGroup(request.context, made.remoteGroupId);
        const names = () => (remote === null ? null : { name: remote.name, tenant_id: remote.projectId });
        return { body: { security_group_rule: ruleView(made, names) } };
      },
    }),
    route({
      name: "security-group-rules:delete",
      method: "DELETE",
      path: "/os-security-group-rules/:id",
      policy: policy("rule:delete"),
      of: rule,
      microversions: OLD,
      success: 202,
      handler(request) {
        translated(() => network().deleteSecurityGroupRule(request.context, request.thing.id));
        return {};
      },
    }),
    route({
      name: "server-security-groups:list",
      method: "GET",
      path: "/servers/:server_id/os-security-groups",
      policy: policy("list"),
      of: server,
      success: 200,
      handler(request) {
        const server = request.thing;
        const ids = [...new Set(server.vifs.flatMap(({ securityGroupIds }) => securityGroupIds))];
        const groups = ids.length === 0 ? [] : network().listSecurityGroups(request.context, { ids });
        return { body: { security_groups: groups.map(viewer(request, groups)) } };
      },
    }),
    serverAction<{ name: string }>(servers, {
      key: "addSecurityGroup",
      policy: policy("add"),
      schema: object({ name: { type: "string", minLength: 1, maxLength: 255 } }, ["name"]),
      handler(request, server, { name }) {
        changeGroups(core, request, server, name, (ids, id) => (ids.includes(id) ? ids : [...ids, id]));
        return {};
      },
    }),
    serverAction<{ name: string }>(servers, {
      key: "removeSecurityGroup",
      policy: policy("remove"),
      schema: object({ name: { type: "string", minLength: 1, maxLength: 255 } }, ["name"]),
      handler(request, server, { name }) {
        changeGroups(core, request, server, name, (ids, id) => {
          if (!ids.includes(id)) {
            throw notFound(`Security group ${name} not associated with the instance ${server.id}`);
          }
          return ids.filter((candidate) => candidate !== id);
        });
        return {};
      },
    }),
  ];
}

function changeGroups(
  core: Core,
  request: ApiRequest<unknown> | ApiRequest<never>,
  server: Server,
  name: string,
  next: (ids: readonly string[], id: string) => readonly string[],
): void {
  const network = core.kernel.facade("network");
  const { context } = request;
  const [id] = translated(() => network.resolveSecurityGroups(context, server.projectId, [name]));
  if (id === undefined) throw notFound(`Security group ${name} could not be found.`);
  for (const port of network.listPorts(context, { deviceId: server.id })) {
    network.updatePort(context, port.id, { securityGroupIds: next(port.securityGroupIds, id) });
  }
  refreshVifs(core, [server.id]);
}

function ruleOf(wish: RuleWish) {
  const number = (value: number | string | null | undefined): number | null => {
    if (value === undefined || value === null || value === "") return null;
    const parsed = Number(value);
    if (!Number.isInteger(parsed)) throw badRequest(`Invalid input for port: ${value}`);
    return parsed;
  };
  const { parent_group_id, cidr, group_id } = wish;
  if (parent_group_id === undefined) throw badRequest("Parent group id is not given");
  const protocol = wish.ip_protocol?.toLowerCase() ?? null;
  const from = number(wish.from_port);
  const to = number(wish.to_port);
  if (protocol !== null && !["tcp", "udp", "icmp"].includes(protocol))
    throw badRequest(`Invalid IP protocol ${wish.ip_protocol}.`);
  if (protocol === null && group_id == null) throw badRequest("Not enough parameters to build a valid rule.");
  if (from !== null && to !== null && protocol !== "icmp") {
    if (from > to) throw badRequest(`Invalid port range ${from}:${to}. Former value cannot be greater than the later`);
    if (from < 1 || to > 65535) {
      throw badRequest(
        `Invalid port range ${from}:${to}. Valid ${protocol?.toUpperCase()} ports should be between 1-65535`,
      );
    }
  }
  const ethertype = cidr?.includes(":") === true ? ("IPv6" as const) : ("IPv4" as const);
  return {
    securityGroupId: parent_group_id,
    direction: "ingress" as const,
    ethertype,
    protocol,
    portRangeMin: from === -1 ? null : from,
    portRangeMax: to === -1 ? null : to,
    remoteGroupId: group_id ?? null,
    remoteIpPrefix: group_id == null ? (cidr ?? (ethertype === "IPv4" ? "0.0.0.0/0" : "::/0")) : null,
  };
}

/** The network service's errors as nova passes them on; a conflict may become another one. */
function translated<T>(body: () => T, other: (message: string) => ApiError = conflict): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof ApiError && error.status === 409) {
      throw other(error.message);
    }
    throw error;
  }
}
