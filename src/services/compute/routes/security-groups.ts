import { addressNumber } from "../../../kernel/config/addresses.ts";
import { badRequest, forbidden, notFound, orNull } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";
import type { ServerManager } from "../manager/servers.ts";
import { object } from "../schemas/parameter-types.ts";
import { listSecurityGroups } from "../schemas/queries.ts";
import type { Server } from "../store/servers.ts";
import { groupView, type NeutronGroup, type NeutronRule, ruleView } from "../views/security-groups.ts";
import { serverAction } from "./action-helpers.ts";
import { askNetwork, byIds } from "./asking.ts";
import { pagedByOffset } from "./paging.ts";
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

interface GroupWish {
  name: string;
  description?: string | null;
}

interface RuleWish {
  parent_group_id?: string;
  ip_protocol?: string | null;
  from_port?: number | string | null;
  to_port?: number | string | null;
  cidr?: string | null;
  group_id?: string | null;
}

interface NeutronPort {
  id: string;
  security_groups: string[];
  fixed_ips: unknown[];
  port_security_enabled: boolean;
}

const over = ({ message }: Error) => forbidden(message);
const wrong = ({ message }: Error) => badRequest(message);

/** nova's old names for what neutron does, until 2.35. Only ingress rules show, as there were no others then. */
export function securityGroupRoutes(core: Core, servers: ServerManager): AnyRoute[] {
  const ask = askNetwork(core.kernel);
  type Asker = Pick<ApiRequest, "context">;

  const groupOf = async ({ context }: Asker, id: string): Promise<NeutronGroup> => {
    const { security_group } = await ask<{ security_group: NeutronGroup }>(context, "security_groups:show", {
      params: { id: requireUuid(id) },
    });
    return security_group;
  };
  const groupsBy = async ({ context }: Asker, query: Record<string, string> | URLSearchParams) => {
    const { security_groups } = await ask<{ security_groups: NeutronGroup[] }>(context, "security_groups:list", {
      query,
    });
    return security_groups;
  };
  const groupsOf = (request: Asker, ids: readonly string[]) => (ids.length === 0 ? [] : groupsBy(request, byIds(ids)));
  /** With the names of the groups that their rules let in. */
  const views = async (request: Asker, groups: readonly NeutronGroup[]) => {
    const known = new Map(groups.map((group) => [group.id, group]));
    const named = groups.flatMap(({ security_group_rules }) => security_group_rules.flatMap((one) => sourceOf(one)));
    for (const group of await groupsOf(request, [...new Set(named.filter((id) => !known.has(id)))]))
      known.set(group.id, group);
    return groups.map((group) => groupView(group, (id) => known.get(id) ?? null));
  };
  const one = async (request: Asker, group: NeutronGroup) => ({
    body: { security_group: (await views(request, [group]))[0] },
  });

  const server = serverOf(servers);
  const group: Touched<NeutronGroup> = {
    kind: "security group",
    find: (lookup) => groupOf(lookup, lookup.param("id")),
    owner: ({ tenant_id }) => ({ projectId: tenant_id }),
  };
  const rule: Touched<NeutronRule> = {
    kind: "security group rule",
    async find({ context, param }) {
      const shown = await ask<{ security_group_rule: NeutronRule }>(context, "security_group_rules:show", {
        params: { id: requireUuid(param("id")) },
      });
      return shown.security_group_rule;
    },
    owner: ({ tenant_id }) => ({ projectId: tenant_id }),
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
      async handler(request) {
        const { isAdmin, projectId } = request.context;
        // Whatever its value is.
        const all = (isAdmin && request.query.has("all_tenants")) || projectId === null;
        const groups = await groupsBy(request, all ? {} : { tenant_id: projectId });
        // nova sorts what is on a page; sorted before it, pages add up, too.
        const page = pagedByOffset(request, groups.sort(byOwnerAndName), core.kernel.settings.compute.maxLimit);
        return { body: { security_groups: await views(request, page) } };
      },
    }),
    route<{ security_group: GroupWish }>({
      name: "security-groups:create",
      method: "POST",
      path: "/os-security-groups",
      policy: policy("create"),
      of: caller,
      microversions: OLD,
      request: groupBody,
      success: 200,
      async handler(request) {
        // nova takes every conflict for an exceeded limit.
        const made = await ask<{ security_group: NeutronGroup }>(request.context, "security_groups:create", {
          body: { security_group: wishedGroup(request.body.security_group) },
          words: { 409: over },
        });
        return one(request, made.security_group);
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
    route<{ security_group: GroupWish }, NeutronGroup>({
      name: "security-groups:update",
      method: "PUT",
      path: "/os-security-groups/:id",
      policy: policy("update"),
      of: group,
      microversions: OLD,
      request: groupBody,
      success: 200,
      async handler(request) {
        const updated = await ask<{ security_group: NeutronGroup }>(request.context, "security_groups:update", {
          params: { id: request.thing.id },
          body: { security_group: wishedGroup(request.body.security_group) },
        });
        return one(request, updated.security_group);
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
      async handler({ context, thing }) {
        // A group in use is the caller's mistake in the old API.
        await ask(context, "security_groups:delete", { params: { id: thing.id }, words: { 409: wrong } });
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
      async handler(request) {
        const wish = request.body.security_group_rule;
        const twin = () => badRequest(`This rule already exists in group ${wish.parent_group_id}`);
        const made = await ask<{ security_group_rule: NeutronRule }>(request.context, "security_group_rules:create", {
          body: { security_group_rule: ruleOf(wish) },
          // nova knows a twin among rules from addresses only.
          words: { ...(wish.group_id == null ? { SecurityGroupRuleExists: twin } : {}), 409: over },
        });
        const [source = null] = await groupsOf(request, sourceOf(made.security_group_rule));
        return { body: { security_group_rule: ruleView(made.security_group_rule, () => source) } };
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
      async handler({ context, thing }) {
        await ask(context, "security_group_rules:delete", { params: { id: thing.id } });
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
      async handler(request) {
        const ids = [...new Set(request.thing.vifs.flatMap(({ securityGroupIds }) => securityGroupIds))];
        const found = await views(request, await groupsOf(request, ids));
        return { body: { security_groups: found.sort(byOwnerAndName) } };
      },
    }),
    serverAction<{ name: string }>(servers, {
      key: "addSecurityGroup",
      policy: policy("add"),
      schema: object({ name: { type: "string", minLength: 1, maxLength: 255 } }, ["name"]),
      async handler(request, server, { name }) {
        const id = groupNamed(core, request, server, name);
        for (const port of await portsOf(core, request, server)) {
          if (port.fixed_ips.length === 0 || !port.port_security_enabled) throw cannotBeApplied();
          await setGroups(core, request, port, [...new Set([...port.security_groups, id])]);
        }
        return {};
      },
    }),
    serverAction<{ name: string }>(servers, {
      key: "removeSecurityGroup",
      policy: policy("remove"),
      schema: object({ name: { type: "string", minLength: 1, maxLength: 255 } }, ["name"]),
      async handler(request, server, { name }) {
        const id = groupNamed(core, request, server, name);
        const ports = await portsOf(core, request, server);
        const having = ports.filter(({ security_groups }) => security_groups.includes(id));
        if (having.length === 0) throw notFound(`Security group ${name} not associated with the instance ${server.id}`);
        for (const port of having) {
          await setGroups(
            core,
            request,
            port,
            port.security_groups.filter((other) => other !== id),
          );
        }
        return {};
      },
    }),
  ];
}

interface Listed {
  tenant_id: string;
  name: string;
}
const byOwnerAndName = (one: Listed, other: Listed): number =>
  compared(one.tenant_id, other.tenant_id) || compared(one.name, other.name);
const compared = (one: string, other: string): number => Number(one > other) - Number(one < other);

/** Errors: 400 for what cannot be one, as a name: clients then look through the list. */
function requireUuid(id: string): string {
  if (/^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(id)) return id;
  throw badRequest("Security group id should be uuid");
}

const sourceOf = ({ remote_group_id }: NeutronRule): string[] => (remote_group_id === null ? [] : [remote_group_id]);

const wishedGroup = ({ name, description }: GroupWish) => ({ name, description: description ?? "" });

/** The id of the group that the server's project knows by this name or id. Errors: 404, 409 when there are several. */
function groupNamed(core: Core, { context }: ApiRequest, server: Server, name: string): string {
  const network = core.kernel.facade("network");
  const [id] = orNull(() => network.resolveSecurityGroups(context, server.projectId, [name])) ?? [];
  if (id === undefined) throw notFound(`Security group ${name} is not found for project ${server.projectId}`);
  return id;
}

/** Errors: 404 for a server without ports. */
async function portsOf({ kernel }: Core, { context }: ApiRequest, { id }: Server): Promise<NeutronPort[]> {
  const query = { device_id: id };
  const { ports } = await askNetwork(kernel)<{ ports: NeutronPort[] }>(context, "ports:list", { query });
  if (ports.length === 0) throw notFound(`instance_id ${id} could not be found as device id on any ports`);
  return ports;
}

async function setGroups({ kernel }: Core, { context }: ApiRequest, { id }: NeutronPort, groups: readonly string[]) {
  const body = { port: { security_groups: groups } };
  await askNetwork(kernel)(context, "ports:update", { params: { id }, body, words: { 400: wrong } });
}

const cannotBeApplied = () =>
  badRequest("Network requires port_security_enabled and subnet associated in order to apply security groups.");

/**
 * As neutron wants it (nova/network/security_group_api.py `_new_ingress_rule`): from addresses only with a protocol and ports, from a group
 * everything, where they are not told in full. Errors: 400.
 */
function ruleOf(wish: RuleWish) {
  const parent = requireUuid(String(wish.parent_group_id));
  const group = wish.group_id == null ? null : requireUuid(String(wish.group_id));
  const cidr = group === null ? String(wish.cidr || "0.0.0.0/0") : null;
  if (cidr !== null && !isCidr(cidr)) throw badRequest(`${cidr} is not a valid IP network.`);
  const filter = filterOf(wish, group !== null);
  if (cidr !== null && filter === null) throw badRequest("Not enough parameters to build a valid rule.");
  if (cidr !== null && /\/0$/.test(cidr) && !/^(?:0\.0\.0\.0|::)\//.test(cidr))
    throw badRequest(`Bad prefix for network in cidr ${cidr}`);
  const port = (value: number | undefined) => (value === undefined || value === -1 ? null : value);
  return {
    security_group_id: parent,
    direction: "ingress",
    ethertype: cidr?.includes(":") === true ? "IPv6" : "IPv4",
    protocol: filter?.protocol ?? null,
    port_range_min: port(filter?.from),
    port_range_max: port(filter?.to),
    remote_group_id: group,
    remote_ip_prefix: cidr,
  };
}

/** What of it lets in; null where that is not told in full. Of a group, a protocol alone means all of it. Errors: 400. */
function filterOf({ ip_protocol, from_port, to_port }: RuleWish, ofGroup: boolean) {
  if (ip_protocol == null || ip_protocol === "") return null;
  const protocol = String(ip_protocol);
  const known = protocol.toUpperCase();
  const isWhole = ofGroup && from_port == null && to_port == null;
  const whole = known === "ICMP" ? [-1, -1] : ["TCP", "UDP"].includes(known) ? [1, 65535] : [];
  const [first, last] = isWhole ? whole : [from_port, to_port];
  if (first == null || last == null) return null;
  const isIcmp = known === "ICMP";
  const [from, to] = [wholeNumber(first), wholeNumber(last)];
  if (from === null || to === null) {
    const what = isIcmp
      ? "Type and Code must be integers for ICMP protocol type"
      : "To and From ports must be integers";
    throw badRequest(`Invalid input received: ${what}`);
  }
  if (!isIcmp && !["TCP", "UDP"].includes(known)) throw badRequest(`Invalid IP protocol ${protocol}.`);
  const wrongRange = (why: string) => badRequest(`Invalid port range ${from}:${to}. ${why}`);
  if (isIcmp) {
    if (Math.min(from, to) < -1 || Math.max(from, to) > 255) throw wrongRange("For ICMP, the type:code must be valid");
  } else {
    if (from > to) throw wrongRange("Former value cannot be greater than the later");
    if (from < 1 || to > 65535) throw wrongRange(`Valid ${known} ports should be between 1-65535`);
  }
  return { protocol: protocol.toLowerCase(), from, to };
}

/** As Python's int() reads it. */
const wholeNumber = (value: number | string): number | null => {
  const isWhole = typeof value === "number" || /^\s*[-+]?\d+\s*$/.test(value);
  return isWhole ? Math.trunc(Number(value)) : null;
};

function isCidr(text: string): boolean {
  const [address = "", mask = "", ...more] = text.split("/");
  const number = addressNumber(address);
  if (number === null || more.length > 0) return false;
  const bits = address.includes(":") ? 128 : 32;
  return /^\d{1,3}$/.test(mask) ? Number(mask) <= bits : addressNumber(mask) !== null;
}
