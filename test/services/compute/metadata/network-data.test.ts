import assert from "node:assert/strict";
import { test } from "node:test";
import { networkData } from "../../../../src/services/compute/metadata/network-data.ts";
import type { Vif, VifAddress } from "../../../../src/services/network/facade.ts";

const v4: VifAddress = {
  address: "10.0.0.5",
  version: 4,
  subnetId: "subnet-4",
  cidr: "10.0.0.0/20",
  prefixLength: 20,
  gatewayIp: "10.0.0.1",
  enableDhcp: true,
  ipv6AddressMode: null,
  dnsNameservers: ["9.9.9.9"],
  hostRoutes: [{ destination: "10.9.0.0/16", nexthop: "10.0.0.9" }],
  floatingIps: [],
};
const v6: VifAddress = {
  ...v4,
  address: "fd00::5",
  version: 6,
  subnetId: "subnet-6",
  cidr: "fd00::/64",
  prefixLength: 64,
  gatewayIp: "fd00::1",
  ipv6AddressMode: "slaac",
  dnsNameservers: ["fd00::53"],
  hostRoutes: [{ destination: "fd01::/48", nexthop: "fd00::9" }],
};

function vif(fixedIps: VifAddress[]): Vif {
  return {
    portId: "port",
    networkId: "network",
    networkName: "private",
    mac: "fa:16:3e:00:00:05",
    mtu: 1450,
    status: "ACTIVE",
    vnicType: "normal",
    tap: "tapport",
    external: false,
    securityGroupIds: [],
    fixedIps,
  };
}

const common = { link: "tapport", network_id: "network" };

test("an IPv6 network has its routes and name servers, however the guest gets its address", () => {
  for (const mode of ["slaac", "dhcpv6-stateful", "dhcpv6-stateless"]) {
    const { networks, services } = networkData([vif([v4, { ...v6, ipv6AddressMode: mode }])]);
    assert.deepEqual(networks, [
      { ...common, id: "network0", type: "ipv4_dhcp" },
      {
        ...common,
        id: "network1",
        type: `ipv6_${mode}`,
        ip_address: "fd00::5",
        netmask: "ffff:ffff:ffff:ffff::",
        routes: [
          { network: "::", netmask: "::", gateway: "fd00::1" },
          { network: "fd01::", netmask: "ffff:ffff:ffff::", gateway: "fd00::9" },
        ],
        services: [{ type: "dns", address: "fd00::53" }],
      },
    ]);
    assert.deepEqual(services, [
      { type: "dns", address: "9.9.9.9" },
      { type: "dns", address: "fd00::53" },
    ]);
  }
});

test("addresses that nobody hands out are told in full; a subnet without gateway has no default route", () => {
  const still = { enableDhcp: false, ipv6AddressMode: null };
  const { networks } = networkData([vif([{ ...v6, ...still, gatewayIp: null }]), vif([{ ...v4, ...still }])]);
  assert.deepEqual(networks, [
    {
      ...common,
      id: "network0",
      type: "ipv6",
      ip_address: "fd00::5",
      netmask: "ffff:ffff:ffff:ffff::",
      routes: [{ network: "fd01::", netmask: "ffff:ffff:ffff::", gateway: "fd00::9" }],
      services: [{ type: "dns", address: "fd00::53" }],
    },
    {
      ...common,
      id: "network1",
      type: "ipv4",
      ip_address: "10.0.0.5",
      netmask: "255.255.240.0",
      routes: [
        { network: "0.0.0.0", netmask: "0.0.0.0", gateway: "10.0.0.1" },
        { network: "10.9.0.0", netmask: "255.255.0.0", gateway: "10.0.0.9" },
      ],
      services: [{ type: "dns", address: "9.9.9.9" }],
    },
  ]);
});

test("as nova has it: DHCP without a mode is DHCP for IPv6, too, and of each card one address of either family is told", () => {
  const { networks, services } = networkData([
    vif([v6, { ...v6, address: "fd00::6", dnsNameservers: ["fd00::54"] }, v4, { ...v4, address: "10.0.0.6" }]),
    vif([{ ...v6, ipv6AddressMode: null }]),
    vif([]),
  ]);
  assert.deepEqual(
    networks.map(({ id, type }) => [id, type]),
    [
      ["network0", "ipv4_dhcp"],
      ["network1", "ipv6_slaac"],
      ["network2", "ipv6_dhcp"],
    ],
  );
  assert.deepEqual(
    services.map(({ address }) => address),
    ["9.9.9.9", "fd00::53"],
  );
});
