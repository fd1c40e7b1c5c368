import { hostname } from "node:os";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import { type ApiError, conflict } from "../../../kernel/errors.ts";
import { isPublicSegment } from "../desired/public-segment.ts";
import { bridgeName, tapDevice } from "../driver/driver.ts";
import { groupNotFound, networkNotFound, portNotFound } from "../errors.ts";
import type { NetworkFacade, NetworkInfo, PortBinding, PortInfo, UpdatePort } from "../facade.ts";
import type { NetworkRow, PortRow } from "../store/rows.ts";
import { eui64 } from "./addresses.ts";
import { checkQuota, markPort, tellOfDevices } from "./core.ts";
import type { Managers } from "./index.ts";
import type { MetadataDesk } from "./metadata-desk.ts";
import type { PortChanges } from "./ports.ts";
import { autoAllocate } from "./topology.ts";
import { vifsOf } from "./vifs.ts";

/** The verbs of facade.ts over the managers. */
export function createFacade(managers: Managers, metadata: MetadataDesk): NetworkFacade {
  const { core, applier, networks, ports, groups } = managers;
  const { store, kernel } = core;

  const networkInfos = (context: RequestContext, rows: readonly NetworkRow[]): NetworkInfo[] => {
    const { subnets, shared } = networks.details(context, rows);
    return rows.map((row) => {
      return {
        id: row.id,
        name: row.name,
        projectId: row.project_id,
        adminStateUp: row.admin_state_up,
        status: row.status,
        shared: shared.has(row.id),
        external: row.external,
        isDefault: row.is_default,
        mtu: row.mtu,
        portSecurityEnabled: row.port_security_enabled,
        dnsDomain: row.dns_domain,
        subnetIds: (subnets.get(row.id) ?? []).map(({ id }) => id),
      };
    });
  };
  const one = <T>(items: readonly T[], missing: () => ApiError): T => {
    const [first] = items;
    if (first === undefined) throw missing();
    return first;
  };

  const portInfos = (rows: readonly PortRow[]): PortInfo[] => {
    const ids = rows.map(({ id }) => id);
    const ips = store.portDetails.ipsOf(ids);
    const groupIds = store.portDetails.groupsOf(ids);
    const subnetIds = [...new Set([...ips.values()].flat().map((ip) => ip.subnet_id))];
    const prefixes = new Map(store.subnets.getMany(subnetIds).map(({ id, cidr }) => [id, Number(cidr.split("/")[1])]));
    return rows.map((row) => ({
      id: row.id,
      name: row.name,
      projectId: row.project_id,
      networkId: row.network_id,
      macAddress: row.mac_address,
      adminStateUp: row.admin_state_up,
      status: row.status,
      deviceId: row.device_id,
      deviceOwner: row.device_owner,
      fixedIps: (ips.get(row.id) ?? []).map((ip) => ({
        subnetId: ip.subnet_id,
        address: ip.ip_address,
        prefixLength: prefixes.get(ip.subnet_id) ?? 0,
      })),
      securityGroupIds: groupIds.get(row.id) ?? [],
      portSecurityEnabled: row.port_security_enabled,
      bindingHostId: row.host_id,
      vnicType: row.vnic_type,
      dnsName: row.dns_name,
    }));
  };
  const portInfo = (row: PortRow): PortInfo => one(portInfos([row]), () => portNotFound(row.id));

  const bindings = (rows: readonly PortRow[]): PortBinding[] => {
    const byId = new Map(store.networks.getMany(rows.map((row) => row.network_id)).map((row) => [row.id, row]));
    return portInfos(rows).map((port) => {
      const network = byId.get(port.networkId);
      const isPublic = network !== undefined && isPublicSegment(network, kernel.settings.network);
      return {
        portId: port.id,
        networkId: port.networkId,
        tap: tapDevice(port.id),
        bridge: isPublic ? kernel.settings.network.publicBridge : bridgeName(port.networkId),
        mac: port.macAddress,
        mtu: network?.mtu ?? 1500,
        fixedIps: port.fixedIps,
      };
    });
  };

  const setPlugged = (portIds: readonly string[], plugged: boolean): void => {
    const statusOf = (row: PortRow) => (plugged && row.admin_state_up ? "ACTIVE" : "DOWN");
    kernel.db.transaction(() => {
      const rows = store.ports
        .getMany(portIds)
        .filter((row) => row.plugged !== plugged || row.status !== statusOf(row));
      for (const row of rows) {
        store.ports.update(row.id, { plugged, status: statusOf(row) });
      }
      tellOfDevices(
        core,
        rows.map(({ device_id }) => device_id),
      );
    });
  };

  const facade: NetworkFacade = {
    getNetwork: (context, id) => one(networkInfos(context, [networks.get(context, id)]), () => networkNotFound(id)),
    availableNetworks(context, projectId) {
      const scoped: RequestContext = { ...context, projectId, isAdmin: false, roles: new Set(["reader", "member"]) };
      const visible = networkInfos(scoped, networks.list(scoped)).filter((info) => !info.external || info.shared);
      const own = visible.filter((info) => info.projectId === projectId);
      return own.length > 0 ? own : visible.filter((info) => info.shared);
    },
    autoAllocate: (context, projectId) =>
      one(networkInfos(context, [autoAllocate(managers, context, projectId)]), () => networkNotFound("auto")),

    listPorts(context, filters = {}) {
      const exact = new Map<string, readonly string[]>();
      if (filters.ids !== undefined) exact.set("id", filters.ids);
      if (filters.deviceId !== undefined) exact.set("device_id", [filters.deviceId]);
      if (filters.deviceOwner !== undefined) exact.set("device_owner", [filters.deviceOwner]);
      if (filters.networkId !== undefined) exact.set("network_id", [filters.networkId]);
      if (filters.projectId !== undefined) exact.set("project_id", [filters.projectId]);
      return portInfos(ports.list(context, exact));
    },
    getPort: (context, id) => portInfo(ports.get(context, id)),
    createPort(context, wanted) {
      return kernel.db.transaction(() => {
        checkQuota(core, wanted.projectId, { port: 1 });
        const { projectId: project_id, networkId: network_id, fixedIps, ...rest } = wanted;
        const usual = fixedIps === undefined || fixedIps.length === 0;
        const changes = portChanges(usual ? rest : { ...rest, fixedIps });
        return portInfo(ports.insert(context, { project_id, network_id, ...changes }));
      });
    },
    updatePort: (context, id, changes) =>
      kernel.db.transaction(() => portInfo(ports.change(context, ports.get(context, id), portChanges(changes)))),
    deletePort(context, id) {
      const row = store.ports.get(id);
      if (row === undefined) return;
      ports.get(context, id);
      kernel.db.transaction(() => ports.erase(row));
    },

    async bindPort(portId, binding) {
      const bound = one(await facade.bindPorts([portId], binding), () => portNotFound(portId));
      await applier.ruled();
      return bound;
    },
    async bindPorts(portIds, { deviceId, deviceOwner = "compute:nova", hostId = hostname() }) {
      const bound = kernel.db.transaction(() => {
        const found = new Map(store.ports.getMany(portIds).map((row) => [row.id, row]));
        return portIds.map((id) => {
          const row = found.get(id);
          if (row === undefined) throw portNotFound(id);
          if (row.device_id !== "" && row.device_id !== deviceId) {
            throw conflict(
              `Unable to complete operation on port ${id} for network ${row.network_id}. Port already has an attached device ${row.device_id}.`,
              { type: "PortInUse" },
            );
          }
          const changes = { device_id: deviceId, device_owner: deviceOwner, host_id: hostId };
          // As at every start for all that are there: nothing is made anew for them.
          const isBound = row.device_id === deviceId && row.device_owner === deviceOwner && row.host_id === hostId;
          if (isBound) return row;
          store.ports.update(id, changes);
          // A guest has a lease as anybody, but what had been the network service's own had none.
          if (row.device_owner.startsWith("network:")) markPort(core, row);
          core.dirty("port", id);
          return { ...row, ...changes };
        });
      });
      // Bridge and lease are as the port's creation made them, or are just being made.
      await applier.wired(new Set(bound.map((row) => row.network_id)));
      return bindings(bound);
    },
    binding(portId) {
      const row = store.ports.get(portId);
      return row === undefined || row.host_id === "" ? null : (bindings([row])[0] ?? null);
    },
    async plugged(portIds) {
      const rows = store.ports.getMany(portIds);
      const fresh = rows.filter((row) => !row.plugged);
      if (fresh.length > 0)
        kernel.db.transaction(() => {
          for (const { id } of fresh) {
            store.ports.update(id, { plugged: true });
            core.dirty("port", id);
          }
        });
      await applier.wired(new Set(rows.map((row) => row.network_id)));
      await applier.ruled();
      setPlugged(portIds, true);
    },
    unplugged: (portIds) => setPlugged(portIds, false),
    unbindPort(portId) {
      const row = store.ports.get(portId);
      if (row === undefined) return;
      kernel.db.transaction(() => {
        const former_guests = row.former_guests + (row.device_id === "" ? 0 : 1);
        const free = { device_id: "", device_owner: "", host_id: "", plugged: false, status: "DOWN", former_guests };
        store.ports.update(portId, free);
        tellOfDevices(core, [row.device_id]);
        markPort(core, row);
      });
    },

    anotherGuest(portIds) {
      kernel.db.transaction(() => {
        for (const row of store.ports.getMany(portIds)) {
          store.ports.update(row.id, { former_guests: row.former_guests + 1 });
          core.dirty("lease", `${row.network_id} ${row.id}`);
        }
      });
    },

    networkInfoForDevices: (deviceIds) => vifsOf(store, deviceIds),
    findPortBySource({ networkId, routerId, address }) {
      const ids =
        networkId !== undefined
          ? [networkId]
          : store.ports
              .list({ device_id: routerId ?? "", device_owner: "network:router_interface" }, "id")
              .map((port) => port.network_id);
      // A link-local address is in no table: it is made of the MAC, and anti-spoofing lets no other through.
      const rows = address.startsWith("fe80:")
        ? ids
            .flatMap((id) => store.ports.list({ network_id: id }, "id"))
            .filter((row) => eui64("fe80::/64", row.mac_address) === address)
        : store.ports.getMany(store.portDetails.portsAt(address, ids));
      const guest = rows.find((row) => row.device_owner.startsWith("compute:"));
      return guest === undefined ? null : portInfo(guest);
    },

    resolveSecurityGroups(context, projectId, namesOrIds) {
      groups.ensureDefault(projectId);
      const scoped: RequestContext = { ...context, projectId, isAdmin: false, roles: new Set(["member", "reader"]) };
      const visible = groups.visible(scoped);
      return namesOrIds.map((wanted) => {
        const byId = visible.find((row) => row.id === wanted);
        if (byId !== undefined) return byId.id;
        const byName = visible.filter((row) => row.name === wanted);
        if (byName.length > 1) {
          throw conflict(`Multiple security groups found matching '${wanted}'. Use an ID to be more specific.`, {
            type: "NoUniqueMatch",
          });
        }
        return one(byName, () => groupNotFound(wanted)).id;
      });
    },
    securityGroupNames: (groupIds) => new Map(store.groups.getMany(groupIds).map(({ id, name }) => [id, name])),

    settled: () => applier.settled(),
    serveMetadata: (handler) => metadata.serve(handler),
    quotas: (projectId) => core.quotas.usage(projectId),
  };
  return facade;
}

function fixedRequest({ subnetId, address }: { subnetId?: string; address?: string }) {
  const request: { subnet_id?: string; ip_address?: string } = {};
  if (subnetId !== undefined) request.subnet_id = subnetId;
  if (address !== undefined) request.ip_address = address;
  return request;
}

/** As the manager names them; what is not said stays unsaid. */
function portChanges({ fixedIps, ...changes }: UpdatePort): PortChanges {
  const named: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(changes))
    if (value !== undefined) named[PORT_COLUMNS[name] ?? name] = value;
  if (fixedIps !== undefined) named.fixed_ips = fixedIps.map(fixedRequest);
  return named;
}

const PORT_COLUMNS: Readonly<Record<string, string>> = {
  deviceId: "device_id",
  deviceOwner: "device_owner",
  dnsName: "dns_name",
  hostId: "host_id",
  macAddress: "mac_address",
  securityGroupIds: "security_groups",
};
