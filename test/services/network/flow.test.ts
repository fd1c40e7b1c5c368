import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { FakeNetworkDriver } from "../../../src/services/network/driver/fake.ts";
import { network } from "../../../src/services/network/index.ts";
import { identityStub, type TestCloud, testCloud } from "../../support/cloud.ts";
import { inOrder } from "../../support/in-order.ts";
import type { Json } from "../../support/json.ts";

let t: TestCloud;
const driver = new FakeNetworkDriver();
before(async () => {
  t = await testCloud([identityStub(), network({ driver })]);
});
after(() => t.close());

const call = async (method: string, path: string, token: string, body?: unknown, expected?: number) => {
  const answer = await t.request(method, `/networking/v2.0${path}`, { token, ...(body === undefined ? {} : { body }) });
  if (expected !== undefined) assert.equal(answer.status, expected, JSON.stringify(answer.body));
  return answer.body;
};
const settled = () => t.cloud.kernel.facade("network").settled();

describe("network, subnet, router, port and floating IP", () => {
  const step = inOrder();
  const alpha = "member:alpha";
  let ext: Json;
  let net: Json;
  let subnet: Json;
  let router: Json;
  let port: Json;
  let fip: Json;

  step("an administrator makes the outside, a member a network with a subnet", async () => {
    const outside = { network: { name: "ext", "router:external": true } };
    ext = (await call("POST", "/networks", "admin:ops", outside, 201)).network;
    const range = { network_id: ext.id, cidr: "172.24.4.0/24", ip_version: 4, enable_dhcp: false };
    await call("POST", "/subnets", "admin:ops", { subnet: range }, 201);
    net = (await call("POST", "/networks", alpha, { network: { name: "n1" } }, 201)).network;
    assert.equal(net.status, "ACTIVE");
    assert.equal(net["provider:network_type"], undefined, "a member does not see provider attributes");
    const inside = { network_id: net.id, cidr: "10.0.0.0/24", ip_version: 4 };
    subnet = (await call("POST", "/subnets", alpha, { subnet: inside }, 201)).subnet;
    assert.deepEqual(subnet.allocation_pools, [{ start: "10.0.0.2", end: "10.0.0.254" }]);
  });

  step("a router joins them", async () => {
    const wanted = { name: "r1", external_gateway_info: { network_id: ext.id } };
    router = (await call("POST", "/routers", alpha, { router: wanted }, 201)).router;
    assert.equal(router.external_gateway_info.enable_snat, true);
    const path = `/routers/${router.id}/add_router_interface`;
    assert.deepEqual((await call("PUT", path, alpha, { subnet_id: subnet.id }, 200)).subnet_ids, [subnet.id]);
  });

  step("a port has a group and an address, and a floating IP finds its way there by itself", async () => {
    port = (await call("POST", "/ports", alpha, { port: { network_id: net.id, name: "p1" } }, 201)).port;
    assert.equal(port.security_groups.length, 1);
    assert.match(port.mac_address, /^fa:16:3e:/);
    const wanted = { floating_network_id: ext.id, port_id: port.id };
    fip = (await call("POST", "/floatingips", alpha, { floatingip: wanted }, 201)).floatingip;
    assert.equal(fip.router_id, router.id);
    assert.equal(fip.fixed_ip_address, port.fixed_ips[0].ip_address);
  });

  step("the host is given all of it, and then it is ACTIVE", async () => {
    await settled();
    const desired = driver.routers.get(router.id);
    assert.deepEqual(
      desired?.floatingIps.map(({ address, fixedAddress }) => [address, fixedAddress]),
      [[fip.floating_ip_address, fip.fixed_ip_address]],
    );
    assert.deepEqual(desired?.gateway?.defaultGateways, ["172.24.4.1"]);
    assert.equal(driver.networks.get(net.id)?.leases[0]?.mac, port.mac_address);
    const servers = `/ports?network_id=${net.id}&device_owner=network:dhcp`;
    const dhcp = (await call("GET", servers, alpha, undefined, 200)).ports;
    assert.deepEqual(
      dhcp.map(({ status }: Json) => status),
      ["ACTIVE"],
    );
    assert.equal((await call("GET", `/floatingips/${fip.id}`, alpha)).floatingip.status, "ACTIVE");
  });

  step("what is in use is not taken away", async () => {
    const refused = async (method: string, path: string, body?: Json) =>
      (await call(method, path, alpha, body, 409)).NeutronError.type;
    assert.equal(await refused("DELETE", `/networks/${net.id}`), "NetworkInUse");
    assert.equal(await refused("DELETE", `/routers/${router.id}`), "RouterInUse");
    const path = `/routers/${router.id}/remove_router_interface`;
    assert.equal(await refused("PUT", path, { subnet_id: subnet.id }), "RouterInterfaceInUseByFloatingIP");
  });

  step("from the last to the first all of it goes, from the host too", async () => {
    await call("DELETE", `/floatingips/${fip.id}`, alpha, undefined, 204);
    await call("PUT", `/routers/${router.id}/remove_router_interface`, alpha, { subnet_id: subnet.id }, 200);
    await call("DELETE", `/routers/${router.id}`, alpha, undefined, 204);
    await call("DELETE", `/ports/${port.id}`, alpha, undefined, 204);
    await call("DELETE", `/networks/${net.id}`, alpha, undefined, 204);
    await settled();
    assert.equal(driver.networks.has(net.id), false);
    assert.equal(driver.routers.has(router.id), false);
    await call("GET", `/subnets/${subnet.id}`, alpha, undefined, 404);
  });
});

