import type { RequestContext } from "../../kernel/auth/context.ts";
import { internalContext } from "../../kernel/auth/context.ts";
import type { ProjectInfo } from "../identity/facade.ts";
import type { Filters } from "./manager/core.ts";
import type { Managers } from "./manager/index.ts";
import type { NewSubnet } from "./manager/subnets.ts";
import type { NetworkSettings } from "./settings.ts";
import type { NetworkRow } from "./store/rows.ts";
import { normalized } from "./values/prefix.ts";

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
    if (settings.useSubnetPool) pools(managers, context, admin.id, settings);
    const publicNetwork = seedPublic(managers, context, admin.id, settings);
    if (demo !== null) seedPrivate(managers, context, demo, publicNetwork.id, settings);
  });
}

const v4 = (settings: NetworkSettings) => settings.ipVersion !== "6";
const v6 = (settings: NetworkSettings) => settings.ipVersion !== "4";

/** What can be found by its name, and made. */
interface Named<Row, New> {
  list(context: RequestContext, filters: Filters): Row[];
  create(context: RequestContext, wanted: readonly New[]): Row[];
}

/** The one with this name and project, made when there is none. */
function once<Row extends { name: string; project_id: string }, New extends { name?: string; project_id: string }>(
  things: Named<Row, New>,
  context: RequestContext,
  wanted: New,
): Row {
  const { name = "", project_id } = wanted;
  const found = things
    .list(context, new Map([["name", [name]]]))
    .find((row) => row.project_id === project_id && row.name === name);
  const [row = found] = found === undefined ? things.create(context, [wanted]) : [];
  if (row === undefined) throw new Error(`${name} was not made`);
  return row;
}

/** A range of local.conf as the API would take it. */
const rangeOf = (text: string): string => normalized(text) ?? text;

function pools(
  { subnetPools }: Managers,
  context: RequestContext,
  project_id: string,
  settings: NetworkSettings,
): void {
  const shared = { project_id, shared: true, is_default: true };
  if (v4(settings)) {
    once(subnetPools, context, {
      name: settings.subnetPoolName,
      prefixes: [rangeOf(settings.subnetPoolPrefix)],
      default_prefixlen: settings.subnetPoolSize,
      ...shared,
    });
  }
  if (v6(settings)) {
    once(subnetPools, context, {
      name: settings.ipv6.subnetPoolName,
      prefixes: [rangeOf(settings.ipv6.subnetPoolPrefix)],
      default_prefixlen: settings.ipv6.subnetPoolSize,
      ...shared,
    });
  }
}

function seedPublic(
  managers: Managers,
  context: RequestContext,
  project_id: string,
  settings: NetworkSettings,
): NetworkRow {
  const network = once(managers.networks, context, {
    project_id,
    name: settings.publicNetworkName,
    external: true,
    is_default: true,
    provider_type: settings.publicProviderType,
    provider_physical: settings.publicPhysicalNetwork,
    provider_segment: settings.publicSegmentationId,
  });
  const common = { project_id, network_id: network.id, enable_dhcp: false };
  if (v4(settings)) {
    once(managers.subnets, context, {
      ...common,
      name: settings.publicSubnetName,
      ip_version: 4,
      cidr: rangeOf(settings.floatingRange),
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
      cidr: rangeOf(settings.ipv6.publicRange),
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
  const filters = new Map([["name", [settings.privateNetworkName]]]);
  if (managers.networks.list(context, filters).some((row) => row.project_id === project_id)) return;
  const network = once(managers.networks, context, { name: settings.privateNetworkName, project_id });
  const router = once(managers.routers, context, {
    name: settings.routerName,
    project_id,
    gateway: { network_id: publicId },
  });
  const common = { network_id: network.id, project_id };
  const subnets: NewSubnet[] = [];
  if (v4(settings)) {
    const range = settings.useSubnetPool ? { use_default_subnetpool: true } : { cidr: rangeOf(settings.fixedRange) };
    const gateway = settings.gateway === null ? {} : { gateway_ip: settings.gateway };
    subnets.push({ ...common, ...range, ...gateway, name: settings.privateSubnetName, ip_version: 4 });
  }
  if (v6(settings)) {
    const { ipv6 } = settings;
    subnets.push({
      ...common,
      ...(settings.useSubnetPool ? { use_default_subnetpool: true } : { cidr: rangeOf(ipv6.fixedRange) }),
      ...(ipv6.gateway === null ? {} : { gateway_ip: ipv6.gateway }),
      name: ipv6.privateSubnetName,
      ip_version: 6,
      ipv6_ra_mode: ipv6.raMode,
      ipv6_address_mode: ipv6.addressMode,
    });
  }
  for (const wanted of subnets) {
    const subnet = once(managers.subnets, context, wanted);
    managers.routers.addInterface(context, router.id, { subnetId: subnet.id });
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
  const rules = managers.rules.list(context, new Map([["security_group_id", [groupId]]]));
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
    managers.rules.create(context, [
      {
        security_group_id: groupId,
        project_id: project.id,
        direction: "ingress",
        ethertype: "IPv4",
        protocol,
        port_range_min: from,
        port_range_max: to,
        remote_ip_prefix: "0.0.0.0/0",
      },
    ]);
  }
}

function openRule(word: string): { protocol: string; from: number | null; to: number | null } {
  if (word === "icmp") return { protocol: "icmp", from: null, to: null };
  const known: Record<string, string> = { ssh: "tcp/22", http: "tcp/80", https: "tcp/443" };
  const [protocol = "tcp", ports = ""] = (known[word] ?? word).split("/");
  const [from = "", to = from] = ports.split("-");
  return { protocol, from: Number(from), to: Number(to) };
}
