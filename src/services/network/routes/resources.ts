import type { RequestContext } from "../../../kernel/auth/context.ts";
import { sharedIds, type Thing } from "../manager/core.ts";
import type { Managers } from "../manager/index.ts";
import type { Body } from "../schemas/attribute.ts";
import {
  addressGroupAttributes,
  addressScopeAttributes,
  flavorAttributes,
  floatingIpAttributes,
  groupAttributes,
  networkAttributes,
  portAttributes,
  rbacAttributes,
  routerAttributes,
  ruleAttributes,
  serviceProfileAttributes,
  subnetAttributes,
  subnetPoolAttributes,
} from "../schemas/resources.ts";
import type {
  AddressGroupRow,
  AddressScopeRow,
  FlavorRow,
  FloatingIpRow,
  NetworkRow,
  PortRow,
  RbacRow,
  RouterRow,
  SecurityGroupRow,
  SecurityGroupRuleRow,
  ServiceProfileRow,
  SubnetPoolRow,
  SubnetRow,
} from "../store/rows.ts";
import { flavorView, serviceProfileView } from "../views/flavors.ts";
import { floatingIpView } from "../views/floating-ips.ts";
import { networkView } from "../views/networks.ts";
import { portView } from "../views/ports.ts";
import { rbacPolicyView } from "../views/rbac-policies.ts";
import { routerView } from "../views/routers.ts";
import { addRules, addressGroupView, groupView, ruleView } from "../views/security-groups.ts";
import { addressScopeView, subnetPoolView, subnetView } from "../views/subnets.ts";
import type { Resource } from "./resource.ts";

export type Resources = ReturnType<typeof createResources>;

