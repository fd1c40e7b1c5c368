import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { poolSize } from "../manager/addresses.ts";
import type { Core } from "../manager/core.ts";
import type { NetworkManager } from "../manager/networks.ts";
import type { Attributes, Body } from "../schemas/attribute.ts";
import type { NetworkRow, SubnetRow } from "../store/rows.ts";
import { filtersOf, matches } from "./listing.ts";
import { pageBody } from "./resource.ts";

const plain = { filter: false, sort: false };
const attributes: Attributes = {
  network_id: {},
  network_name: { sort: false },
  project_id: { sort: false },
  tenant_id: { sort: false },
  total_ips: plain,
  used_ips: plain,
  subnet_ip_availability: plain,
  ip_version: { sort: false },
};

/** How many addresses networks have and use (admins only). Numbers are exact, however large a pool is. */
export function ipAvailabilityRoutes(core: Core, networks: NetworkManager): AnyRoute[] {
  const { store } = core;
  const view = (row: NetworkRow, subnets: readonly SubnetRow[], usage: ReadonlyMap<string, number>): Body => {
    const parts = subnets.map((subnet) => ({
      subnet_id: subnet.id,
      subnet_name: subnet.name,
      ip_version: subnet.ip_version,
      cidr: subnet.cidr,
      used_ips: usage.get(subnet.id) ?? 0,
      total_ips: poolSize(subnet.allocation_pools),
    }));
    return {
      network_id: row.id,
      network_name: row.name,
      tenant_id: row.project_id,
      project_id: row.project_id,
      subnet_ip_availability: parts,
      used_ips: parts.reduce((sum, part) => sum + part.used_ips, 0),
      total_ips: parts.reduce((sum, part) => sum + part.total_ips, 0n),
    };
  };
  return [
    route({
      name: "network_ip_availabilities:list",
      method: "GET",
      path: "/v2.0/network-ip-availabilities",
      // Who is no admin gets an empty list, not a refusal.
      policy: "network:authenticated",
      success: 200,
      handler(request) {
        const filters = filtersOf(request, attributes);
        const versions = filters.get("ip_version");
        const usage = store.portDetails.usage();
        const bySubnet = Map.groupBy(store.subnets.list({}, "id"), (subnet) => subnet.network_id);
        const views = (request.context.isAdmin ? networks.list(request.context) : [])
          .map((row) => {
            const subnets = bySubnet.get(row.id) ?? [];
            const wanted = subnets.filter((one) => versions === undefined || versions.includes(String(one.ip_version)));
            return view(row, wanted, usage);
          })
          .filter((one) => versions === undefined || (one.subnet_ip_availability as unknown[]).length > 0)
          .filter((one) => matches(one, filters));
        const marker = (id: string) => views.find((one) => one.network_id === id) ?? null;
        const rules = { attributes, path: "/v2.0/network-ip-availabilities", marker, emulatedBy: "network_id" };
        return { body: pageBody(request, "network_ip_availabilities", rules, views) };
      },
    }),
    route({
      name: "network_ip_availabilities:show",
      method: "GET",
      path: "/v2.0/network-ip-availabilities/:network_id",
      policy: "get_network_ip_availability",
      success: 200,
      handler(request) {
        const row = networks.get(request.context, request.param("network_id"));
        const subnets = store.subnets.list({ network_id: row.id }, "id");
        return { body: { network_ip_availability: view(row, subnets, store.portDetails.usage()) } };
      },
    }),
  ];
}
