import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FakeNetworkDriver } from "../../../src/services/network/driver/fake.ts";
import { network } from "../../../src/services/network/index.ts";
import { identityStub, type TestCloud, testCloud } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";

/** What OpenStack's advisories tell of neutron, tried through the API: docs/security.md names these tests. */

let t: TestCloud;
const driver = new FakeNetworkDriver();
const OWNER = "member:alpha";
const OTHER = "member:beta";
const ADMIN = "admin:ops";
const MISSING = "6c1ef1f0-aaaa-4bbb-8ccc-000000000009";

let ext: Json;
/** alpha's, shared with everybody. */
let shared: Json;
let sharedSubnet: Json;
let router: Json;
/** beta's. */
let own: Json;

before(async () => {
  t = await testCloud([identityStub(), network({ driver })]);
  ext = (await call(ADMIN, "POST", "/networks", { network: { name: "ext", "router:external": true } })).network;
  await subnet(ADMIN, ext.id, "172.24.4.0/24");
  shared = (await call(ADMIN, "POST", "/networks", { network: { project_id: "alpha", shared: true } })).network;
  sharedSubnet = await subnet(OWNER, shared.id, "10.0.0.0/24");
  const gateway = { external_gateway_info: { network_id: ext.id } };
  router = (await call(OWNER, "POST", "/routers", { router: { name: "r", ...gateway } })).router;
  await call(OWNER, "PUT", `/routers/${router.id}/add_router_interface`, { subnet_id: sharedSubnet.id });
  own = (await call(OTHER, "POST", "/networks", { network: { name: "own" } })).network;
  await subnet(OTHER, own.id, "10.7.0.0/24");
});
after(() => t.close());

async function answer(token: string, method: string, path: string, body?: unknown) {
  return t.request(method, `/networking/v2.0${path}`, { token, ...(body === undefined ? {} : { body }) });
}

async function call(token: string, method: string, path: string, body?: unknown): Promise<Json> {
  const { status, body: said } = await answer(token, method, path, body);
  assert.ok(status < 300, `${method} ${path} → ${status} ${JSON.stringify(said)}`);
  return said;
}

async function refused(token: string, method: string, path: string, body: unknown, status: number, type?: string) {
  const { status: got, body: said } = await answer(token, method, path, body);
  assert.equal(got, status, `${method} ${path} ${JSON.stringify(body)} → ${got} ${JSON.stringify(said)}`);
  if (type !== undefined) assert.equal(said.NeutronError.type, type);
  return said;
}

const subnet = async (token: string, networkId: string, cidr: string): Promise<Json> =>
  (await call(token, "POST", "/subnets", { subnet: { network_id: networkId, cidr, ip_version: 4 } })).subnet;
const portOn = async (token: string, networkId: string, more: Json = {}): Promise<Json> =>
  (await call(token, "POST", "/ports", { port: { network_id: networkId, ...more } })).port;
const desired = async () => {
  await t.cloud.kernel.facade("network").settled();
  return driver;
};

test("no port plugs another project's router into a network", async () => {
  const claim = { device_id: router.id, device_owner: "network:router_interface" };
  const before = JSON.stringify((await desired()).routers.get(router.id));
  await refused(OTHER, "POST", "/ports", { port: { network_id: own.id, ...claim } }, 409, "DeviceIDNotOwnedByTenant");
  const port = await portOn(OTHER, own.id);
  await refused(OTHER, "PUT", `/ports/${port.id}`, { port: claim }, 409, "DeviceIDNotOwnedByTenant");
  // In two steps: first the owner, which says nothing yet, then the device.
  await call(OTHER, "PUT", `/ports/${port.id}`, { port: { device_owner: "network:router_interface" } });
  const step = { port: { device_id: router.id } };
  await refused(OTHER, "PUT", `/ports/${port.id}`, step, 409, "DeviceIDNotOwnedByTenant");
  await refused(OTHER, "PUT", `/routers/${router.id}/add_router_interface`, { port_id: port.id }, 404);
  assert.equal(JSON.stringify((await desired()).routers.get(router.id)), before);
});

