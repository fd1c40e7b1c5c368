import "../facade.ts";
import type { RequestContext } from "../../../kernel/auth/context.ts";
import type { Range } from "../../../kernel/db/list.ts";
import { badRequest, conflict } from "../../../kernel/errors.ts";
import {
  badResource,
  deviceNotOwned,
  disallowed,
  groupNotFound,
  invalidInput,
  portNotFound,
  servicePortInUse,
} from "../errors.ts";
import type { AddressPair, DhcpOption, NetworkRow, PortIp, PortRow } from "../store/rows.ts";
import { lent, visible } from "../store/visible.ts";
import { refuseDoublePairs } from "../values/address-pairs.ts";
import { eui64, isAutoAddress, keyed } from "./addresses.ts";
import {
  type Change,
  type Collection,
  type Core,
  checkQuotas,
  type Described,
  type Filters,
  markPort,
  revise,
  scopeOf,
  seesAll,
  standard,
  tellOfDevices,
} from "./core.ts";
import { Ipam } from "./ipam.ts";
import type { NetworkManager } from "./networks.ts";
import type { SecurityGroupManager } from "./security-groups.ts";

/** Ports that belong to routers and floating IPs: deleting those is the way to delete these. */
const GUARDED_OWNERS = new Set(["network:router_interface", "network:router_gateway", "network:floatingip"]);
/** On a network of others, one port must not take all of its addresses: what neutron's max_fixed_ips_per_port was. */
const MAX_FOREIGN_IPS = 5;

export interface FixedIpRequest {
  subnet_id?: string;
  ip_address?: string;
  /** In an update: takes the address away that follows from the MAC and would stay otherwise. */
  delete_subnet?: boolean;
}
/** A pair as it is asked for: without a MAC it is about the port's own. */
export type WantedPair = Pick<AddressPair, "ip_address"> & { mac_address?: string };
/** Null takes it away. */
export type WantedOption = Omit<DhcpOption, "opt_value"> & { opt_value: string | null };

/** What users, routers, floating IPs and nova all make ports of. */
export interface NewPort extends Described {
  network_id: string;
  name?: string;
  mac_address?: string | null;
  admin_state_up?: boolean;
  device_id?: string;
  device_owner?: string;
  /** Undefined: the usual pick; empty: no address. */
  fixed_ips?: readonly FixedIpRequest[];
  allowed_address_pairs?: readonly WantedPair[];
  extra_dhcp_opts?: readonly WantedOption[];
  /** Undefined: the project's default group (none where port security is off). */
  security_groups?: readonly string[];
  port_security_enabled?: boolean;
  host_id?: string;
  vnic_type?: string;
  profile?: Record<string, unknown>;
  dns_name?: string;
}
export type PortChanges = Partial<Omit<NewPort, "project_id" | "network_id" | "tags">>;

/** What a port shows besides its own columns, by its id. */
export interface PortDetails {
  ips: ReadonlyMap<string, readonly PortIp[]>;
  groups: ReadonlyMap<string, readonly string[]>;
}

export class PortManager implements Collection {
  readonly quota = "port";
  readonly ipam: Ipam;
  readonly #core: Core;
  readonly #networks: NetworkManager;
  readonly #groups: SecurityGroupManager;

  constructor(core: Core, networks: NetworkManager, groups: SecurityGroupManager) {
    this.#core = core;
    this.#networks = networks;
    this.#groups = groups;
    this.ipam = new Ipam(core.store);
  }

  /** The caller's own, and all ports of the caller's networks. */
  list(context: RequestContext, filters: Filters = new Map(), range?: Range): PortRow[] {
    return this.#core.store.lists.ports.rows(filters, visible(scopeOf(context), lent), range);
  }

  get(context: RequestContext, id: string): PortRow {
    const [row] = this.list(context, new Map([["id", [id]]]));
    if (row === undefined) throw portNotFound(id);
    return row;
  }

  /** Whether a row will do until it is forgotten: what it is shown as, too, then. */
  isKept(row: PortRow): boolean {
    return this.#core.store.ports.kept.has(row);
  }

  details(rows: readonly PortRow[]): PortDetails {
    const ids = rows.map(({ id }) => id);
    const { portDetails } = this.#core.store;
    return { ips: portDetails.ipsOf(ids), groups: portDetails.groupsOf(ids) };
  }

