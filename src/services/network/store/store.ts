import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import { AgentStore } from "./agents.ts";
import { FreeAddressStore } from "./free-addresses.ts";
import { listsOf } from "./lists.ts";
import { PortDetails } from "./port-details.ts";
import { PortStore } from "./ports.ts";
import { ProjectUse } from "./project-use.ts";
import { QuotaProjects } from "./quota-projects.ts";
import type {
  AddressGroupRow,
  AddressScopeRow,
  FlavorRow,
  FloatingIpRow,
  NetworkRow,
  PortForwardingRow,
  RbacRow,
  RouterRow,
  SecurityGroupRow,
  ServiceProfileRow,
  SubnetPoolRow,
  SubnetRow,
} from "./rows.ts";
import { RuleStore } from "./rules.ts";
import { Schedule } from "./schedule.ts";
import { standard } from "./standard.ts";
import { StatusStore } from "./statuses.ts";
import { UnfinishedStore } from "./unfinished.ts";

/** Every table of the network service. */
export class NetworkStore {
  readonly networks: Table<NetworkRow>;
  readonly addressScopes: Table<AddressScopeRow>;
  readonly subnetPools: Table<SubnetPoolRow>;
  readonly subnets: Table<SubnetRow>;
  readonly ports: PortStore;
  readonly portDetails: PortDetails;
  readonly freeAddresses: FreeAddressStore;
  readonly groups: Table<SecurityGroupRow>;
  readonly rules: RuleStore;
  readonly addressGroups: Table<AddressGroupRow>;
  readonly routers: Table<RouterRow>;
  readonly floatingIps: Table<FloatingIpRow>;
  readonly portForwardings: Table<PortForwardingRow>;
  readonly rbac: Table<RbacRow>;
  readonly quotaProjects: QuotaProjects;
  readonly flavors: Table<FlavorRow>;
  readonly serviceProfiles: Table<ServiceProfileRow>;
  readonly dhcpSchedule: Schedule;
  readonly l3Schedule: Schedule;
  readonly agents: AgentStore;
  readonly statuses: StatusStore;
  readonly unfinished: UnfinishedStore;
  readonly projectUse: ProjectUse;

  /** How the API lists them. */
  readonly lists: ReturnType<typeof listsOf>;

  constructor(db: Database) {
    this.dhcpSchedule = new Schedule(db, {
      table: "network_dhcp_schedule",
      key: "network_id",
      of: "network_networks",
      unless: "EXISTS (SELECT 1 FROM network_subnets WHERE network_id = network_networks.id AND enable_dhcp = 1)",
    });
    this.l3Schedule = new Schedule(db, {
      table: "network_l3_schedule",
      key: "router_id",
      of: "network_routers",
      unless: "1",
    });
    this.agents = new AgentStore(db);
    this.unfinished = new UnfinishedStore(db);
    this.projectUse = new ProjectUse(db);
    this.networks = new Table<NetworkRow>(db, "network_networks", {
      ...standard,
      name: "text",
      admin_state_up: "boolean",
      status: "text",
      external: "boolean",
      is_default: "boolean",
      mtu: "integer",
      port_security_enabled: "boolean",
      dns_domain: "text",
      provider_type: "text",
      provider_physical: "text",
      provider_segment: "integer",
      availability_zone_hints: "json",
    });
    this.addressScopes = new Table<AddressScopeRow>(db, "network_address_scopes", {
      ...standard,
      name: "text",
      ip_version: "integer",
    });
    this.subnetPools = new Table<SubnetPoolRow>(db, "network_subnetpools", {
      ...standard,
      name: "text",
      ip_version: "integer",
      prefixes: "json",
      default_prefixlen: "integer",
      min_prefixlen: "integer",
      max_prefixlen: "integer",
      default_quota: "integer",
      is_default: "boolean",
      address_scope_id: "text",
    });
    this.subnets = new Table<SubnetRow>(
      db,
      "network_subnets",
      {
        ...standard,
        name: "text",
        network_id: "text",
        ip_version: "integer",
        cidr: "text",
        gateway_ip: "text",
        enable_dhcp: "boolean",
        ipv6_ra_mode: "text",
        ipv6_address_mode: "text",
        subnetpool_id: "text",
        allocation_pools: "json",
        dns_nameservers: "json",
        host_routes: "json",
        service_types: "json",
      },
      () => {},
      null,
      false,
    );
    this.ports = new PortStore(db, {
      ...standard,
      name: "text",
      network_id: "text",
      mac_address: "text",
      admin_state_up: "boolean",
      status: "text",
      device_id: "text",
      device_owner: "text",
      allowed_address_pairs: "json",
      extra_dhcp_opts: "json",
      port_security_enabled: "boolean",
      host_id: "text",
      vnic_type: "text",
      profile: "json",
      dns_name: "text",
      propagate_uplink_status: "boolean",
      plugged: "boolean",
      former_guests: "integer",
    });
    this.portDetails = new PortDetails(db, this.ports.kept);
    this.statuses = new StatusStore(db, this.ports.kept);
    this.freeAddresses = new FreeAddressStore(db);
    this.groups = new Table<SecurityGroupRow>(db, "network_security_groups", {
      ...standard,
      name: "text",
      is_default: "boolean",
      stateful: "boolean",
    });
    this.rules = new RuleStore(db);
    this.addressGroups = new Table<AddressGroupRow>(db, "network_address_groups", {
      ...standard,
      name: "text",
      addresses: "json",
    });
    this.routers = new Table<RouterRow>(db, "network_routers", {
      ...standard,
      name: "text",
      admin_state_up: "boolean",
      status: "text",
      gateway_port_id: "text",
      gateway_network_id: "text",
      enable_snat: "boolean",
      ha: "boolean",
      flavor_id: "text",
      routes: "json",
      availability_zone_hints: "json",
    });
    this.floatingIps = new Table<FloatingIpRow>(db, "network_floatingips", {
      ...standard,
      floating_ip_address: "text",
      floating_network_id: "text",
      floating_port_id: "text",
      port_id: "text",
      fixed_ip_address: "text",
      router_id: "text",
      status: "text",
      dns_name: "text",
      dns_domain: "text",
    });
    this.portForwardings = new Table<PortForwardingRow>(db, "network_port_forwardings", {
      ...standard,
      floatingip_id: "text",
      protocol: "text",
      external_port: "integer",
      internal_port_id: "text",
      internal_ip_address: "text",
      internal_port: "integer",
    });
    this.flavors = new Table<FlavorRow>(db, "network_flavors", {
      id: "text",
      name: "text",
      description: "text",
      service_type: "text",
      enabled: "boolean",
      service_profiles: "json",
    });
    this.serviceProfiles = new Table<ServiceProfileRow>(db, "network_service_profiles", {
      id: "text",
      description: "text",
      driver: "text",
      metainfo: "text",
      enabled: "boolean",
    });
    this.quotaProjects = new QuotaProjects(db);
    this.rbac = new Table<RbacRow>(db, "network_rbac_policies", {
      id: "text",
      project_id: "text",
      object_type: "text",
      object_id: "text",
      action: "text",
      target_project: "text",
    });
    this.lists = listsOf(this);
  }
}
