import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** Small things that clients notice: forms of requests, exact numbers, who may be where twice. */

let api: NetworkApi;
const ADMIN = "admin:ops";
const ME = "member:alpha";

before(async () => {
  api = await networkApi();
});
after(() => api.t.close());

test("things made together may each be wrapped like a single one", async () => {
  const network = await api.make(ME, "network", {});
  const port = { network_id: network.id };
  const { ports } = await api.call(ME, "POST", "/ports", {
    ports: [{ port: { ...port, name: "a" } }, { ...port, name: "b" }],
  });
  assert.deepEqual(
    ports.map(({ name }: Json) => name),
    ["a", "b"],
  );
  const groups = { security_groups: [{ security_group: { name: "g" } }] };
  assert.equal((await api.call(ME, "POST", "/security-groups", groups)).security_groups[0].name, "g");
  const wrong: [Json, string][] = [
    [{}, "Resource body required"],
    [{ ports: [] }, "Resources required"],
    [{ ports: [7] }, "Body contains invalid data"],
    [{ ports: port }, "Body contains invalid data"],
    [{ port: [port] }, "Object 'port' contains invalid data"],
    [{ colour: "red" }, "Unable to find 'port' in request body"],
    [{ ports: [{ port, colour: "red" }, { port: null }] }, "Unable to find 'port' in request body"],
  ];
  for (const [body, message] of wrong)
    assert.equal((await api.refused(ME, "POST", "/ports", body, 400)).message, message, JSON.stringify(body));
});

test("the addresses of an IPv6 network are counted to the last one, in pages", async () => {
  const networks = [await api.make(ME, "network", { name: "six" }), await api.make(ME, "network", { name: "both" })];
  for (const [index, { id }] of networks.entries()) {
    const six = {
      network_id: id,
      ip_version: 6,
      cidr: `fd00:${index}::/64`,
      enable_dhcp: false,
      gateway_ip: `fd00:${index}::1`,
    };
    await api.make(ME, "subnet", six);
  }
  await api.make(ME, "subnet", { network_id: networks[1]?.id, ip_version: 4, cidr: "10.0.0.0/24", enable_dhcp: false });
  const text = async (query: string): Promise<string> => {
    const { all } = (await import("../../../src/app.ts")).createApps(api.t.cloud);
    const headers = { "x-auth-token": ADMIN };
    return (await all.request(`/networking/v2.0/network-ip-availabilities${query}`, { headers })).text();
  };
  // Python's numbers have no end, and JSON's have none either; those of JavaScript do.
  assert.match(await text(`/${networks[0]?.id}`), /"total_ips":18446744073709551614[,}]/);
  assert.match(await text("?network_name=both"), /"used_ips":0,"total_ips":18446744073709551867}/);
  assert.match(await text("?network_name=both&ip_version=4"), /"total_ips":253}/);
  const list = async (query: string, token = ADMIN): Promise<Json> =>
    api.call(token, "GET", `/network-ip-availabilities${query}`);
  const [first, second] = (await list("?tenant_id=alpha&limit=1")).network_ip_availabilities.concat(
    (await list(`?tenant_id=alpha&limit=9`)).network_ip_availabilities[1],
  );
  const after = await list(`?limit=1&tenant_id=alpha&marker=${first.network_id}`);
  assert.equal(after.network_ip_availabilities[0].network_id, second.network_id);
  assert.ok(after.network_ip_availabilities_links[0].href.includes(`marker=${second.network_id}`));
  assert.deepEqual((await list("?limit=1&marker=nothing")).network_ip_availabilities, []);
  assert.deepEqual((await list("", ME)).network_ip_availabilities, []);
  await api.refused(ADMIN, "GET", "/network-ip-availabilities?used_ips=3", undefined, 400);
});

