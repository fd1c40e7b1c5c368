import type { RequestContext } from "../../kernel/auth/context.ts";
import { internalContext } from "../../kernel/auth/context.ts";
import type { NetworkSettings } from "../../kernel/config/settings.ts";
import type { ProjectInfo } from "../identity/facade.ts";
import type { Managers } from "./manager/index.ts";
import { make } from "./manager/topology.ts";
import type { Resource } from "./routes/resource.ts";
import type { Body } from "./schemas/attribute.ts";

/** DevStack's networks: pools, `private` of project demo, `public`, and `router1` between them. What is there stays as it is. */
export function seed(managers: Managers): void {
  const { kernel } = managers.core;
  const { network: settings } = kernel.settings;
  const identity = kernel.facade("identity");
  const admin = identity.findProject("admin");
  const demo = identity.findProject("demo");
  if (admin === null) throw new Error("the network seeds need the project admin");
  const context: RequestContext = { ...internalContext("req-seed"), projectId: admin.id };
  kernel.db.transaction(() => {
    for (const project of [admin, demo]) if (project !== null) openDefaultGroup(managers, context, project, settings);
    if (!settings.createInitialNetworks) return;
    if (settings.useSubnetPool) pools(managers, context, settings);
    const publicNetwork = seedPublic(managers, context, settings);
    if (demo !== null) seedPrivate(managers, context, demo, String(publicNetwork.id), settings);
  });
}

const v4 = (settings: NetworkSettings) => settings.ipVersion !== "6";
const v6 = (settings: NetworkSettings) => settings.ipVersion !== "4";

/** The one with this name and project, made when there is none. */
function once(resource: Resource, context: RequestContext, body: Body): Body {
  const project = body.project_id ?? context.projectId;
  const filters = new Map([["name", [String(body.name)]]]);
  const found = resource.list(context, filters).find((view) => view.project_id === project && view.name === body.name);
  return found ?? make(resource, context, body);
}

function pools({ subnetPools }: Managers, context: RequestContext, settings: NetworkSettings): void {
  const shared = { shared: true, is_default: true };
  if (v4(settings)) {
    once(subnetPools, context, {
      name: settings.subnetPoolName,
      prefixes: [settings.subnetPoolPrefix],
      default_prefixlen: settings.subnetPoolSize,
      ...shared,
    });
  }
  if (v6(settings)) {
    once(subnetPools, context, {
      name: settings.ipv6.subnetPoolName,
      prefixes: [settings.ipv6.subnetPoolPrefix],
      default_prefixlen: settings.ipv6.subnetPoolSize,
      ...shared,
    });
  }
}

function seedPublic(managers: Managers, context: RequestContext, settings: NetworkSettings): Body {
  const network = once(managers.networks, context, {
    name: settings.publicNetworkName,
    "router:external": true,
    is_default: true,
    "provider:network_type": settings.publicProviderType,
    "provider:physical_network": settings.publicPhysicalNetwork,
    ...(settings.publicSegmentationId === null ? {} : { "provider:segmentation_id": settings.publicSegmentationId }),
  });
  const common = { network_id: network.id, enable_dhcp: false };
  if (v4(settings)) {
    once(managers.subnets, context, {
      ...common,
      name: settings.publicSubnetName,
      ip_version: 4,
      cidr: settings.floatingRange,
      gateway_ip: settings.publicGateway,
      ...(settings.floatingAllocationPool === null
        ? {}
        : { allocation_pools: [{ ...settings.floatingAllocationPool }] }),
    });
  }
  if (v6(settings)) {
    once(managers.subnets, context, {
      ...common,
      name: settings.ipv6.publicSubnetName,
      ip_version: 6,
      cidr: settings.ipv6.publicRange,
      ...(settings.ipv6.publicGateway === null ? {} : { gateway_ip: settings.ipv6.publicGateway }),
    });
  }
  return network;
}

function seedPrivate(
  managers: Managers,
  context: RequestContext,
  demo: ProjectInfo,
  publicId: string,
  settings: NetworkSettings,
): void {
  const project_id = demo.id;
  const isNew = (name: string) =>
    !managers.networks.list(context, new Map([["name", [name]]])).some((view) => view.project_id === project_id);
  if (!isNew(settings.privateNetworkName)) return;
  const network = once(managers.networks, context, { name: settings.privateNetworkName, project_id });
  const router = once(managers.routers, context, {
    name: settings.routerName,
    project_id,
    external_gateway_info: { network_id: publicId },
  });
  const common = { network_id: network.id, project_id };
  const subnets: Body[] = [];
  if (v4(settings)) {
    const range = settings.useSubnetPool ? { use_default_subnetpool: true } : { cidr: settings.fixedRange };
    const gateway = settings.gateway === null ? {} : { gateway_ip: settings.gateway };
    subnets.push({ ...common, ...range, ...gateway, name: settings.privateSubnetName, ip_version: 4 });
  }
  if (v6(settings)) {
    const { ipv6 } = settings;
    subnets.push({
      ...common,
      ...(settings.useSubnetPool ? { use_default_subnetpool: true } : { cidr: ipv6.fixedRange }),
      ...(ipv6.gateway === null ? {} : { gateway_ip: ipv6.gateway }),
      name: ipv6.privateSubnetName,
      ip_version: 6,
      ipv6_ra_mode: ipv6.raMode,
      ipv6_address_mode: ipv6.addressMode,
    });
  }
  for (const body of subnets) {
    const subnet = once(managers.subnets, context, body);
    managers.routers.addInterface(context, String(router.id), { subnet_id: subnet.id });
  }
}

/** SECURITY_GROUP_OPEN: rules of the seeded projects' default groups. */
function openDefaultGroup(
  managers: Managers,
  context: RequestContext,
  project: ProjectInfo,
  settings: NetworkSettings,
): void {
  const groupId = managers.groups.ensureDefault(project.id);
  const group = managers.groups.get(context, groupId);
  const rules = Array.isArray(group.security_group_rules) ? (group.security_group_rules as Body[]) : [];
  for (const word of settings.securityGroupOpen) {
    const { protocol, from, to } = openRule(word);
    const there = rules.some(
      (rule) =>
        rule.direction === "ingress" &&
        rule.protocol === protocol &&
        rule.port_range_min === from &&
        rule.remote_group_id === null,
    );
    if (there) continue;
    make(managers.rules, context, {
      security_group_id: groupId,
      project_id: project.id,
      direction: "ingress",
      ethertype: "IPv4",
      protocol,
      port_range_min: from,
      port_range_max: to,
      remote_ip_prefix: "0.0.0.0/0",
    });
  }
}

function openRule(word: string): { protocol: string; from: number | null; to: number | null } {
  if (word === "icmp") return { protocol: "icmp", from: null, to: null };
  const known: Record<string, string> = { ssh: "tcp/22", http: "tcp/80", https: "tcp/443" };
  const [protocol = "tcp", ports = ""] = (known[word] ?? word).split("/");
  const [from = "", to = from] = ports.split("-");
  return { protocol, from: Number(from), to: Number(to) };
}
