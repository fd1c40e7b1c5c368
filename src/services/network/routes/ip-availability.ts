import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { poolSize } from "../manager/addresses.ts";
import type { Core } from "../manager/core.ts";
import type { NetworkManager } from "../manager/networks.ts";
import type { Attributes, Body } from "../schemas/attribute.ts";
import type { NetworkRow, SubnetRow } from "../store/rows.ts";
import { listAnswer, type Resource } from "./resource.ts";

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

const PATH = "/v2.0/network-ip-availabilities";

/** Filters that networks have by another name. */
const COLUMNS: Readonly<Record<string, string>> = { network_id: "id", network_name: "name" };

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
  const viewsOf = (rows: readonly NetworkRow[], versions?: readonly string[]): Body[] => {
    const subnets = store.subnets.among(
      "network_id",
      rows.map(({ id }) => id),
    );
    const wanted = subnets.filter((one) => versions === undefined || versions.includes(String(one.ip_version)));
    const usage = store.portDetails.usage(wanted.map(({ id }) => id));
    const byNetwork = Map.groupBy(wanted, (subnet) => subnet.network_id);
    return rows.map((row) => view(row, byNetwork.get(row.id) ?? [], usage));
  };
  const availabilities: Resource = {
    names: { singular: "network_ip_availability", plural: "network_ip_availabilities" },
    path: PATH,
    attributes,
    key: "network_id",
    unknownMarker: "lost",
    manager: {
      // Who is no admin gets an empty list, not a refusal.
      list(context, filters = new Map(), range) {
        const ofNetworks = new Map([...filters].map(([name, values]) => [COLUMNS[name] ?? name, values]));
        return context.isAdmin ? networks.list(context, ofNetworks, range) : [];
      },
      get: (context, id) => networks.get(context, id),
    },
    listed: {
      order: (sort) => [{ expression: "id", descending: sort[0]?.descending === true }],
      place: (id) => [id],
    },
    views: (_context, rows: readonly NetworkRow[], filters) => viewsOf(rows, filters?.get("ip_version")),
  };
  return [
    route({
      name: "network_ip_availabilities:list",
      method: "GET",
      path: PATH,
      policy: "network:authenticated",
      success: 200,
      handler: (request) => listAnswer(request, availabilities),
    }),
    route({
      name: "network_ip_availabilities:show",
      method: "GET",
      path: `${PATH}/:network_id`,
      policy: "get_network_ip_availability",
      success: 200,
      handler({ context, param }) {
        const [found] = viewsOf([networks.get(context, param("network_id"))]);
        return { body: { network_ip_availability: found } };
      },
    }),
  ];
}