test("another project's network is not there; a shared one is, and may not be changed", async () => {
  const mine = (await call("POST", "/networks", "member:beta", { network: { name: "mine" } }, 201)).network;
  const hidden = await call("PUT", `/networks/${mine.id}`, "member:gamma", { network: { name: "x" } }, 404);
  assert.deepEqual(hidden.NeutronError, {
    type: "NetworkNotFound",
    message: `Network ${mine.id} could not be found.`,
    detail: "",
  });
  await call("PUT", `/networks/${mine.id}`, "admin:ops", { network: { shared: true } }, 200);
  assert.equal((await call("GET", `/networks/${mine.id}`, "member:gamma", undefined, 200)).network.shared, true);
  const refused = await call("PUT", `/networks/${mine.id}`, "member:gamma", { network: { name: "x" } }, 403);
  assert.equal(refused.NeutronError.type, "PolicyNotAuthorized");
  const share = await call("POST", "/networks", "member:gamma", { network: { shared: true } }, 403);
  assert.match(share.NeutronError.message, /create_network:shared/);
});

test("lists: fields, unknown filters, sorting, pages with links", async () => {
  for (const name of ["c", "a", "b"]) await call("POST", "/networks", "member:lists", { network: { name } }, 201);
  const sorted = await call("GET", "/networks?sort_key=name&sort_dir=desc&fields=name", "member:lists", undefined, 200);
  assert.deepEqual(
    sorted.networks.filter(({ name }: { name: string }) => name.length === 1),
    [{ name: "c" }, { name: "b" }, { name: "a" }],
  );
  const page = await call(
    "GET",
    "/networks?limit=2&sort_key=name&sort_dir=asc&tenant_id=lists",
    "member:lists",
    undefined,
    200,
  );
  assert.equal(page.networks.length, 2);
  assert.equal(page.networks_links[0].rel, "next");
  const rest = await t.request("GET", page.networks_links[0].href.replace("http://localhost", ""), {
    token: "member:lists",
  });
  assert.deepEqual(
    rest.body.networks.map(({ name }: { name: string }) => name),
    ["c"],
  );
  const wrong = await call("GET", "/networks?colour=red", "member:lists", undefined, 400);
  assert.equal(wrong.NeutronError.message, "['colour'] is invalid attribute for filtering");
});

test("security groups: default made by looking, duplicates 409, in use 409", async () => {
  const [group] = (await call("GET", "/security-groups?name=default", "member:sg", undefined, 200)).security_groups;
  assert.equal(group.security_group_rules.length, 4);
  const rule = {
    security_group_id: group.id,
    direction: "ingress",
    protocol: "tcp",
    port_range_min: 22,
    port_range_max: 22,
  };
  const made = (await call("POST", "/security-group-rules", "member:sg", { security_group_rule: rule }, 201))
    .security_group_rule;
  const twice = await call(
    "POST",
    "/security-group-rules",
    "member:sg",
    { security_group_rule: { ...rule, protocol: "6" } },
    409,
  );
  assert.equal(twice.NeutronError.message, `Security group rule already exists. Rule id is ${made.id}.`);
  const bad = await call(
    "POST",
    "/security-group-rules",
    "member:sg",
    { security_group_rule: { ...rule, remote_ip_prefix: "192.168.1./24" } },
    400,
  );
  assert.equal(bad.NeutronError.type, "InvalidCIDR");
});