test("on a network of others no port becomes the network's own, or chooses address, MAC or anti-spoofing", async () => {
  const port = await portOn(OTHER, shared.id);
  const wishes = [
    { device_owner: "network:dhcp" },
    { device_owner: "network:router_interface" },
    { mac_address: "fa:16:3e:00:00:99" },
    { fixed_ips: [{ ip_address: "10.0.0.77" }] },
    { port_security_enabled: false, security_groups: [] },
    { allowed_address_pairs: [{ ip_address: "10.0.0.1" }] },
  ];
  for (const wish of wishes) {
    await refused(OTHER, "POST", "/ports", { port: { network_id: shared.id, ...wish } }, 403);
    await refused(OTHER, "PUT", `/ports/${port.id}`, { port: wish }, 403);
  }
  const after = (await call(OTHER, "GET", `/ports/${port.id}`)).port;
  assert.deepEqual([after.device_owner, after.mac_address, after.port_security_enabled], ["", port.mac_address, true]);
});

test("who owns a network takes others' ports away, but does not change them", async () => {
  const port = await portOn(OTHER, shared.id);
  await refused(
    OWNER,
    "PUT",
    `/ports/${port.id}`,
    { port: { port_security_enabled: false, security_groups: [] } },
    403,
  );
  await refused(OWNER, "PUT", `/ports/${port.id}/tags/x`, undefined, 403);
  await call(OWNER, "DELETE", `/ports/${port.id}`);
});

test("a port forwarding leads to no port that its owner does not see", async () => {
  const victim = await portOn(OWNER, shared.id);
  const fip = (await call(OTHER, "POST", "/floatingips", { floatingip: { floating_network_id: ext.id } })).floatingip;
  const forward = { protocol: "tcp", external_port: 22, internal_port: 22, internal_port_id: victim.id };
  const path = `/floatingips/${fip.id}/port_forwardings`;
  await refused(OTHER, "POST", path, { port_forwarding: forward }, 404, "PortNotFound");
  const body = { floatingip: { port_id: victim.id } };
  await refused(OTHER, "PUT", `/floatingips/${fip.id}`, body, 404, "PortNotFound");
  assert.deepEqual((await desired()).routers.get(router.id)?.portForwardings, []);
});

test("a gateway's address outside is the admin's to choose, and routes come through their own checks", async () => {
  const fixed = { network_id: ext.id, external_fixed_ips: [{ ip_address: "172.24.4.99" }] };
  await refused(OTHER, "POST", "/routers", { router: { external_gateway_info: fixed } }, 403);
  const mine = (await call(OTHER, "POST", "/routers", { router: { name: "mine" } })).router;
  await refused(OTHER, "PUT", `/routers/${mine.id}`, { router: { external_gateway_info: fixed } }, 403);
  await call(ADMIN, "PUT", `/routers/${mine.id}`, { router: { external_gateway_info: fixed } });
  const routes = [{ destination: "0.0.0.0/0", nexthop: "9.9.9.9" }];
  await refused(OTHER, "POST", "/routers", { router: { routes } }, 400);
  await refused(OTHER, "PUT", `/routers/${mine.id}`, { router: { routes } }, 400, "InvalidRoutes");
});

test("a subnet pool joins no address scope of another project", async () => {
  const scope = (await call(OWNER, "POST", "/address-scopes", { address_scope: { name: "s", ip_version: 4 } }))
    .address_scope;
  const pool = { name: "p", prefixes: ["10.64.0.0/16"], min_prefixlen: 24 };
  const joined = { subnetpool: { ...pool, address_scope_id: scope.id } };
  await refused(OTHER, "POST", "/subnetpools", joined, 404, "AddressScopeNotFound");
  const made = (await call(OTHER, "POST", "/subnetpools", { subnetpool: pool })).subnetpool;
  const change = { subnetpool: { address_scope_id: scope.id } };
  await refused(OTHER, "PUT", `/subnetpools/${made.id}`, change, 404, "AddressScopeNotFound");
  await call(OWNER, "POST", "/subnetpools", joined);
});

