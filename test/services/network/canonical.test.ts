import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** What neutron makes of a value before it keeps it, and what it finds the same as another (neutron 21.0.0, neutron-lib 3.1). */

let api: NetworkApi;
const ME = "member:alpha";
const ADMIN = "admin:alpha";

before(async () => {
  api = await networkApi();
});
after(() => api.t.close());

const networkWith = async (subnet: Json, owner = ME): Promise<{ network: Json; subnet: Json }> => {
  const network = await api.make(owner, "network", { name: "n" });
  return { network, subnet: await api.make(owner, "subnet", { network_id: network.id, ip_version: 4, ...subnet }) };
};
const SLAAC = { ip_version: 6, ipv6_ra_mode: "slaac", ipv6_address_mode: "slaac" };

test("a rule of all ports has no range, IPv6 has its own ICMP, and rules are the same by what they mean", async () => {
  const group = await api.make(ME, "security_group", { name: "rules" });
  const base = { security_group_id: group.id, direction: "ingress" };
  const rule = (more: Json) => api.make(ME, "security_group_rule", { ...base, ...more });
  const again = (more: Json, type = "SecurityGroupRuleExists") =>
    api.refused(ME, "POST", "/security-group-rules", { security_group_rule: { ...base, ...more } }, 409, type);
  const shown = ({ protocol, port_range_min, port_range_max, remote_ip_prefix }: Json) =>
    [protocol, port_range_min, port_range_max, remote_ip_prefix].join();

  assert.equal(shown(await rule({ protocol: "tcp", port_range_min: 1, port_range_max: 65535 })), "tcp,,,");
  await again({ protocol: "tcp" });
  await again({ protocol: "6", remote_ip_prefix: "0.0.0.0/0" });
  assert.equal(shown(await rule({ protocol: "icmp", port_range_min: 1, port_range_max: 65535 })), "icmp,,,");
  assert.equal(shown(await rule({ port_range_min: 1, port_range_max: 65535 })), ",,,");
  await again({});

  const six = { ethertype: "ipv6", protocol: "icmp" };
  assert.equal(shown(await rule(six)), "ipv6-icmp,,,");
  for (const protocol of ["icmpv6", "ipv6-icmp", 1, "1", 58, "58"]) await again({ ...six, protocol });
  assert.equal(shown(await rule({ ...six, protocol: 1, port_range_min: 128 })), "58,128,,");
  assert.equal(shown(await rule({ protocol: 17, port_range_min: "53", port_range_max: "53" })), "17,53,53,");
  await again({ protocol: "UDP", port_range_min: 53, port_range_max: 53 });

  const ssh = { protocol: "tcp", port_range_min: 22, port_range_max: 22 };
  const from = async (remote_ip_prefix: string, more: Json = {}) =>
    shown(await rule({ ...ssh, ...more, remote_ip_prefix }));
  assert.equal(await from("10.0.0.7/24"), "tcp,22,22,10.0.0.7/24");
  assert.equal(await from("10.0.0.0/24"), "tcp,22,22,10.0.0.0/24", "host bits make another rule");
  assert.equal(await from("10.0.0.0/255.0.0.0"), "tcp,22,22,10.0.0.0/8");
  assert.equal(await from("10.1.0.0/0.0.255.255"), "tcp,22,22,10.1.0.0/16");
  assert.equal(await from("10.2.0.1"), "tcp,22,22,10.2.0.1/32");
  assert.equal(await from("2001:DB8:0:0::1/64", { ethertype: "IPv6" }), "tcp,22,22,2001:db8::1/64");
  await again({ ...ssh, ethertype: "IPv6", remote_ip_prefix: "2001:db8::1/64" });
  const twice = { ...base, ...ssh, remote_ip_prefix: "10.9.0.1" };
  const both = { security_group_rules: [twice, { ...twice, remote_ip_prefix: "10.9.0.1/32" }] };
  await api.refused(ME, "POST", "/security-group-rules", both, 409, "DuplicateSecurityGroupRuleInPost");
});

