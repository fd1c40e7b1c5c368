import type { RequestContext } from "../../../kernel/auth/context.ts";
import { conflict } from "../../../kernel/errors.ts";
import type { NetworkRow } from "../store/rows.ts";
import type { Managers } from "./index.ts";

const NAME = "auto_allocated_network";

/**
 * Neutron's "get me a network": the project's network with subnets of the default pools and a router to the default
 * external network; made when it is not there. Errors: 409 where the cloud lacks those defaults.
 */
export function autoAllocate(managers: Managers, context: RequestContext, projectId: string): NetworkRow {
  const { core, networks, subnets, routers, subnetPools } = managers;
  const admin: RequestContext = { ...context, isAdmin: true, projectId };
  const existing = autoAllocated(managers, projectId);
  if (existing !== undefined) return existing;
  const { external, pools } = requirements(managers, admin);
  return core.kernel.db.transaction(() => {
    const [network] = networks.create(admin, [{ name: NAME, project_id: projectId }]);
    const gateway = { network_id: external.id };
    const [router] = routers.create(admin, [{ name: "auto_allocated_router", project_id: projectId, gateway }]);
    if (network === undefined || router === undefined) throw new Error("nothing was made");
    for (const version of pools) {
      const pool = subnetPools.default(admin, version);
      const [subnet] = subnets.create(admin, [
        {
          name: `auto_allocated_subnet_v${version}`,
          project_id: projectId,
          network_id: network.id,
          ip_version: version,
          subnetpool_id: pool?.id ?? null,
          ...(version === 6 ? { ipv6_ra_mode: "slaac", ipv6_address_mode: "slaac" } : {}),
        },
      ]);
      if (subnet !== undefined) routers.addInterface(admin, router.id, { subnetId: subnet.id });
    }
    return networks.get(admin, network.id);
  });
}

export function autoAllocated({ core }: Managers, projectId: string): NetworkRow | undefined {
  return core.store.networks.list({ project_id: projectId, name: NAME }, "id")[0];
}

/** What the cloud must have for it. Errors: 409 AutoAllocationFailure. */
export function requirements(managers: Managers, context: RequestContext): { external: NetworkRow; pools: (4 | 6)[] } {
  const failure = (reason: string) => conflict(`Deployment error: ${reason}.`, { type: "AutoAllocationFailure" });
  const external = managers.core.store.networks.list({ is_default: true, external: true }, "id")[0];
  if (external === undefined) throw failure("No default router:external network");
  const pools = ([4, 6] as const).filter((version) => managers.subnetPools.default(context, version) !== undefined);
  if (pools.length === 0) throw failure("No default subnetpools defined");
  return { external, pools };
}

export function removeTopology(managers: Managers, context: RequestContext, projectId: string): void {
  const { core, networks, routers } = managers;
  const admin: RequestContext = { ...context, isAdmin: true };
  const network = autoAllocated(managers, projectId);
  if (network === undefined) return;
  core.kernel.db.transaction(() => {
    const ports = core.store.ports.list({ network_id: network.id, device_owner: "network:router_interface" }, "id");
    // Its router has an interface in each of its subnets.
    for (const port of ports) routers.removeInterface(admin, port.device_id, { portId: port.id });
    for (const id of new Set(ports.map(({ device_id }) => device_id))) routers.remove(admin, id);
    networks.remove(admin, network.id);
  });
}