/** The collections of this API: where they are, what may be said of their things, who does the work, how they are shown. */
export function createResources(managers: Managers) {
  const { core, networks, subnets, subnetPools, addressScopes, ports, routers, floatingIps, groups, rules } = managers;
  const { rbac, addressGroups, flavors, serviceProfiles } = managers;
  const { lists } = core.store;
  const { dnsDomain } = core.kernel.settings.network;
  const shared = (context: RequestContext, rows: readonly Thing[]) => sharedIds(core, context, rows);
  const networkViews = (context: RequestContext, rows: readonly NetworkRow[]) => {
    const details = networks.details(context, rows);
    return rows.map((row) => networkView(row, details));
  };
  const shownPorts = new WeakMap<PortRow, Body>();
  /** What is shown of ports whose rows are kept is made once for each. */
  const portViews = (rows: readonly PortRow[]): Body[] => {
    const fresh = rows.filter((row) => !ports.isKept(row) || !shownPorts.has(row));
    if (fresh.length > 0) {
      const details = ports.details(fresh);
      for (const row of fresh) shownPorts.set(row, portView(row, details, dnsDomain));
    }
    // A copy, as who reads it takes away what is not for the caller.
    return rows.map((row) => ({ ...shownPorts.get(row) }));
  };
  return {
    networks: {
      names: { singular: "network", plural: "networks" },
      path: "/v2.0/networks",
      attributes: networkAttributes,
      unknownMarker: "refused",
      tags: "networks",
      manager: networks,
      listed: lists.networks,
      views: networkViews,
      // Who makes a network is told that it is no default; later only external ones say so.
      madeViews: (context, rows: readonly NetworkRow[]) =>
        networkViews(context, rows).map((view, index) => ({ ...view, is_default: rows[index]?.is_default ?? false })),
    },
    subnets: {
      names: { singular: "subnet", plural: "subnets" },
      path: "/v2.0/subnets",
      attributes: subnetAttributes,
      tags: "subnets",
      manager: subnets,
      listed: lists.subnets,
      views(context, rows: readonly SubnetRow[], filters) {
        if (filters?.has("shared") !== true) return rows.map(subnetView);
        // Only asked for, never shown: it is that of the network.
        const shared = subnets.sharedNetworks(context, rows);
        return rows.map((row) => ({ ...subnetView(row), shared: shared.has(row.network_id) }));
      },
    },
    subnetPools: {
      names: { singular: "subnetpool", plural: "subnetpools" },
      path: "/v2.0/subnetpools",
      attributes: subnetPoolAttributes,
      tags: "subnetPools",
      manager: subnetPools,
      listed: lists.subnetPools,
      views(context, rows: readonly SubnetPoolRow[]) {
        const ids = shared(context, rows);
        return rows.map((row) => subnetPoolView(row, ids));
      },
    },
    addressScopes: {
      names: { singular: "address_scope", plural: "address_scopes" },
      path: "/v2.0/address-scopes",
      attributes: addressScopeAttributes,
      manager: addressScopes,
      listed: lists.addressScopes,
      views(context, rows: readonly AddressScopeRow[]) {
        const ids = shared(context, rows);
        return rows.map((row) => addressScopeView(row, ids));
      },
    },
    ports: {
      names: { singular: "port", plural: "ports" },
      path: "/v2.0/ports",
      attributes: portAttributes,
      unknownMarker: "refused",
      tags: "ports",
      manager: ports,
      listed: lists.ports,
      views: (_context, rows: readonly PortRow[]) => portViews(rows),
    },
    routers: {
      names: { singular: "router", plural: "routers" },
      path: "/v2.0/routers",
      attributes: routerAttributes,
      unknownMarker: "refused",
      tags: "routers",
      manager: routers,
      listed: lists.routers,
      views(_context, rows: readonly RouterRow[]) {
        const ips = routers.gatewayIps(rows);
        return rows.map((row) => routerView(row, ips));
      },
    },
    floatingIps: {
      names: { singular: "floatingip", plural: "floatingips" },
      path: "/v2.0/floatingips",
      attributes: floatingIpAttributes,
      tags: "floatingIps",
      manager: floatingIps,
      listed: lists.floatingIps,
      views(_context, rows: readonly FloatingIpRow[]) {
        const details = floatingIps.details(rows);
        return rows.map((row) => floatingIpView(row, details));
      },
    },
    groups: {
      names: { singular: "security_group", plural: "security_groups" },
      path: "/v2.0/security-groups",
      attributes: groupAttributes,
      tags: "groups",
      manager: groups,
      listed: lists.groups,
      views(context, rows: readonly SecurityGroupRow[]) {
        const shared = groups.shared(context, rows);
        return rows.map((row) => groupView(row, shared));
      },
      fill: (views, pause) =>
        groups.rulesOf(
          views.map(({ id }) => String(id)),
          pause,
          (rules) => addRules(views, rules),
        ),
    },
    rules: {
      names: { singular: "security_group_rule", plural: "security_group_rules" },
      path: "/v2.0/security-group-rules",
      attributes: ruleAttributes,
      manager: rules,
      listed: lists.rules,
      views: (_context, rows: readonly SecurityGroupRuleRow[]) => rows.map(ruleView),
    },
    rbac: {
      names: { singular: "rbac_policy", plural: "rbac_policies" },
      path: "/v2.0/rbac-policies",
      attributes: rbacAttributes,
      unpaged: true,
      manager: rbac,
      listed: lists.rbac,
      views: (_context, rows: readonly RbacRow[]) => rows.map(rbacPolicyView),
    },
    addressGroups: {
      names: { singular: "address_group", plural: "address_groups" },
      path: "/v2.0/address-groups",
      attributes: addressGroupAttributes,
      manager: addressGroups,
      listed: lists.addressGroups,
      views(context, rows: readonly AddressGroupRow[]) {
        const ids = shared(context, rows);
        return rows.map((row) => addressGroupView(row, ids));
      },
    },
    flavors: {
      names: { singular: "flavor", plural: "flavors" },
      path: "/v2.0/flavors",
      attributes: flavorAttributes,
      manager: flavors,
      listed: lists.flavors,
      views: (_context, rows: readonly FlavorRow[]) => rows.map(flavorView),
    },
    serviceProfiles: {
      names: { singular: "service_profile", plural: "service_profiles" },
      path: "/v2.0/service_profiles",
      attributes: serviceProfileAttributes,
      manager: serviceProfiles,
      listed: lists.serviceProfiles,
      views: (_context, rows: readonly ServiceProfileRow[]) =>
        rows.map((row) => serviceProfileView(row, serviceProfiles.flavorsOf(row.id))),
    },
  } satisfies Record<string, Resource>;
}