test("ports of rules are 1 to 65535, both of them; an ICMP code comes with its type", async () => {
  const group = await api.make(ME, "security_group", { name: "ports" });
  const wrong: [Json, string][] = [
    [{ protocol: "tcp", port_range_min: 0, port_range_max: 65535 }, "SecurityGroupInvalidPortValue"],
    [{ protocol: "udp", port_range_min: 0, port_range_max: 0 }, "SecurityGroupInvalidPortValue"],
    [{ protocol: "132", port_range_max: 0 }, "SecurityGroupInvalidPortValue"],
    [{ protocol: "tcp", port_range_min: "" }, "SecurityGroupInvalidPortValue"],
    [{ protocol: "icmp", port_range_min: -1 }, "SecurityGroupInvalidPortValue"],
    [{ protocol: "tcp", port_range_min: 80 }, "SecurityGroupInvalidPortRange"],
    [{ protocol: "tcp", port_range_min: 81, port_range_max: 80 }, "SecurityGroupInvalidPortRange"],
    [{ protocol: "icmp", port_range_max: 0 }, "SecurityGroupMissingIcmpType"],
    [{ protocol: "icmp", port_range_min: 256 }, "SecurityGroupInvalidIcmpValue"],
    [{ protocol: "vrrp", port_range_min: 1, port_range_max: 2 }, "SecurityGroupInvalidProtocolForPort"],
    [{ protocol: "" }, "SecurityGroupRuleInvalidProtocol"],
    [{ protocol: "any" }, "SecurityGroupRuleInvalidProtocol"],
    [{ ethertype: "ARP" }, "SecurityGroupRuleInvalidEtherType"],
    [{ remote_ip_prefix: "10.0.0.0/255.0.255.0" }, "InvalidCIDR"],
    [{ remote_ip_prefix: "10.0.0.0/8", remote_group_id: group.id }, "SecurityGroupMultipleRemoteEntites"],
  ];
  for (const [more, type] of wrong) {
    const rule = { security_group_id: group.id, direction: "ingress", ...more };
    await api.refused(ME, "POST", "/security-group-rules", { security_group_rule: rule }, 400, type);
  }
  const zero = { security_group_id: group.id, direction: "ingress", protocol: "icmp" };
  const echo = await api.make(ME, "security_group_rule", { ...zero, port_range_min: 0, port_range_max: 0 });
  assert.deepEqual([echo.port_range_min, echo.port_range_max], [0, 0], "type and code 0 are an echo's answer");
});

test("CIDRs, gateways and pools are kept in one spelling; servers and destinations as they were written", async () => {
  const cidrs: [string, string][] = [
    ["10.1.2.3/24", "10.1.2.0/24"],
    ["10.1.3.0/255.255.255.0", "10.1.3.0/24"],
    ["10.1.4.0/0.0.0.255", "10.1.4.0/24"],
  ];
  for (const [sent, kept] of cidrs) assert.equal((await networkWith({ cidr: sent })).subnet.cidr, kept);
  const six = await networkWith({
    ip_version: 6,
    cidr: "2001:0DB8:0:0::/64",
    gateway_ip: "2001:DB8::0:1",
    allocation_pools: [
      { start: "2001:db8::0100", end: "2001:db8::0:200" },
      { start: "2001:DB8::10", end: "2001:db8::20" },
    ],
    dns_nameservers: ["2001:DB8::53"],
    host_routes: [{ destination: "2001:DB8:7::/48", nexthop: "2001:DB8::7" }],
  });
  assert.deepEqual(
    [six.subnet.cidr, six.subnet.gateway_ip, six.subnet.allocation_pools],
    [
      "2001:db8::/64",
      "2001:db8::1",
      [
        { start: "2001:db8::10", end: "2001:db8::20" },
        { start: "2001:db8::100", end: "2001:db8::200" },
      ],
    ],
  );
  assert.deepEqual(
    [six.subnet.dns_nameservers, six.subnet.host_routes],
    [["2001:DB8::53"], [{ destination: "2001:DB8:7::/48", nexthop: "2001:db8::7" }]],
  );
  await api.settled();
  const [told] = api.driver.networks.get(six.network.id)?.subnets ?? [];
  assert.deepEqual(told?.hostRoutes, [{ destination: "2001:db8:7::/48", nexthop: "2001:db8::7" }]);

  const wrong: Json[] = [
    { cidr: "10.1.0.0/24", host_routes: [{ destination: "10.9.0.1/24", nexthop: "10.1.0.2" }] },
    { cidr: "10.1.0.0/24", host_routes: [{ destination: "127.0.0.0/8", nexthop: "10.1.0.2" }] },
    { cidr: "10.1.0.0/24", dns_nameservers: ["10.1.0.2", "10.1.0.2"] },
    { cidr: "10.1.0.0/24", allocation_pools: null },
    { cidr: "10.1.0.0/24", gateway_ip: "010.1.0.1" },
    { cidr: "10.1.0.0/33" },
  ];
  for (const more of wrong)
    await api.refused(ME, "POST", "/subnets", { subnet: { network_id: six.network.id, ip_version: 4, ...more } }, 400);
});