test("a token without a project makes nothing, and sees nothing of the cloud itself", async () => {
  const NOBODY = "member:system";
  await refused(NOBODY, "POST", "/networks", { network: { name: "x" } }, 400);
  await refused(NOBODY, "POST", "/ports", { port: { network_id: shared.id } }, 400);
  assert.deepEqual((await call(NOBODY, "GET", "/ports")).ports, []);
  assert.deepEqual((await call(NOBODY, "GET", "/routers")).routers, []);
  const gateways = await call(ADMIN, "GET", "/ports?device_owner=network:router_gateway");
  assert.ok(gateways.ports.length > 0, "the cloud itself has ports");
});

test("attributes for admins are neither set nor set back by others", async () => {
  const wishes = [
    { shared: false },
    { shared: true },
    { "router:external": false },
    { "router:external": true },
    { is_default: false },
  ];
  for (const wish of wishes) await refused(OWNER, "PUT", `/networks/${shared.id}`, { network: wish }, 403);
  for (const name of ["network_type", "physical_network", "segmentation_id"]) {
    await refused(OWNER, "PUT", `/networks/${shared.id}`, { network: { [`provider:${name}`]: null } }, 403);
  }
  for (const wish of [{ "binding:host_id": "" }, { "binding:profile": {} }]) {
    const port = await portOn(OTHER, own.id);
    await refused(OTHER, "PUT", `/ports/${port.id}`, { port: wish }, 403);
  }
  const now = (await call(ADMIN, "GET", `/networks/${shared.id}`)).network;
  assert.deepEqual([now.shared, now["router:external"]], [true, false]);
});

test("tags are set by who owns the thing, and there are not too many", async () => {
  const things = [`/networks/${shared.id}`, `/subnets/${sharedSubnet.id}`, `/networks/${ext.id}`];
  for (const path of things) {
    await refused(OTHER, "PUT", `${path}/tags/mine`, undefined, 403);
    await refused(OTHER, "PUT", `${path}/tags`, { tags: ["mine"] }, 403);
    await refused(OTHER, "DELETE", `${path}/tags`, undefined, 403);
  }
  for (const path of [`/routers/${router.id}`, `/ports/${MISSING}`]) {
    await refused(OTHER, "PUT", `${path}/tags/mine`, undefined, 404);
  }
  await refused("reader:alpha", "PUT", `/networks/${shared.id}/tags/mine`, undefined, 403);
  const many = Array.from({ length: 51 }, (_, index) => `tag ${index}`);
  await refused(OTHER, "PUT", `/networks/${own.id}/tags`, { tags: many }, 400);
  assert.deepEqual((await call(OTHER, "PUT", `/networks/${own.id}/tags`, { tags: many.slice(1) })).tags.length, 50);
});

test("rules that a host could not apply are refused: protocols, ports, ranges", async () => {
  const group = (await call(OTHER, "POST", "/security-groups", { security_group: { name: "odd" } })).security_group;
  const base = { security_group_id: group.id, direction: "ingress" };
  const odd = [
    { protocol: "58" },
    { protocol: "58", port_range_min: 128 },
    { protocol: "icmpv6" },
    { protocol: "41" },
    { protocol: "vrrp", port_range_min: 80, port_range_max: 80 },
    { protocol: "112", port_range_min: 80, port_range_max: 80 },
    { protocol: "tcp", port_range_min: 0, port_range_max: 65536 },
    { protocol: "tcp", port_range_min: -1, port_range_max: 80 },
    { protocol: "tcp", port_range_min: 90, port_range_max: 80 },
    { protocol: "icmp", port_range_min: 256 },
    { protocol: "-1" },
    { protocol: "256" },
    { protocol: "tcp -j ACCEPT" },
    { port_range_min: 80, port_range_max: 80 },
    { remote_ip_prefix: "10.0.0.0/33" },
    { remote_ip_prefix: "300.0.0.0/8" },
    { remote_ip_prefix: "10.0.0.0/8,0.0.0.0/0" },
    { remote_ip_prefix: "::/0" },
    { remote_ip_prefix: "10.0.0.0/8", ethertype: "IPv6" },
    { remote_ip_prefix: "10.0.0.0/255.0.255.0" },
  ];
  for (const more of odd) {
    await refused(OTHER, "POST", "/security-group-rules", { security_group_rule: { ...base, ...more } }, 400);
  }
  // What a network address with host bits means is said, and is what the host is told.
  const prefix = { ...base, protocol: "TCP", port_range_min: 22, port_range_max: 22, remote_ip_prefix: "10.0.0.7/24" };
  const made = (await call(OTHER, "POST", "/security-group-rules", { security_group_rule: prefix }))
    .security_group_rule;
  assert.deepEqual([made.protocol, made.normalized_cidr], ["tcp", "10.0.0.0/24"]);
});

