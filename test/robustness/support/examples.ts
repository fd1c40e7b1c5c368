import {
  addressScopeAttributes,
  floatingIpAttributes,
  groupAttributes,
  networkAttributes,
  portAttributes,
  portForwardingAttributes,
  rbacAttributes,
  routerAttributes,
  ruleAttributes,
  subnetAttributes,
  subnetPoolAttributes,
} from "../../../src/services/network/schemas/resources.ts";
import type { Json } from "../../support/json.ts";

/**
 * Good bodies for records without a JSON schema: network describes its resources by attribute tables, image checks by hand.
 * "service route-name-prefix" → bodies.
 */
const EXAMPLES: Readonly<Record<string, readonly Json[]>> = {
  "network networks": [
    { network: { name: "a", mtu: 1400, port_security_enabled: false, dns_domain: "example.org." } },
    {
      network: {
        shared: true,
        "router:external": true,
        "provider:network_type": "vlan",
        "provider:physical_network": "public",
        "provider:segmentation_id": 101,
      },
    },
    { networks: [{ name: "a" }, { name: "b" }] },
    {
      network: {
        "provider:network_type": "vxlan",
        "provider:segmentation_id": 4096,
        availability_zone_hints: ["nova"],
      },
    },
  ],
  "network subnets": [
    {
      subnet: {
        network_id: "@@network@@",
        ip_version: 4,
        cidr: "10.20.0.0/24",
        gateway_ip: "10.20.0.1",
        allocation_pools: [{ start: "10.20.0.10", end: "10.20.0.20" }],
        host_routes: [{ destination: "10.1.0.0/16", nexthop: "10.20.0.5" }],
        dns_nameservers: ["192.0.2.1"],
      },
    },
    {
      subnet: {
        network_id: "@@network@@",
        ip_version: 6,
        cidr: "fd00:1::/64",
        ipv6_ra_mode: "slaac",
        ipv6_address_mode: "slaac",
      },
    },
    { subnet: { network_id: "@@network@@", ip_version: 4, subnetpool_id: "@@subnetpool@@", prefixlen: 28 } },
    { subnet: { network_id: "@@network@@", ip_version: 6, use_default_subnetpool: true } },
    { subnet: { name: "x", gateway_ip: null, allocation_pools: [{ start: "10.9.0.100", end: "10.9.0.200" }] } },
  ],
  "network subnetpools:add_prefixes": [{ prefixes: ["10.78.0.0/16"] }],
  "network subnetpools:remove_prefixes": [{ prefixes: ["10.78.0.0/16"] }],
  "network subnetpools": [
    {
      subnetpool: {
        name: "a",
        prefixes: ["10.30.0.0/16", "10.31.0.0/16"],
        min_prefixlen: 8,
        max_prefixlen: 28,
        default_prefixlen: 24,
        default_quota: 10,
        address_scope_id: "@@address_scope@@",
      },
    },
    { subnetpool: { name: "a", prefixes: ["fd00:2::/48"], shared: true, is_default: true } },
  ],
  "network address_scopes": [{ address_scope: { name: "a", ip_version: 6, shared: true } }],
  "network ports:update": [
    { port: { name: "b", fixed_ips: [{ ip_address: "10.9.0.88" }], admin_state_up: false } },
    { port: { allowed_address_pairs: [{ ip_address: "10.9.0.0/24" }], extra_dhcp_opts: [], dns_name: "h" } },
    { port: { security_groups: [], port_security_enabled: false, device_id: "d", device_owner: "o" } },
  ],
  "network subnets:update": [
    { subnet: { dns_nameservers: ["192.0.2.1"], allocation_pools: [{ start: "10.9.0.3", end: "10.9.0.250" }] } },
    {
      subnet: {
        gateway_ip: "10.9.0.1",
        enable_dhcp: false,
        host_routes: [{ destination: "10.1.0.0/16", nexthop: "10.9.0.5" }],
      },
    },
  ],
  "network subnetpools:update": [{ subnetpool: { prefixes: ["10.77.0.0/16", "10.79.0.0/16"], max_prefixlen: 30 } }],
  "network rbac_policies:update": [{ rbac_policy: { target_tenant: "@@beta@@" } }],
  "network floatingips:update": [
    { floatingip: { port_id: "@@port@@" } },
    { floatingip: { port_id: null, description: "d" } },
  ],
  "network ports": [
    {
      port: {
        network_id: "@@network@@",
        mac_address: "fa:16:3e:11:22:33",
        fixed_ips: [{ subnet_id: "@@subnet@@", ip_address: "10.9.0.77" }],
        allowed_address_pairs: [{ ip_address: "10.9.0.0/24", mac_address: "fa:16:3e:11:22:44" }],
        extra_dhcp_opts: [{ opt_name: "bootfile-name", opt_value: "x", ip_version: 4 }],
        security_groups: ["@@security_group@@"],
        dns_name: "host",
      },
    },
    {
      port: {
        network_id: "@@network@@",
        device_id: "@@server@@",
        device_owner: "compute:nova",
        "binding:host_id": "h",
        "binding:profile": { a: 1 },
        port_security_enabled: false,
        security_groups: [],
      },
    },
    { port: { fixed_ips: [{ ip_address: "10.9.0.88" }], admin_state_up: false } },
    { ports: [{ network_id: "@@network@@" }, { network_id: "@@network@@" }] },
  ],
  "network routers:add_router_interface": [{ subnet_id: "@@subnet@@" }, { port_id: "@@port@@" }],
  "network routers:remove_router_interface": [{ subnet_id: "@@subnet@@" }, { port_id: "@@port@@" }],
  "network routers:add_extraroutes": [{ router: { routes: [{ destination: "10.3.0.0/16", nexthop: "10.9.0.5" }] } }],
  "network routers:remove_extraroutes": [{ router: { routes: [{ destination: "10.3.0.0/16", nexthop: "10.9.0.5" }] } }],
  "network routers": [
    {
      router: {
        name: "a",
        external_gateway_info: {
          network_id: "@@public@@",
          enable_snat: false,
          external_fixed_ips: [{ ip_address: "172.24.4.99", subnet_id: "@@subnet@@" }],
        },
        routes: [{ destination: "10.3.0.0/16", nexthop: "10.9.0.5" }],
      },
    },
    { router: { external_gateway_info: null, admin_state_up: false } },
    { router: { external_gateway_info: { network_id: "@@public@@" } } },
  ],
  "network floatingips": [
    {
      floatingip: {
        floating_network_id: "@@public@@",
        port_id: "@@port@@",
        fixed_ip_address: "10.9.0.7",
        floating_ip_address: "172.24.4.50",
        dns_name: "a",
        dns_domain: "b.",
      },
    },
    { floatingip: { floating_network_id: "@@public@@" } },
    { floatingip: { port_id: "@@port@@" } },
    { floatingip: { port_id: null } },
  ],
  "network security_groups": [{ security_group: { name: "a", description: "b" } }],
  "network security_group_rules": [
    {
      security_group_rule: {
        security_group_id: "@@security_group@@",
        direction: "ingress",
        ethertype: "IPv4",
        protocol: "tcp",
        port_range_min: 22,
        port_range_max: 80,
        remote_ip_prefix: "10.0.0.0/8",
      },
    },
    {
      security_group_rule: {
        security_group_id: "@@security_group@@",
        direction: "egress",
        ethertype: "IPv6",
        protocol: 58,
        port_range_min: 8,
        port_range_max: 0,
        remote_group_id: "@@security_group@@",
      },
    },
    {
      security_group_rules: [
        { security_group_id: "@@security_group@@", direction: "ingress", protocol: "icmp", port_range_min: 300 },
      ],
    },
  ],
  "network rbac_policies": [
    {
      rbac_policy: {
        object_type: "network",
        object_id: "@@network@@",
        action: "access_as_external",
        target_tenant: "*",
      },
    },
    {
      rbac_policy: {
        object_type: "security_group",
        object_id: "@@security_group@@",
        action: "access_as_shared",
        target_project: "@@other@@",
      },
    },
  ],
  "network port_forwardings": [
    {
      port_forwarding: {
        protocol: "tcp",
        external_port: 80,
        internal_port: 8080,
        internal_port_id: "@@port@@",
        internal_ip_address: "10.9.0.7",
      },
    },
  ],
  "network quotas": [{ quota: { network: 10, port: -1, floatingip: 5, subnet: 2, security_group_rule: 100 } }],
  "network agents": [{ network_id: "@@network@@" }],
  "network tags": [{ tags: ["a", "b"] }],
  "compute servers:create": [
    { server: { name: "a", imageRef: "@@image@@", flavorRef: "42", networks: [{ uuid: "@@network@@" }] } },
    {
      server: {
        name: "b",
        imageRef: "@@image@@",
        flavorRef: "42",
        networks: [{ port: "@@port@@" }],
        key_name: "@@keypair@@",
        metadata: { a: "b" },
        user_data: "dGV4dA==",
        config_drive: true,
        security_groups: [{ name: "default" }],
        min_count: 1,
        max_count: 2,
      },
    },
    {
      server: {
        name: "c",
        flavorRef: "42",
        networks: [{ uuid: "@@network@@", fixed_ip: "10.9.0.9" }],
        block_device_mapping_v2: [
          { boot_index: 0, uuid: "@@image@@", source_type: "image", destination_type: "volume", volume_size: 1 },
          { boot_index: 1, uuid: "@@volume@@", source_type: "volume", destination_type: "volume" },
          { boot_index: -1, source_type: "blank", destination_type: "local", guest_format: "swap", volume_size: 1 },
        ],
      },
      "os:scheduler_hints": { group: "@@server_group@@" },
    },
  ],
  "compute server-actions:rebuild": [
    { rebuild: { imageRef: "@@image@@", name: "x", metadata: {}, adminPass: "secret" } },
  ],
  "compute server-actions:createImage": [{ createImage: { name: "s", metadata: { a: "b" } } }],
  "compute server-actions:resize": [{ resize: { flavorRef: "84" } }],
  "compute server-actions:rescue": [{ rescue: { rescue_image_ref: "@@image@@" } }],
  "compute interfaces:attach": [
    { interfaceAttachment: { net_id: "@@network@@" } },
    { interfaceAttachment: { net_id: "@@network@@", fixed_ips: [{ ip_address: "10.9.0.40" }] } },
  ],
  "compute volume-attachments:create": [{ volumeAttachment: { volumeId: "@@volume@@", device: "/dev/vdc" } }],
  "compute aggregates:add_host": [{ add_host: { host: "@@host@@" } }],
  "block-storage volumes:create": [
    { volume: { size: 1, name: "a", metadata: { a: "b" } } },
    { volume: { size: 1, imageRef: "@@image@@", volume_type: "@@type@@" } },
    { volume: { size: 1, snapshot_id: "@@snapshot@@" } },
    { volume: { size: 2, source_volid: "@@volume@@" } },
  ],
  "block-storage snapshots:create": [{ snapshot: { volume_id: "@@volume@@", force: true, metadata: { a: "b" } } }],
  "block-storage attachments:create": [
    {
      attachment: { volume_uuid: "@@volume@@", instance_uuid: "@@server@@", connector: { host: "h", initiator: "i" } },
    },
  ],
  "identity tokens:create": [
    {
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "member", domain: { id: "default" }, password: "secret" } },
        },
        scope: { project: { name: "alpha", domain: { name: "Default" } } },
      },
    },
    {
      auth: {
        identity: {
          methods: ["application_credential"],
          application_credential: { id: "@@application_credential@@", secret: "x" },
        },
      },
    },
    { auth: { identity: { methods: ["token"], token: { id: "gAAAAA-x" } }, scope: { "OS-TRUST:trust": { id: "x" } } } },
    {
      auth: {
        identity: { methods: ["totp", "password"], totp: { user: { id: "@@member@@", passcode: "1" } } },
        scope: { system: { all: true } },
      },
    },
  ],
  "identity trusts:create": [
    {
      trust: {
        trustor_user_id: "@@member@@",
        trustee_user_id: "@@other@@",
        project_id: "@@alpha@@",
        impersonation: false,
        roles: [{ name: "member" }],
        expires_at: "2027-01-01T00:00:00.000000Z",
        remaining_uses: 1,
      },
    },
  ],
  "identity endpoints:create": [
    {
      endpoint: {
        service_id: "@@a service@@",
        interface: "public",
        url: "http://x/%(project_id)s",
        region_id: "RegionOne",
      },
    },
  ],
  "placement allocations:replace": [
    {
      allocations: { "@@provider@@": { resources: { VCPU: 1 } } },
      project_id: "@@alpha@@",
      user_id: "@@member@@",
      consumer_generation: null,
      consumer_type: "INSTANCE",
      mappings: { "": ["@@provider@@"] },
    },
  ],
  "placement inventories:replace": [
    { resource_provider_generation: 0, inventories: { CUSTOM_A: { total: 10, allocation_ratio: 1.5, step_size: 2 } } },
  ],
  "image images:create": [
    {
      name: "a",
      disk_format: "qcow2",
      container_format: "bare",
      visibility: "shared",
      tags: ["x", "y"],
      min_disk: 1,
      min_ram: 64,
      protected: false,
      os_hidden: true,
      owner: "@@member@@",
      hw_disk_bus: "virtio",
    },
    { id: "6c1ef1f0-aaaa-4bbb-8ccc-00000000ab00", name: null },
    { container_format: "ami", disk_format: "ami", locations: [] },
  ],
  "image images:update": [
    [
      { op: "replace", path: "/name", value: "b" },
      { op: "add", path: "/x", value: "1" },
      { op: "remove", path: "/x" },
    ],
    [
      { op: "replace", path: "/visibility", value: "public" },
      { op: "replace", path: "/tags", value: ["a"] },
      { op: "add", path: "/a~1b~0c", value: "" },
    ],
    [{ replace: "/name", value: "old dialect" }],
    [{ op: "add", path: "/locations/-", value: { url: "file:///etc/passwd", metadata: {} } }],
  ],
  "image image-members": [{ member: "@@other@@" }, { status: "accepted" }],
  "image metadef-namespaces": [
    {
      namespace: "a",
      visibility: "private",
      protected: false,
      resource_type_associations: [{ name: "OS::Nova::Flavor", prefix: "hw:", properties_target: "x" }],
      properties: { p: { title: "P", type: "integer", minimum: 1, default: 2 } },
      objects: [{ name: "o", required: ["q"], properties: { q: { title: "Q", type: "string", enum: ["a", "b"] } } }],
      tags: [{ name: "t" }],
    },
    { namespace: "b", display_name: "B", description: "d", owner: "@@other@@" },
  ],
  "image metadef-objects": [
    { name: "thing", description: "d", properties: { q: { title: "Q", type: "array", items: { type: "string" } } } },
  ],
  "image metadef-properties": [{ name: "thing", title: "T", type: "string", pattern: "^a", operators: ["<or>"] }],
  "image metadef-tags": [{ tags: [{ name: "thing" }] }, { name: "thing" }],
  "image metadef-associations": [{ name: "OS::Glance::Image", prefix: "hw_" }],
  "image image-import": [
    { method: { name: "glance-direct" } },
    { method: { name: "web-download", uri: "http://127.0.0.1:1/x" } },
    { method: { name: "copy-image" }, stores: ["file"], all_stores: true, all_stores_must_succeed: false },
  ],
};

/** Bodies for a record: those of the longest matching name. */
export function examplesFor(service: string, name: string): readonly Json[] {
  if (service === "network" && name.includes(":tags:")) return EXAMPLES["network tags"] ?? [];
  const full = `${service} ${name}`;
  const key = Object.keys(EXAMPLES)
    .filter((candidate) => full === candidate || full.startsWith(`${candidate}:`))
    .sort((a, b) => b.length - a.length)[0];
  return key === undefined ? [] : (EXAMPLES[key] ?? []);
}

/** Names that may appear in a body or a query of this service although no schema says so. */
export function namesIn(service: string): readonly string[] {
  if (service !== "network") return [];
  return [
    networkAttributes,
    subnetAttributes,
    subnetPoolAttributes,
    addressScopeAttributes,
    portAttributes,
    routerAttributes,
    floatingIpAttributes,
    portForwardingAttributes,
    groupAttributes,
    ruleAttributes,
    rbacAttributes,
  ].flatMap((attributes) => Object.keys(attributes));
}