test("a gateway may lie outside of its subnet, but is neither its first nor its last address", async () => {
  const { network, subnet } = await networkWith({ cidr: "10.5.0.0/24", gateway_ip: "10.6.0.1" });
  assert.equal(subnet.gateway_ip, "10.6.0.1");
  assert.deepEqual(subnet.allocation_pools, [{ start: "10.5.0.1", end: "10.5.0.254" }]);
  assert.equal((await api.change(ME, "subnet", subnet.id, { gateway_ip: "10.7.0.1" })).gateway_ip, "10.7.0.1");
  for (const gateway_ip of ["10.5.0.0", "10.5.0.255"]) {
    await api.refused(ME, "PUT", `/subnets/${subnet.id}`, { subnet: { gateway_ip } }, 400, "InvalidInput");
  }
  const small = { network_id: network.id, ip_version: 4, cidr: "10.8.0.0/31", enable_dhcp: false };
  await api.refused(ME, "POST", "/subnets", { subnet: small }, 409, "IpamValueInvalid");
  const pair = await api.make(ME, "subnet", { ...small, gateway_ip: null });
  assert.deepEqual(pair.allocation_pools, [{ start: "10.8.0.0", end: "10.8.0.1" }]);
  const single = await api.make(ME, "subnet", { ...small, cidr: "10.8.0.9/32" });
  assert.equal(single.gateway_ip, "10.8.0.10");
  await api.settled();
  assert.equal(
    api.driver.networks.get(network.id)?.subnets.find(({ id }) => id === subnet.id)?.gatewayIp,
    "10.7.0.1",
    "the host is told",
  );
});

test("a port's MAC is one that a single machine can have, as far as neutron asks", async () => {
  const { network } = await networkWith({ cidr: "10.21.0.0/24" });
  const port = (mac_address: string) => ({ port: { network_id: network.id, mac_address } });
  for (const mac of ["ff:ff:ff:ff:ff:ff", "FFFF.FFFF.FFFF", "00:00:00:00:00:00"]) {
    const { status, body } = await api.answer(ADMIN, "POST", "/ports", port(mac));
    assert.deepEqual(
      [status, body.NeutronError.message],
      [400, `Invalid input for mac_address. Reason: '${mac}' is not a valid MAC address.`],
    );
    const pair = {
      port: { network_id: network.id, allowed_address_pairs: [{ ip_address: "10.21.0.9", mac_address: mac }] },
    };
    assert.equal((await api.answer(ADMIN, "POST", "/ports", pair)).status, 400);
  }
  assert.equal((await api.answer(ADMIN, "POST", "/ports", port("01:00:5e:00:00:01"))).status, 201);
});

test("addresses of SLAAC subnets follow the port's MAC, stay without being asked for, and go when that is said", async () => {
  const { network, subnet } = await networkWith({ cidr: "fd00:1::/64", ...SLAAC });
  const plain = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.20.0.0/24" });
  const port = await api.make(ADMIN, "port", { network_id: network.id, mac_address: "FA-16-3E-01-02-03" });
  assert.equal(port.mac_address, "fa:16:3e:01:02:03");
  const addresses = (of: Json) => of.fixed_ips.map((ip: Json) => ip.ip_address).sort();
  const [v4] = addresses(port);
  assert.deepEqual(addresses(port), [v4, "fd00:1::f816:3eff:fe01:203"]);

  const moved = await api.change(ADMIN, "port", port.id, { mac_address: "fa:16:3e:01:02:04" });
  assert.deepEqual(addresses(moved), [v4, "fd00:1::f816:3eff:fe01:204"]);
  const again = { mac_address: "fa:16:3e:01:02:05", fixed_ips: moved.fixed_ips };
  assert.deepEqual(addresses(await api.change(ADMIN, "port", port.id, again)), [v4, "fd00:1::f816:3eff:fe01:205"]);
  const none = await api.change(ME, "port", port.id, { fixed_ips: [] });
  assert.deepEqual(addresses(none), ["fd00:1::f816:3eff:fe01:205"]);
  const gone = { fixed_ips: [{ subnet_id: plain.id }, { subnet_id: subnet.id, delete_subnet: true }] };
  assert.deepEqual((await api.change(ME, "port", port.id, gone)).fixed_ips.length, 1);
  const chosen = { network_id: network.id, fixed_ips: [{ ip_address: "fd00:1::5" }] };
  await api.refused(ME, "POST", "/ports", { port: chosen }, 400, "AllocationOnAutoAddressSubnet");

  const advertised = await networkWith({ cidr: "fd00:2::/64", ip_version: 6, ipv6_ra_mode: "slaac" });
  const mac = { network_id: advertised.network.id, mac_address: "fa:16:3e:00:00:01" };
  assert.deepEqual(addresses(await api.make(ADMIN, "port", mac)), ["fd00:2::f816:3eff:fe00:1"]);
  const off = { subnet: { enable_dhcp: false } };
  const { message } = await api.refused(ME, "PUT", `/subnets/${advertised.subnet.id}`, off, 400, "InvalidInput");
  assert.match(message, /Cannot disable enable_dhcp with ipv6 attributes set/);
});