test("rules, address pairs and addresses are limited", async () => {
  const group = (await call("member:limits", "POST", "/security-groups", { security_group: { name: "many" } }))
    .security_group;
  const limit = await call(ADMIN, "PUT", "/quotas/limits", { quota: { security_group_rule: 8 } });
  assert.equal(limit.quota.security_group_rule, 8);
  const ruleAt = (port: number) => ({
    security_group_rule: {
      security_group_id: group.id,
      direction: "ingress",
      protocol: "tcp",
      port_range_min: port,
      port_range_max: port,
    },
  });
  const answers: number[] = [];
  for (let port = 1; port < 12; port += 1) {
    answers.push((await answer("member:limits", "POST", "/security-group-rules", ruleAt(port))).status);
  }
  assert.equal(answers.at(-1), 409);
  const rules = (await call("member:limits", "GET", "/security-group-rules")).security_group_rules;
  assert.equal(rules.length, 8);

  const pairs = Array.from({ length: 11 }, (_, index) => ({ ip_address: `10.7.1.${index}` }));
  const port = { network_id: own.id, allowed_address_pairs: pairs };
  await refused(OTHER, "POST", "/ports", { port }, 400, "AllowedAddressPairExhausted");
  const some = await portOn(OTHER, own.id, { allowed_address_pairs: pairs.slice(1) });
  const update = { port: { allowed_address_pairs: pairs } };
  await refused(OTHER, "PUT", `/ports/${some.id}`, update, 400, "AllowedAddressPairExhausted");

  const addresses = (count: number) => Array.from({ length: count }, () => ({ subnet_id: sharedSubnet.id }));
  const greedy = { network_id: shared.id, fixed_ips: addresses(6) };
  await refused(OTHER, "POST", "/ports", { port: greedy }, 400, "InvalidInput");
  const modest = await portOn(OTHER, shared.id, { fixed_ips: addresses(5) });
  await refused(OTHER, "PUT", `/ports/${modest.id}`, { port: { fixed_ips: addresses(6) } }, 400, "InvalidInput");
  const portLimit = await call(ADMIN, "PUT", "/quotas/few", { quota: { port: 1 } });
  assert.equal(portLimit.quota.port, 1);
  await portOn("member:few", shared.id);
  await refused("member:few", "POST", "/ports", { port: { network_id: shared.id } }, 409, "OverQuota");
});

