import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** Port forwardings, as neutron's plugin answers (neutron/services/portforwarding/pf_plugin.py). */

let api: NetworkApi;
const ADMIN = "admin:ops";
const ME = "member:alpha";
let outside: Json;
let network: Json;
let subnet: Json;
let router: Json;

before(async () => {
  api = await networkApi();
  outside = await api.make(ADMIN, "network", { "router:external": true });
  await api.make(ADMIN, "subnet", { network_id: outside.id, ip_version: 4, cidr: "172.24.4.0/24", enable_dhcp: false });
  network = await api.make(ME, "network", {});
  subnet = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
  router = await api.make(ME, "router", { external_gateway_info: { network_id: outside.id } });
  await api.call(ME, "PUT", `/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
});
after(() => api.t.close());

const floating = (more: Json = {}) => api.make(ME, "floatingip", { floating_network_id: outside.id, ...more });
const portOn = (id: string) => api.make(ME, "port", { network_id: id });
const wanted = (port: Json, external_port: number, internal_port: number, more: Json = {}) => ({
  port_forwarding: { protocol: "tcp", internal_port_id: port.id, external_port, internal_port, ...more },
});
const pathOf = (fip: Json) => `/floatingips/${fip.id}/port_forwardings`;
const forward = async (fip: Json, body: Json) => (await api.call(ME, "POST", pathOf(fip), body)).port_forwarding;
const refused = (fip: Json, body: Json, status: number, type: string) =>
  api.refused(ME, "POST", pathOf(fip), body, status, type);

test("one outside port leads to one place, and one place is led to from one port", async () => {
  const [fip, port, other] = [await floating(), await portOn(network.id), await portOn(network.id)];
  const made = await forward(fip, wanted(port, 2222, 22, { protocol: "TCP" }));
  assert.deepEqual([made.protocol, made.internal_ip_address], ["tcp", port.fixed_ips[0].ip_address]);
  const twice = await refused(fip, wanted(other, 2222, 22), 400, "BadRequest");
  assert.match(twice.message, /There is a port collision with the external_port_range/);
  const same = await refused(fip, wanted(port, 2223, 22), 400, "BadRequest");
  assert.match(same.message, /There is a port collision with the internal_port_range/);
  await refused(await floating(), wanted(port, 2224, 22), 400, "BadRequest");
  const udp = await forward(fip, wanted(port, 2222, 22, { protocol: "udp" }));
  const body = { port_forwarding: { protocol: "tcp" } };
  await api.refused(ME, "PUT", `${pathOf(fip)}/${udp.id}`, body, 400, "BadRequest");
  const moved = { port_forwarding: { internal_port_id: other.id } };
  const { port_forwarding: now } = await api.call(ME, "PUT", `${pathOf(fip)}/${udp.id}`, moved);
  assert.equal(now.internal_ip_address, other.fixed_ips[0].ip_address);
  const shown = (await api.call(ME, "GET", `/floatingips/${fip.id}`)).floatingip;
  assert.equal(shown.router_id, router.id);
  assert.deepEqual(Object.keys(shown.port_forwardings[0]).sort(), [
    "external_port",
    "id",
    "internal_ip_address",
    "internal_port",
    "internal_port_id",
    "protocol",
  ]);
});

test("a floating IP forwards ports or leads to one port, and so does the port", async () => {
  const [fip, port, other] = [await floating(), await portOn(network.id), await portOn(network.id)];
  const bound = await floating({ port_id: other.id });
  await refused(bound, wanted(port, 80, 80), 409, "FloatingIPPortAlreadyAssociated");
  const { message } = await refused(fip, wanted(other, 80, 80), 409, "PortHasBindingFloatingIP");
  assert.match(message, new RegExp(`floating IP ${bound.floating_ip_address} `));
  const made = await forward(fip, wanted(port, 80, 80));
  const association = { floatingip: { port_id: other.id } };
  await api.refused(ME, "PUT", `/floatingips/${fip.id}`, association, 409, "FipInUseByPortForwarding");
  await api.refused(ME, "DELETE", `/floatingips/${fip.id}`, undefined, 409, "FipInUseByPortForwarding");
  await api.call(ME, "DELETE", `${pathOf(fip)}/${made.id}`);
  await api.call(ME, "DELETE", `/floatingips/${fip.id}`);
});

test("a forwarding leads to an IPv4 address of the port that a router reaches", async () => {
  const fip = await floating();
  const apart = await api.make(ME, "network", {});
  const empty = await portOn(apart.id);
  assert.match((await refused(fip, wanted(empty, 80, 80), 400, "BadRequest")).message, /must allocate an IPv4 address/);
  await api.make(ME, "subnet", { network_id: apart.id, ip_version: 4, cidr: "10.1.0.0/24" });
  const far = await portOn(apart.id);
  assert.match((await refused(fip, wanted(far, 80, 80), 400, "BadRequest")).message, /is not reachable from subnet/);
  const port = await portOn(network.id);
  const wrong = wanted(port, 80, 80, { internal_ip_address: "10.0.0.250" });
  assert.match((await refused(fip, wrong, 400, "BadRequest")).message, /is not suitable for internal neutron port/);
  await api.refused(ME, "POST", pathOf(fip), wanted(port, 0, 80), 400);
});

test("a forwarding goes with the address that it leads to", async () => {
  const [fip, port] = [await floating(), await portOn(network.id)];
  await forward(fip, wanted(port, 443, 443));
  await api.change(ME, "port", port.id, { fixed_ips: [{ subnet_id: subnet.id, ip_address: "10.0.0.200" }] });
  assert.deepEqual((await api.call(ME, "GET", pathOf(fip))).port_forwardings, []);
  assert.equal((await api.call(ME, "GET", `/floatingips/${fip.id}`)).floatingip.router_id, null);
  await forward(fip, wanted(port, 443, 443));
  await api.call(ME, "DELETE", `/ports/${port.id}`);
  assert.deepEqual((await api.call(ME, "GET", pathOf(fip))).port_forwardings, []);
});

test("the list has pages and filters", async () => {
  const [fip, port] = [await floating(), await portOn(network.id)];
  for (const outer of [1, 2, 3]) await forward(fip, wanted(port, outer, outer));
  const ids = async (query: string) => (await api.call(ME, "GET", `${pathOf(fip)}?${query}`)).port_forwardings;
  const all = (await ids("")).map(({ id }: Json) => id);
  assert.equal(all.length, 3);
  const seen: string[] = [];
  for (let query = "limit=1"; ; query = `limit=1&marker=${seen.at(-1)}`) {
    const [one] = await ids(query);
    if (one === undefined) break;
    seen.push(one.id);
  }
  assert.deepEqual(seen, all);
  const back = await ids(`limit=2&page_reverse=True&marker=${all[2]}`);
  assert.deepEqual(
    back.map(({ id }: Json) => id),
    all.slice(0, 2),
  );
  assert.equal((await ids("external_port=2&protocol=TCP")).length, 1);
  await api.refused(ME, "GET", `${pathOf(fip)}?internal_port=2`, undefined, 400);
});