test("MACs are read in every spelling and kept in one", async () => {
  const { network } = await networkWith({ cidr: "10.21.0.0/24" });
  const spellings = ["FA:16:3E:AA:00:01", "fa-16-3e-aa-00-02", "fa16.3eaa.0003", "fa163eaa0004", "fa:16:3e:aa:0:5"];
  for (const [index, mac_address] of spellings.entries()) {
    const port = await api.make(ADMIN, "port", { network_id: network.id, mac_address });
    assert.equal(port.mac_address, `fa:16:3e:aa:00:0${index + 1}`);
    await api.refused(
      ADMIN,
      "POST",
      "/ports",
      { port: { network_id: network.id, mac_address } },
      409,
      "MacAddressInUse",
    );
  }
  for (const mac_address of ["fa:16:3e:aa:00", "00-00-00-00-00-00", "fa:16-3e:aa-00:01", "fa:16:3e:aa:00:011", ""]) {
    await api.refused(ADMIN, "POST", "/ports", { port: { network_id: network.id, mac_address } }, 400);
  }
});

test("an address pair is there once, whether it says the port's MAC or leaves it out, and is shown as it was written", async () => {
  const { network } = await networkWith({ cidr: "10.22.0.0/24" });
  const port = await api.make(ME, "port", { network_id: network.id });
  const mac = port.mac_address as string;
  const pairs = (...allowed_address_pairs: Json[]) => ({ port: { allowed_address_pairs } });
  const put = (body: Json, type?: string) => api.refused(ME, "PUT", `/ports/${port.id}`, body, 400, type);
  const one = { ip_address: "10.1.1.5" };
  const double = "DuplicateAddressPairInRequest";
  await put(pairs(one, one), double);
  await put(pairs(one, { ...one, mac_address: mac }), double);
  await put(pairs({ ...one, mac_address: mac }, { ...one, mac_address: mac.toUpperCase() }), double);
  await put(pairs({ mac_address: mac }), "AllowedAddressPairsMissingIP");
  await put(pairs({ ...one, colour: "red" }), "HTTPBadRequest");
  for (const wrong of [{ ip_address: "10.1.1.5/024" }, { ip_address: "10.1.1.0/33" }, { ...one, mac_address: null }])
    await put(pairs(wrong));
  const created = {
    port: { network_id: network.id, mac_address: mac, ...pairs(one, { ...one, mac_address: mac }).port },
  };
  await api.call(ADMIN, "DELETE", `/ports/${port.id}`);
  await api.refused(ADMIN, "POST", "/ports", created, 400, double);

  const written = [
    { mac_address: "FA-16-3E-00-00-09", ip_address: "2001:DB8::/32" },
    { mac_address: mac, ip_address: "10.1.1.7/24" },
  ];
  const kept = await api.make(ME, "port", {
    network_id: network.id,
    device_id: "guest",
    allowed_address_pairs: written,
  });
  assert.deepEqual(kept.allowed_address_pairs, written);
  await api.change(ADMIN, "port", kept.id, { "binding:host_id": "here" });
  await api.settled();
  assert.deepEqual(api.driver.firewall.ports.find(({ portId }) => portId === kept.id)?.allowedAddressPairs, [
    { mac: "fa:16:3e:00:00:09", cidr: "2001:db8::/32" },
    { mac, cidr: "10.1.1.0/24" },
  ]);
});