test("addresses are handed out once, whoever asks at the same time", async () => {
  const net = (await call("POST", "/networks", "member:race", { network: { name: "r" } }, 201)).network;
  await call(
    "POST",
    "/subnets",
    "member:race",
    { subnet: { network_id: net.id, cidr: "10.9.0.0/28", ip_version: 4, enable_dhcp: false } },
    201,
  );
  const ports = await Promise.all(
    Array.from({ length: 14 }, () =>
      t.request("POST", "/networking/v2.0/ports", { token: "member:race", body: { port: { network_id: net.id } } }),
    ),
  );
  const made = ports.filter(({ status }) => status === 201).map(({ body }) => body.port.fixed_ips[0].ip_address);
  assert.equal(made.length, 13);
  assert.equal(new Set(made).size, 13);
  const refused = ports.find(({ status }) => status !== 201);
  assert.equal(refused?.body.NeutronError.type, "IpAddressGenerationFailure");
});

test("SLAAC addresses follow the MAC, and go with their subnet", async () => {
  const net = (await call("POST", "/networks", "member:six", { network: { name: "six" } }, 201)).network;
  const subnet = (
    await call(
      "POST",
      "/subnets",
      "member:six",
      {
        subnet: {
          network_id: net.id,
          cidr: "2001:db8::/64",
          ip_version: 6,
          ipv6_ra_mode: "slaac",
          ipv6_address_mode: "slaac",
        },
      },
      201,
    )
  ).subnet;
  assert.equal(subnet.gateway_ip, "2001:db8::");
  const port = (
    await call("POST", "/ports", "admin:six", { port: { network_id: net.id, mac_address: "fa:16:3e:11:22:33" } }, 201)
  ).port;
  assert.equal(port.fixed_ips[0].ip_address, "2001:db8::f816:3eff:fe11:2233");
  await call("DELETE", `/subnets/${subnet.id}`, "member:six", undefined, 204);
  assert.deepEqual((await call("GET", `/ports/${port.id}`, "member:six", undefined, 200)).port.fixed_ips, []);
});

test("a driver that fails is asked again, and the status says so meanwhile", async () => {
  driver.failure = new Error("no such device");
  const net = (await call("POST", "/networks", "member:broken", { network: { name: "b" } }, 201)).network;
  await settled();
  assert.equal((await call("GET", `/networks/${net.id}`, "member:broken")).network.status, "ERROR");
  driver.failure = null;
  await settled();
  assert.equal((await call("GET", `/networks/${net.id}`, "member:broken")).network.status, "ACTIVE");
});

test("an extension that is not there, as the framework below neutron says it", async () => {
  const html = await t.request("GET", "/networking/v2.0/extensions/Availability%20Zone", {
    token: "admin:admin",
    headers: { accept: "*/*" },
  });
  assert.equal(html.status, 404);
  assert.equal(html.headers.get("content-type"), "text/html; charset=UTF-8");
  assert.match(html.body, /Extension with alias Availability Zone does not exist/);
});

test("a project's network of both address families is made by itself and goes with its router", async () => {
  const external = { name: "default-ext", "router:external": true, is_default: true };
  const { network: ext } = await call("POST", "/networks", "admin:ops", { network: external }, 201);
  const subnet = { network_id: ext.id, cidr: "172.24.9.0/24", ip_version: 4, enable_dhcp: false };
  await call("POST", "/subnets", "admin:ops", { subnet }, 201);
  for (const [name, prefix, length] of [
    ["auto4", "10.91.0.0/16", 26],
    ["auto6", "fd00:91::/48", 64],
  ] as const) {
    const pool = { name, prefixes: [prefix], default_prefixlen: length, is_default: true, shared: true };
    await call("POST", "/subnetpools", "admin:ops", { subnetpool: pool }, 201);
  }
  const path = "/auto-allocated-topology/null";
  const { auto_allocated_topology: made } = await call("GET", path, "member:auto", undefined, 200);
  const { network } = await call("GET", `/networks/${made.id}`, "member:auto", undefined, 200);
  assert.equal(network.subnets.length, 2);
  const routers = async () => (await call("GET", "/routers", "member:auto", undefined, 200)).routers;
  assert.equal((await routers()).length, 1);
  await call("DELETE", path, "member:auto", undefined, 204);
  assert.deepEqual(await routers(), []);
  await call("GET", `/networks/${made.id}`, "member:auto", undefined, 404);
});

test("whether it is the default is told of external networks, and of others as they are made", async () => {
  const make = async (network: object) => (await call("POST", "/networks", "admin:told", { network }, 201)).network;
  const show = async (id: string) => (await call("GET", `/networks/${id}`, "admin:told", undefined, 200)).network;
  const plain = await make({ name: "plain" });
  assert.equal(plain.is_default, false);
  assert.equal((await show(plain.id)).is_default, undefined);
  const external = await make({ name: "outside", "router:external": true });
  assert.equal((await show(external.id)).is_default, false);
});