test("a group needs room for the rules that it is born with, and nobody else is called default", async () => {
  const small = "member:small";
  await api.call(ADMIN, "PUT", "/quotas/small", { quota: { security_group_rule: 5, security_group: 0 } });
  const { security_groups: own } = await api.call(small, "GET", "/security-groups");
  assert.deepEqual(
    own.map(({ name }: Json) => name),
    ["default"],
    "its default group is not counted",
  );
  await api.call(ADMIN, "PUT", "/quotas/small", { quota: { security_group: -1 } });
  const body = { security_group: { name: "g" } };
  await api.refused(small, "POST", "/security-groups", body, 409, "OverQuota");
  await api.call(ADMIN, "PUT", "/quotas/small", { quota: { security_group_rule: 6 } });
  const group = await api.make(small, "security_group", { name: "g" });
  for (const name of ["default", "DEFAULT", "Default"]) {
    const named = { security_group: { name } };
    await api.refused(small, "POST", "/security-groups", named, 409, "SecurityGroupDefaultAlreadyExists");
    await api.refused(small, "PUT", `/security-groups/${group.id}`, named, 409, "SecurityGroupDefaultAlreadyExists");
  }
  const renamed = { security_group: { name: "other" } };
  const path = `/security-groups/${own[0].id}`;
  await api.refused(small, "PUT", path, renamed, 409, "SecurityGroupCannotUpdateDefault");
  assert.equal((await api.change(small, "security_group", own[0].id, { description: "x" })).description, "x");
});

test("a port is added to one router once, and one port of a network brings IPv6", async () => {
  const network = await api.make(ME, "network", {});
  await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
  const router = await api.make(ME, "router", {});
  const port = await api.make(ME, "port", { network_id: network.id });
  const path = `/routers/${router.id}/add_router_interface`;
  await api.call(ME, "PUT", path, { port_id: port.id });
  await api.refused(ME, "PUT", path, { port_id: port.id }, 409, "PortInUse");

  const six = await api.make(ME, "network", {});
  const subnets = [];
  for (const cidr of ["fd00:1::/64", "fd00:2::/64"])
    subnets.push(await api.make(ME, "subnet", { network_id: six.id, ip_version: 6, cidr, enable_dhcp: false }));
  await api.call(ME, "PUT", path, { subnet_id: subnets[0].id });
  const second = await api.make(ME, "port", { network_id: six.id, fixed_ips: [{ subnet_id: subnets[1].id }] });
  const { message } = await api.refused(ME, "PUT", path, { port_id: second.id }, 400, "BadRequest");
  assert.match(message, /Only one IPv6 port from the same network subnet can be connected to a router/);
  await api.call(ME, "PUT", path, { subnet_id: subnets[1].id });
});

test("the ports of routers keep their MAC and their address, and bound ones their MAC", async () => {
  const network = await api.make(ME, "network", {});
  const subnet = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
  const router = await api.make(ME, "router", {});
  const { port_id } = await api.call(ME, "PUT", `/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
  const fixed = (ip_address: string) => ({ port: { fixed_ips: [{ subnet_id: subnet.id, ip_address }] } });
  await api.refused(ME, "PUT", `/ports/${port_id}`, fixed("10.0.0.9"), 400, "IPAddressChangeNotAllowed");
  const { port: kept } = await api.call(ME, "PUT", `/ports/${port_id}`, fixed("10.0.0.1"));
  assert.equal(kept.fixed_ips[0].ip_address, "10.0.0.1");
  const mac = { port: { mac_address: "fa:16:3e:00:00:99" } };
  await api.refused(ADMIN, "PUT", `/ports/${port_id}`, mac, 409, "UnsupportedPortDeviceOwner");
  const port = await api.make(ME, "port", { network_id: network.id, device_id: "guest" });
  await api.change(ADMIN, "port", port.id, { "binding:host_id": "here" });
  await api.refused(ADMIN, "PUT", `/ports/${port.id}`, mac, 409, "PortBound");
  await api.change(ADMIN, "port", port.id, { "binding:host_id": "" });
  assert.equal((await api.change(ADMIN, "port", port.id, mac.port)).mac_address, "fa:16:3e:00:00:99");
});