test("nothing is in a list twice: groups of a port, tags, prefixes of a pool", async () => {
  const { network } = await networkWith({ cidr: "10.23.0.0/24" });
  const group = await api.make(ME, "security_group", { name: "g" });
  const twice: [string, Json][] = [
    ["port", { network_id: network.id, security_groups: [group.id, group.id] }],
    ["network", { tags: ["a", "a"] }],
    ["subnetpool", { name: "p", prefixes: ["10.0.0.0/8", "10.0.0.0/8"] }],
  ];
  for (const [singular, body] of twice) {
    const { message } = await api.refused(ME, "POST", `/${singular}s`, { [singular]: body }, 400);
    assert.match(message, /Duplicate items in the list/);
  }
});

test("DHCP options: any name of one line, changed one by one, a blank value only where it means something", async () => {
  const { network } = await networkWith({ cidr: "10.24.0.0/24" });
  const option = (opt_name: string, opt_value: string | null, more: Json = {}) => ({ opt_name, opt_value, ...more });
  const odd = [option("no such_option!", "x"), option("router", ""), option("150", "10.0.0.1", { ip_version: "4" })];
  const port = await api.make(ME, "port", { network_id: network.id, extra_dhcp_opts: odd });
  const of = ({ extra_dhcp_opts }: Json) =>
    extra_dhcp_opts.map((one: Json) => `${one.opt_name}=${one.opt_value}/${one.ip_version}`).sort();
  assert.deepEqual(of(port), ["150=10.0.0.1/4", "no such_option!=x/4", "router=/4"]);
  const changes = [option("150", "10.0.0.2"), option("router", null), option("150", "fd00::1", { ip_version: 6 })];
  assert.deepEqual(of(await api.change(ME, "port", port.id, { extra_dhcp_opts: changes })), [
    "150=10.0.0.2/4",
    "150=fd00::1/6",
    "no such_option!=x/4",
  ]);
  const wrong = [
    option("", "x"),
    option("n".repeat(65), "x"),
    option("mtu", ""),
    option("mtu", "x".repeat(256)),
    option("mtu", "1\n2"),
    option("mtu", "1", { ip_version: 5 }),
    option("mtu", "1", { colour: "red" }),
    { opt_name: "mtu" },
  ];
  for (const one of wrong) {
    const body = { port: { network_id: network.id, extra_dhcp_opts: [one] } };
    await api.refused(ME, "POST", "/ports", body, 400, "InvalidInput");
  }
});

test("fixed addresses: the subnet must be there and hold them, and nobody takes the network's own", async () => {
  const { network, subnet } = await networkWith({ cidr: "10.25.0.0/24" });
  const bare = await api.make(ME, "network", { name: "bare" });
  const refusals: [string, Json, number, string][] = [
    [network.id, [{ subnet_id: "6c1ef1f0-aaaa-4bbb-8ccc-000000000009" }], 404, "SubnetNotFound"],
    [network.id, [{ ip_address: "10.25.0.255" }], 400, "InvalidIpForNetwork"],
    [network.id, [{ ip_address: "10.26.0.1" }], 400, "InvalidIpForNetwork"],
    [network.id, [{ subnet_id: subnet.id, ip_address: "10.25.0.0" }], 400, "InvalidIpForSubnet"],
    [network.id, [{}], 400, "InvalidInput"],
    [network.id, null, 400, "HTTPBadRequest"],
    [bare.id, [{ subnet_id: subnet.id }], 400, "InvalidInput"],
  ];
  for (const [network_id, fixed_ips, status, type] of refusals)
    await api.refused(ME, "POST", "/ports", { port: { network_id, fixed_ips } }, status, type);
  const six = await networkWith({ cidr: "2001:DB8:1::/64", ip_version: 6, enable_dhcp: false });
  const port = await api.make(ME, "port", {
    network_id: six.network.id,
    fixed_ips: [{ ip_address: "2001:DB8:1::0:5" }],
  });
  assert.equal(port.fixed_ips[0].ip_address, "2001:db8:1::5");
});

