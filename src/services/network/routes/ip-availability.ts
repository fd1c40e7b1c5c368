import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { poolSize } from "../manager/addresses.ts";
import { type Base, groupBy } from "../manager/base.ts";
import type { NetworkManager } from "../manager/networks.ts";

/** How many addresses networks have and use (admins only). */
export function ipAvailabilityRoutes(base: Base, networks: NetworkManager): AnyRoute[] {
  const { store } = base;
  // Large IPv6 pools are beyond what JSON numbers hold exactly; neutron's clients get the nearest number.
  const view = (row: ReturnType<NetworkManager["row"]>, subnets: ReturnType<typeof store.subnets.select>) => {
    const usage = store.portDetails.usage();
    const parts = subnets.map((subnet) => ({
      subnet_id: subnet.id,
      subnet_name: subnet.name,
      ip_version: subnet.ip_version,
      cidr: subnet.cidr,
      used_ips: usage.get(subnet.id) ?? 0,
      total_ips: Number(poolSize(subnet.allocation_pools)),
    }));
    return {
      network_id: row.id,
      network_name: row.name,
      tenant_id: row.project_id,
      project_id: row.project_id,
      subnet_ip_availability: parts,
      used_ips: parts.reduce((sum, part) => sum + part.used_ips, 0),
      total_ips: parts.reduce((sum, part) => sum + part.total_ips, 0),
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
        if (!request.context.isAdmin) return { body: { network_ip_availabilities: [] } };
        const version = request.query.get("ip_version");
        const wanted = (name: string, value: string) => {
          const values = request.query.getAll(name);
          return values.length === 0 || values.includes(value);
        };
        const bySubnet = groupBy(store.subnets.select("1"), (subnet) => subnet.network_id);
        const views = networks
          .rows(request.context)
          .filter((row) => wanted("network_id", row.id) && wanted("network_name", row.name))
          .filter((row) => wanted("tenant_id", row.project_id) && wanted("project_id", row.project_id))
          .map((row) => {
            const subnets = bySubnet.get(row.id) ?? [];
            return view(row, version === null ? subnets : subnets.filter((one) => String(one.ip_version) === version));
          })
          .filter((one) => version === null || one.subnet_ip_availability.length > 0);
        return { body: { network_ip_availabilities: views } };
      },
    }),
    route({
      name: "network_ip_availabilities:show",
      method: "GET",
      path: "/v2.0/network-ip-availabilities/:network_id",
      policy: "get_network_ip_availability",
      success: 200,
      handler(request) {
        const row = networks.row(request.context, request.param("network_id"));
        return { body: { network_ip_availability: view(row, store.subnets.select("network_id = ?", row.id)) } };
      },
    }),
  ];
}