test("address pairs are addresses and ranges, and reach the host in one spelling", async () => {
  const wrong = [
    "10.7.0.1/33",
    "10.7.0.1-10.7.0.9",
    "",
    "any",
    "10.7.0.1/ 24",
    "fe80::1%eth0",
    "10.7.0.0/24 drop",
    "10.7.0.9/024",
    7,
  ];
  for (const ip_address of wrong) {
    const port = { network_id: own.id, allowed_address_pairs: [{ ip_address }] };
    await refused(OTHER, "POST", "/ports", { port }, 400);
  }
  const mac = { ip_address: "10.7.0.9", mac_address: 'fa:16:3e:00:00:01" drop' };
  await refused(OTHER, "POST", "/ports", { port: { network_id: own.id, allowed_address_pairs: [mac] } }, 400);
  const odd = ["0.0.0.0/0", "10.7.0.9/24", "FE80::1/010", "10.7.0.8"].map((ip_address) => ({ ip_address }));
  const port = await portOn(OTHER, own.id, { allowed_address_pairs: odd, device_id: "guest" });
  await call(ADMIN, "PUT", `/ports/${port.id}`, { port: { "binding:host_id": "here" } });
  const known = (await desired()).firewall.ports.find(({ portId }) => portId === port.id);
  assert.deepEqual(
    known?.allowedAddressPairs.map(({ cidr }) => cidr),
    ["0.0.0.0/0", "10.7.0.0/24", "fe80::/10", "10.7.0.8/32"],
  );
  // What a port may send from is what a rule for its group lets in, as in neutron.
  const group = (await desired()).firewall.groups.find(({ id }) => id === port.security_groups[0]);
  const others = ["0.0.0.0/0", "10.7.0.0/24", "10.7.0.8", "fe80::/10", port.fixed_ips[0].ip_address];
  for (const one of others) assert.equal(group?.memberAddresses.filter((member) => member === one).length, 1, one);
});

test("no line of the DHCP server's files can be made by an option, a name or a name server", async () => {
  const options = [
    { opt_name: "bootfile-name", opt_value: "a\nlog-facility=/etc/passwd" },
    { opt_name: "bootfile-name", opt_value: "a\r\ntag:x,6,9.9.9.9" },
    { opt_name: "bootfile-name\n6", opt_value: "9.9.9.9" },
    { opt_name: "6,9.9.9.9\noption:router", opt_value: "x" },
  ];
  const port = await portOn(OTHER, own.id);
  for (const option of options) {
    const extra_dhcp_opts = [option];
    await refused(OTHER, "POST", "/ports", { port: { network_id: own.id, extra_dhcp_opts } }, 400);
    await refused(OTHER, "PUT", `/ports/${port.id}`, { port: { extra_dhcp_opts } }, 400);
  }
  for (const dns_name of ["a\nb", "a b", "a,b", "-a", "a..b", "x".repeat(64)]) {
    await refused(OTHER, "POST", "/ports", { port: { network_id: own.id, dns_name } }, 400);
    await refused(OTHER, "PUT", `/networks/${own.id}`, { network: { dns_domain: dns_name } }, 400);
  }
  for (const server of ["ns.example.org", "9.9.9.9\nserver=1.1.1.1", "9.9.9.9,8.8.8.8", "999.1.1.1", "%"]) {
    const body = { subnet: { network_id: own.id, cidr: "10.71.0.0/24", ip_version: 4, dns_nameservers: [server] } };
    await refused(OTHER, "POST", "/subnets", body, 400);
  }
});

test("an IPv6 subnet that a router cannot serve is not plugged into it", async () => {
  const v6 = (more: Json) => ({ subnet: { network_id: own.id, ip_version: 6, ...more } });
  const half = { cidr: "fd00:7::/64", ipv6_address_mode: "slaac" };
  const from = (await call(OTHER, "POST", "/subnets", v6(half))).subnet;
  const mine = (await call(OTHER, "POST", "/routers", { router: { name: "six" } })).router;
  await refused(OTHER, "PUT", `/routers/${mine.id}/add_router_interface`, { subnet_id: from.id }, 400);
  const wide = { cidr: "fd00:8::/60", ipv6_address_mode: "slaac", ipv6_ra_mode: "slaac" };
  await refused(OTHER, "POST", "/subnets", v6(wide), 400);
});

test("paths that lead nowhere are not remembered", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const ask = async (count: number) => {
    for (let index = 0; index < count; index += 1) {
      const path = `/${"x".repeat(4_000)}${Math.random()}`;
      const { status } = await answer(OTHER, "GET", path);
      assert.equal(status, 404);
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = await ask(200);
  const after = await ask(2_000);
  // Two thousand paths are 8 MB.
  assert.ok(after - before < 4_000_000, `${after - before} bytes more`);
});