  /** The owner of its network may take it away, but not change it. */
  owners({ network_id, project_id }: PortRow, verb: Change): readonly string[] {
    const network = verb === "delete" ? this.#core.store.networks.get(network_id) : undefined;
    return network === undefined ? [project_id] : [project_id, network.project_id];
  }

  create(context: RequestContext, wanted: readonly NewPort[]): PortRow[] {
    return this.#core.kernel.db.transaction(() => {
      checkQuotas(this.#core, this.quota, wanted);
      return wanted.map((one) => this.insert(context, one));
    });
  }

  /** Inside a transaction; the quota is the caller's to check. Errors: 400, 403, 404, 409 of addresses, groups and networks. */
  insert(context: RequestContext, wanted: NewPort): PortRow {
    const { store } = this.#core;
    const network = this.#networks.get(context, wanted.network_id);
    this.#requireUse(context, network, wanted);
    const owner = wanted.device_owner ?? "";
    this.#requireOwnRouter(context, owner, wanted.device_id ?? "", wanted.project_id);
    const mac = this.ipam.mac(network.id, wanted.mac_address);
    const ips = this.ipam.allocate({ networkId: network.id, mac, deviceOwner: owner, requests: wanted.fixed_ips });
    const trusted = owner.startsWith("network:");
    const portSecurity = trusted ? false : (wanted.port_security_enabled ?? network.port_security_enabled);
    const groupIds = this.#groupsFor(context, wanted, portSecurity, trusted);
    if ((wanted.allowed_address_pairs?.length ?? 0) > 0 && !portSecurity) throw pairsNeedSecurity();
    const row: PortRow = {
      ...standard(this.#core, wanted, 1),
      name: wanted.name ?? "",
      network_id: network.id,
      mac_address: mac,
      admin_state_up: wanted.admin_state_up ?? true,
      status: "DOWN",
      device_id: wanted.device_id ?? "",
      device_owner: owner,
      allowed_address_pairs: this.#pairs(wanted.allowed_address_pairs ?? [], mac),
      extra_dhcp_opts: (wanted.extra_dhcp_opts ?? []).filter(
        (option): option is DhcpOption => option.opt_value !== null,
      ),
      port_security_enabled: portSecurity,
      host_id: wanted.host_id ?? "",
      vnic_type: wanted.vnic_type ?? "normal",
      profile: wanted.profile ?? {},
      dns_name: wanted.dns_name ?? "",
      propagate_uplink_status: true,
      plugged: false,
      former_guests: 0,
    };
    store.ports.insert(row);
    store.portDetails.setIps(row.id, network.id, keyed(ips));
    store.portDetails.setGroups(row.id, groupIds);
    markPort(this.#core, row);
    tellOfDevices(this.#core, [row.device_id]);
    return row;
  }

  /** Who may make a port here: the network's owner, and others on a shared one. Attributes that only an owner or admin sets. */
  #requireUse(context: RequestContext, network: NetworkRow, wanted: NewPort): void {
    if (seesAll(context)) return;
    const owns = network.project_id === context.projectId;
    if (!owns && !this.#networks.isShared(context, network)) throw disallowed("rule:create_port");
    const rules: string[] = [];
    if (!owns && (wanted.device_owner ?? "").startsWith("network:")) rules.push("device_owner");
    if (!owns && wanted.mac_address != null) rules.push("mac_address");
    if (!owns && wanted.fixed_ips?.some((ip) => ip.ip_address !== undefined) === true) rules.push("fixed_ips");
    if (!owns && wanted.port_security_enabled === false) rules.push("port_security_enabled");
    if (!owns && (wanted.allowed_address_pairs?.length ?? 0) > 0) rules.push("allowed_address_pairs");
    if (rules.length > 0) {
      throw disallowed(`(rule:create_port and ${rules.map((rule) => `rule:create_port:${rule}`).join(" and ")})`);
    }
    if (!owns) refuseTooMany(wanted.fixed_ips);
  }

  /** A port that says it is a router's would plug that router into this network. Errors: 409 for another project's router. */
  #requireOwnRouter(context: RequestContext, owner: string, deviceId: string, projectId: string): void {
    if (context.isAdmin || deviceId === "" || !owner.startsWith("network:router_")) return;
    const router = this.#core.store.routers.get(deviceId);
    if (router !== undefined && router.project_id !== projectId) throw deviceNotOwned(deviceId);
  }

  #groupsFor(context: RequestContext, wanted: NewPort, portSecurity: boolean, trusted: boolean): readonly string[] {
    if (wanted.security_groups === undefined) {
      const { useSecurityGroups } = this.#core.kernel.settings.network;
      if (!portSecurity || trusted || wanted.project_id === "" || !useSecurityGroups) return [];
      return [this.#groups.ensureDefault(wanted.project_id)];
    }
    if (wanted.security_groups.length > 0 && !portSecurity) throw groupsNeedSecurity();
    this.#checkGroups(context, wanted.project_id, wanted.security_groups);
    return wanted.security_groups;
  }

  #checkGroups(context: RequestContext, projectId: string, ids: readonly string[]): void {
    const scope = seesAll(context) ? context : { ...context, projectId };
    const known = new Set(this.#groups.visible(scope, new Map([["id", ids]])).map(({ id }) => id));
    const missing = ids.find((id) => !known.has(id));
    if (missing !== undefined) throw groupNotFound(missing);
    if (new Set(this.#core.store.groups.getMany(ids).map(({ stateful }) => stateful)).size > 1) {
      throw conflict(
        "Error Cannot apply both stateful and stateless security groups on the same port at the same time while attempting the operation.",
        { type: "SecurityGroupConflict" },
      );
    }
  }

  #pairs(pairs: readonly WantedPair[], mac: string): AddressPair[] {
    const { maxAllowedAddressPairs } = this.#core.kernel.settings.network;
    if (pairs.length > maxAllowedAddressPairs) {
      throw badRequest(`The number of allowed address pair exceeds the maximum ${maxAllowedAddressPairs}.`, {
        type: "AllowedAddressPairExhausted",
      });
    }
    const complete = pairs.map(({ mac_address, ip_address }) => ({ mac_address: mac_address ?? mac, ip_address }));
    refuseDoublePairs(complete);
    return complete;
  }

  update(context: RequestContext, id: string, changes: PortChanges): PortRow {
    const { kernel, store } = this.#core;
    return kernel.db.transaction(() => {
      const row = this.get(context, id);
      const before = v4Of(store.portDetails.ips(id));
      const updated = this.change(context, row, changes);
      // A router's interface has the address that it was added with (l3-port-ip-change-not-allowed).
      if (this.#isInterface(row) && v4Of(store.portDetails.ips(id)) !== before)
        throw badRequest(`IP updates for port ${id} are not allowed`, { type: "IPAddressChangeNotAllowed" });
      return updated;
    });
  }

  #isInterface(row: PortRow): boolean {
    return row.device_owner === "network:router_interface" && this.#deviceExists(row);
  }

  /** Inside a transaction. */
  change(context: RequestContext, row: PortRow, changes: PortChanges): PortRow {
    const { store, dirty, kernel } = this.#core;
    const {
      fixed_ips,
      security_groups: groups,
      allowed_address_pairs: pairs,
      extra_dhcp_opts,
      mac_address,
      ...rest
    } = changes;
    if (mac_address === null) throw invalidInput("'None' is not a valid MAC address");
    const wanted: Partial<PortRow> = mac_address === undefined ? { ...rest } : { ...rest, mac_address };
    const network = store.networks.get(row.network_id);
    if (!seesAll(context) && network?.project_id !== context.projectId) refuseForeign(changes);
    if (wanted.mac_address !== undefined && wanted.mac_address !== row.mac_address) {
      if (!context.isAdmin) throw disallowed("(rule:update_port and rule:update_port:mac_address)");
      if (row.device_owner.startsWith("network:")) throw unsupportedOwner("mac address update", row);
      if (row.host_id !== "") throw boundPort(row, wanted.mac_address);
      wanted.mac_address = this.ipam.mac(row.network_id, wanted.mac_address);
    }
    const isNewMac = wanted.mac_address !== undefined && wanted.mac_address !== row.mac_address;
    if (fixed_ips !== undefined || isNewMac) this.#moveAddresses(row, wanted, fixed_ips, isNewMac);
    const next = { ...row, ...wanted };
    if (wanted.device_id !== undefined || wanted.device_owner !== undefined)
      this.#requireOwnRouter(context, next.device_owner, next.device_id, row.project_id);
    if (pairs !== undefined) wanted.allowed_address_pairs = this.#pairs(pairs, next.mac_address);
    if ((wanted.allowed_address_pairs ?? row.allowed_address_pairs).length > 0 && !next.port_security_enabled)
      throw pairsNeedSecurity();
    const groupsAfter = groups ?? store.portDetails.groups(row.id);
    if (groupsAfter.length > 0 && !next.port_security_enabled) {
      throw groups === undefined
        ? conflict(
            "Port has security group associated. Cannot disable port security or IP address until security group is removed.",
            { type: "PortSecurityPortHasSecurityGroup" },
          )
        : groupsNeedSecurity();
    }
    if (groups !== undefined) {
      this.#checkGroups(context, row.project_id, groups);
      store.portDetails.setGroups(row.id, groups);
    }
    if (extra_dhcp_opts !== undefined) wanted.extra_dhcp_opts = mergeOptions(row.extra_dhcp_opts, extra_dhcp_opts);
    if (wanted.device_id === "" && row.plugged) wanted.plugged = false;
    if (row.device_id !== "" && next.device_id !== row.device_id) {
      wanted.former_guests = row.former_guests + 1;
      kernel.events.publish("network.port.withdrawn", { portId: row.id, deviceId: row.device_id });
    }
    if (wanted.admin_state_up === false || wanted.plugged === false) wanted.status = "DOWN";
    else if (wanted.admin_state_up === true && row.plugged) wanted.status = "ACTIVE";
    const updated = revise(this.#core, store.ports, row, wanted);
    markPort(this.#core, row);
    if (updated.device_owner !== row.device_owner) markPort(this.#core, updated);
    if (row.device_owner.startsWith("network:router_")) dirty("router", row.device_id);
    tellOfDevices(this.#core, [row.device_id, updated.device_id]);
    return updated;
  }

  /** Without `requested` the port keeps what it has, but those that follow from its MAC follow it. */
  #moveAddresses(
    row: PortRow,
    wanted: Partial<PortRow>,
    requested: readonly FixedIpRequest[] | undefined,
    isNewMac: boolean,
  ): void {
    const { store } = this.#core;
    const present = store.portDetails.ips(row.id);
    const old = new Set(isNewMac ? this.#automatic(row, present) : []);
    const requests = (requested ?? present).filter((ip) => !old.has(ip.ip_address));
    const ips = this.ipam.allocate({
      networkId: row.network_id,
      mac: wanted.mac_address ?? row.mac_address,
      deviceOwner: wanted.device_owner ?? row.device_owner,
      requests,
      present,
    });
    const kept = new Set(ips.map((ip) => ip.ip_address));
    const gone = present.filter((ip) => !kept.has(ip.ip_address));
    if (gone.length > 0) this.#refuseWithFloating(row, gone);
    store.portDetails.setIps(row.id, row.network_id, keyed(ips));
    this.#dropForwardings(row.id, new Set(gone.map((ip) => ip.ip_address)));
  }

  /** Forwardings that lead to an address of the port that it has no longer; without `gone` all of them. */
  #dropForwardings(portId: string, gone?: ReadonlySet<string>): void {
    const { store, dirty } = this.#core;
    for (const forwarding of store.portForwardings.list({ internal_port_id: portId }, "id")) {
      if (gone !== undefined && !gone.has(forwarding.internal_ip_address)) continue;
      const fip = store.floatingIps.get(forwarding.floatingip_id);
      store.portForwardings.delete(forwarding.id);
      if (fip?.router_id == null) continue;
      dirty("router", fip.router_id);
      if (store.portForwardings.find({ floatingip_id: fip.id }) === undefined)
        store.floatingIps.update(fip.id, { router_id: null });
    }
  }

  /** Those of the port's addresses that were made of its MAC. */
  #automatic(row: PortRow, present: readonly PortIp[]): (string | undefined)[] {
    const subnets = new Map(
      this.#core.store.subnets.getMany(present.map((ip) => ip.subnet_id)).map((subnet) => [subnet.id, subnet]),
    );
    const made = present.filter((ip) => {
      const subnet = subnets.get(ip.subnet_id);
      return subnet !== undefined && isAutoAddress(subnet) && eui64(subnet.cidr, row.mac_address) === ip.ip_address;
    });
    return made.map((ip) => ip.ip_address);
  }

  #refuseWithFloating(row: PortRow, gone: readonly PortIp[]): void {
    const floating = this.#core.store.floatingIps.list({ port_id: row.id }, "id");
    if (!floating.some((fip) => gone.some((ip) => ip.ip_address === fip.fixed_ip_address))) return;
    throw badResource(
      "port",
      `Cannot update the fixed_ips of the port ${row.id}, because its original fixed_ip has been associated to a floating ip`,
    );
  }

  remove(context: RequestContext, id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      const row = this.get(context, id);
      if (GUARDED_OWNERS.has(row.device_owner) && this.#deviceExists(row)) throw servicePortInUse(id, row.device_owner);
      if (row.device_id !== "")
        kernel.events.publish("network.port.withdrawn", { portId: id, deviceId: row.device_id });
      this.erase(store.ports.get(id) ?? row);
    });
  }

  #deviceExists(row: PortRow): boolean {
    if (row.device_owner === "network:floatingip") return this.#core.store.floatingIps.get(row.device_id) !== undefined;
    return this.#core.store.routers.get(row.device_id) !== undefined;
  }

  /** Inside a transaction, without asking: floating IPs of the port are let go. */
  erase(row: PortRow): void {
    const { store, dirty } = this.#core;
    for (const fip of store.floatingIps.list({ port_id: row.id }, "id")) {
      revise(this.#core, store.floatingIps, fip, {
        port_id: null,
        fixed_ip_address: null,
        router_id: null,
        status: "DOWN",
      });
      if (fip.router_id !== null) dirty("router", fip.router_id);
    }
    this.#dropForwardings(row.id);
    store.ports.delete(row.id);
    markPort(this.#core, row);
    tellOfDevices(this.#core, [row.device_id]);
  }
}

const pairsNeedSecurity = () =>
  conflict("Port Security must be enabled in order to have allowed address pairs on a port.", {
    type: "AddressPairAndPortSecurityRequired",
  });
const groupsNeedSecurity = () =>
  badRequest("Port security must be enabled and port must have an IP address in order to use security groups.", {
    type: "PortSecurityAndIPRequiredForSecurityGroups",
  });
const unsupportedOwner = (operation: string, row: PortRow) =>
  conflict(`Operation ${operation} is not supported for device_owner ${row.device_owner} on port ${row.id}.`, {
    type: "UnsupportedPortDeviceOwner",
  });
/** The port's IPv4 addresses, to compare. */
const v4Of = (ips: readonly PortIp[]): string =>
  ips
    .map((ip) => ip.ip_address)
    .filter((address) => !address.includes(":"))
    .sort()
    .join();
const boundPort = (row: PortRow, mac: string) =>
  conflict(
    `Unable to complete operation on port ${row.id}, port is already bound, port type: bridge, old_mac ${row.mac_address}, new_mac ${mac}.`,
    { type: "PortBound" },
  );

function refuseTooMany(ips: readonly FixedIpRequest[] | undefined): void {
  if (ips !== undefined && ips.length > MAX_FOREIGN_IPS)
    throw invalidInput("Exceeded maximum amount of fixed ips per port");
}

/** What the owner of a port on somebody else's network may not change. */
function refuseForeign(changes: PortChanges): void {
  const guarded = ["mac_address", "port_security_enabled", "allowed_address_pairs"] as const;
  const used: string[] = guarded.filter((name) => changes[name] !== undefined);
  const fixed = changes.fixed_ips;
  if (fixed?.some((ip) => ip.ip_address !== undefined) === true) used.push("fixed_ips");
  refuseTooMany(fixed);
  if (changes.device_owner?.startsWith("network:") === true) used.push("device_owner");
  if (used.length === 0) return;
  throw disallowed(`(rule:update_port and ${used.map((name) => `rule:update_port:${name}`).join(" and ")})`);
}

/** Options are changed one by one: those named get the value or go (null), the others stay. */
function mergeOptions(present: readonly DhcpOption[], changes: readonly WantedOption[]): DhcpOption[] {
  const merged = new Map(present.map((option) => [`${option.opt_name} ${option.ip_version}`, option]));
  for (const { opt_value, ...option } of changes) {
    const key = `${option.opt_name} ${option.ip_version}`;
    if (opt_value === null) merged.delete(key);
    else merged.set(key, { ...option, opt_value });
  }
  return [...merged.values()];
}