test("prefixes of pools are put together, taken apart, and handed out from the smallest free one", async () => {
  const pool = await api.make(ME, "subnetpool", {
    name: "parts",
    prefixes: ["10.30.1.0/24", "10.30.0.7/24", "10.30.0.0/25", "10.40.0.0/26"],
    default_prefixlen: 26,
  });
  assert.deepEqual(pool.prefixes, ["10.30.0.0/23", "10.40.0.0/26"]);
  const network = await api.make(ME, "network", {});
  const take = (more: Json = {}) =>
    api.make(ME, "subnet", { network_id: network.id, ip_version: 4, subnetpool_id: pool.id, ...more });
  assert.equal((await take()).cidr, "10.40.0.0/26");
  assert.equal((await take({ gateway_ip: "10.30.1.77" })).cidr, "10.30.1.64/26", "around the gateway");
  assert.equal((await take()).cidr, "10.30.1.0/26");
  const ops = async (verb: string, prefixes: string[]) =>
    (await api.call(ME, "PUT", `/subnetpools/${pool.id}/${verb}`, { prefixes })).prefixes;
  assert.deepEqual(await ops("remove_prefixes", ["10.30.0.128/25", "172.16.0.0/12"]), [
    "10.30.0.0/25",
    "10.30.1.0/24",
    "10.40.0.0/26",
  ]);
  const inUse = { prefixes: ["10.30.1.0/25"] };
  await api.refused(ME, "PUT", `/subnetpools/${pool.id}/remove_prefixes`, inUse, 400, "IllegalSubnetPoolPrefixUpdate");
  assert.deepEqual(await ops("add_prefixes", ["10.30.0.128/25"]), ["10.30.0.0/23", "10.40.0.0/26"]);
  assert.deepEqual(await ops("add_prefixes", []), ["10.30.0.0/23", "10.40.0.0/26"]);

  const six = { name: "six", prefixes: ["fd00:30::/48"], default_prefixlen: 64 };
  const { id } = await api.make(ME, "subnetpool", six);
  const subnet = { network_id: network.id, ip_version: 6, subnetpool_id: id };
  assert.equal((await api.make(ME, "subnet", subnet)).gateway_ip, "fd00:30::1");
});

test("the subnets of a network come from one pool, or from pools of one address scope", async () => {
  const scope = await api.make(ME, "address_scope", { name: "s", ip_version: 4 });
  const pool = (name: string, prefix: string, address_scope_id: string | null) =>
    api.make(ME, "subnetpool", { name, prefixes: [prefix], default_prefixlen: 26, address_scope_id });
  const [one, other] = [await pool("one", "10.50.0.0/16", null), await pool("other", "10.51.0.0/16", null)];
  const [a, b] = [await pool("a", "10.52.0.0/16", scope.id), await pool("b", "10.53.0.0/16", scope.id)];
  const network = await api.make(ME, "network", {});
  const body = (network_id: string, more: Json) => ({ network_id, ip_version: 4, ...more });
  await api.make(ME, "subnet", body(network.id, { subnetpool_id: one.id }));
  for (const more of [{ subnetpool_id: other.id }, { cidr: "10.60.0.0/24" }]) {
    const subnet = body(network.id, more);
    await api.refused(ME, "POST", "/subnets", { subnet }, 400, "NetworkSubnetPoolAffinityError");
  }
  const scoped = await api.make(ME, "network", {});
  await api.make(ME, "subnet", body(scoped.id, { subnetpool_id: a.id }));
  await api.make(ME, "subnet", body(scoped.id, { subnetpool_id: b.id }));
  const subnet = body(scoped.id, { subnetpool_id: one.id });
  await api.refused(ME, "POST", "/subnets", { subnet }, 400, "NetworkAddressScopeAffinityError");
  assert.equal((await api.call(ME, "GET", `/networks/${scoped.id}`)).network.ipv4_address_scope, scope.id);
});

test("a subnet made outside gives every router there an address of its family", async () => {
  const outside = await api.make("admin:ops", "network", { "router:external": true });
  const subnet = (more: Json) =>
    api.make("admin:ops", "subnet", { network_id: outside.id, enable_dhcp: false, ...more });
  const v4 = await subnet({ ip_version: 4, cidr: "172.24.4.0/24" });
  const router = await api.make(ME, "router", { external_gateway_info: { network_id: outside.id } });
  const subnets = async () =>
    (await api.call(ME, "GET", `/routers/${router.id}`)).router.external_gateway_info.external_fixed_ips.map(
      (ip: Json) => ip.subnet_id,
    );
  assert.deepEqual(await subnets(), [v4.id]);
  const v6 = await subnet({ ip_version: 6, cidr: "2001:db8:9::/64" });
  await subnet({ ip_version: 4, cidr: "172.24.5.0/24" });
  assert.deepEqual(await subnets(), [v4.id, v6.id]);
});
